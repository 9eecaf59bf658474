"""What an Android phone gives by `adb backup`: messages by SMS and MMS, and the apps that took part in it.

Source: Android Open Source Project, TelephonyBackupAgent (Android 7 to 15) for the messages, AppMetadataBackupWriter
and FullBackup for the manifests and the names of the folders.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.androidqf import text_of
from answerable.areas.devices.artefacts.registry import ADB_BACKUP, artefact
from answerable.areas.devices.artefacts.source import MEGABYTE
from answerable.areas.devices.artefacts.times import UNIX_MILLISECONDS, UNIX_SECONDS, utc_of
from answerable.areas.devices.tables import APP_FILES, APPS, DEVICE_FILES, MESSAGES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

LARGEST = 256 * MEGABYTE
"""Bytes of one file of messages, inflated; Android writes 1,000 messages into each."""
_TELEPHONY = "apps/com.android.providers.telephony/d_f"
_RECEIVED = "1"
"""The box of what came in (Telephony.TextBasedSmsColumns, BaseMmsColumns); all others hold what the owner wrote."""
_FROM = "137"
_OWN = "insert-address-token"
"""PduHeaders.FROM, and what stands for the phone's own number (OMA MMS encapsulation, 7.2.11)."""
_MOST_CERTIFICATES = 100


@artefact(
    "adb_backup_sms", MESSAGES, "messages by SMS", places={ADB_BACKUP: (f"{_TELEPHONY}/*_sms_backup",)},
    expected={ADB_BACKUP: "always"}, unit=UNIX_MILLISECONDS,
)  # fmt: skip
def sms(source: Source) -> Iterator[Mapping[str, Any]]:
    """Messages by SMS; the row is the number of the entry in its file."""
    for number, one in _entries(source):
        ours = _is_own(one.get("type"))
        address = text_of(one.get("address"))
        yield {
            "row": number,
            "app": "SMS",
            **_sides(ours, address, [address] if address else _texts(one.get("recipients"))),
            **_when(one.get("date"), UNIX_MILLISECONDS),
            "chat": " ".join(_texts(one.get("recipients"))) or None,
            "text": text_of(one.get("body")),
            "subject": text_of(one.get("subject")),
        }


@artefact(
    "adb_backup_mms", MESSAGES, "messages by MMS", places={ADB_BACKUP: (f"{_TELEPHONY}/*_mms_backup",)},
    unit=UNIX_SECONDS,
)  # fmt: skip
def mms(source: Source) -> Iterator[Mapping[str, Any]]:
    """Messages by MMS with their texts; the row is the number of the entry in its file."""
    for number, one in _entries(source):
        ours = _is_own(one.get("msg_box"))
        addresses = [each for each in _list(one.get("mms_addresses")) if isinstance(each, dict)]
        told = [(text_of(each.get("type")), text_of(each.get("address"))) for each in addresses]
        sender = next((address for kind, address in told if kind == _FROM and address != _OWN), None)
        others = [address for kind, address in told if kind != _FROM and address and address != _OWN]
        yield {
            "row": number,
            "app": "MMS",
            **_sides(ours, sender, others),
            **_when(one.get("date"), UNIX_SECONDS),
            "chat": " ".join(_texts(one.get("recipients"))) or None,
            "text": text_of(one.get("mms_body")),
            "subject": text_of(one.get("sub")),
        }


def _is_own(box: Any) -> bool | None:
    text = text_of(box)
    return None if text is None else text != _RECEIVED


def _sides(ours: bool | None, sender: str | None, others: list[str]) -> dict[str, Any]:
    """Who sent it and who received it: the phone's owner is not named."""
    recipient = " ".join(others) or None
    return {"from_owner": ours, "sender": None if ours else sender, "recipient": recipient if ours else None}


def _when(value: Any, unit: str) -> dict[str, Any]:
    text = text_of(value)
    number = int(text) if text and text.isascii() and text.lstrip("-").isdecimal() and len(text) < 20 else None
    return {"time_raw": text, "time": utc_of(number, unit)}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [text for one in _list(value) if (text := text_of(one))]


