"""fairlearn's MetricFrame on a Parquet file: python peer_fairlearn.py FILE REPLICATES; prints JSON.

Seconds are those of the metric frame and of what is asked of it; reading the file into pandas is not among them.
"""

import json
import sys
import time
import warnings

import fairlearn
import fairlearn.metrics as fm
import numpy
import pandas as pd
import sklearn
from sklearn.metrics import precision_score

warnings.filterwarnings("ignore")
METRICS = {
    "selection_rate": fm.selection_rate, "true_positive_rate": fm.true_positive_rate,
    "false_positive_rate": fm.false_positive_rate, "false_negative_rate": fm.false_negative_rate,
    "positive_predictive_value": precision_score,
}  # fmt: skip


def main() -> None:
    file, replicates = sys.argv[1], int(sys.argv[2])
    data = pd.read_parquet(file)
    resampling = {"n_boot": replicates, "ci_quantiles": [0.025, 0.975], "random_state": 1} if replicates else {}
    began = time.perf_counter()
    frame = fm.MetricFrame(
        metrics=METRICS, y_true=data["y"], y_pred=data["p"], sensitive_features=data[["race", "age"]], **resampling
    )
    values, _, _ = frame.by_group, frame.difference(), frame.ratio()
    seconds = time.perf_counter() - began
    bounds = frame.by_group_ci if replicates else [values, values]
    rows = [
        {"name": name, "of": {"race": race, "age": age}, "value": float(values.loc[(race, age), name]),
         "low": float(bounds[0].loc[(race, age), name]), "high": float(bounds[1].loc[(race, age), name])}
        for race, age in values.index for name in METRICS
    ]  # fmt: skip
    versions = {each.__name__: each.__version__ for each in (fairlearn, pd, numpy, sklearn)}
    print(json.dumps({"seconds": seconds, "rows": rows, "versions": versions}))


if __name__ == "__main__":
    main()
