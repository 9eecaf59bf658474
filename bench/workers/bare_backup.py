"""The bare SQLite scan of what a check needs, with nothing made of it: python bare_backup.py BACKUP; prints JSON.

Once within SQLite, which adds up lengths and times, and once with every row given to Python.
"""

import json
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

SAFARI, MESSAGES = "1a/1a0e7afc19d307da602ccdcece51af33afe92c53", "3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28"
SCANS = (
    (SAFARI, "history_items", ("id", "length(url)")),
    (SAFARI, "history_visits", ("history_item", "visit_time")),
    (MESSAGES, "message", ("length(text)", "date / 1000000000")),
    ("Manifest.db", "Files", ("length(fileID)", "length(domain)", "length(relativePath)")),
)
ROWS = (
    (SAFARI, "SELECT v.id, v.visit_time, i.url FROM history_visits v JOIN history_items i ON i.id = v.history_item"),
    (MESSAGES, "SELECT ROWID, text, date FROM message"),
    ("Manifest.db", "SELECT fileID, domain, relativePath FROM Files"),
)


def scan(place: str, query: str) -> int:
    """Run a query to its end; how many rows it gave."""
    with closing(sqlite3.connect(f"file:{Path(sys.argv[1]) / place}?immutable=1", uri=True)) as connection:
        return sum(1 for _ in connection.execute(query))


def main() -> None:
    began = time.process_time()
    for place, table, columns in SCANS:
        scan(place, f"SELECT {', '.join(f'sum({column})' for column in columns)} FROM {table}")
    within = time.process_time() - began
    rows = [scan(place, query) for place, query in ROWS]
    print(json.dumps({"within": within, "rows": time.process_time() - began - within, "counted": rows}))


if __name__ == "__main__":
    main()
