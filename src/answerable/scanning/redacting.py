"""Rows as they may leave a case: times, sizes and numbers as they are, texts as keyed digests of a secret salt.

A digest is the first 32 hexadecimal digits of HMAC-SHA-256, with the salt as its key, over the text in UTF-8. Equal
texts have equal digests, so that a second laboratory sees what belongs together; whoever is given the salt can check a
single value; without it no list of likely values helps.

Source: RFC 2104 (HMAC), FIPS 180-4 (SHA-256).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from answerable.errors import AnswerableError

SALT_FILE = "salt.txt"
_BYTES = 32
_DIGITS = 32
_OPEN = {"source", "table", "exhibit", "time_unit"}
"""Columns of a row's place that hold our own words, or digests already."""
_LEFT_OUT = {"device", "artefact"}
"""Columns that are said once for all rows of a file."""
_VOCABULARY = {
    "visits": {"browser"}, "addresses": {"what"}, "redirections": {"kind"}, "messages": {"app", "kind"},
    "links": {"within", "field"}, "attachments": {"type"}, "calls": {"app"}, "contacts": {"kind"},
    "interactions": {"mechanism"}, "usages": {"kind"}, "app_events": {"event"},
    "permissions": {"permission", "decision", "by", "state"}, "components": {"kind"},
    "configuration_profiles": {"payload"}, "profile_events": {"operation"}, "settings": {"namespace"},
    "device_files": {"kind"}, "mounts": {"type"}, "connections": {"kind"}, "security_events": {"event"},
    "adb_keys": {"kind"},
}  # fmt: skip
"""Columns whose texts are words of the system or of ours, and name nobody and nothing of the phone's owner."""
_WORD = re.compile(r"[\w ,.:/()+-]{1,60}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,20}")
_TIME = re.compile(r"[-+0-9T:. Z/]{1,40}")


def salt_of(folder: Path) -> bytes:
    """The salt that a folder keeps, made where there is none; only its owner may read the file.

    Raises:
        AnswerableError: what is there is no salt.
    """
    path = folder / SALT_FILE
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(_BYTES) + "\n", encoding="ascii")
    text = path.read_bytes().strip()
    if not re.fullmatch(rb"[0-9a-f]{%d}" % (2 * _BYTES), text):
        raise AnswerableError(f"{path.name} in {folder} is no salt of {_BYTES} bytes in hexadecimal. Take it away.")
    return bytes.fromhex(text.decode("ascii"))


def digest(salt: bytes, text: str) -> str:
    """The keyed digest of a text."""
    return hmac.new(salt, text.encode("utf-8", "backslashreplace"), hashlib.sha256).hexdigest()[:_DIGITS]


def redacted(table: str, row: Mapping[str, Any], salt: bytes, shown: Mapping[str, str]) -> dict[str, Any]:
    """A row of a phone's table as it may leave the case.

    Args:
        table: name of the declared table.
        row: its columns.
        salt: key of the digests.
        shown: what of it is a finding's own value, and how that is written.

    Returns:
        Its columns that are not empty; a digest stands as {"digest": ...}.
    """
    cells = {name: _cell(table, name, value, salt, shown) for name, value in row.items() if name not in _LEFT_OUT}
    return {name: cell for name, cell in cells.items() if cell is not None}


def _cell(table: str, name: str, value: Any, salt: bytes, shown: Mapping[str, str]) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat() + "Z"
    if value in shown:
        return shown[value]
    if name in _OPEN or (name == "row" and _NUMBER.fullmatch(value)) or (name == "time_raw" and _TIME.fullmatch(value)):
        return value
    if name in _VOCABULARY.get(table, ()) and _WORD.fullmatch(value):
        return value
    return {"digest": digest(salt, value)} if value else None
