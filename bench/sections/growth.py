"""1, 10 and 100 million rows: seconds grow with the rows, memory does not."""

import shutil
import tempfile
from pathlib import Path

from bench.harness import DATA, asking, decisions, interleaved, peak, run, spread, worker
from bench.page import Section
from bench.sections.scan import WORDS

LARGEST = 100_000_000


def section() -> Section:
    made = Section("More rows")
    made.say(
        "`decisions.disparity` of five rates and 4 x 5 groups with 10,000 replicates, whole processes, beside a "
        "process that "
        "does the bare GROUP BY."
    )
    DATA.mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=DATA))
    try:
        largest = scratch / "decisions.parquet"
        run(worker("generate", largest, LARGEST))
        files = {rows: decisions(rows) for rows in (1_000_000, 10_000_000)} | {LARGEST: largest}
        lines, most = [], {}
        for rows, file in files.items():
            commands = {"bare": worker("bare", file), "ask": asking("decisions.disparity", file, WORDS)}
            runs = interleaved(commands, 3)
            most[rows] = peak(runs["ask"])
            lines.append((
                f"{rows:,}", f"{file.stat().st_size / 1e6:,.0f}", spread([one.seconds for one in runs["ask"]]),
                spread([one.seconds for one in runs["bare"]]), f"{most[rows]:.0f}", f"{peak(runs['bare']):.0f}",
            ))  # fmt: skip
    finally:
        shutil.rmtree(scratch)
    made.table(["rows", "Parquet, MB", "seconds", "bare, s", "peak, MB", "bare, MB"], lines)
    first, last = min(most.values()), most[LARGEST]
    made.goal(last < 250, f"under 250 MB at {LARGEST:,} rows ({last:.0f} MB; the least was {first:.0f} MB).")
    return made
