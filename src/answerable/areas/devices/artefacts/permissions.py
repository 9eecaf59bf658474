"""What apps of iOS may use of the phone, as its privacy settings keep it: TCC.db."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import selected
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, SYSDIAGNOSE, artefact
from answerable.areas.devices.artefacts.times import UNIX_SECONDS
from answerable.areas.devices.tables import PERMISSIONS

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.artefacts.source import Source

_PATH = "Library/TCC/TCC.db"
_DECISIONS = {0: "denied", 1: "unknown", 2: "allowed", 3: "limited"}
_BEFORE_IOS_14 = {0: "denied", 1: "allowed"}
_REASONS = {
    1: "error", 2: "user consent", 3: "user set", 4: "system set", 5: "service policy", 6: "MDM policy",
    7: "override policy", 8: "missing usage string", 9: "prompt timeout", 10: "preflight unknown", 11: "entitled",
    12: "app type policy",
}  # fmt: skip
"""Whom the system names for a decision; Rainforest QA, A deep dive into macOS TCC.db, 2021."""


@artefact(
    "permissions",
    PERMISSIONS,
    "what apps may use of the phone",
    places={
        IOS_BACKUP: (f"HomeDomain/{_PATH}",),
        IOS_FILES: (f"private/var/mobile/{_PATH}",),
        SYSDIAGNOSE: ("logs/Accessibility/TCC.db",),
    },
    expected={IOS_BACKUP: "always", IOS_FILES: "always"},
    section="access",
    unit=UNIX_SECONDS,
)
def permissions(source: Source) -> Iterator[pa.RecordBatch]:
    """Decisions with who made them; iOS before 14 keeps yes and no, later ones four answers and a reason."""
    types = {
        "row": "int64", "time_raw": "int64", "app": "string", "permission": "string", "decision": "string",
        "by": "string",
    }  # fmt: skip
    with source.database() as database:
        columns = selected(database, "access", "a", app="client", permission="service", time_raw="last_modified")
        newer = database.has("access", "auth_value")
        answer = _words("a.auth_value", _DECISIONS) if newer else _words("a.allowed", _BEFORE_IOS_14)
        by = _words("a.auth_reason", _REASONS) if database.has("access", "auth_reason") else "NULL"
        sql = f'SELECT a.rowid AS row, {columns}, {answer} AS decision, {by} AS "by" FROM access a NOT INDEXED'
        yield from database.batches(sql, types, reads=["access"])


def _words(column: str, words: dict[int, str]) -> str:
    """The words for the numbers of a column; the number itself where none is known."""
    cases = " ".join(f"WHEN {number} THEN '{word}'" for number, word in words.items())
    return f"CASE {column} {cases} ELSE CAST({column} AS TEXT) END"
