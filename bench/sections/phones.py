"""Backups of 10,000 to 10 million visits: processor time grows with them, memory does not."""

import shutil
import tempfile
from pathlib import Path

from bench.backups import backup, checked, scan, size
from bench.harness import DATA, peak, spread, work
from bench.page import Section

SIZES = {10_000: 3, 100_000: 3, 1_000_000: 3, 10_000_000: 1}


def section() -> Section:
    made = Section("Phones of every size")
    made.say(
        "`answerable scan` of backups as above with half as many messages as visits and a fifth as many files, whole "
        "commands; processor seconds are user and system."
    )
    DATA.mkdir(exist_ok=True)
    lines, costs, most, right = [], {}, {}, True
    scratch = Path(tempfile.mkdtemp(dir=DATA))
    try:
        for visits, times in SIZES.items():
            kept = visits <= 1_000_000 or (DATA / f"backup-{visits}").exists()
            phone = backup(visits, DATA if kept else scratch)
            output = scratch / "scan"
            runs = [scan(phone, output) for _ in range(times)]
            found = checked(phone, output)
            right &= found["found"] == found["plants"] and not found["others"]
            costs[visits], most[visits] = work(runs), peak(runs)
            lines.append((
                f"{visits:,}", f"{phone.bytes / 1e6:,.0f}", spread([one.work for one in runs]),
                f"{1e6 * costs[visits] / visits:,.1f}", spread([one.seconds for one in runs]), f"{most[visits]:,.0f}",
                f"{size(output) / 1e6:,.1f}", f"{found['found']} of {found['plants']}",
            ))  # fmt: skip
    finally:
        shutil.rmtree(scratch)
    made.table(
        ["visits", "evidence, MB", "processor, s", "µs a visit", "seconds", "peak, MB", "written, MB", "plants"], lines
    )
    steps = [one for one in SIZES if one >= 100_000]
    times = costs[steps[-1]] / costs[steps[-2]]
    added = (costs[steps[-1]] - costs[steps[-2]]) / (costs[steps[-2]] - costs[steps[-3]])
    made.goal(times <= 12, f"ten times a million visits cost at most 12 times as much ({times:.1f}).")
    made.goal(
        added <= 12,
        "without what every scan costs alike: what the last step adds is at most 12 times what the step before it "
        f"added, where both are tenfold ({added:.1f}).",
    )
    made.goal(most[steps[-1]] <= 1200, f"at most 1.2 GB at 10 million visits ({most[steps[-1]]:,.0f} MB).")
    made.goal(right, "every plant is found at every size, and nothing else.")
    return made
