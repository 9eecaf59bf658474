"""fairlearn, AIF360 and aequitas on a million rows: the same rates, in environments of their own."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.harness import DATA, Run, decisions, run, spread, worker
from bench.page import Section
from bench.peers import environment
from bench.sections.scan import QUESTIONS, WORDS

# Where nobody says what is independent there are no intervals: what peers without intervals give.
POINTS = {name: value for name, value in WORDS.items() if name != "independent"}
ASKED = {**QUESTIONS, "points": ("decisions.rates", POINTS)}

ROWS, MORE, SMALL = 1_000_000, 10_000_000, 20_000
FEW, MANY = 1, 100
Rows = Sequence[dict[str, Any]]


def section() -> Section:
    made = Section("Peers on a million rows")
    made.say(
        f"{ROWS:,} rows, the same five rates of 20 groups. Peers start from a pandas frame that is in memory "
        "already, and "
        "their seconds hold only the metrics; ours hold all from opening the Parquet file to the verdicts, with 10,000 "
        "replicates, 150 rates and 260 comparisons (`rates` and `disparity`, one after the other), in a warm "
        "process. One of "
        "ours runs before each peer."
    )
    file = decisions(ROWS)
    ours, theirs = [], {}
    commands = {
        "fairlearn, no intervals": ("fairlearn", "peer_fairlearn", [0]),
        f"fairlearn, {FEW} replicate": ("fairlearn", "peer_fairlearn", [FEW]),
        "AIF360": ("aif360", "peer_aif360", []),
        "aequitas": ("aequitas", "peer_aequitas", []),
    }
    places = {peer: environment(peer) for peer, _, _ in commands.values()}
    for name, (peer, script, options) in commands.items():
        ours.append(run(worker("ask", file, 3, json.dumps(ASKED))))
        theirs[name] = run(worker(script, file, *options, python=places[peer]))
    _speed(made, ours, theirs)
    _more(made, places["aif360"])
    _points(made, [row for name in QUESTIONS for row in ours[0].data["answers"][name]], theirs)
    _limits(made, places["fairlearn"])
    return made


def _speed(made: Section, ours: Sequence[Run], theirs: dict[str, Run]) -> None:
    pairs, points = _ours(ours)
    mine, bare = statistics.median(pairs), statistics.median(points)
    seconds = {name: one.data["seconds"] for name, one in theirs.items()}
    base, few = seconds["fairlearn, no intervals"], seconds[f"fairlearn, {FEW} replicate"]
    each = (few - base) / FEW
    hundred = base + 100 * each
    most = f"{max(one.megabytes for one in ours):.0f}"
    rows = [("this project, 10,000 replicates", spread(pairs), "1", "", most)]
    rows.append(("this project, rates without intervals", spread(points), "", "1", most))
    rows += [
        (name, f"{took:.2f}", f"{took / mine:,.1f}", f"{took / bare:,.1f}", f"{theirs[name].megabytes:.0f}")
        for name, took in seconds.items()
    ]
    rows.append(("fairlearn, 100 replicates (extrapolated)", f"{hundred:,.0f}", f"{hundred / mine:,.0f}", "", ""))
    made.table(["", "seconds", "times ours", "times ours without intervals", "peak, MB"], rows)
    made.say(
        f"fairlearn's replicates cost {each:.1f} s each ({few:.1f} s with {FEW}, {base:.1f} s without): 100 are "
        "extrapolated "
        "linearly, not run. Not in the seconds: building the peers' own frames, "
        f"{theirs['AIF360'].data['prepared']:.1f} s (AIF360) and {theirs['aequitas'].data['prepared']:.1f} s "
        "(aequitas)."
    )
    made.goal(
        hundred / mine >= 1000,
        f"fairlearn with 100 replicates takes at least 1,000 times as long ({hundred / mine:,.0f}).",
    )
    alone = seconds["AIF360"] / bare
    whole = (seconds["AIF360"] + theirs["AIF360"].data["prepared"]) / bare
    made.goal(
        whole >= 100,
        "AIF360, which gives no intervals, takes at least 100 times as long as rates without them: its data set built of "
        f"a frame in memory and its metrics {whole:,.1f} times, its metrics alone {alone:,.1f} times.",
    )
    versions = "; ".join(
        f"{name.split(',')[0]}: {', '.join(f'{package} {number}' for package, number in one.data['versions'].items())}"
        for name, one in theirs.items() if "replicate" not in name
    )  # fmt: skip
    made.say(f"Versions. {versions}.")


def _ours(runs: Sequence[Run]) -> tuple[list[float], list[float]]:
    """Seconds of both questions with intervals, and of the rates without."""
    seconds = [one.data["seconds"] for one in runs]
    both = [sum(pair) for one in seconds for pair in zip(*(one[name] for name in QUESTIONS), strict=True)]
    return both, [took for one in seconds for took in one["points"]]


def _more(made: Section, python: Path) -> None:
    """AIF360 on ten times as many rows, where what does not depend on them weighs less."""
    file = decisions(MORE)
    ours, theirs = run(worker("ask", file, 3, json.dumps(ASKED))), run(worker("peer_aif360", file, python=python))
    pairs, points = _ours([ours])
    took = theirs.data["seconds"]
    made.say(
        f"{MORE:,} rows: AIF360 {took:.1f} s and {theirs.megabytes:,.0f} MB (building its frames, "
        f"{theirs.data['prepared']:.1f} "
        f"s more), this project {spread(pairs)} s with and {spread(points)} s without intervals and "
        f"{ours.megabytes:.0f} MB: "
        f"{took / statistics.median(pairs):,.0f} and {took / statistics.median(points):,.0f} times."
    )


def _points(made: Section, ours: Rows, theirs: dict[str, Run]) -> None:
    """Point estimates of each peer against ours."""
    mine = {_key(row): row["value"] for row in ours}
    rows = []
    for name, one in theirs.items():
        both = [(row["value"], mine[_key(row)]) for row in one.data["rows"] if _key(row) in mine]
        rows.append((name, len(one.data["rows"]), len(both), f"{max(abs(left - right) for left, right in both):.1e}"))
    made.table(["point estimates", "given", "compared", "largest difference from ours"], rows)
    worst = max(float(row[3]) for row in rows)
    made.goal(worst <= 1e-12, f"all compared point estimates agree (largest difference {worst:.1e}).")


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["name"], *sorted(row["of"].items()), *sorted((row.get("against") or {}).items()))


def _limits(made: Section, python: Path) -> None:
    """fairlearn's bootstrap against ours, on fewer rows."""
    file = decisions(SMALL)
    words = {**WORDS, "interval": "bootstrap"}
    ours = run(worker("ask", file, 1, json.dumps({"rates": ("decisions.rates", words)})))
    theirs = run(worker("peer_fairlearn", file, MANY, python=python))
    kept = {DATA / "ours.json": ours.data["answers"]["rates"], DATA / "theirs.json": theirs.data["rows"]}
    for place, rows in kept.items():
        place.write_text(json.dumps(rows))
    found = run(worker("compare_peers", file, MANY, *kept)).data
    for place in kept:
        place.unlink()
    made.say(
        f"Percentile limits at 95 % of {SMALL:,} rows, fairlearn with {MANY} replicates "
        f"({theirs.data['seconds']:.0f} s) and ours with 10,000 "
        f"({statistics.median(ours.data['seconds']['rates']):.2f} s), each placed in the distribution of 100,000 resamples "
        f"by numpy. The distance of the two, as the normal score of its chance among {MANY} replicates: "
        f"{found['within']} of {found['limits']} are within 3, the largest is {found['largest']:.2f}, the root mean "
        f"square {found['spread']:.2f} (1 by chance alone)."
    )
    made.goal(
        found["within"] >= 0.99 * found["limits"],
        "fairlearn's bootstrap limits lie within 3 Monte Carlo standard errors of ours (99 % of them).",
    )
