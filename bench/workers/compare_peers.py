"""Limits of a peer against ours, both placed in an independent bootstrap.

python compare_peers.py FILE REPLICATES OURS THEIRS

With few replicates a percentile is a skew thing: where the k-th of n resampled values lies in the distribution is beta
distributed, which is not normal near the ends. Distances are therefore turned into normal scores by that distribution.
"""

import json
import sys
from pathlib import Path

import numpy as np
from bare import count
from bootstrap import SIDES, Cells, position, summary
from scipy.special import betainc, ndtri


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
            rank = share * (replicates - 1) + 1  # numpy's percentile, which fairlearn takes
            middle = (rank - 1 / 3) / (replicates + 1 / 3)
            off = position(ordered, row[side], share) - share
            found.append(ndtri(betainc(rank, replicates + 1 - rank, position(ordered, other[side], middle) - off)))
    print(json.dumps(summary(np.array(found))))


if __name__ == "__main__":
    main()
