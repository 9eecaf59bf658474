"""Safari: tabs, the pages each tab was at, and bookmarks: BrowserState.db, SafariTabs.db, Bookmarks.db."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.plists import read_plist
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.safari import BACKUP_FOLDERS, FILES_FOLDERS, of_every_profile
from answerable.areas.devices.artefacts.times import ISO, MAC_SECONDS, utc_of
from answerable.areas.devices.tables import ADDRESSES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.registry import Expectation
    from answerable.areas.devices.artefacts.source import Source

Row = Mapping[str, Any]

MOST_STATE = 64 << 20
"""Bytes of the state of one tab, decompressed; the largest property list that is read."""
_PLIST = b"bplist0"
_BLOCK, _RAW_BLOCK, _END = b"bv41", b"bv4-", b"bv4$"
_EXPECTED: dict[Kind, Expectation] = {IOS_BACKUP: "encrypted", IOS_FILES: "always"}


def _places(name: str) -> dict[Kind, tuple[str, ...]]:
    return {IOS_BACKUP: of_every_profile(BACKUP_FOLDERS, name), IOS_FILES: of_every_profile(FILES_FOLDERS, name)}


@artefact(
    "safari_tabs",
    ADDRESSES,
    "tabs of Safari, and the pages that each went through (until iOS 15)",
    places=_places("BrowserState.db"),
    expected=_EXPECTED,
    versions=(None, 15),
    section="tabs",
    unit=MAC_SECONDS,
)
def safari_tabs(source: Source) -> Iterator[Row]:
    """Tabs with the time when they were last looked at, then the pages that each can go back and forward to.

    When a page of those was visited is not said; when its tab was last looked at is not that.
    """
    types = {"row": "int64", "time_raw": "float64", "url": "string", "seen": "string", "title": "string"}
    columns = {"row": "id", "time_raw": "last_viewed_time", "seen": "user_visible_url"}
    with source.database() as database:
        for batch in database.rows("tabs", types, columns):
            for tab in batch.to_pylist():
                seen = tab.pop("seen")
                found = {**tab, "table": "tabs", "what": "tab", "time": utc_of(tab["time_raw"], MAC_SECONDS)}
                yield found
                if seen and seen != tab["url"]:
                    yield {**found, "url": seen}
        yield from _states(source, database)


def _states(source: Source, database: Database) -> Iterator[Row]:
    """The pages in the states of tabs; until iOS 10 those stood in the table of tabs itself."""
    table = "tabs" if database.has("tabs", "session_data") else "tab_sessions"
    types = {"row": "int64", "state": "binary", "size": "int64"}
    columns = {"row": "id", "state": "session_data", "size": "uncompressed_session_data_size"}
    for batch in database.rows(table, types, columns):
        for state in batch.to_pylist():
            if state["state"]:
                for page in _pages(source, state["row"], state["state"], state["size"] or 0):
                    yield {**page, "row": state["row"], "table": table}


@artefact(
    "safari_tab_groups",
    ADDRESSES,
    "tabs and groups of tabs of Safari (from iOS 15)",
    places=_places("SafariTabs.db"),
    expected=_EXPECTED,
    versions=(16, None),
    section="bookmarks",
    unit=MAC_SECONDS,
)
def safari_tab_groups(source: Source) -> Iterator[Row]:
    """Tabs with the time of the visit, or of the last change; then the pages of a tab, where it says them."""
    yield from _bookmarks(source, "tab")


@artefact(
    "safari_bookmarks",
    ADDRESSES,
    "bookmarks and reading list of Safari",
    places={
        IOS_BACKUP: tuple(f"{folder}/Bookmarks.db" for folder in BACKUP_FOLDERS),
        IOS_FILES: tuple(f"{folder}/Bookmarks.db" for folder in FILES_FOLDERS),
    },
    expected={IOS_BACKUP: "always", IOS_FILES: "always"},
    section="bookmarks",
    unit=MAC_SECONDS,
)
def safari_bookmarks(source: Source) -> Iterator[Row]:
    """Bookmarks with the time of their last change."""
    yield from _bookmarks(source, "bookmark")


def _bookmarks(source: Source, what: str) -> Iterator[Row]:
    types = {"row": "int64", "url": "string", "title": "string", "changed": "float64", "attributes": "binary"}
    columns = {"row": "id", "changed": "last_modified", "attributes": "local_attributes"}
    with source.database() as database:
        for batch in database.rows("bookmarks", types, columns):
            for held in batch.to_pylist():
                attributes = _attributes(source, held["row"], held["attributes"])
                if held["url"]:
                    named = {name: held[name] for name in ("row", "url", "title")}
                    yield {**named, "what": what, **_time(attributes.get("LastVisitTime"), held["changed"])}
                for state in attributes.values():
                    if isinstance(state, bytes) and b"SessionHistory" in state:
                        for page in _pages(source, held["row"], state, 0):
                            yield {**page, "row": held["row"]}


def _time(visited: Any, changed: float | None) -> dict[str, Any]:
    if isinstance(visited, datetime):
        return {"time": visited, "time_raw": visited.isoformat(), "time_unit": ISO}
    raw = visited if isinstance(visited, (int, float)) and not isinstance(visited, bool) else changed
    return {"time": utc_of(raw, MAC_SECONDS), "time_raw": raw, "time_unit": MAC_SECONDS}


def _attributes(source: Source, row: int, data: bytes | None) -> dict[str, Any]:
    if not data:
        return {}
    try:
        held = read_plist(data)
    except EvidenceError:
        source.refuse("the attributes of a tab cannot be read; its address is kept", row)
        return {}
    return held if isinstance(held, dict) else {}


def _pages(source: Source, row: int, state: bytes, size: int) -> Iterator[dict[str, Any]]:
    """The pages of a tab's state: a property list after a few bytes of its version, as WebKit writes it."""
    try:
        plain = decompressed(state, size)
        held = read_plist(plain[max(plain.find(_PLIST, 0, 64), 0) :])
        entries = held["SessionHistory"]["SessionHistoryEntries"] if held.get("SessionHistory") else []
        pages = [(page["SessionHistoryEntryURL"], page) for page in entries]
        pages += [(first, page) for url, page in pages if (first := page.get("SessionHistoryEntryOriginalURL")) != url]
    except (EvidenceError, LookupError, TypeError, AttributeError, ValueError):
        source.refuse("the pages of a tab cannot be read; the tab itself is kept", row)
        return
    for url, page in pages:
        title = page.get("SessionHistoryEntryTitle")
        # Texts only: a nested value may stand for millions of others.
        if isinstance(url, str):
            yield {"url": url, "title": title if isinstance(title, str) else "", "what": "tab"}


