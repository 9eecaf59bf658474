"""Answers against an independent bootstrap of people: python people.py FILE REPLICATES OUR_REPLICATES ANSWERS.

Every replicate draws people with replacement and counts all rows of everybody drawn, row by row.
"""

import json
import sys
from pathlib import Path

import duckdb
import numpy as np
from bare import count
from bootstrap import Cells, distances, split, summary


def main() -> None:
    file, replicates, ours = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    answers = json.loads(Path(sys.argv[4]).read_text())
    counted = count(file)
    place = {tuple(row[:4]): at for at, row in enumerate(counted)}
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT race, age, p, y, dense_rank() OVER (ORDER BY person) - 1 FROM '{file}'"
        ).fetchall()
    cell = np.array([place[row[:4]] for row in rows])
    person = np.array([row[4] for row in rows])
    people, random = int(person.max()) + 1, np.random.default_rng(3)
    drawn = np.empty((replicates, len(counted)))
    for at in range(replicates):
        times = np.bincount(random.integers(people, size=people), minlength=people)
        drawn[at] = np.bincount(cell, weights=times[person], minlength=len(counted))
    cells = Cells(counted, drawn)
    wrong = [row for row in answers if (row["n"], row["events"]) != cells.counts(row)]
    kinds = {"rates": "", "differences": "difference", "ratios": "ratio"}
    found = {
        name: distances(cells, [row for row in answers if split(row["name"])[1] == kind], ours)
        for name, kind in kinds.items()
    }
    compared = {name: summary(one) for name, one in found.items() if len(one)}
    print(json.dumps({"people": people, "wrong": len(wrong), "compared": compared}))


if __name__ == "__main__":
    main()
