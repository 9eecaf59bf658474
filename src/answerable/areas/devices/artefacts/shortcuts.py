"""Shortcuts of iOS: the addresses of pages in what each does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.plists import read_plist, unarchive
from answerable.areas.devices.artefacts.joins import Other, rows_with
from answerable.areas.devices.artefacts.reading import texts_within
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS, utc_of
from answerable.areas.devices.hosts import links
from answerable.areas.devices.tables import ADDRESSES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

_PATH = "Library/Shortcuts/Shortcuts.sqlite"
_ACTION, _SETTINGS = "WFWorkflowActionIdentifier", "WFWorkflowActionParameters"


@artefact(
    "shortcuts",
    ADDRESSES,
    "addresses of pages in shortcuts",
    places={IOS_BACKUP: (f"HomeDomain/{_PATH}",), IOS_FILES: (f"private/var/mobile/{_PATH}",)},
    expected={IOS_FILES: "always"},
    versions=(12, None),
    section="ZSHORTCUTACTIONS",
    unit=MAC_SECONDS,
)
def shortcuts(source: Source) -> Iterator[Mapping[str, Any]]:
    """Every web address in the settings of an action, with the action; the time is the shortcut's last change."""
    types = {"row": "int64", "data": "binary", "shortcut": "int64"}
    columns = {"row": "Z_PK", "data": "ZDATA", "shortcut": "ZSHORTCUT"}
    of_shortcut = {"title": "string", "changed": "float64", "made": "float64"}
    named = {"title": "ZNAME", "changed": "ZMODIFICATIONDATE", "made": "ZCREATIONDATE"}
    told = 0
    with source.database() as database:
        others = {"shortcut": Other(source, database, "ZSHORTCUT", of_shortcut, named)}
        for batch in rows_with(database, "ZSHORTCUTACTIONS", types, columns, others, needed=list(types)):
            for held in batch.to_pylist():
                told += 1
                time = held["changed"] or held["made"]
                for action, url in _addresses(source, held["row"], held["data"]):
                    yield {
                        "row": held["row"], "url": url, "what": "shortcut", "title": held["title"], "within": action,
                        "time_raw": time, "time": utc_of(time, MAC_SECONDS),
                    }  # fmt: skip
    source.notes.append(f"Shortcuts that were looked through: {told:,}.")


def _addresses(source: Source, row: int, data: bytes | None) -> Iterator[tuple[str, str]]:
    """The actions of a shortcut with the addresses in each, once for each action."""
    import pyarrow as pa

    try:
        actions = unarchive(read_plist(data or b""))
        if not isinstance(actions, list):
            raise EvidenceError("it is no list of actions.", file=source.path)
    except EvidenceError:
        source.refuse("what a shortcut does cannot be read", row)
        return
    for action in filter(lambda one: isinstance(one, dict), actions):
        name = action.get(_ACTION)
        texts = pa.array(texts_within(action.get(_SETTINGS)), pa.string())
        for url in dict.fromkeys(links(texts)[1].to_pylist()):
            yield name if isinstance(name, str) else "", url
