"""WhatsApp on iOS: messages, their files and links, calls, contacts, and the numbers behind its newer identifiers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import APP, GROUP, KeyedValues, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.hosts import links, url_hosts
from answerable.areas.devices.tables import ATTACHMENTS, CALLS, CONTACTS, LINKS, MESSAGES

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_OWN_SERVERS = r"(?:^|\.)whatsapp\.net$"
_ENDED = 0
"""The outcome of a call that was answered and then ended; 1 is missed, 4 is rejected."""
_NUMBERS = {"ZPHONENUMBER": "phone", "ZWHATSAPPID": "WhatsApp", "ZLID": "WhatsApp LID"}


def _places(*names: str) -> dict[Kind, tuple[str, ...]]:
    return {
        IOS_BACKUP: tuple(
            f"{folder}/{name}"
            for folder in ("AppDomainGroup-group.net.whatsapp.*", "AppDomain-net.whatsapp.*/Documents")
            for name in names
        ),
        IOS_FILES: tuple(f"{folder}/{name}" for folder in (GROUP, f"{APP}/Documents") for name in names),
    }


@artefact(
    "whatsapp",
    MESSAGES,
    "messages of WhatsApp",
    places=_places("ChatStorage.sqlite"),
    section="ZWAMESSAGE",
    unit=MAC_SECONDS,
)
def whatsapp(source: Source) -> Iterator[pa.RecordBatch]:
    """Messages with who sent them, in a group too; the caption or title of what came with one is its subject.

    `kind` is WhatsApp's own number for the kind of message, empty for an ordinary text.
    """
    types = {
        "row": "int64", "time_raw": "float64", "text": "string", "from_owner": "int64", "sender": "string",
        "recipient": "string", "type": "int64", "session": "int64", "member": "int64", "media": "int64",
    }  # fmt: skip
    columns = {
        "row": "Z_PK", "time_raw": "ZMESSAGEDATE", "text": "ZTEXT", "from_owner": "ZISFROMME", "sender": "ZFROMJID",
        "recipient": "ZTOJID", "type": "ZMESSAGETYPE", "session": "ZCHATSESSION", "member": "ZGROUPMEMBER",
        "media": "ZMEDIAITEM",
    }  # fmt: skip
    with source.database() as database:
        chats = KeyedValues(source, database, "ZWACHATSESSION", "Z_PK", "ZCONTACTJID")
        members = KeyedValues(source, database, "ZWAGROUPMEMBER", "Z_PK", "ZMEMBERJID")
        titles = KeyedValues(source, database, "ZWAMEDIAITEM", "Z_PK", "ZTITLE", only="WHERE ZTITLE <> ''")
        for batch in database.rows("ZWAMESSAGE", types, columns):
            yield with_columns(
                batch.drop_columns(["type", "session", "member", "media"]),
                app="WhatsApp",
                chat=chats.of(batch.column("session")),
                subject=titles.of(batch.column("media")),
                **_sides(batch, members.of(batch.column("member"))),
            )


def _sides(batch: pa.RecordBatch, member: pa.Array) -> dict[str, pa.Array]:
    """Who sent and who received, and the kind; in a group the member sent, and not the group."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mine = pc.fill_null(batch.column("from_owner").cast(pa.bool_()), False)
    nobody = pa.scalar(None, pa.string())
    kind = batch.column("type").cast(pa.string())
    return {
        "sender": pc.if_else(mine, nobody, pc.coalesce(member, batch.column("sender"))),
        "recipient": pc.if_else(mine, batch.column("recipient"), nobody),
        "kind": pc.if_else(pc.equal(batch.column("type"), 0), "", kind),
    }


