"""A specification curve of 1 million rows: every way of counting from one GROUP BY."""

import json
from typing import Any

from bench.harness import asking, decisions, interleaved, median_seconds, peak, spread, work, worker
from bench.page import Section

ROWS, ALLOWED = 1_000_000, 5.0
WORDS: dict[str, Any] = {
    "labels": ["y=1", "p=1"],
    "exclusions": ["age=18-24", "age=65+"],
    "references": ["race=Amber", "rest", "overall"],
    "groups": ["race"],
    "metric": "base_rate",
}
UNITS: dict[str, dict[str, Any]] = {"independent rows": {"independent": True}, "people": {"person": "person"}}


def section() -> Section:
    made = Section("A specification curve of 1 million rows")
    file = decisions(ROWS, people=300_000)
    commands = {name: asking("decisions.sensitivity", file, WORDS | unit) for name, unit in UNITS.items()}
    runs = interleaved({"bare": worker("bare", file), **commands}, 3)
    found = {name: json.loads(runs[name][0].text)["series"] for name in UNITS}
    ways = {name: max(len(one["points"]) for one in series) for name, series in found.items()}
    made.say(
        f"`decisions.sensitivity` of {ROWS:,} rows, whole processes: two rules for the outcome, two exclusions and three "
        "references, for four groups, with the median of each curve from 10,000 resamples and, where rows are "
        "independent, 10,000 tables with shuffled groups. The bare scan is one GROUP BY of the same file."
    )
    made.table(
        ["", "distinct specifications of a group", "seconds", "processor, s", "peak, MB"],
        [
            (name, ways.get(name, ""), spread([one.seconds for one in ones]), f"{work(ones):.2f}", f"{peak(ones):.0f}")
            for name, ones in runs.items()
        ],
    )
    for name in UNITS:
        seconds = median_seconds(runs[name])
        met = seconds < ALLOWED and ways[name] >= 24
        made.goal(met, f"{name}: at least 24 specifications ({ways[name]}) under {ALLOWED:g} s ({seconds:.2f} s).")
    return made
