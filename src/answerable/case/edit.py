"""Changes to case.toml as text: entries are added at its end, so that all a person wrote stays as it stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from answerable.errors import CaseError

if TYPE_CHECKING:
    from answerable.core.signature import Parameter


def appended(text: str, kind: str, entry: Mapping[str, Any]) -> str:
    """The text of a case.toml with one more [[kind]] at its end.

    Raises:
        CaseError: the file writes its entries of that kind as one inline list.
    """
    longer = f"{text.rstrip()}\n\n[[{kind}]]\n{lines(entry)}"
    try:
        tomllib.loads(longer)
    except tomllib.TOMLDecodeError as error:
        problem = f"case.toml writes {kind} as one list. Write each entry under a line [[{kind}]] of its own."
        raise CaseError(problem) from error
    return longer


def with_digest(text: str, index: int, digest: str) -> str:
    """The text with sha256 written into one [[exhibit]] entry, all else as it stands.

    Raises:
        CaseError: the entries are written as one inline list.
    """
    wanted = tomllib.loads(text)
    wanted["exhibit"][index]["sha256"] = digest
    for header in re.finditer(r"^[ \t]*\[\[.*$", text, re.MULTILINE):
        longer = f'{text[: header.end()].rstrip()}\nsha256 = "{digest}"{text[header.end() :]}'
        try:
            if tomllib.loads(longer) == wanted:
                return longer
        except tomllib.TOMLDecodeError:
            continue
    raise CaseError(f'case.toml, [[exhibit]] {index + 1}: write it in by hand: sha256 = "{digest}"')


def typed(parameter: Parameter, value: Any) -> Any:
    """A word's value for case.toml: in its type where that reads back as the same, as it was given otherwise."""
    parsed = parameter.parse(value)
    plain = _untupled(parsed)
    return plain if parameter.parse(plain) == parsed else _untupled(value)


def _untupled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _untupled(entry) for name, entry in value.items()}
    return [_untupled(entry) for entry in value] if isinstance(value, (list, tuple)) else value


def lines(entry: Mapping[str, Any]) -> str:
    """An entry's keys as lines of TOML, each value on the line of its key."""
    import tomlkit

    document = tomlkit.document()
    for key, value in entry.items():
        if isinstance(value, Mapping):
            table = tomlkit.inline_table()
            table.update(value)
            document.add(key, table)
        else:
            document.add(key, tomlkit.item(value))
    return tomlkit.dumps(document)
