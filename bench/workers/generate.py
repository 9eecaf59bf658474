"""Synthetic decisions, the same on every machine with the same DuckDB: python generate.py FILE ROWS.

Every value is a function of a hash of the row's number, so that threads and chunks change nothing. Four times five
groups, the smallest with about 0.3 % of the rows; groups differ in the outcome and in how they are decided upon.
"""

import argparse
import tempfile
from pathlib import Path

import duckdb

RACES, AGES = ("Amber", "Blue", "Coral", "Dun"), ("18-24", "25-34", "35-49", "50-64", "65+")

ROWS = """
WITH numbered AS (
    SELECT range::BIGINT AS id, {person} AS person, {grouped} AS unit FROM range({first}, {last})
), grouped AS (
    SELECT id, person, {uniform_race} AS a, {uniform_age} AS b, {uniform_person} AS own,
        CASE WHEN a < 0.55 THEN 0 WHEN a < 0.80 THEN 1 WHEN a < 0.94 THEN 2 ELSE 3 END AS race_at,
        CASE WHEN b < 0.30 THEN 0 WHEN b < 0.55 THEN 1 WHEN b < 0.77 THEN 2 WHEN b < 0.95 THEN 3 ELSE 4 END AS age_at
    FROM numbered
), outcomes AS (
    SELECT *, ({uniform_outcome} < 0.15 + 0.05 * race_at + 0.02 * age_at + 0.2 * (own - 0.5))::TINYINT AS y FROM grouped
)
SELECT {races}[race_at + 1] AS race, {ages}[age_at + 1] AS age,
    (
        {uniform_decision}
        < CASE y WHEN 1 THEN 0.60 + 0.03 * race_at ELSE 0.10 + 0.04 * race_at + 0.01 * age_at END
    )::TINYINT AS p, y, person
FROM outcomes
"""


def uniform(of: str, salt: int) -> str:
    """An expression uniform on [0, 1). Hashed twice: hashes of one value with two salts differ by a constant only."""
    return f"((hash(hash({of}, {salt})) >> 32)::DOUBLE / 4294967296)"


def query(rows: int, people: int | None, crossing: float, first: int = 0) -> str:
    """The rows as SQL.

    Args:
        rows: how many. first: the number of the first.
        people: how many people they are about; each row another where None.
        crossing: share of people whose groups change from row to row.
    """
    person = f"(hash(hash(range, 1)) % {people})::BIGINT" if people else "(range * 2654435761) % 4294967296"
    crosses = f"{uniform(person, 9)} < {crossing}"
    return ROWS.format(
        first=first, last=first + rows, person=person, grouped=f"CASE WHEN {crosses} THEN -1 - range ELSE {person} END",
        uniform_race=uniform("unit", 2), uniform_age=uniform("unit", 3), uniform_person=uniform("person", 4),
        uniform_outcome=uniform("id", 5), uniform_decision=uniform("id", 6), races=list(RACES), ages=list(AGES),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("rows", type=int)
    parser.add_argument("--people", type=int)
    parser.add_argument("--crossing", type=float, default=0.0)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.file.parent) as spill:
        connection = duckdb.connect(config={"memory_limit": "2GB", "temp_directory": spill})
        half = options.file.with_suffix(".part")
        how = "FORMAT csv, HEADER" if options.file.suffix == ".csv" else "FORMAT parquet, COMPRESSION zstd"
        connection.execute(
            f"COPY ({query(options.rows, options.people, options.crossing, options.first)}) TO '{half}' ({how})"
        )
        half.replace(options.file)


if __name__ == "__main__":
    main()
