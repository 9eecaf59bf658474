"""The transcript of a probe: JSON lines that are only ever added to, one for each attempt of each call.

The first line holds the plan and its digest. A line is handed to the operating system whole, so that a killed process
loses at most the line it was writing; lines are brought to the disk in batches.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from answerable import __version__
from answerable.areas.decisions.probe.templates import LONGEST
from answerable.areas.decisions.read.pairs import FORMAT
from answerable.core.lock import lock
from answerable.errors import AnswerableError, EvidenceError

_BATCH, _SECONDS = 64, 2.0


class Transcript:
    """A transcript open for writing, by this process alone.

    Args:
        path: the file; made where there is none.
        header: what the first line says; a file with another plan is refused.

    Raises:
        EvidenceError: the file is of another plan, or is no transcript.
        AnswerableError: another probe is writing it, or it cannot be written.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self.path = path
        self.answered: set[str] = set()
        self.attempts: Counter[str] = Counter()
        self.torn = 0
        self._guard, self._unsynced, self._synced = threading.Lock(), 0, time.monotonic()
        try:
            self._file: BinaryIO = path.open("a+b", buffering=0)
        except OSError as error:
            raise AnswerableError(f"{path.name} cannot be written: {error.strerror}.") from error
        try:
            lock(self._file, wait=False)
            self._take_up(header)
        except BlockingIOError:
            self._file.close()
            raise AnswerableError(f"Another probe is writing {path.name}. Wait until it has ended.") from None
        except BaseException:
            self._file.close()
            raise

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add a line; safe to call from several threads."""
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
        with self._guard:
            self._write(line)
            if entry["kind"] == "call":
                self.attempts[entry["call"]] += 1
                if not entry["error"]:
                    self.answered.add(entry["call"])
            self._unsynced += 1
            if self._unsynced >= _BATCH or time.monotonic() - self._synced > _SECONDS:
                self._sync()

    def close(self) -> None:
        """Bring all lines to the disk."""
        with self._guard:
            self._sync()
            self._file.close()

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            raise AnswerableError(
                f"{self.path.name} cannot be written: {error.strerror}. What was answered is kept; make room, and "
                "give the same command again."
            ) from error

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._unsynced, self._synced = 0, time.monotonic()

    def _take_up(self, header: Mapping[str, Any]) -> None:
        """Read what there is, set a torn last line aside, begin where there is nothing."""
        self._file.seek(0)
        place, torn = 0, b""
        for number, line in enumerate(self._file_lines(), 1):
            entry = _parsed(line)
            if not line.endswith(b"\n"):
                torn = line
                break
            if entry is None:
                raise self._changed(number, "it is no JSON object")
            if number == 1:
                self._check(entry, header)
            elif entry.get("kind") == "call":
                self._note(entry, number)
            place += len(line)
        if torn and place:
            self._set_aside(torn, place)
        elif torn:
            if not _begins(torn, header):
                raise self._changed(1, "it does not begin like a transcript")
            self._file.truncate(0)
        if not place:
            self.write(header)
            self._sync()

    def _file_lines(self) -> Any:
        with self.path.open("rb") as file:
            yield from file

    def _check(self, entry: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        if entry.get("format") != FORMAT:
            raise self._changed(1, "it is not the first line of a transcript")
        for name, what in (("plan_sha256", "plan"), ("schedule_sha256", "order of calls")):
            if entry.get(name) != header[name]:
                raise EvidenceError(
                    f"it was begun with another {what}; answers to two plans must not mix.",
                    file=self.path,
                    mend="Put the plan back as it was (it stands in the first line), or name a new transcript.",
                )

    def _note(self, entry: Mapping[str, Any], number: int) -> None:
        call = entry.get("call")
        if not isinstance(call, str) or "error" not in entry:
            raise self._changed(number, "it names no call")
        self.attempts[call] += 1
        if not entry["error"]:
            if call in self.answered:
                raise self._changed(number, f"the call {call!r} is answered a second time")
            self.answered.add(call)

    def _set_aside(self, torn: bytes, place: int) -> None:
        """Put the half line into a line of its own: what it held of an answer stays to be seen, and is asked again."""
        text = torn[:LONGEST].decode("utf-8", "backslashreplace")
        digest = hashlib.sha256(torn).hexdigest()
        entry = {"kind": "torn", "time": now(), "bytes": len(torn), "sha256": digest, "text": text}
        # One write over the half line: whoever is killed here leaves the half or the whole, not nothing.
        with self.path.open("r+b", buffering=0) as file:
            file.seek(place)
            file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
            file.truncate()
            os.fsync(file.fileno())
        self.torn += 1

    def _changed(self, number: int, why: str) -> EvidenceError:
        return EvidenceError(
            f"{why}: the transcript was changed, or is none.",
            file=self.path,
            row=number,
            mend="Nothing was written. Put an unchanged copy back, or name a new transcript.",
        )


def header_of(
    plan: Mapping[str, Any], plan_sha256: str, schedule_sha256: str, calls: int, **more: Any
) -> dict[str, Any]:
    """The first line of a transcript."""
    return {
        "kind": "plan",
        "format": FORMAT,
        "version": __version__,
        "begun": now(),
        "plan_sha256": plan_sha256,
        "schedule_sha256": schedule_sha256,
        "calls": calls,
        **more,
        "plan": plan,
    }


def now() -> str:
    """The time in UTC, to the millisecond, as ISO 8601 writes it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _begins(torn: bytes, header: Mapping[str, Any]) -> bool:
    """Whether half a line is what a killed process leaves of the first one."""
    start = json.dumps({"kind": header["kind"], "format": header["format"]})[:-1].encode()
    return torn.startswith(start[: len(torn)])
