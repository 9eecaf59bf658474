"""aequitas' crosstab and disparities on a Parquet file: python peer_aequitas.py FILE; prints JSON.

Seconds are those of the crosstab and the disparities; reading and preparing the frame are told apart.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version

import pandas as pd

warnings.filterwarnings("ignore")
from aequitas.bias import Bias  # noqa: E402
from aequitas.group import Group  # noqa: E402

METRICS = {
    "pprev": "selection_rate", "tpr": "true_positive_rate", "fpr": "false_positive_rate", "fnr": "false_negative_rate",
    "precision": "positive_predictive_value",
}  # fmt: skip


def main() -> None:
    data = pd.read_parquet(sys.argv[1])
    began = time.perf_counter()
    frame = pd.DataFrame({"score": data["p"].astype(int), "label_value": data["y"].astype(int)})
    for name in ("race", "age"):
        frame[name] = data[name].astype(object)
    frame["both"] = frame["race"] + "|" + frame["age"]
    prepared = time.perf_counter() - began
    began = time.perf_counter()
    table, _ = Group().get_crosstabs(frame, attr_cols=["race", "age", "both"])
    found = Bias().get_disparity_major_group(table, original_df=frame, mask_significance=False)
    seconds = time.perf_counter() - began
    rows = []
    for _, line in found.iterrows():
        of = _group(line["attribute_name"], line["attribute_value"])
        for short, name in METRICS.items():
            rows.append({"name": name, "of": of, "value": float(line[short])})
            against = _group(line["attribute_name"], line[f"{short}_ref_group_value"])
            if against != of:
                ratio = float(line[f"{short}_disparity"])
                rows.append({"name": f"{name}_ratio", "of": of, "against": against, "value": ratio})
    versions = {name: version(name) for name in ("aequitas", "pandas", "numpy")}
    print(json.dumps({"seconds": seconds, "prepared": prepared, "rows": rows, "versions": versions}))


def _group(attribute: str, value: str) -> dict[str, str]:
    return dict(zip(("race", "age"), value.split("|"), strict=True)) if attribute == "both" else {attribute: value}


if __name__ == "__main__":
    main()
