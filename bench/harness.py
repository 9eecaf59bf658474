"""Runs commands in fresh processes, interleaved, and tells their seconds and their peak memory.

This process imports neither an engine nor numpy: on Linux the peak memory of a process starts from that of the one that
made it.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "bench" / "data"
WORKERS = ROOT / "bench" / "workers"
Command = Sequence[str | Path]


@dataclass(frozen=True)
class Run:
    """One run of a command in a process of its own: seconds by the clock, and of both cores' work."""

    seconds: float
    work: float
    megabytes: float
    text: str

    @property
    def data(self) -> Any:
        """What the command printed, as the JSON of its last line."""
        return json.loads(self.text.strip().splitlines()[-1])


def run(command: Command, *, limit: float = 1800) -> Run:
    """Run a command to its end.

    Raises:
        RuntimeError: it failed, or took longer than `limit` seconds.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], cwd=ROOT, stdout=out, stderr=errors)
        timer = threading.Timer(limit, process.kill)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        text, problem = out.read().decode(), errors.read().decode()
    if process.returncode:
        late = f" (stopped after {limit:.0f} s)" if seconds >= limit else ""
        raise RuntimeError(f"{' '.join(map(str, command))[:400]}{late}\n{problem[-2000:]}")
    return Run(
        seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024**2), text
    )


def interleaved(commands: Mapping[str, Command], repetitions: int) -> dict[str, list[Run]]:
    """Runs of each command, one of each in turn, so that what else the machine does falls on all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(repetitions):
        for name, command in commands.items():
            runs[name].append(run(command))
    return runs


def worker(name: str, *arguments: str | Path | int, python: str | Path = sys.executable) -> Command:
    """The command that runs a script of bench/workers."""
    return [str(python), "-X", "utf8", str(WORKERS / f"{name}.py"), *map(str, arguments)]


def answerable(*arguments: str | Path) -> Command:
    """The command line of this project."""
    return [sys.executable, "-m", "answerable", *map(str, arguments)]


def asking(method: str, file: Path, words: Mapping[str, Any]) -> Command:
    """`answerable ask` of a file, its answer as JSON."""
    parts = ["ask", method, str(file), "--json"]
    for word, value in words.items():
        texts = value if isinstance(value, (list, tuple)) else [value]
        option = f"--{word.replace('_', '-')}"
        parts += [option] if value is True else [piece for text in texts for piece in (option, str(text))]
    return answerable(*parts)


def decisions(
    rows: int, *, people: int | None = None, crossing: float = 0.0, first: int = 0, suffix: str = "parquet"
) -> Path:
    """A file of synthetic decisions in bench/data, made once."""
    DATA.mkdir(exist_ok=True)
    about = f"-{people}-people" if people else ""
    across = f"-{crossing:g}-crossing" if crossing else ""
    later = f"-from-{first}" if first else ""
    file = DATA / f"decisions-{rows}{about}{across}{later}.{suffix}"
    if not file.exists():
        options = ["--people", people, "--crossing", crossing] if people else []
        run(worker("generate", file, rows, "--first", first, *options))
    return file


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median with the smallest and the largest."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def median_seconds(runs: Sequence[Run]) -> float:
    """The median of the seconds that runs took."""
    return statistics.median(one.seconds for one in runs)


def work(runs: Sequence[Run]) -> float:
    """The median of the processor seconds that runs took, which other work on the machine changes less."""
    return statistics.median(one.work for one in runs)


def peak(runs: Sequence[Run]) -> float:
    """The most memory that any of the runs took, in MB."""
    return max(one.megabytes for one in runs)


def load() -> str:
    """How many processes wanted to run over the last minute, beside how many can."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
