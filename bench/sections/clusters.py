"""10 million decisions of 3 million people: the bootstrap of people."""

import json
from typing import Any

from bench.harness import DATA, asking, decisions, interleaved, median_seconds, peak, run, spread, work, worker
from bench.page import Section
from bench.sections.scan import WORDS

ROWS, PEOPLE, REPLICATES = 10_000_000, 3_000_000, 1_000
CROSSING = 0.05
SMALL, FEW_PEOPLE, SMALL_REPLICATES, CHECKED = 100_000, 30_000, 10_000, 4_000
BY_PERSON: dict[str, Any] = {name: value for name, value in WORDS.items() if name != "independent"} | {
    "person": "person"
}


def section() -> Section:
    made = Section("10 million decisions of 3 million people")
    files = {
        "everybody in one group": decisions(ROWS, people=PEOPLE),
        f"{CROSSING:.0%} of people in several groups": decisions(ROWS, people=PEOPLE, crossing=CROSSING),
    }
    made.say(
        f"{ROWS:,} decisions of {PEOPLE:,} people, `decisions.disparity` of five rates and 4 x 5 groups, "
        f"{REPLICATES:,} "
        "replicates of people with all their decisions; whole processes, start-up included, beside a process that "
        "does one bare "
        "GROUP BY person, race, age, p, y."
    )
    words = {**BY_PERSON, "replicates": REPLICATES}
    rows, one = [], 0.0
    for name, file in files.items():
        runs = interleaved({"bare": worker("bare_people", file), "ask": asking("decisions.disparity", file, words)}, 3)
        hows = {(found["estimate"] or {}).get("interval") for found in json.loads(runs["ask"][0].text)["findings"]}
        seconds = {which: spread([each.seconds for each in runs[which]]) for which in runs}
        ratio = f"{median_seconds(runs['ask']) / median_seconds(runs['bare']):.1f}"
        rows.append(
            (
                name,
                seconds["ask"],
                f"{work(runs['ask']):.1f}",
                seconds["bare"],
                f"{work(runs['bare']):.1f}",
                ratio,
                f"{peak(runs['ask']):,.0f}",
                f"{peak(runs['bare']):,.0f}",
                "; ".join(sorted(filter(None, hows))),
            )
        )
        one = one or median_seconds(runs["ask"])
    made.table(
        ["", "seconds", "processor, s", "bare, s", "processor, s", "ratio", "peak, MB", "bare, MB", "intervals"], rows
    )
    made.goal(one < 15, f"under 15 s with everybody in one group ({one:.1f} s).")
    _check(made)
    return made


def _check(made: Section) -> None:
    """Limits against people drawn one by one, on fewer rows."""
    file = decisions(SMALL, people=FEW_PEOPLE, crossing=CROSSING)
    words = {**BY_PERSON, "replicates": SMALL_REPLICATES, "interval": "bootstrap"}
    questions = {"disparity": ("decisions.disparity", words), "rates": ("decisions.rates", words)}
    ours = run(worker("ask", file, 1, json.dumps(questions))).data["answers"]
    kept = DATA / "people.json"
    kept.write_text(json.dumps([row for rows in ours.values() for row in rows]))
    found = run(worker("people", file, CHECKED, SMALL_REPLICATES, kept)).data
    kept.unlink()
    made.say(
        f"Limits at 95 % of {SMALL:,} decisions of {found['people']:,} people, {CROSSING:.0%} of them in several "
        "groups, "
        f"{SMALL_REPLICATES:,} replicates, against {CHECKED:,} resamples that draw people one by one and count all "
        "their rows "
        "with numpy; distances in Monte Carlo standard errors of both:"
    )
    made.table(
        ["", "limits compared", "within 3", "largest", "root mean square"],
        [
            (name, one["limits"], one["within"], f"{one['largest']:.2f}", f"{one['spread']:.2f}")
            for name, one in found["compared"].items()
        ],
    )
    made.goal(not found["wrong"], "all counts equal those of the bare GROUP BY.")
