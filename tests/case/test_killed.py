"""kill -9 at any moment: nothing half-written is taken for whole, and the next act completes what was begun."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from answerable.case.files import sha256_of
from answerable.case.folder import Case
from answerable.case.ledger import read_ledger

Planned = Callable[[str], Case]


def findings(case: Case) -> bytes:
    return (case.path / "findings.json").read_bytes()


SLOW = "\n".join(
    f'[[question]]\nmethod = "forensic.names"\nknown = {{ bh{number} = "x" }}\npause = 0.02\n' for number in range(8)
)
RUN = """
import os, sys
import duckdb, ibis, pyarrow.parquet
import ibis.backends.sql.compilers.duckdb
from answerable.core import method, table

method.methods()
for name in ("records", "artefacts"):  # the tables of the forensic method stand in for an area's
    table._READERS.pop(name, None)
import forensic
from answerable.case.folder import Case

for line in sys.stdin:
    act, folder, file = line.rstrip("\\n").split("\\t")
    if act == "wait":
        print(os.waitpid(int(folder), 0)[1], flush=True)
        continue
    # All is imported by now: each child is at work from its first moment.
    child = os.fork()
    if child == 0:
        try:
            case = Case.open(folder)
            if act == "run":
                case.run()
            elif act == "add":
                case.add(file)
            else:
                case.save("forensic.names", {"known": "bh=x"}, file)
        except BaseException as error:
            os.write(2, str(error).encode())
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
"""


class Acts:
    """Runs, adds and saves as processes of their own."""

    def __init__(self) -> None:
        search = os.pathsep.join([*sys.path, str(Path(__file__).parent.parent / "contract")])
        self.parent = subprocess.Popen(
            [sys.executable, "-c", RUN],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, act: str, case: Case, file: Path | None = None) -> int:
        """The number of the process that is at it."""
        return int(self._say(act, case.path, file or ""))

    def wait(self, process: int) -> bool:
        """Whether it was killed, once it is gone with all its threads."""
        return os.WIFSIGNALED(int(self._say("wait", process, "")))

    def said(self) -> str:
        """What all of them wrote about errors."""
        return self.parent.communicate()[1]

    def _say(self, *words: object) -> str:
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write("\t".join(map(str, words)) + "\n")
        self.parent.stdin.flush()
        return self.parent.stdout.readline()


@pytest.fixture
def acts() -> Iterator[Acts]:
    acts = Acts()
    yield acts
    if acts.parent.poll() is None:
        acts.said()


def test_killed_at_any_moment_it_resumes_to_the_same_bytes(planned: Planned, acts: Acts, tmp_path: Path) -> None:
    case = planned(SLOW)
    whole = tmp_path / "whole"
    shutil.copytree(case.path, whole)
    acts.wait(acts.start("run", Case.open(whole)))  # the first one starts the parent too
    shutil.rmtree(whole / "derived")
    began = time.monotonic()
    acts.wait(acts.start("run", Case.open(whole)))
    lasts = time.monotonic() - began
    expected = (whole / "findings.json").read_bytes()
    moments = random.Random(1)
    killed = 0
    while killed < 12:
        process = acts.start("run", case)
        time.sleep(moments.uniform(0, 1) * lasts)
        os.kill(process, signal.SIGKILL)
        alive = acts.wait(process)
        killed += alive
        if (case.path / "findings.json").exists():
            assert findings(case) == expected
        if not alive or killed % 3 == 0:
            case.run()
            assert findings(case) == expected
            assert not list(case.path.rglob("*.part*"))
            shutil.rmtree(case.path / "derived")
            (case.path / "findings.json").unlink()
    case.run()
    assert findings(case) == expected
    assert acts.said() == ""
    read_ledger(case.path)


def test_two_processes_at_once_give_one_result(planned: Planned, acts: Acts) -> None:
    case = planned(SLOW)
    both = [acts.start("run", case), acts.start("run", case)]
    for process in both:
        acts.wait(process)
    assert acts.said() in {"", "Another run is at work in this case. Wait for it to end; nothing was done."}
    before = findings(case)
    case.run()
    assert findings(case) == before


@pytest.mark.parametrize("act", ["add", "save"])
def test_killed_while_adding_nothing_is_half_and_the_next_completes_it(
    act: str, planned: Planned, acts: Acts, tmp_path: Path
) -> None:
    case = planned("")
    before = (case.path / "case.toml").read_bytes()
    file = tmp_path / "other.txt"
    file.write_bytes(b"processes\t2026-01-03T10:00:00Z\tbh\n" * 300_000)
    digest = sha256_of(file)
    whole = tmp_path / "whole"
    shutil.copytree(case.path, whole)
    acts.wait(acts.start(act, Case.open(whole), file))  # the first one starts the parent too
    shutil.rmtree(whole)
    shutil.copytree(case.path, whole)
    began = time.monotonic()
    acts.wait(acts.start(act, Case.open(whole), file))
    lasts = time.monotonic() - began
    expected = (whole / "case.toml").read_bytes()
    moments = random.Random(2)
    killed = 0
    while killed < 12:
        process = acts.start(act, case, file)
        time.sleep(moments.uniform(0, 1) * lasts)
        os.kill(process, signal.SIGKILL)
        killed += acts.wait(process)
        Case.open(case.path)
        read_ledger(case.path)
        copy = case.path / "exhibits" / "other.txt"
        assert not copy.exists() or sha256_of(copy) == digest
        if killed % 3 == 0:
            acts.wait(acts.start(act, case, file))
            assert (case.path / "case.toml").read_bytes() == expected
            assert {path.name for path in (case.path / "exhibits").iterdir()} == {"phone.txt", "other.txt"}
            recorded = [entry for entry in read_ledger(case.path)[0] if digest in entry.digests("exhibit")]
            assert recorded[0].act == "add"
            copy.unlink()
            (case.path / "case.toml").write_bytes(before)
    assert acts.said() == ""
