"""10 million rows: all rates, differences and ratios with intervals, against one bare GROUP BY of the same file."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.harness import asking, decisions, interleaved, median_seconds, peak, run, spread, work, worker
from bench.page import Section

METRICS = ["selection_rate", "TPR", "FPR", "FNR", "precision"]
WORDS: dict[str, Any] = {
    "decided": "p=1", "outcome": "y=1", "groups": ["race", "age"], "metrics": METRICS, "independent": True,
}  # fmt: skip
QUESTIONS = {"disparity": ("decisions.disparity", WORDS), "rates": ("decisions.rates", WORDS)}
ROWS, FEWER, REPLICATES = 10_000_000, 1_000_000, 10_000


def section() -> Section:
    made = Section("10 million rows against one bare GROUP BY")
    file, fewer = decisions(ROWS), decisions(FEWER)
    made.say(
        f"{ROWS:,} rows, 2 protected columns (4 x 5 groups), 5 rates ({', '.join(METRICS)}), {REPLICATES:,} "
        "replicates; "
        f"Parquet of {file.stat().st_size / 1e6:.0f} MB. The bare scan is the one GROUP BY that gives the 80 counts. "
        "`disparity` gives 130 differences and 130 ratios, `rates` 150 rates, each with its interval and verdict. "
        "Warm: one process, everything imported, runs in turn. Process: the whole command, start-up included."
    )
    warm = run(worker("ask", file, 9, json.dumps(QUESTIONS))).data
    commands = {name: asking(method, file, words) for name, (method, words) in QUESTIONS.items()}
    start = {"start": asking("decisions.disparity", fewer, WORDS), "bare start": worker("bare", fewer)}
    whole = interleaved({"bare": worker("bare", file), **commands, **start}, 5)
    seconds = {name: (warm["seconds"][name], [one.seconds for one in whole[name]]) for name in ("bare", *QUESTIONS)}
    rows = [
        (
            name,
            *(text for at in (0, 1) for text in (spread(both[at]), _ratio(both[at], seconds["bare"][at]))),
            f"{work(whole[name]):.2f}",
            f"{peak(whole[name]):.0f}",
        )
        for name, both in seconds.items()
    ]
    made.table(["", "warm, s", "ratio", "process, s", "ratio", "processor, s", "peak, MB"], rows)
    for at, way in enumerate(("in a warm process", "as whole processes")):
        _allowed(made, way, {name: statistics.median(both[at]) for name, both in seconds.items()})
    made.say(
        f"A tenth of the rows takes {median_seconds(whole['start']):.2f} s as a whole process, where the bare one "
        "takes "
        f"{median_seconds(whole['bare start']):.2f} s: that is start-up, resampling and judging, which do not grow."
    )
    most = max(peak(whole[name]) for name in QUESTIONS)
    made.goal(most < 250, f"under 250 MB at the peak ({most:.0f} MB).")
    compare(made, file, [row for rows in warm["answers"].values() for row in rows], REPLICATES)
    return made


def _allowed(made: Section, way: str, seconds: dict[str, float]) -> None:
    """Whether each question took at most what the goal allows."""
    most = 1.5 * seconds["bare"] + 0.5
    took = ", ".join(f"{name} {seconds[name]:.2f} s" for name in QUESTIONS)
    met = all(seconds[name] <= most for name in QUESTIONS)
    made.goal(met, f"{way}, at most 1.5 x the bare scan + 0.5 s ({took}; {most:.2f} s allowed).")


def compare(made: Section, file: Path, answers: list[dict[str, Any]], replicates: int) -> None:
    """Counts against the bare GROUP BY, limits against an independent bootstrap."""
    kept = file.with_suffix(".answers.json")
    kept.write_text(json.dumps(answers))
    found = run(worker("compare_rows", file, replicates, kept)).data
    kept.unlink()
    made.goal(not found["wrong"], f"counts of all {found['estimates']} estimates equal those of the bare GROUP BY.")
    made.say(
        f"Limits at 95 % against {5 * replicates:,} resamples by numpy's multinomial, which shares no code with "
        "this project. "
        "Where a limit lies in that distribution, less where it should lie, in Monte Carlo standard errors of "
        "both: by chance "
        "alone their root mean square is 1 and 99.7 % are within 3."
    )
    made.table(
        ["", "limits compared", "within 3", "largest", "root mean square"],
        [
            (name, one["limits"], one["within"], f"{one['largest']:.2f}", f"{one['spread']:.2f}")
            for name, one in found["compared"].items()
        ],
    )


def _ratio(mine: Sequence[float], bare: Sequence[float]) -> str:
    return f"{statistics.median(mine) / statistics.median(bare):.1f}"
