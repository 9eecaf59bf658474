"""Messages of iOS: SMS and iMessage, the previews of their links, and the files that came or went with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.acquisition.plists import read_plist, unarchive
from answerable.areas.devices.artefacts.reading import KeyedValues, selected, texts_within, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_NANOSECONDS, MAC_SECONDS
from answerable.areas.devices.artefacts.typedstream import styled_text
from answerable.areas.devices.hosts import links
from answerable.areas.devices.tables import ATTACHMENTS, LINKS, MESSAGES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.registry import Expectation
    from answerable.areas.devices.artefacts.source import Source

PLACES: dict[Kind, tuple[str, ...]] = {
    IOS_BACKUP: ("HomeDomain/Library/SMS/sms.db",),
    IOS_FILES: ("private/var/mobile/Library/SMS/sms.db",),
}
_PREVIEW = "com.apple.messages.URLBalloonProvider"
"""What makes the previews of links in messages."""
EXPECTED: dict[Kind, Expectation] = {IOS_BACKUP: "always", IOS_FILES: "always"}


@artefact(
    "sms", MESSAGES, "messages by SMS and iMessage", places=PLACES, expected=EXPECTED, section="message",
    unit=MAC_NANOSECONDS,
)  # fmt: skip
def sms(source: Source) -> Iterator[pa.RecordBatch]:
    """Messages with who sent them and their conversation; a text that is kept with its styles only is read there."""
    types = {
        "row": "int64", "time_raw": "int64", "text": "string", "subject": "string", "app": "string",
        "from_owner": "int64", "handle": "int64", "balloon_bundle_id": "string", "associated_message_type": "int64",
        "item_type": "int64", "body": "binary",
    }  # fmt: skip
    columns = {
        "row": "ROWID", "time_raw": "date", "app": "service", "from_owner": "is_from_me", "handle": "handle_id",
        "body": "attributedBody",
    }  # fmt: skip
    with source.database() as database:
        handles = KeyedValues(source, database, "handle", "ROWID", "id")
        chats = KeyedValues(source, database, "chat_message_join", "message_id", "chat_id", value_type="int64")
        names = KeyedValues(source, database, "chat", "ROWID", "chat_identifier")
        for batch in database.rows("message", types, columns, unless={"body": "text"}):
            yield with_columns(
                batch.select(["row", "time_raw", "subject", "app", "from_owner"]),
                text=_texts(source, batch),
                chat=names.of(chats.of(batch.column("row"))),
                kind=_kind(batch),
                **_times(batch.column("time_raw")),
                **_sides(batch, handles.of(batch.column("handle"))),
            )


def _times(raw: pa.Array) -> dict[str, pa.Array]:
    """Times with their units: nanoseconds since 2001; whole seconds before iOS 11, which their size tells."""
    import pyarrow as pa
    import pyarrow.compute as pc

    seconds = pc.and_(pc.less(raw, 100_000_000_000), pc.greater(raw, -100_000_000_000))
    return {
        "time": pc.if_else(seconds, pc.multiply(pc.if_else(seconds, raw, 0), 1_000_000_000), raw),
        "time_unit": pc.if_else(seconds, pa.scalar(MAC_SECONDS), pa.scalar(MAC_NANOSECONDS)),
    }


def _kind(batch: pa.RecordBatch) -> pa.Array:
    """What kind of message it is, where it is no ordinary one: the app that made it, or numbers of Apple's own."""
    import pyarrow as pa
    import pyarrow.compute as pc

    app = batch.column("balloon_bundle_id")
    nothing = pa.scalar(None, pa.string())
    kinds = [pc.if_else(pc.equal(app, ""), nothing, app)]
    for name in ("associated_message_type", "item_type"):
        number = batch.column(name)
        said = pc.binary_join_element_wise(f"{name} ", number.cast(pa.string()), "")
        kinds.append(pc.if_else(pc.not_equal(number, 0), said, nothing))
    return pc.coalesce(*kinds, "")


