"""Limits of a peer against ours, both placed in an independent bootstrap.

python compare_peers.py FILE REPLICATES OURS THEIRS
"""

import json
import sys
from pathlib import Path

import numpy as np
from bare import count
from bootstrap import SIDES, Cells, position, summary

OUR_REPLICATES = 10_000


def main() -> None:
    file, replicates = sys.argv[1], int(sys.argv[2])
    ours, theirs = (json.loads(Path(kept).read_text()) for kept in sys.argv[3:5])
    cells = Cells(count(file))
    cells.draw(100_000, seed=2)
    mine = {(row["name"], *sorted(row["of"].items())): row for row in ours if not row["against"]}
    found = []
    for other in theirs:
        row = mine[(other["name"], *sorted(other["of"].items()))]
        if "bootstrap" not in row["how"]:
            continue
        ordered = np.sort(cells.resampled({**row, "against": {}}))
        for side, share in SIDES.values():
            error = np.sqrt(share * (1 - share) * (1 / replicates + 1 / OUR_REPLICATES))
            one, another = (position(ordered, each[side], share) for each in (other, row))
            found.append((one - another) / error)
    print(json.dumps(summary(np.array(found))))


if __name__ == "__main__":
    main()
