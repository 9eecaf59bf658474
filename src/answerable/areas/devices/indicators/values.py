"""Values of indicators in the one spelling that matching compares, or the reason why one cannot be matched."""

from __future__ import annotations

import re
from typing import NamedTuple

from answerable.areas.devices.hosts import normal_host, normal_url
from answerable.areas.devices.indicators.patterns import Comparison, Unsupported

_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64}
_DOMAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_LONGEST = 8_192
_SHORT_NAME, _CUT_NAME = 4, 16


class Value(NamedTuple):
    """A value ready for matching; columns of the declared table."""

    kind: str
    normal: str
    labels: int | None
    note: str | None


def normal_value(found: Comparison) -> Value:
    """The value of a comparison in its one spelling.

    Raises:
        Unsupported: nothing could ever equal it, or nearly everything would.
    """
    kind, text = found.kind, found.value.strip()
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise Unsupported(f"a value of kind {kind} that is empty, too long or not printable")
    if kind in {"domain", "address"}:
        return _host(kind, text)
    if kind == "url":
        if (url := normal_url(text)) is None:
            raise Unsupported("a value that is no URL")
        return Value(kind, url, None, None)
    if kind == "file_path":
        return _path(text)
    if kind == "process":
        return Value(kind, text, None, _process_note(text))
    if kind == "file_name":
        return Value(kind, text, None, None)
    if (digits := _DIGITS.get(kind.removeprefix("certificate_"))) is not None:
        text = text.replace(":", "")  # certificates' digests are also written by bytes
        if not re.fullmatch(rf"[0-9A-Fa-f]{{{digits}}}", text):
            raise Unsupported(f"a value that is no {kind.removeprefix('certificate_').upper()}")
    elif kind == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise Unsupported("a value that is no mail address")
    return Value(kind, text.lower(), None, None)


def _host(kind: str, text: str) -> Value:
    host = normal_host(text)
    if host is not None and host.kind == "address":
        return Value("address", host.name, None, "written as a domain in the feed" if kind == "domain" else None)
    if kind == "address":
        raise Unsupported("a value that is no single address")
    if host is None or re.search(r"[@:]", text):
        raise Unsupported("a domain with more than a host name: its host alone would match what the feed does not list")
    if not _DOMAIN.fullmatch(host.name):
        raise Unsupported("a domain with a wildcard or of one label: no host, or too much below it")
    return Value(kind, host.name, host.labels, None)


def _path(text: str) -> Value:
    path = re.sub(r"/+", "/", text).rstrip("/")
    components = [component for component in path.split("/") if component]
    if not components:
        raise Unsupported("a path that everything lies below")
    return Value("file_path", path, len(components), None)


def _process_note(name: str) -> str | None:
    notes = []
    if len(name) <= _SHORT_NAME:
        notes.append("a short name, which innocent things also have")
    if len(name) >= _CUT_NAME:
        notes.append(f"{_CUT_NAME} characters or more: phones may record it cut off")
    if _DOMAIN.fullmatch(name):
        notes.append("a process named like a host")
    return "; ".join(notes) or None
