"""Start-up: what a person waits for before anything is computed."""

import statistics
import sys

from bench.harness import answerable, interleaved, median_seconds, spread
from bench.page import Section

IMPORT = "import time; began = time.perf_counter(); import answerable; print(time.perf_counter() - began)"
LIMITS = {"answerable --help": 0.3, "import answerable": 0.1}


def section() -> Section:
    made = Section("Start-up")
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "import answerable": [sys.executable, "-c", IMPORT],
        "answerable --help": answerable("--help"),
        "answerable methods": answerable("methods"),
        "answerable ask decisions.disparity --help": answerable("ask", "decisions.disparity", "--help"),
    }
    runs = interleaved(commands, 15)
    seconds = {name: [one.seconds for one in found] for name, found in runs.items()}
    seconds["import answerable"] = [float(one.data) for one in runs["import answerable"]]
    made.say("15 processes of each, in turn; the import is timed inside its process, the others from start to end.")
    made.table(["", "seconds"], [(f"`{name}`", spread(seconds[name], 3)) for name in runs])
    medians = {name: statistics.median(seconds[name]) for name in LIMITS}
    for name, limit in LIMITS.items():
        made.goal(medians[name] < limit, f"`{name}` under {limit} s ({medians[name]:.3f} s).")
    made.say(f"Python itself takes {median_seconds(runs['python -c pass']):.3f} s.")
    return made
