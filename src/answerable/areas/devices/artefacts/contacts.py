"""Contacts of iOS: numbers and addresses in the address book."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.joins import Other, rows_with, spaced
from answerable.areas.devices.artefacts.reading import with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import CONTACTS

if TYPE_CHECKING:
    import pyarrow as pa

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
    import pyarrow.compute as pc

    types = {"row": "int64", "address": "string", "property": "string", "person": "int64"}
    columns = {"row": "UID", "address": "value", "person": "record_id"}
    of_person = {"time_raw": "float64", "organisation": "string", **dict.fromkeys(_NAMES, "string")}
    with source.database() as database:
        people = Other(
            source, database, "ABPerson", of_person, {"time_raw": "ModificationDate", "organisation": "Organization"}
        )
        for batch in rows_with(database, "ABMultiValue", types, columns, {"person": people}, needed=list(types)):
            yield with_columns(
                batch.drop_columns(["property", "person", *_NAMES]),
                kind=_kinds(batch.column("property")),
                name=spaced([batch.column(part) for part in _NAMES]),
            ).filter(pc.is_valid(batch.column("address")))


def _kinds(numbers: pa.Array) -> pa.Array:
    """What the numbers of properties, given as text, stand for; the number itself where that is not known."""
    import pyarrow as pa

    known = {str(number): kind for number, kind in _KINDS.items()}
    encoded = numbers.dictionary_encode()
    kinds = [known.get(number, f"property {number}") for number in encoded.dictionary.to_pylist()]
    return pa.array(kinds, pa.string()).take(encoded.indices)