def _sides(batch: pa.RecordBatch, other: pa.Array) -> dict[str, pa.Array]:
    """Who sent and who received: the owner's own side is empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mine = pc.fill_null(batch.column("from_owner").cast(pa.bool_()), False)
    nobody = pa.scalar(None, pa.string())
    return {"sender": pc.if_else(mine, nobody, other), "recipient": pc.if_else(mine, other, nobody)}


def _texts(source: Source, batch: pa.RecordBatch) -> pa.Array:
    """The texts; where a message has none, the one that its styled text has."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts, bodies = batch.column("text"), batch.column("body")
    styled = pc.and_(pc.equal(pc.fill_null(texts, ""), ""), pc.is_valid(bodies))
    if not pc.any(styled).as_py():
        return texts
    found = [styled_text(body) for body in bodies.filter(styled).to_pylist()]
    for row, text in zip(batch.column("row").filter(styled).to_pylist(), found, strict=True):
        if text is None:
            source.refuse("the styled text of a message cannot be read; the message is kept without it", row)
    return pc.replace_with_mask(texts, styled, pa.array(found, pa.string()))


@artefact(
    "sms_previews",
    LINKS,
    "links in the previews of pages that stand in messages",
    places=PLACES,
    section="message",
    unit=MAC_NANOSECONDS,
)
def sms_previews(source: Source) -> Iterator[pa.RecordBatch]:
    """The addresses in the preview of a link, which a phone made when it fetched the page.

    A short link in the text stands there with the page that it led to; nothing needs to be fetched to see it.
    """
    import pyarrow as pa

    with source.database() as database:
        if database.has("message") and not database.has("message", "payload_data", "balloon_bundle_id"):
            return  # before iOS 10 there were no previews
        columns = selected(database, "message", "m", {"row": "ROWID", "time_raw": "date", "held": "payload_data"})
        # Few rows have one, of many: SQLite passes over the others without a look at their bytes.
        sql = (
            f"SELECT {columns} FROM message m NOT INDEXED "
            f"WHERE m.balloon_bundle_id = '{_PREVIEW}' AND m.payload_data IS NOT NULL"
        )
        types = {"row": "int64", "time_raw": "int64", "held": "binary"}
        for batch in database.batches(sql, types, reads=["message"]):
            held = zip(batch.column("row").to_pylist(), batch.column("held").to_pylist(), strict=True)
            found = [(place, url) for place, one in enumerate(held) for url in _previewed(source, *one)]
            rows = batch.select(["row", "time_raw"]).take(pa.array([place for place, _ in found], pa.int64()))
            more = {"url": pa.array([url for _, url in found], pa.string()), **_times(rows.column("time_raw"))}
            yield with_columns(rows, within="messages", field="payload_data", **more)


def _previewed(source: Source, row: int, held: bytes) -> list[str]:
    """The addresses in a preview, each once."""
    import pyarrow as pa

    try:
        texts = texts_within(unarchive(read_plist(held)))
    except EvidenceError:
        source.refuse("the preview of a link cannot be read; the message is kept", row)
        return []
    return list(dict.fromkeys(links(pa.array([text for text in texts if "://" in text], pa.string()))[1].to_pylist()))


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
        "row": "int64", "time_raw": "int64", "path": "string", "name": "string", "type": "string",
        "from_owner": "int64", "size": "int64",
    }  # fmt: skip
    columns = {
        "row": "ROWID", "path": "filename", "name": "transfer_name", "type": "mime_type", "from_owner": "is_outgoing",
        "size": "total_bytes", "time_raw": "created_date",
    }  # fmt: skip
    with source.database() as database:
        messages = KeyedValues(
            source, database, "message_attachment_join", "attachment_id", "message_id", value_type="int64"
        )
        for batch in database.rows("attachment", types, columns):
            yield _attached(batch, messages)


def _attached(batch: pa.RecordBatch, messages: KeyedValues) -> pa.RecordBatch:
    import pyarrow.compute as pc

    return with_columns(
        batch.drop_columns(["name"]),
        path=pc.coalesce(batch.column("path"), batch.column("name")),
        message=messages.of(batch.column("row")),
        **_times(batch.column("time_raw")),
    )