def _entries(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a deflated JSON list with their numbers, from 1; those before a place that is damaged count."""
    text, problem = _inflated(source)
    decoder = json.JSONDecoder()
    place, number = _next(text, 0), 0
    if text[place : place + 1] != "[":
        raise EvidenceError("this is no list of messages.", file=source.path, mend="Back the phone up again.")
    place = _next(text, place + 1)
    while text[place : place + 1] != "]":
        try:
            one, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise EvidenceError(
                problem or f"after {number:,} messages it is not JSON that can be read.", file=source.path
            ) from error
        number += 1
        if isinstance(one, dict):
            yield number, one
        else:
            source.refuse("an entry is not an object of names and values", number)
        place = _next(text, place)
        if text[place : place + 1] == ",":
            place = _next(text, place + 1)


def _next(text: str, place: int) -> int:
    """The place of the next letter that is no white space."""
    while place < len(text) and text[place] in " \t\r\n":
        place += 1
    return place


def _inflated(source: Source) -> tuple[str, str]:
    """The text of a file that zlib deflated, and what is wrong with its end."""
    data = source.read()
    inflater = zlib.decompressobj()
    problem, plain = "", b""
    try:
        plain = inflater.decompress(data, LARGEST)
    except zlib.error as error:
        raise EvidenceError(f"it cannot be inflated ({error}).", file=source.path) from error
    if inflater.unconsumed_tail:
        problem = f"it inflates to more than {LARGEST:,} bytes; the rest is not read."
    elif not inflater.eof:
        problem = "its end is missing."
    return plain.decode("utf-8", "replace"), problem


@artefact(
    "adb_backup_apps", APPS, "apps that the backup holds something of", places={ADB_BACKUP: ("apps/*/_manifest",)},
    expected={ADB_BACKUP: "always"},
)  # fmt: skip
def apps(source: Source) -> Iterator[Mapping[str, Any]]:
    """Apps by their manifests in the backup; the row is the package. The version is Android's number of it."""
    lines = _manifest(source)
    yield {"row": lines[1], "app": lines[1], "version": lines[2], "installer": lines[4].strip() or None}


@artefact(
    "adb_backup_certificates", APP_FILES, "certificates of apps that the backup holds something of",
    places={ADB_BACKUP: ("apps/*/_manifest",)}, expected={ADB_BACKUP: "always"},
)  # fmt: skip
def certificates(source: Source) -> Iterator[Mapping[str, Any]]:
    """Certificates that signed each app, by their digests; the row is the package."""
    lines = _manifest(source)
    count = int(lines[6]) if lines[6].isdecimal() and len(lines[6]) < 4 else 0
    signed = [line for line in lines[7 : 7 + min(count, _MOST_CERTIFICATES)] if line]
    for number, line in enumerate(signed, start=8):
        try:
            certificate = bytes.fromhex(line)
        except ValueError:
            source.refuse("a certificate that is not hexadecimal", number)
            continue
        names = ("md5", "sha1", "sha256")
        digests = {f"certificate_{name}": hashlib.new(name, certificate).hexdigest() for name in names}
        yield {"row": lines[1], "app": lines[1], **digests}
    if len(signed) < count:
        raise EvidenceError(f"{count - len(signed)} of its {count} certificates are missing.", file=source.path)


def _manifest(source: Source) -> list[str]:
    """The lines of a manifest: its version, package, version of it, of Android, installer, APK or not, certificates."""
    lines = source.text(MEGABYTE).split("\n")
    if len(lines) < 7 or lines[0] != "1" or lines[1] != source.path.split("/")[1]:
        raise EvidenceError("this is no manifest of an app as Android's backup writes it.", file=source.path)
    return lines


@artefact(
    "adb_backup_packages", APP_FILES, "packages of apps that lie in the backup, with their digests",
    places={ADB_BACKUP: ("apps/*/a/*.apk",)},
)  # fmt: skip
def packages(source: Source) -> Iterator[Mapping[str, Any]]:
    """Packages (APK) of apps; the row is the app."""
    app = source.path.split("/")[1]
    yield {"row": app, "app": app, "path": source.path, "sha256": source.acquisition.tree.digest(source.entry)}


@artefact(
    "adb_backup_shared_packages", DEVICE_FILES, "packages of apps in the shared storage, with their digests",
    places={ADB_BACKUP: ("shared/**/*.apk",)},
)  # fmt: skip
def shared_packages(source: Source) -> Iterator[Mapping[str, Any]]:
    """Packages (APK) that lie among downloads and other shared files; the row is the path."""
    path = source.path.replace("shared/0/", "/sdcard/", 1) if source.path.startswith("shared/0/") else source.path
    size, sha256 = source.entry.size, source.acquisition.tree.digest(source.entry)
    yield {"row": path, "path": path, "kind": "file", "size": size, "sha256": sha256, "present": True}
