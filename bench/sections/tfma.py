"""TensorFlow Model Analysis: the interval of a group against everybody, whose rows hold the group's own."""

import ast
import json
import statistics
from typing import Any

from bench.harness import decisions, run, spread, worker
from bench.page import Section
from bench.peers import environment

ROWS, SAMPLES, POPULATION = 20_000, 5, 10_000_000
METRICS = ("false_positive_rate", "true_positive_rate", "positive_predictive_value")
RACES = ("Amber", "Blue", "Coral", "Dun")
STUDENT_19, NORMAL = 2.093024, 1.959964


def section() -> Section:
    made = Section("TensorFlow Model Analysis: a group against everybody")
    python = environment("tfma")
    truth = run(worker("truth", decisions(POPULATION), ROWS, ",".join(RACES), ",".join(METRICS))).data
    words = {
        "decided": "p=1", "outcome": "y=1", "groups": ["race"], "metrics": list(METRICS), "independent": True,
        "reference": "overall", "comparisons": ["difference"],
    }  # fmt: skip
    ours, theirs = {name: [] for name in truth}, {name: [] for name in truth}
    seconds, largest = {"ours": [], "theirs": []}, 0.0
    for sample in range(SAMPLES):
        file = decisions(ROWS, first=POPULATION + sample * ROWS)
        mine = run(worker("ask", file, 1, json.dumps({"overall": ("decisions.disparity", words)})))
        other = run(worker("peer_tfma", file, python=python))
        seconds["ours"] += mine.data["seconds"]["overall"]
        seconds["theirs"].append(other.data["seconds"])
        values = {}
        for row in mine.data["answers"]["overall"]:
            name = f"{row['name'].removesuffix('_difference')} {row['of']['race']}"
            ours[name].append((row["high"] - row["low"]) / 2 / NORMAL)
            values[name] = row["value"]
        for row in other.data["rows"]:
            if (name := _name(row)) is not None:
                theirs[name].append((row["high"] - row["low"]) / 2 / STUDENT_19)
                largest = max(largest, abs(values[name] + row["value"]))  # TFMA subtracts the other way round
    _tell(made, truth, ours, theirs)
    made.say(
        f"Seconds: {spread(seconds['theirs'], 1)} with TFMA (import not counted), {spread(seconds['ours'])} here; peak "
        f"{other.megabytes:,.0f} MB and {mine.megabytes:.0f} MB; largest difference of the point estimates "
        f"{largest:.0e}. "
        f"{', '.join(f'{package} {number}' for package, number in other.data['versions'].items())}."
    )
    return made


def _name(row: dict[str, Any]) -> str | None:
    """The metric and race of a comparison; None for a plain slice."""
    key = ast.literal_eval(row["slice"])
    if len(key) != 2 or key[0] != ():
        return None
    return f"{row['name']} {key[1][0][1]}"


def _tell(made: Section, truth: dict[str, float], ours: dict[str, list[float]], theirs: dict[str, list[float]]) -> None:
    made.say(
        f"{SAMPLES} fresh samples of {ROWS:,} rows. Standard errors (half the 95 % interval over its quantile) of the "
        "difference between a race and everybody, as multiples of the standard deviation of that difference over "
        "50,000 "
        "fresh samples: mean (smallest–largest). 1 is right. TFMA: jackknife over 20 buckets."
    )
    rows = []
    for name, sd in truth.items():
        mine, other = ([one / sd for one in found[name]] for found in (ours, theirs))
        rows.append((name, f"{sd:.4f}", _mean(mine), _mean(other)))
    made.table(["", "true sd", "this project", "TFMA"], rows)
    off = [abs(statistics.mean(one / sd for one in ours[name]) - 1) for name, sd in truth.items()]
    made.goal(max(off) < 0.1, f"our standard errors are within 10 % of the truth on average (worst {max(off):.0%}).")


def _mean(values: list[float]) -> str:
    return f"{statistics.mean(values):.2f} ({min(values):.2f}–{max(values):.2f})"
