"""Answers against an independent bootstrap of rows: python compare_rows.py FILE REPLICATES ANSWERS; prints JSON."""

import json
import sys
from pathlib import Path

from bare import count
from bootstrap import Cells, distances, split, summary


def main() -> None:
    file, replicates, kept = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    answers = json.loads(kept.read_text())
    cells = Cells(count(file))
    wrong = [row for row in answers if (row["n"], row["events"]) != cells.counts(row)]
    cells.draw(5 * replicates, seed=1)
    kinds = {"rates": "", "differences": "difference", "ratios": "ratio"}
    found = {
        name: distances(cells, [row for row in answers if split(row["name"])[1] == kind], replicates)
        for name, kind in kinds.items()
    }
    compared = {name: summary(one) for name, one in found.items() if len(one)}
    print(json.dumps({"estimates": len(answers), "wrong": len(wrong), "compared": compared}))


if __name__ == "__main__":
    main()
