"""CSV: all checks, the account and the answer, beside DuckDB's own reader and one GROUP BY."""

import json

from bench.harness import asking, decisions, interleaved, median_seconds, peak, run, spread, worker
from bench.page import Section
from bench.sections.scan import WORDS


def section() -> Section:
    made = Section("Reading CSV")
    made.say(
        "`decisions.disparity` of five rates and 4 x 5 groups from a CSV of 5 columns, whole processes, beside a "
        "process in "
        "which DuckDB's `read_csv` feeds the bare GROUP BY."
    )
    lines = []
    for rows, repetitions in ((1_000_000, 5), (10_000_000, 3)):
        file = decisions(rows, suffix="csv")
        commands = {"bare": worker("bare", file), "ask": asking("decisions.disparity", file, WORDS)}
        runs = interleaved(commands, repetitions)
        ratio = median_seconds(runs["ask"]) / median_seconds(runs["bare"])
        lines.append((
            f"{rows:,}", f"{file.stat().st_size / 1e6:,.0f}", spread([one.seconds for one in runs["ask"]]),
            spread([one.seconds for one in runs["bare"]]), f"{ratio:.1f}", f"{peak(runs['ask']):.0f}",
            f"{peak(runs['bare']):.0f}",
        ))  # fmt: skip
    made.table(["rows", "CSV, MB", "seconds", "bare, s", "ratio", "peak, MB", "bare, MB"], lines)
    small, words = decisions(1_000_000, suffix="csv"), {"rates": ("decisions.rates", WORDS)}
    text, columnar = (
        run(worker("ask", file, 0, json.dumps(words))).data["answers"]["rates"]
        for file in (small, decisions(1_000_000))
    )
    made.goal(text == columnar, f"all {len(text)} rates and limits from the CSV equal those from the Parquet file.")
    return made
