"""What a scan of a backup found, against its truth: python scanned.py PRINTED OUTPUT TRUTH; prints JSON.

PRINTED is the file with what `answerable scan --json` printed, OUTPUT the folder it wrote, Parquet tables among it.
"""

import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

PLACES = {"history_visits": "safari", "message": "sms", "ZPROCESS": "datausage", "Files": "manifest"}


def observed(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Every observation of a scan, with the method it came from."""
    return [
        {"method": one["method"], **one["observation"]} for one in answer["findings"] if one.get("observation")
    ]  # fmt: skip


def compare(observations: list[dict[str, Any]], truth: dict[str, Any]) -> dict[str, Any]:
    """Which plants were found at their rows, which matches are of nothing planted, and which are of a negative."""
    matches = [one for one in observations if one.get("matched")]
    named = {(PLACES.get(one["table"], one["table"]), str(one["row"])) for one in matches}
    plants = {(one["where"], str(one["row"])): one["value"] for one in truth["plants"]}
    others = [one for one in matches if one["value"] not in plants.values()]
    negatives = {one["value"] for one in truth["negatives"]}
    return {
        "plants": len(plants), "found": len(named & plants.keys()),
        "missed": sorted(plants[one] for one in plants.keys() - named),
        "others": sorted(f"{one['table']} {one['row']}: {one['value']}" for one in others)[:20],
        "negatives": sorted(negatives & {one["value"] for one in matches}),
        "untimed": sum(not one["time"] for one in matches),
    }  # fmt: skip


def counted(output: Path) -> dict[str, int]:
    """Rows of every declared table, by the table of the evidence that they come from."""
    rows: Counter[str] = Counter()
    with duckdb.connect() as connection:
        for file in sorted(output.rglob("*.parquet")):
            if "table" in connection.read_parquet(str(file)).columns:
                query = 'SELECT "table", count(*) FROM read_parquet(?) GROUP BY ALL'
                for table, number in connection.execute(query, [str(file)]).fetchall():
                    rows[f"{file.parent.name} {table}"] += number
    return dict(rows)


def digest(files: list[Path]) -> str:
    """One digest of files, in their order."""
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def main() -> None:
    printed, output, truth = (Path(part) for part in sys.argv[1:4])
    answer = json.loads(printed.read_text(encoding="utf-8"))
    observations = observed(answer)
    result = {
        **compare(observations, json.loads(truth.read_text(encoding="utf-8"))),
        "observations": dict(sorted(Counter(one["method"] for one in observations).items())),
        "records": counted(output),
        "digest": digest([printed, *sorted(file for file in output.rglob("*") if file.is_file())]),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