@artefact(
    "whatsapp_media",
    ATTACHMENTS,
    "files that came or went by WhatsApp",
    places=_places("ChatStorage.sqlite"),
    section="ZWAMEDIAITEM",
    unit=MAC_SECONDS,
)
def whatsapp_media(source: Source) -> Iterator[pa.RecordBatch]:
    """Files that are on the phone, or that WhatsApp's servers had, with the messages that have them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    types = {
        "row": "int64", "path": "string", "url": "string", "type": "string", "size": "int64", "message": "int64",
    }  # fmt: skip
    columns = {
        "row": "Z_PK", "path": "ZMEDIALOCALPATH", "url": "ZMEDIAURL", "type": "ZVCARDSTRING", "size": "ZFILESIZE",
        "message": "ZMESSAGE",
    }  # fmt: skip
    with source.database() as database:
        dates = KeyedValues(source, database, "ZWAMESSAGE", "Z_PK", "ZMESSAGEDATE", value_type="float64")
        mine = KeyedValues(source, database, "ZWAMESSAGE", "Z_PK", "ZISFROMME", value_type="int64")
        for batch in database.rows("ZWAMEDIAITEM", types, columns):
            there = (pc.not_equal(batch.column(name), "") for name in ("path", "url"))
            held = batch.drop_columns(["url"]).filter(pc.or_kleene(*there))
            message, type_ = held.column("message"), held.column("type")
            # The same column has the card of a contact that was sent.
            type_ = pc.if_else(pc.less(pc.utf8_length(type_), 100), type_, pa.scalar(None, pa.string()))
            yield with_columns(held, type=type_, time_raw=dates.of(message), from_owner=mine.of(message))


@artefact(
    "whatsapp_links",
    LINKS,
    "links that WhatsApp keeps beside the texts of messages",
    places=_places("ChatStorage.sqlite"),
    section="ZWAMESSAGEDATAITEM",
    unit=MAC_SECONDS,
)
def whatsapp_links(source: Source) -> Iterator[pa.RecordBatch]:
    """Links of previews, then addresses of media that are not on WhatsApp's own servers; with their messages' times."""
    with source.database() as database:
        dates = KeyedValues(source, database, "ZWAMESSAGE", "Z_PK", "ZMESSAGEDATE", value_type="float64")
        for table, fields in (
            ("ZWAMESSAGEDATAITEM", ("ZMATCHEDTEXT", "ZCONTENT1", "ZCONTENT2")),
            ("ZWAMEDIAITEM", ("ZMEDIAURL",)),
        ):
            here = [field for field in fields if database.has(table, field)]
            if here or table == "ZWAMESSAGEDATAITEM":
                yield from _linked(source, database, table, here, dates)


def _linked(
    source: Source, database: Database, table: str, fields: list[str], dates: KeyedValues
) -> Iterator[pa.RecordBatch]:
    import pyarrow.compute as pc

    types = {"row": "int64", "message": "int64", **dict.fromkeys(fields, "string")}
    own = 0
    for batch in database.rows(table, types, {"row": "Z_PK", "message": "ZMESSAGE"}):
        rows = with_columns(batch.select(["row"]), time_raw=dates.of(batch.column("message")))
        for field in fields:
            where, url = links(batch.column(field))
            host = url_hosts(url)
            others = pc.invert(pc.match_substring_regex(host, _OWN_SERVERS)).fill_null(True)
            own += len(others) - (others.true_count or 0)
            found = with_columns(rows.take(where), url=url, host=host, within="messages", field=field, table=table)
            yield found.filter(others)
    if own:
        source.notes.append(f"Addresses of files on WhatsApp's own servers, left out: {own:,}.")


@artefact(
    "whatsapp_calls",
    CALLS,
    "calls by WhatsApp",
    places=_places("CallHistory.sqlite"),
    section="ZWACDCALLEVENT",
    unit=MAC_SECONDS,
)
def whatsapp_calls(source: Source) -> Iterator[pa.RecordBatch]:
    """Calls with the first who took part, or the group; who called stands in the row that gathers a call's attempts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    types = {
        "row": "int64", "time_raw": "float64", "duration": "float64", "outcome": "int64", "call": "int64",
        "group": "string", "creator": "string",
    }  # fmt: skip
    columns = {
        "row": "Z_PK", "time_raw": "ZDATE", "duration": "ZDURATION", "outcome": "ZOUTCOME", "call": "Z1CALLEVENTS",
        "group": "ZGROUPJIDSTRING", "creator": "ZGROUPCALLCREATORUSERJIDSTRING",
    }  # fmt: skip
    with source.database() as database:
        others = KeyedValues(source, database, "ZWACDCALLEVENTPARTICIPANT", "Z1PARTICIPANTS", "ZJIDSTRING")
        incoming = KeyedValues(source, database, "ZWAAGGREGATECALLEVENT", "Z_PK", "ZINCOMING", value_type="int64")
        for batch in database.rows("ZWACDCALLEVENT", types, columns):
            people = [others.of(batch.column("row")), batch.column("creator"), batch.column("group")]
            yield with_columns(
                batch.drop_columns(["outcome", "call", "group", "creator"]),
                app="WhatsApp",
                number=pc.coalesce(*people),
                from_owner=pc.invert(incoming.of(batch.column("call")).cast(pa.bool_())),
                answered=pc.equal(batch.column("outcome"), _ENDED),
            )


@artefact(
    "whatsapp_contacts",
    CONTACTS,
    "contacts of WhatsApp",
    places=_places("ContactsV2.sqlite"),
    section="ZWAADDRESSBOOKCONTACT",
)
def whatsapp_contacts(source: Source) -> Iterator[pa.RecordBatch]:
    """Contacts, once for each of their number, their identifier and their newer identifier."""
    import pyarrow.compute as pc

    types = {"row": "int64", "name": "string", "address": "string"}
    with source.database() as database:
        for column, kind in _NUMBERS.items():
            columns = {"row": "Z_PK", "name": "ZFULLNAME", "address": column}
            for batch in database.rows("ZWAADDRESSBOOKCONTACT", types, columns):
                yield with_columns(batch, kind=kind).filter(pc.not_equal(batch.column("address"), ""))


@artefact(
    "whatsapp_identifiers",
    CONTACTS,
    "numbers behind the identifiers (LID) that WhatsApp uses instead",
    places=_places("LID.sqlite", "ChatStorage.sqlite"),
    section="ZWAPHONENUMBERLIDPAIR",
    unit=MAC_SECONDS,
)
def whatsapp_identifiers(source: Source) -> Iterator[pa.RecordBatch]:
    """Numbers with the identifier that stands for each, as their name; versions differ in which file has them."""
    table = "ZWAPHONENUMBERLIDPAIR"
    with source.database() as database:
        if not database.has(table) and source.path.endswith("ChatStorage.sqlite"):
            return
        columns = {"row": "Z_PK", "time_raw": "ZTIMESTAMP", "name": "ZLID", "address": "ZPHONENUMBER"}
        types = {"row": "int64", "time_raw": "float64", "name": "string", "address": "string"}
        for batch in database.rows(table, types, columns):
            yield with_columns(batch, kind="phone")
