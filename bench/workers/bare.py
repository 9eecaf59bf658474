"""One bare GROUP BY of the 80 counts, as a process of its own: python bare.py FILE; prints the counts as JSON."""

import json
import sys

import duckdb


def count(file: str) -> list[tuple[str, str, int, int, int]]:
    """race, age, p, y and rows of each cell."""
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT race, age, p, y, count(*) FROM '{file}' GROUP BY ALL").fetchall()


if __name__ == "__main__":
    print(json.dumps(count(sys.argv[1])))
