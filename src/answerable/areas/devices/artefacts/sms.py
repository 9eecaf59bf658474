"""Messages of iOS: SMS and iMessage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_NANOSECONDS, MAC_SECONDS
from answerable.areas.devices.tables import MESSAGES

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.registry import Expectation
    from answerable.areas.devices.artefacts.source import Source

PLACES: dict[Kind, tuple[str, ...]] = {
    IOS_BACKUP: ("HomeDomain/Library/SMS/sms.db",),
    IOS_FILES: ("private/var/mobile/Library/SMS/sms.db",),
}
EXPECTED: dict[Kind, Expectation] = {IOS_BACKUP: "always", IOS_FILES: "always"}


@artefact(
    "sms", MESSAGES, "messages by SMS and iMessage", places=PLACES, expected=EXPECTED, section="message",
    unit=MAC_NANOSECONDS,
)  # fmt: skip
def sms(source: Source) -> Iterator[pa.RecordBatch]:
    """Messages with who sent them; before iOS 11 the times are whole seconds, which their size tells."""
    seconds = "abs(m.date) < 100000000000"
    with source.database() as database:
        handle = "h.id" if database.has("handle", "id") else "NULL"
        join = "LEFT JOIN handle h NOT INDEXED ON h.rowid = m.handle_id" if database.has("handle", "id") else ""
        yield from database.batches(
            "SELECT m.ROWID AS row, "
            f"m.date AS time_raw, CASE WHEN {seconds} THEN m.date * 1000000000 ELSE m.date END AS time, "
            f"CASE WHEN {seconds} THEN '{MAC_SECONDS}' ELSE '{MAC_NANOSECONDS}' END AS time_unit, "
            "m.text AS text, m.subject AS subject, m.service AS app, m.is_from_me AS from_owner, "
            f"CASE WHEN m.is_from_me THEN NULL ELSE {handle} END AS sender, "
            f"CASE WHEN m.is_from_me THEN {handle} END AS recipient FROM message m NOT INDEXED {join}",
            {
                "row": "int64", "time_raw": "int64", "time": "int64", "time_unit": "string", "text": "string",
                "subject": "string", "app": "string",
                "from_owner": "int64", "sender": "string", "recipient": "string",
            },
            reads=["message", *(["handle"] if join else [])],
        )  # fmt: skip
