"""TensorFlow Model Analysis on a Parquet file: python peer_tfma.py FILE; prints JSON.

Rates by threshold 0.5 on the decision itself, so that no model is needed; jackknife intervals; every race against
everybody.
"""

import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import pandas as pd
import tensorflow_model_analysis as tfma
from google.protobuf import text_format
from tensorflow_model_analysis.proto.config_pb2 import EvalConfig

METRICS = {"fpr": "false_positive_rate", "tpr": "true_positive_rate", "precision": "positive_predictive_value"}
CONFIG = """
model_specs { label_key: "y" prediction_key: "p" }
metrics_specs {
  metrics { class_name: "FPR" config: '{"name": "fpr", "thresholds": [0.5]}' }
  metrics { class_name: "TPR" config: '{"name": "tpr", "thresholds": [0.5]}' }
  metrics { class_name: "Precision" config: '{"name": "precision", "thresholds": [0.5]}' }
}
slicing_specs {}
slicing_specs { feature_keys: ["race"] }
cross_slicing_specs { baseline_spec {} slicing_specs { feature_keys: ["race"] } }
options {
  compute_confidence_intervals { value: true }
  confidence_intervals { method: JACKKNIFE }
}
"""


def main() -> None:
    data = pd.read_parquet(sys.argv[1])
    frame = pd.DataFrame({"race": data["race"], "y": data["y"].astype(float), "p": data["p"].astype(float)})
    config = text_format.Parse(CONFIG, EvalConfig())
    began = time.perf_counter()
    result = tfma.analyze_raw_data(frame, config)
    seconds = time.perf_counter() - began
    rows = []
    for key, outputs in result.slicing_metrics:
        metrics = outputs[""][""]
        for short, name in METRICS.items():
            bounded = metrics[short].get("boundedValue")
            value = bounded["value"] if bounded else metrics[short].get("doubleValue")
            limits = (bounded["lowerBound"], bounded["upperBound"]) if bounded else (None, None)
            rows.append({"name": name, "slice": str(key), "value": value, "low": limits[0], "high": limits[1]})
    versions = {"tensorflow-model-analysis": tfma.VERSION_STRING, "pandas": pd.__version__}
    print(json.dumps({"seconds": seconds, "rows": rows, "versions": versions}))


if __name__ == "__main__":
    main()
