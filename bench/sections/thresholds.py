"""The threshold test: whether its order comes back right, and what it takes."""

import re
import sys

from bench.harness import ROOT, run
from bench.page import Section


def section() -> Section:
    made = Section("The threshold test on simulated stops")
    found = run([sys.executable, ROOT / "bench" / "threshold_order.py"], limit=7200)
    made.say(f"What is simulated, bench/threshold_order.py says.\n\n```\n{found.text.rstrip()}\n```")
    rows = [list(map(int, row)) for row in re.findall(r"^(?:chance|signal)\s+(\d+)\s+(\d+)", found.text, re.MULTILINE)]
    sets, right = (sum(column) for column in zip(*rows, strict=True))
    made.goal(right >= 0.95 * sets, f"the order right in at least 95 of 100 simulated sets ({right} of {sets}).")
    return made
