"""Bringing public feeds of indicators to this machine: the only part of the area that goes to the network.

A feed takes the place of the older one only when it came whole and can be read; `feeds.json` beside them says where
each comes from, when it was fetched, its SHA-256, and whom to credit.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from answerable.areas.devices.indicators.feeds import PUBLIC, Feed, read_registry
from answerable.areas.devices.indicators.stix import read_bundle
from answerable.core.lock import lock
from answerable.errors import AnswerableError, EvidenceError
from answerable.fetching import Progress, transfer

MOST = 64 << 20
"""Bytes of one feed at most."""
_SECONDS = 300.0
REGISTER = "feeds.json"


@dataclass(frozen=True, slots=True)
class Fetched:
    """One feed that was fetched: its entry, its SHA-256, and how many indicators it lists."""

    feed: Feed
    sha256: str
    indicators: int


def default_folder() -> Path:
    """Where fetched indicators are kept: the user's folder for data of programs."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "answerable" / "indicators"


def update(
    folder: Path | None = None, registry: str | Path | None = None, progress: Progress | None = None
) -> tuple[Fetched, ...]:
    """Fetch every feed of a registry into a folder.

    Args:
        folder: where they are kept; by default the user's folder for data.
        registry: file or https address of a registry in TOML, JSON or YAML; by default the public feeds that the
            program knows.
        progress: told the bytes that came, the bytes in all, and the name of the feed.

    Returns:
        The feeds that were fetched, in the order of the registry.

    Raises:
        AnswerableError: a feed could not be fetched; what was there before has stayed, and the others were fetched.
        EvidenceError: the registry cannot be read.
    """
    folder = folder or default_folder()
    tell: Progress = progress or (lambda done, total, what: None)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("ab") as held:
            lock(held, wait=True)
            feeds = _registry(folder, registry, tell)
            fetched, problems = _all(folder, feeds, tell)
    except OSError as error:
        raise AnswerableError(f"The indicators could not be brought to {folder}: {error}.") from error
    if problems:
        raise AnswerableError(
            f"{len(fetched)} of {len(feeds)} feeds were fetched into {folder}. What was there of the others has "
            f"stayed as it was:\n  " + "\n  ".join(problems)
        )
    return tuple(fetched)


def _all(folder: Path, feeds: Sequence[Feed], tell: Progress) -> tuple[list[Fetched], list[str]]:
    """The feeds that were fetched, and what was wrong with the others; also what came before a stop is registered."""
    fetched: list[Fetched] = []
    problems = []
    try:
        for feed in feeds:
            try:
                fetched.append(_fetch(folder, feed, tell))
            except (OSError, EvidenceError) as error:
                problems.append(f"{feed.name}: {error}")
    finally:
        _register(folder, fetched)
    return fetched, problems


def _registry(folder: Path, registry: str | Path | None, tell: Progress) -> tuple[Feed, ...]:
    if not (isinstance(registry, str) and registry.startswith(("https://", "http://"))):
        return _distinct(read_registry(Path(registry or PUBLIC)), registry or PUBLIC)
    ending = Path(registry.partition("?")[0]).suffix or ".yaml"
    part = folder / f".registry{ending}"
    try:
        part.unlink(missing_ok=True)
        transfer(registry, part, progress=tell, what="registry", most=MOST, seconds=_SECONDS)
        return _distinct(read_registry(part), registry)
    finally:
        part.unlink(missing_ok=True)


def _distinct(feeds: Sequence[Feed], registry: str | Path) -> tuple[Feed, ...]:
    """The feeds, after a look whether each has a file of its own."""
    names = [feed.file for feed in feeds]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise EvidenceError(
            f"several feeds would be kept as {', '.join(twice)}.",
            file=registry,
            mend="Give each a name of its own, with file = ... in a registry in TOML.",
        )
    return tuple(feeds)


def _fetch(folder: Path, feed: Feed, tell: Progress) -> Fetched:
    part = folder / f".{feed.file}.partial"
    try:
        part.unlink(missing_ok=True)
        transfer(feed.address, part, progress=tell, what=feed.name, most=MOST, seconds=_SECONDS)
        if not part.exists():
            raise OSError("nothing came")
        bundle = read_bundle(part)
        part.replace(folder / feed.file)
    finally:
        part.unlink(missing_ok=True)
    return Fetched(feed, bundle.sha256, bundle.count)


def _register(folder: Path, fetched: Sequence[Fetched]) -> None:
    """Write where each feed comes from; the entries of feeds that were not fetched now stay."""
    path = folder / REGISTER
    entries: dict[str, dict[str, Any]] = {}
    if path.exists():
        read_registry(path)  # says what is wrong with it where something is
        entries = {entry["file"]: entry for entry in json.loads(path.read_text(encoding="utf-8"))["feeds"]}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for one in fetched:
        feed = one.feed
        entries[feed.file] = {
            "name": feed.name,
            "file": feed.file,
            "address": feed.address,
            "sha256": one.sha256,
            "indicators": one.indicators,
            "fetched": now,
            "licence": feed.licence,
            "credit": feed.credit,
            "family": feed.family,
            "references": list(feed.references),
        }
    half = path.with_name(f".{REGISTER}.partial")
    try:
        text = json.dumps({"feeds": [entries[name] for name in sorted(entries)]}, indent=1, ensure_ascii=False)
        half.write_text(f"{text}\n", encoding="utf-8")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
