"""10 million rows: all rates, differences and ratios with intervals, against one bare GROUP BY of the same file."""

import json
import statistics
from pathlib import Path
from typing import Any

from bench.harness import asking, decisions, interleaved, median_seconds, peak, run, spread, worker
from bench.page import Section

METRICS = ["selection_rate", "TPR", "FPR", "FNR", "precision"]
WORDS: dict[str, Any] = {
    "decided": "p=1", "outcome": "y=1", "groups": ["race", "age"], "metrics": METRICS, "independent": True,
}  # fmt: skip
QUESTIONS = {"disparity": ("decisions.disparity", WORDS), "rates": ("decisions.rates", WORDS)}
ROWS, REPLICATES = 10_000_000, 10_000


def section() -> Section:
    made = Section("10 million rows against one bare GROUP BY")
    file = decisions(ROWS)
    made.say(
        f"{ROWS:,} rows, 2 protected columns (4 x 5 groups), 5 rates ({', '.join(METRICS)}), {REPLICATES:,} replicates; "
        f"Parquet of {file.stat().st_size / 1e6:.0f} MB. The bare scan is the one GROUP BY that gives the 80 counts. "
        "`disparity` gives 130 differences and 130 ratios, `rates` 150 rates, each with its interval and verdict. "
        "Warm: one process, everything imported, runs in turn. Process: the whole command, start-up included."
    )
    warm = run(worker("ask", file, 9, json.dumps(QUESTIONS)))
    whole = interleaved(
        {"bare": worker("bare", file), **{name: asking(*_question(name, file)) for name in QUESTIONS}}, 5
    )
    rows, missed = [], []
    for name in ("bare", *QUESTIONS):
        seconds = warm.data["seconds"]
        rows.append((
            name, spread(seconds[name]), _ratio(statistics.median(seconds[name]), statistics.median(seconds["bare"])),
            spread([one.seconds for one in whole[name]]), _ratio(median_seconds(whole[name]), median_seconds(whole["bare"])),
            f"{peak(whole[name]):.0f}",
        ))  # fmt: skip
        for way, mine, bare in (
            ("warm", statistics.median(seconds[name]), statistics.median(seconds["bare"])),
            ("process", median_seconds(whole[name]), median_seconds(whole["bare"])),
        ):
            if name != "bare" and mine > 1.5 * bare + 0.5:
                missed.append(f"{name}, {way}: {mine:.2f} s where {1.5 * bare + 0.5:.2f} s were allowed")
    made.table(["", "warm, s", "ratio", "process, s", "ratio", "peak, MB"], rows)
    made.goal(not missed, f"at most 1.5 x the bare scan + 0.5 s{' (' + '; '.join(missed) + ')' if missed else ''}.")
    most = max(peak(whole[name]) for name in QUESTIONS)
    made.goal(most < 250, f"under 250 MB at the peak ({most:.0f} MB).")
    compare(made, file, [row for rows in warm.data["answers"].values() for row in rows], REPLICATES)
    return made


def compare(made: Section, file: Path, answers: list[dict[str, Any]], replicates: int) -> None:
    """Counts against the bare GROUP BY, limits against an independent bootstrap."""
    kept = file.with_suffix(".answers.json")
    kept.write_text(json.dumps(answers))
    found = run(worker("compare_rows", file, replicates, kept)).data
    kept.unlink()
    made.goal(not found["wrong"], f"counts of all {found['estimates']} estimates equal those of the bare GROUP BY.")
    made.say(
        f"Limits at 95 % against {5 * replicates:,} resamples by numpy's multinomial, which shares no code with this project. "
        "Where a limit lies in that distribution, less where it should lie, in Monte Carlo standard errors of both: by chance "
        "alone their root mean square is 1 and 99.7 % are within 3."
    )
    made.table(
        ["", "limits compared", "within 3", "largest", "root mean square"],
        [
            (name, one["limits"], one["within"], f"{one['largest']:.2f}", f"{one['spread']:.2f}")
            for name, one in found["compared"].items()
        ],
    )


def _question(name: str, file: Path) -> tuple[str, Path, dict[str, Any]]:
    method, words = QUESTIONS[name]
    return method, file, words


def _ratio(mine: float, bare: float) -> str:
    return f"{mine / bare:.1f}"
