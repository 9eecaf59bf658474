"""How often the intervals hold the true value: the simulations of bench/coverage.py."""

import sys

from bench.harness import ROOT, run
from bench.page import Section


def section() -> Section:
    made = Section("Coverage of the intervals")
    found = run([sys.executable, ROOT / "bench" / "coverage.py"], limit=7200)
    made.say(f"Simulations; what each case is, bench/coverage.py says.\n\n```\n{found.text.rstrip()}\n```")
    return made
