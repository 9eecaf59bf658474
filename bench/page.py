"""What a section of the benchmarks found, in the terminal and in docs/benchmarks.md."""

import datetime
import importlib.metadata
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.harness import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

`make bench` runs peers beside this project, on the same data and in one run, and writes what it measured into this
page, good or bad. `python -m bench --list` names the sections; each can be run by itself and tells its own command,
date and machine. Seconds are those of a machine that other work may share: the ratios within a section, whose runs are
interleaved, are what counts; processor seconds add up the work of all cores. Several runs are shown as median
(smallest–largest). Memory is the peak of a process of its own. The data are synthetic, made by
`bench/workers/generate.py`: decisions (`p`) and outcomes (`y`) of 4 x 5 groups, `race` and `age`, the smallest with
0.3 % of the rows, and a person.
"""


@dataclass
class Section:
    """What a section found: text, tables and goals, in the order in which they were added."""

    title: str
    parts: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Add a paragraph."""
        self.parts.append(text)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a table."""
        cells = [[str(cell) for cell in row] for row in rows]
        widths = [max(len(row[at]) for row in [list(header), *cells]) for at in range(len(header))]
        lines = [_line(header, widths), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
        self.parts.append("\n".join([*lines, *(_line(row, widths) for row in cells)]))

    def goal(self, met: bool, text: str) -> None:
        """Add a goal and whether it was met."""
        self.parts.append(f"{'Goal met' if met else '**Goal missed**'}: {text}")

    def text(self, facts: str) -> str:
        """The whole section as Markdown."""
        return "\n\n".join([f"## {self.title}", facts, *self.parts])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def machine() -> str:
    """The machine and the versions that matter."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    packages = ("answerable", "duckdb", "ibis-framework", "numpy", "scipy", "pyarrow")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    place = f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}"
    return f"{place}; Python {platform.python_version()}, {versions}"


def _processor() -> str:
    known = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", known.read_text()) if known.exists() else None
    return found[1] if found else platform.machine()


def facts(command: str, loads: tuple[str, str]) -> str:
    """The line under a section's title: command, date, machine, load."""
    today = datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"`{command}`, {today}; load {loads[0]} before, {loads[1]} after. {machine()}."


def write(name: str, text: str, order: Sequence[str]) -> None:
    """Put a section into the page, in place of what an earlier run wrote, and leave the other sections as they are."""
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    kept = dict(re.findall(r"<!-- (\w+) -->\n(.*?)\n<!-- end -->", page, flags=re.DOTALL))
    kept[name] = text
    blocks = [f"<!-- {each} -->\n{kept[each]}\n<!-- end -->" for each in order if each in kept]
    PAGE.write_text("\n\n".join([HEAD.rstrip(), *blocks]) + "\n", encoding="utf-8")
