"""Exchanges with other people that iOS noted, to suggest whom to share with: interactionC.db."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import KeyedValues, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import INTERACTIONS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_PATH = "Library/CoreDuet/People/interactionC.db"
_INTERACTION, _CONTACT = re.compile(r"Z_\d+INTERACTIONRECIPIENT"), re.compile(r"Z_\d+RECIPIENTS")
"""Core Data numbers its kinds of objects, differently from version to version, in the names of what joins them."""
_OUTGOING, _INCOMING = 1, 0


@artefact(
    "interactions",
    INTERACTIONS,
    "exchanges with other people that the system noted",
    places={IOS_BACKUP: (f"HomeDomain/{_PATH}",), IOS_FILES: (f"private/var/mobile/{_PATH}",)},
    expected={IOS_FILES: "always"},
    section="ZINTERACTIONS",
    unit=MAC_SECONDS,
)
def interactions(source: Source) -> Iterator[pa.RecordBatch]:
    """Exchanges, once for each who received; one that names nobody stands once too."""
    types = {
        "row": "int64", "time_raw": "float64", "ended": "float64", "app": "string", "account": "string",
        "mechanism": "string", "direction": "int64", "sender": "int64",
    }  # fmt: skip
    columns = {
        "row": "Z_PK", "time_raw": "ZSTARTDATE", "ended": "ZENDDATE", "app": "ZBUNDLEID", "account": "ZACCOUNT",
        "mechanism": "ZMECHANISM", "direction": "ZDIRECTION", "sender": "ZSENDER",
    }  # fmt: skip
    with source.database() as database:
        people = KeyedValues(source, database, "ZCONTACTS", "Z_PK", "ZIDENTIFIER")
        recipients = _Recipients(source, database)
        for batch in database.rows("ZINTERACTIONS", types, columns):
            rows = recipients.spread(batch)
            yield with_columns(
                rows.drop_columns(["direction"]),
                sender=people.of(rows.column("sender")),
                recipient=people.of(rows.column("recipient")),
                from_owner=_outgoing(rows.column("direction")),
            )


def _outgoing(direction: pa.Array) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pc.or_(pc.equal(direction, _OUTGOING), pc.equal(direction, _INCOMING))
    return pc.if_else(known, pc.equal(direction, _OUTGOING), pa.scalar(None, pa.bool_()))


class _Recipients:
    """Which contacts received what: the table that joins both, sorted by interaction."""

    def __init__(self, source: Source, database: Database) -> None:
        import numpy as np
        import pyarrow as pa

        self._interactions, self._contacts = np.array([], dtype=np.int64), np.array([], dtype=np.int64)
        if (found := _join(database)) is None:
            source.notes.append("Who received is not read: no table joins people and interactions.")
            return
        table, interaction, contact = found
        columns = {"interaction": interaction, "contact": contact}
        batches = []
        try:
            for batch in database.rows(table, dict.fromkeys(columns, "int64"), columns):
                batches += [batch]
        except EvidenceError as error:
            source.gaps.append(f"who received cannot be read whole: {error.problem}")
        if batches:
            held = pa.Table.from_batches(batches).drop_null().sort_by("interaction")
            self._interactions, self._contacts = (np.array(held.column(name)) for name in ("interaction", "contact"))

    def spread(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Each interaction once for every contact that received, and once where none did; column `recipient`."""
        import numpy as np
        import pyarrow as pa

        rows = np.array(batch.column("row"))
        first = np.searchsorted(self._interactions, rows)
        counts = np.searchsorted(self._interactions, rows, "right") - first
        times = np.maximum(counts, 1)
        which = np.repeat(np.arange(len(rows)), times)
        place = np.arange(len(which)) - np.repeat(np.cumsum(times) - times, times) + first[which]
        nobody = counts[which] == 0
        contacts = self._contacts[np.where(nobody, 0, place)] if len(self._contacts) else np.zeros(len(which), np.int64)
        return with_columns(batch.take(pa.array(which)), recipient=pa.array(contacts, pa.int64(), mask=nobody))


def _join(database: Database) -> tuple[str, str, str] | None:
    """The table that joins interactions with who received, and its columns of both."""
    for table, columns in database.tables.items():
        interaction = [column for column in columns if _INTERACTION.fullmatch(column)]
        contact = [column for column in columns if _CONTACT.fullmatch(column)]
        if _INTERACTION.fullmatch(table) and interaction and contact:
            return table, interaction[0], contact[0]
    return None
