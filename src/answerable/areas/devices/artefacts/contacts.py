"""Contacts of iOS: numbers and addresses in the address book."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import joined, selected
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import CONTACTS

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_PATH = "Library/AddressBook/AddressBook.sqlitedb"
_KINDS = {
    3: "phone", 4: "email", 5: "postal address", 12: "date", 13: "instant message", 16: "ringtone", 22: "url",
    23: "related name", 46: "social profile",
}  # fmt: skip
"""What the numbers of properties stand for: Apple, AddressBook framework, ABPerson."""
_NAMES = ("First", "Middle", "Last")


@artefact(
    "contacts",
    CONTACTS,
    "contacts",
    places={IOS_BACKUP: (f"HomeDomain/{_PATH}",), IOS_FILES: (f"private/var/mobile/{_PATH}",)},
    expected={IOS_BACKUP: "always", IOS_FILES: "always"},
    section="ABMultiValue",
    unit=MAC_SECONDS,
)
def contacts(source: Source) -> Iterator[pa.RecordBatch]:
    """Numbers and addresses with the contact that has each; the time is that of the contact's last change.

    An address of several parts, as of a street, stands in another table, and is not read.
    """
    kinds = " ".join(f"WHEN {number} THEN '{kind}'" for number, kind in _KINDS.items())
    types = {
        "row": "int64", "time_raw": "float64", "address": "string", "kind": "string", "name": "string",
        "organisation": "string",
    }  # fmt: skip
    with source.database() as database:
        person = selected(database, "ABPerson", "p", time_raw="ModificationDate", organisation="Organization")
        sql = (
            f"SELECT v.UID AS row, v.value AS address, {person}, {_name(database)} AS name, "
            f"CASE v.property {kinds} ELSE 'property ' || v.property END AS kind FROM ABMultiValue v NOT INDEXED"
            f"{joined('ABPerson', 'p', 'v.record_id')} WHERE v.value IS NOT NULL"
        )
        yield from database.batches(sql, types, reads=["ABMultiValue", "ABPerson"])


def _name(database: Database) -> str:
    """The parts of a name with one space between them."""
    parts = [f"coalesce(' ' || nullif(p.{part}, ''), '')" for part in _NAMES if database.has("ABPerson", part)]
    return f"nullif(trim({' || '.join(parts)}), '')" if parts else "NULL"
