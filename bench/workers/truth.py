"""Standard deviations over fresh samples: python truth.py POPULATION ROWS RACES METRICS; prints JSON.

Draws 50,000 samples of ROWS rows from the shares of the cells in a large file, and tells for each metric and race the
standard deviation of the difference between the race and everybody.
"""

import json
import sys

import numpy as np
from bare import count
from bootstrap import Cells


def main() -> None:
    file, rows, races, metrics = sys.argv[1], int(sys.argv[2]), sys.argv[3].split(","), sys.argv[4].split(",")
    cells = Cells(count(file))
    cells.drawn = np.random.default_rng(4).multinomial(rows, cells.rows / cells.rows.sum(), size=50_000).astype(float)
    found = {
        f"{metric} {race}": float(
            cells.resampled({"name": f"{metric}_difference", "of": {"race": race}, "against": {}}).std()
        )
        for metric in metrics
        for race in races
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
