"""The threshold test: whether its order comes back right, and what it takes on the stops of New York."""

import os
import re
import sys
from pathlib import Path

from bench.harness import ROOT, run
from bench.page import Section

STOPS = "decisions/nyc_sqf2020_min.csv"
WORDS = [
    "--decided",
    "FRISKED_FLAG=Y/N",
    "--outcome",
    "WEAPON_FOUND_FLAG=Y/N",
    "--stratum",
    "STOP_LOCATION_PRECINCT",
    "--groups",
    "SUSPECT_RACE_DESCRIPTION",
    "--independent",
    "--json",
    "--simulated-sets",
    "0",
]
RACES = ["BLACK", "WHITE", "BLACK HISPANIC", "WHITE HISPANIC"]


def section() -> Section:
    made = Section("The threshold test")
    found = run([sys.executable, ROOT / "bench" / "threshold_order.py", "--sets", "400", "--rival", "100"], limit=7200)
    made.say(f"What is simulated, bench/threshold_order.py says.\n\n```\n{found.text.rstrip()}\n```")
    rows = re.findall(r"^(chance|signal)\s+(\d+)\s+(\d+)", found.text, re.MULTILINE)
    right = {alike: (int(number), int(hits)) for alike, number, hits in rows}
    worlds = {"chance": "as the fitted model has it", "signal": "as its rival has it, so that the model is wrong"}
    for alike, world in worlds.items():
        sets, hits = right[alike]
        made.goal(
            hits >= 0.95 * sets,
            f"the order is right in at least 95 of 100 sets whose bars are alike {world} ({hits} of {sets}: "
            f"{100 * hits / sets:.1f} of 100).",
        )
    stops = Path(os.environ.get("ANSWERABLE_DATA", "")) / STOPS
    if stops.is_file():
        _stops(made, stops)
    return made


def _stops(made: Section, stops: Path) -> None:
    where = ["--where", f"SUSPECT_RACE_DESCRIPTION={','.join(RACES)}"]
    called = [f"SUSPECT_RACE_DESCRIPTION:{race}=Hispanic" for race in RACES[2:]]
    words = [*WORDS, *where, *(word for name in called for word in ("--called", name))]
    asked = run([sys.executable, "-m", "answerable", "ask", "decisions.threshold_test", stops, *words], limit=600)
    made.say(
        f"New York 2020, three groups in 77 precincts: {asked.seconds:.0f} s and {asked.work:.0f} processor seconds "
        "as a whole process, without the simulation check on the same design. An answer is given only where R-hat is "
        "below 1.01 and every reported number is worth 400 draws, none astray."
    )
    made.goal(asked.seconds < 60, f"the stops of New York in under 60 s ({asked.seconds:.0f} s).")
