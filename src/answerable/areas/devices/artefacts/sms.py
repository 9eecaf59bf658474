"""Messages of iOS: SMS and iMessage, and the files that came or went with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import KeyedValues, selected, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_NANOSECONDS, MAC_SECONDS
from answerable.areas.devices.artefacts.typedstream import styled_text
from answerable.areas.devices.tables import ATTACHMENTS, MESSAGES

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.sqlite import Database
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
    """Messages with who sent them and their conversation; a text that is kept with its styles only is read there."""
    with source.database() as database:
        columns = selected(
            database, "message", "m", row="ROWID", text="text", subject="subject", app="service",
            from_owner="is_from_me", handle="handle_id",
        )  # fmt: skip
        styled = database.has("message", "attributedBody")
        body = "CASE WHEN ifnull(m.text, '') = '' THEN m.attributedBody END" if styled else "NULL"
        types = {
            "row": "int64", **_TIMES, "text": "string", "subject": "string", "app": "string", "from_owner": "int64",
            "handle": "int64", "kind": "string", "body": "binary",
        }  # fmt: skip
        handles, conversations = _handles(source, database), _Conversations(source, database)
        kind, times = _kind(database), _times("m.date")
        sql = f"SELECT {columns}, {times}, {kind} AS kind, {body} AS body FROM message m NOT INDEXED"
        for batch in database.batches(sql, types, reads=["message"]):
            yield with_columns(
                batch.drop_columns(["handle", "body"]),
                text=_texts(source, batch),
                chat=conversations.of(batch.column("row")),
                **_sides(batch, handles.of(batch.column("handle"))),
            )


_TIMES = {"time_raw": "int64", "time": "int64", "time_unit": "string"}


def _times(column: str) -> str:
    """The time of a row: nanoseconds since 2001; whole seconds before iOS 11, which their size tells."""
    seconds = f"abs({column}) < 100000000000"
    return (
        f"{column} AS time_raw, CASE WHEN {seconds} THEN {column} * 1000000000 ELSE {column} END AS time, "
        f"CASE WHEN {seconds} THEN '{MAC_SECONDS}' ELSE '{MAC_NANOSECONDS}' END AS time_unit"
    )


def _kind(database: Database) -> str:
    """What kind of message it is, where it is no ordinary one: the app that made it, or numbers of Apple's own."""
    forms = (
        ("balloon_bundle_id", "nullif(m.{0}, '')"),
        ("associated_message_type", "CASE WHEN m.{0} <> 0 THEN '{0} ' || m.{0} END"),
        ("item_type", "CASE WHEN m.{0} <> 0 THEN '{0} ' || m.{0} END"),
    )
    here = [form.format(column) for column, form in forms if database.has("message", column)]
    return f"coalesce({', '.join(here)}, '')" if here else "''"


def _handles(source: Source, database: Database) -> KeyedValues:
    sql = 'SELECT h.ROWID AS "key", h.id AS value FROM handle h NOT INDEXED'
    return KeyedValues(source, database, sql, reads=["handle"])


def _sides(batch: pa.RecordBatch, other: pa.Array) -> dict[str, pa.Array]:
    """Who sent and who received: the owner's own side is empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mine = pc.fill_null(batch.column("from_owner").cast(pa.bool_()), False)
    nobody = pa.scalar(None, pa.string())
    return {"sender": pc.if_else(mine, nobody, other), "recipient": pc.if_else(mine, other, nobody)}


class _Conversations:
    """The conversation of each message: number or address of the other side, or the name of a group."""

    def __init__(self, source: Source, database: Database) -> None:
        joins = 'SELECT j.message_id AS "key", j.chat_id AS value FROM chat_message_join j NOT INDEXED'
        chats = 'SELECT c.ROWID AS "key", c.chat_identifier AS value FROM chat c NOT INDEXED'
        self._chats = KeyedValues(source, database, joins, value="int64", reads=["chat_message_join"])
        self._names = KeyedValues(source, database, chats, reads=["chat"])

    def of(self, messages: pa.Array) -> pa.Array:
        return self._names.of(self._chats.of(messages))


def _texts(source: Source, batch: pa.RecordBatch) -> pa.Array:
    """The texts; where a message has none, the one that its styled text has."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts, bodies = batch.column("text"), batch.column("body")
    if bodies.null_count == len(bodies):
        return texts
    styled = pc.is_valid(bodies)
    found = [styled_text(body) for body in bodies.filter(styled).to_pylist()]
    for row, text in zip(batch.column("row").filter(styled).to_pylist(), found, strict=True):
        if text is None:
            source.refuse("the styled text of a message cannot be read; the message is kept without it", row)
    return pc.replace_with_mask(texts, styled, pa.array(found, pa.string()))


@artefact(
    "sms_attachments",
    ATTACHMENTS,
    "files that came or went by SMS and iMessage",
    places=PLACES,
    expected=EXPECTED,
    section="attachment",
    unit=MAC_NANOSECONDS,
)
def sms_attachments(source: Source) -> Iterator[pa.RecordBatch]:
    """Files with their paths on the phone, or the names that they were sent by, and the messages that have them."""
    types = {
        "row": "int64", **_TIMES, "path": "string", "name": "string", "type": "string", "from_owner": "int64",
        "size": "int64",
    }  # fmt: skip
    with source.database() as database:
        columns = selected(
            database, "attachment", "a", row="ROWID", path="filename", name="transfer_name", type="mime_type",
            from_owner="is_outgoing", size="total_bytes",
        )  # fmt: skip
        messages = KeyedValues(
            source, database,
            'SELECT j.attachment_id AS "key", j.message_id AS value FROM message_attachment_join j NOT INDEXED',
            value="int64", reads=["message_attachment_join"],
        )  # fmt: skip
        sql = f"SELECT {columns}, {_times('a.created_date')} FROM attachment a NOT INDEXED"
        for batch in database.batches(sql, types, reads=["attachment"]):
            yield _attached(batch, messages)


def _attached(batch: pa.RecordBatch, messages: KeyedValues) -> pa.RecordBatch:
    import pyarrow.compute as pc

    return with_columns(
        batch.drop_columns(["name"]),
        path=pc.coalesce(batch.column("path"), batch.column("name")),
        message=messages.of(batch.column("row")),
    )
