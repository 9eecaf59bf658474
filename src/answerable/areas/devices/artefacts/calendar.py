"""Calendars of iOS: entries with who organised them and who is invited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.joins import spaced
from answerable.areas.devices.artefacts.lookup import Lookup
from answerable.areas.devices.artefacts.reading import GROUP, KeyedValues, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import CALENDAR_ENTRIES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_NAME = "Calendar.sqlitedb"
_PATH = f"Library/Calendar/{_NAME}"
_MAIL = r"(?i)^mailto:"
_LINKS = ("url", "conference_url", "conference_url_detected")
"""Columns with addresses of pages that an entry names beside its text."""


@artefact(
    "calendar",
    CALENDAR_ENTRIES,
    "entries of calendars",
    places={
        IOS_BACKUP: (f"HomeDomain/{_PATH}", f"AppDomainGroup-group.com.apple.calendar/**/{_NAME}"),
        IOS_FILES: (f"private/var/mobile/{_PATH}", f"{GROUP}/**/{_NAME}"),
    },
    expected={IOS_BACKUP: "always", IOS_FILES: "always"},
    section="CalendarItem",
    unit=MAC_SECONDS,
)
def calendar(source: Source) -> Iterator[pa.RecordBatch]:
    """Entries with the addresses of people; the time is when the entry was made, or else last changed."""
    import pyarrow.compute as pc

    times = ("begins", "ends", "created", "modified")
    types = {
        "row": "int64", "summary": "string", "description": "string", **dict.fromkeys(_LINKS, "string"),
        **dict.fromkeys(times, "float64"), "place": "int64", "host": "int64",
    }  # fmt: skip
    columns = {
        "row": "ROWID", "begins": "start_date", "ends": "end_date", "created": "creation_date",
        "modified": "last_modified", "place": "location_id", "host": "organizer_id",
    }  # fmt: skip
    with source.database() as database:
        people = _People(source, database)
        places = KeyedValues(source, database, "Location", "ROWID", "title")
        for batch in database.rows("CalendarItem", types, columns):
            yield with_columns(
                batch.drop_columns(["place", "host", *_LINKS]),
                links=spaced([batch.column(name) for name in _LINKS]),
                time_raw=pc.coalesce(batch.column("created"), batch.column("modified")),
                location=places.of(batch.column("place")),
                organiser=people.organiser(batch.column("host")),
                attendees=people.invited(batch.column("row")),
            )


class _People:
    """Addresses of participants: by their own row, for those who organise, and by entry, for those invited."""

    def __init__(self, source: Source, database: Database) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        types = {"row": "int64", "entry": "int64", "identity": "int64", "email": "string"}
        columns = {"row": "ROWID", "entry": "owner_id", "identity": "identity_id"}
        identities = KeyedValues(source, database, "Identity", "ROWID", "address")
        schema = pa.schema([("row", pa.int64()), ("entry", pa.int64()), ("address", pa.string())])
        found = [pa.RecordBatch.from_pylist([], schema=schema)]
        try:
            for batch in database.rows("Participant", types, columns) if database.has("Participant") else ():
                address = pc.coalesce(batch.column("email"), identities.of(batch.column("identity")))
                address = pc.replace_substring_regex(address, _MAIL, "")
                found += [with_columns(batch.drop_columns(["identity", "email"]), address=address).select(schema.names)]
        except EvidenceError as error:
            source.gaps.append(f"who organised and who is invited cannot be read whole: {error.problem}")
        held = pa.Table.from_batches(found)
        self._organisers = _by(held.column("row"), held.column("address"))
        grouped = held.drop_null().group_by("entry", use_threads=False).aggregate([("address", "list")])
        self._invited = _by(grouped.column("entry"), pc.binary_join(grouped.column("address_list"), " "))

    def organiser(self, participants: pa.Array) -> pa.Array:
        """The addresses of participants, by their rows."""
        return self._organisers.of(participants)["value"]

    def invited(self, entries: pa.Array) -> pa.Array:
        """The addresses of all participants of each entry, separated by spaces."""
        return self._invited.of(entries)["value"]


def _by(keys: pa.ChunkedArray, values: pa.ChunkedArray) -> Lookup:
    import pyarrow as pa

    return Lookup([pa.record_batch([keys.combine_chunks(), values.combine_chunks()], ["key", "value"])], "key")