def decompressed(data: bytes, size: int) -> bytes:
    """What Apple's LZ4 stands for: blocks with a mark, their sizes and bytes; data without the mark as they are.

    A block may repeat bytes of the blocks before it, which no library for LZ4 at hand allows for.

    Args:
        data: the blocks.
        size: bytes that they stand for, as announced.

    Raises:
        ValueError, IndexError: a block is cut short or damaged, or all are larger than announced.

    Source:
        Apple, Compression framework, COMPRESSION_LZ4; Collet, LZ4 block format, 2022.
    """
    if not data.startswith((_BLOCK, _RAW_BLOCK)):
        return data
    made, at = bytearray(), 0
    while (mark := data[at : at + 4]) != _END:
        count, packed = (int.from_bytes(data[at + start : at + start + 4], "little") for start in (4, 8))
        until = len(made) + count
        if mark not in (_BLOCK, _RAW_BLOCK) or until > min(size, MOST_STATE):
            raise ValueError("no block of LZ4, or larger than announced")
        if mark == _RAW_BLOCK:
            made += data[at + 8 : at + 8 + count]
            at += 8 + count
        else:
            _unpack(data[at + 12 : at + 12 + packed], made, until)
            at += 12 + packed
        if len(made) != until:
            raise ValueError("a block is cut short")
    return bytes(made)


def _unpack(block: bytes, made: bytearray, most: int) -> None:
    """Adds what a block stands for: bytes as they are, then some that came before, in turn."""
    at = 0
    while at < len(block):
        token = block[at]
        literals, at = _length(block, at + 1, token >> 4)
        made += block[at : at + literals]
        at += literals
        if at == len(block):
            return
        offset = int.from_bytes(block[at : at + 2], "little")
        count, at = _length(block, at + 2, token & 15)
        count += 4
        if not 0 < offset <= len(made) or len(made) + count > most:
            raise ValueError("a block repeats what is not there, or too much")
        again = bytes(made[len(made) - offset : len(made) - offset + count])
        made += (again * (count // len(again) + 1))[:count]


def _length(block: bytes, at: int, length: int) -> tuple[int, int]:
    """A length of four bits, or with the bytes that follow where those are full; and where it ends."""
    more = length == 15
    while more:
        length += block[at]
        more = block[at] == 255
        at += 1
    return length, at
