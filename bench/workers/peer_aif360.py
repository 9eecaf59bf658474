"""AIF360's classification metrics of 20 groups on a Parquet file: python peer_aif360.py FILE; prints JSON.

One ClassificationMetric per group, against the largest group. Seconds are those of the metrics; building the data sets
is told apart.
"""

import json
import logging
import sys
import time
import warnings
from importlib.metadata import version

import pandas as pd

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
from aif360.datasets import BinaryLabelDataset  # noqa: E402
from aif360.metrics import ClassificationMetric  # noqa: E402

METRICS = (
    "selection_rate", "true_positive_rate", "false_positive_rate", "false_negative_rate", "positive_predictive_value",
)  # fmt: skip


def main() -> None:
    data = pd.read_parquet(sys.argv[1])
    began = time.perf_counter()
    races, ages = (sorted(data[name].unique()) for name in ("race", "age"))
    frame = pd.DataFrame(
        {
            "race": data["race"].map({race: place for place, race in enumerate(races)}).astype(float),
            "age": data["age"].map({age: place for place, age in enumerate(ages)}).astype(float),
            "y": data["y"].astype(float),
        }
    )
    true = BinaryLabelDataset(df=frame, label_names=["y"], protected_attribute_names=["race", "age"])
    predicted = true.copy()
    predicted.labels = data["p"].to_numpy(float).reshape(-1, 1)
    prepared = time.perf_counter() - began
    groups = [(race, age) for race in races for age in ages]
    largest = data.groupby(["race", "age"]).size().idxmax()
    began = time.perf_counter()
    rows = []
    for group in groups:
        # The two groups of a metric must be disjoint: the largest stands against any other, for its own rates only.
        other = largest if group != largest else next(each for each in groups if each != largest)
        unprivileged, privileged = (
            [{"race": races.index(race), "age": ages.index(age)}] for race, age in (group, other)
        )
        metric = ClassificationMetric(true, predicted, unprivileged_groups=unprivileged, privileged_groups=privileged)
        of, against = (dict(zip(("race", "age"), one, strict=True)) for one in (group, other))
        for name in METRICS:
            call = getattr(metric, name)
            rows.append({"name": name, "of": of, "value": float(call(privileged=False))})
            if other == largest:
                for kind in ("difference", "ratio"):
                    value = float(getattr(metric, kind)(call))
                    rows.append({"name": f"{name}_{kind}", "of": of, "against": against, "value": value})
    seconds = time.perf_counter() - began
    versions = {name: version(name) for name in ("aif360", "pandas", "numpy", "scikit-learn")}
    print(json.dumps({"seconds": seconds, "prepared": prepared, "rows": rows, "versions": versions}))


if __name__ == "__main__":
    main()
