"""What apps of iOS may use of the phone, as its privacy settings keep it: TCC.db."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import with_columns
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
    # Numbers as text: what is none stands for itself.
    types = {
        "row": "int64", "time_raw": "int64", "app": "string", "permission": "string", "decision": "string",
        "by": "string",
    }  # fmt: skip
    columns = {
        "row": "rowid", "time_raw": "last_modified", "app": "client", "permission": "service", "by": "auth_reason",
    }  # fmt: skip
    with source.database() as database:
        newer = database.has("access", "auth_value")
        decisions = _DECISIONS if newer else _BEFORE_IOS_14
        columns["decision"] = "auth_value" if newer else "allowed"
        for batch in database.rows("access", types, columns, needed=["decision"]):
            yield with_columns(
                batch, decision=_words(batch.column("decision"), decisions), by=_words(batch.column("by"), _REASONS)
            )


def _words(numbers: pa.Array, words: dict[int, str]) -> pa.Array:
    """The words for numbers, given as text; the number itself where none is known."""
    import pyarrow as pa

    known = {str(number): word for number, word in words.items()}
    encoded = numbers.dictionary_encode()
    found = [known.get(number, number) for number in encoded.dictionary.to_pylist()]
    return pa.array(found, pa.string()).take(encoded.indices)
