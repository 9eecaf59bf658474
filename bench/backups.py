"""Synthetic backups of phones for the benchmarks, and what a scan of one costs."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.harness import DATA, Run, answerable, run, worker

FEEDS = ("pegasus.stix2", "cytrox.stix2", "malware.stix2")
CONSENT = """who = "Owner of the synthetic phone"
scope = "traces of spyware in the whole backup"
date = 2025-10-20
until = 2035-10-20
"""


@dataclass(frozen=True)
class Backup:
    """A synthetic backup: its folder, and the file that says what was planted."""

    folder: Path
    truth: Path

    @property
    def planted(self) -> dict[str, Any]:
        """What was planted, and where."""
        return json.loads(self.truth.read_text(encoding="utf-8"))

    @property
    def bytes(self) -> int:
        """Bytes of its files."""
        return size(self.folder)


def size(folder: Path) -> int:
    """Bytes of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def feeds() -> Path:
    """A folder with the three feeds of indicators that both sides are given.

    Raises:
        RuntimeError: the public data are not there.
    """
    kept = DATA / "indicators"
    for name in FEEDS:
        source = Path(os.environ.get("ANSWERABLE_DATA", "")) / "devices" / "stix_amnesty" / name
        if not source.is_file():
            raise RuntimeError(f"{source} is missing: set ANSWERABLE_DATA to the folder of public data.")
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, kept / name)
    return kept


def backup(visits: int, place: Path = DATA) -> Backup:
    """A backup with half as many messages as visits and a fifth as many files, made once."""
    folder = place / f"backup-{visits}"
    made = Backup(folder / "backup", folder / "truth.json")
    if not made.truth.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        sizes = {"visits": visits, "messages": visits // 2, "files": visits // 5, "processes": visits // 200}
        options = [part for name, number in sizes.items() for part in (f"--{name}", number)]
        run(worker("generate_backup", made.folder, made.truth, feeds(), *options))
    return made


def scan(of: Backup, output: Path) -> Run:
    """`answerable scan` of a backup into a folder, which is emptied before; what it printed is kept beside."""
    shutil.rmtree(output, ignore_errors=True)
    consent = DATA / "consent.toml"
    consent.write_text(CONSENT, encoding="utf-8")
    done = run(
        answerable("scan", of.folder, "--indicators", feeds(), "--consent", consent, "--output", output, "--json")
    )
    printed(output).write_text(done.text, encoding="utf-8")
    return done


def printed(output: Path) -> Path:
    """The file with what a scan printed."""
    return output.with_suffix(".json")


def checked(of: Backup, output: Path) -> dict[str, Any]:
    """What a scan found, against what was planted."""
    return run(worker("scanned", printed(output), output, of.truth)).data
