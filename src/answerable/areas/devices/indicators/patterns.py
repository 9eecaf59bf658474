"""STIX patterns: the equal comparisons that a pattern consists of, or the reason why it is none of these."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 16_384
_HASH = re.compile(r"(file:hashes|app:cert)\.(md5|sha1|sha256)")
KINDS = {
    "domain-name:value": "domain",
    "ipv4-addr:value": "address",
    "ipv6-addr:value": "address",
    "url:value": "url",
    "process:name": "process",
    "email-addr:value": "email",
    "file:name": "file_name",
    "file:path": "file_path",
    "file:hashes.md5": "md5",
    "file:hashes.sha1": "sha1",
    "file:hashes.sha256": "sha256",
    "app:id": "app",
    "app:cert.md5": "certificate_md5",
    "app:cert.sha1": "certificate_sha1",
    "app:cert.sha256": "certificate_sha256",
    "configuration-profile:id": "configuration_profile",
    "android-property:name": "property",
}
"""What each comparison of a STIX pattern is an indicator of; hashes are spelt as `_key` spells them."""


class Unsupported(ValueError):
    """A pattern or value that cannot be matched; the text says why, in words for the account."""


class Comparison(NamedTuple):
    """One value that a pattern compares with, and what kind it is."""

    kind: str
    value: str


# The shape of nearly every published pattern; its keys are looked up, so no word of the grammar can pass for one.
_SINGLE = re.compile(
    r" *\[ *([a-z][a-z0-9-]*):([a-z_]+)(?:\.(?:([A-Za-z0-9]+)|'([A-Za-z0-9-]+)'))? *= *'((?:[^'\\]|\\['\\])*)' *\] *"
)
_STRING = re.compile(r"'((?:[^'\\]|\\['\\])*)'")


def comparisons(pattern: str) -> tuple[Comparison, ...]:
    """The comparisons of a pattern that is one equality, or several of which any may hold (OR, IN).

    Args:
        pattern: STIX pattern.

    Raises:
        Unsupported: it is written otherwise, combines observations, or compares what phones do not have.

    Source:
        OASIS STIX 2.1, section 9; the patterns of 2.0 that are taken are written alike.
    """
    if single := _SINGLE.fullmatch(pattern):
        kind = KINDS.get(_key(single[1], [part for part in single.group(2, 3, 4) if part]))
        if kind is not None:
            return (Comparison(kind, _unescaped(single[5])),)
    return parsed(pattern)


def parsed(pattern: str) -> tuple[Comparison, ...]:
    """As `comparisons`, by the grammar for every pattern."""
    if len(pattern) > _LONGEST:
        raise Unsupported(f"a pattern of more than {_LONGEST:,} characters")
    from stix2patterns.exceptions import ParseException

    parse, listen = _grammar()
    listener = listen()
    try:
        parse(pattern).walk(listener)
    except (ParseException, RecursionError) as error:
        raise Unsupported("a pattern that does not follow the STIX grammar") from error
    data = listener.pattern_data()
    combined = [*data.observation_ops - {"OR"}, *listener.combined, *(q.split()[0] for q in data.qualifiers)]
    if combined:
        raise Unsupported(f"a pattern with {', '.join(sorted(set(combined)))}")
    found: list[Comparison] = []
    for name, tests in data.comparisons.items():
        for path, operator, value in tests:
            found.extend(_compared(name, path, operator, value))
    return tuple(found)


@cache
def _grammar() -> tuple[Any, Any]:
    """The parser of patterns, and what listens to it: also to AND within brackets, and to EXISTS."""
    from stix2patterns.v21.inspector import InspectionListener
    from stix2patterns.v21.pattern import Pattern

    class Listener(InspectionListener):  # type: ignore[misc]  # the library has no types
        def __init__(self) -> None:
            super().__init__()
            self.combined: set[str] = set()

        def exitComparisonExpressionAnd(self, ctx: Any) -> None:
            if ctx.AND():
                self.combined.add("AND")

        def exitPropTestExists(self, ctx: Any) -> None:
            self.combined.add("EXISTS")

    return Pattern, Listener


def _compared(name: str, path: list[Any], operator: str, literal: str) -> Iterator[Comparison]:
    key = _key(name, path)
    kind = KINDS.get(key)
    if kind is None:
        raise Unsupported(f"{key}, which is not looked for on phones")
    if operator not in {"=", "==", "IN"}:
        raise Unsupported(f"a comparison by {operator}")
    literals = [literal] if operator != "IN" else re.findall(r"'(?:[^'\\]|\\['\\])*'|[^(),\s]+", literal)
    for one in literals:
        text = _STRING.fullmatch(one)
        if text is None:
            raise Unsupported("a comparison with what is no text")
        yield Comparison(kind, _unescaped(text[1]))


def _key(name: str, path: list[Any]) -> str:
    """Object and property as `KINDS` spells them: SHA-256, 'SHA256' and sha256 are one."""
    key = f"{name}:{'.'.join(part if isinstance(part, str) else '[]' for part in path)}"
    folded = key.lower().replace("-", "")
    return folded if _HASH.fullmatch(folded) else key


def _unescaped(text: str) -> str:
    return re.sub(r"\\(['\\])", r"\1", text)
