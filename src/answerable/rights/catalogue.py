"""The shelf of provisions: law and soft law as dated data, in our own words.

Each file in `provisions/` has an `as_of` day, `[instruments.<key>]` tables and `[[provisions]]` entries that
name their instrument with `of`. An entry may say more than its instrument does, or otherwise: the entry wins,
notes add up. Standard library only, so that naming a right costs nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from answerable.errors import AnswerableError, nearest

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

KINDS = frozenset({"treaty", "regulation", "directive", "statute", "rule", "soft law", "declaration"})
"""What a provision is. The EU Charter counts as a treaty: it has the same legal value."""

TOPICS = frozenset(
    {
        "assembly", "automated-decision", "children", "credit", "data-protection", "disability",
        "due-diligence", "equality", "evidence", "expression", "fair-hearing", "gender", "good-administration",
        "housing", "impact-assessment", "law-enforcement", "living-standard", "non-discrimination",
        "privacy", "race", "remedy", "social-security", "transparency", "work",
    }
)  # fmt: skip
"""What a provision is about; a closed list, so that a search by topic misses nothing for a spelling."""

_SHARED = frozenset({"binds", "adopted", "in_force", "applies_from", "official_reference", "address", "note"})
_INSTRUMENT = _SHARED | {"instrument", "short_name", "kind"}
_ENTRY = _SHARED | {"id", "of", "article", "gloss", "topics", "verified", "verified_against", "verified_on"}
_DATES = frozenset({"as_of", "adopted", "in_force", "applies_from", "verified_on"})
_OPTIONAL: Mapping[str, Any] = MappingProxyType(
    {
        "in_force": None,
        "applies_from": None,
        "address": "",
        "note": "",
        "verified_against": "",
        "verified_on": None,
    }
)
_IDENTIFIER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One provision: what it says in our own words, whom it binds, from when, and how far it was checked.

    Args:
        id: name used by methods, such as `iccpr-26`.
        instrument: full title.
        short_name: name for a sentence.
        article: the place within the instrument.
        gloss: what it says, in our own words; never a quotation.
        kind: one of KINDS.
        binds: who is bound.
        adopted: day of adoption or enactment; of opening for signature where none is recorded.
        in_force: day of entry into force; None where there is none, and the note says why.
        applies_from: first day on which the duty can be invoked; that of entry into force unless said otherwise.
        official_reference: the official citation.
        address: official address; empty where none is certain.
        topics: of TOPICS.
        verified: the wording was read in an official copy, or in a verbatim one that names its digest.
        verified_against: the copy that was read; unofficial where `verified` is false; empty where none was.
        verified_on: day of that reading.
        note: what a reader must know before relying on it.
        as_of: the day for which the entry was written.
    """

    id: str
    instrument: str
    short_name: str
    article: str
    gloss: str
    kind: str
    binds: str
    adopted: date
    in_force: date | None
    applies_from: date | None
    official_reference: str
    address: str
    topics: tuple[str, ...]
    verified: bool
    verified_against: str
    verified_on: date | None
    note: str
    as_of: date

    @property
    def label(self) -> str:
        """Name of the provision for a sentence: `ICCPR, Article 26`."""
        return f"{self.short_name}, {self.article}"

    def binds_on(self, day: date) -> bool:
        """Whether the provision, as the shelf has it, could be invoked on a day; never so for soft law."""
        return self.applies_from is not None and self.applies_from <= day


@cache
def provisions() -> Mapping[str, Provision]:
    """Every provision on the shelf by its id, in the order of the files; read once.

    Raises:
        AnswerableError: when a data file is not as it must be; the message names file and entry.
    """
    return load(files(__package__) / "provisions")


def provision(provision_id: str) -> Provision:
    """The provision of that id.

    Raises:
        AnswerableError: when there is none; the message offers the nearest ids.
    """
    known = provisions()
    if provision_id not in known:
        offer = nearest(provision_id, known)
        raise AnswerableError(f"There is no provision {provision_id!r} on the shelf. {offer}")
    return known[provision_id]


def search(text: str) -> tuple[Provision, ...]:
    """Provisions that hold every word of the text in id, names, gloss, topics or who is bound; in shelf order."""
    words = text.casefold().split()
    if not words:
        return ()
    return tuple(found for found in provisions().values() if all(word in _haystack(found) for word in words))


def load(folder: Traversable) -> Mapping[str, Provision]:
    """Every provision in the TOML files of a folder, by id.

    Args:
        folder: a folder of files written as this module's docstring says.

    Raises:
        AnswerableError: when a file is no TOML, has an unknown key, lacks a field or holds one of the wrong type, when
            an id is malformed or occurs twice, when dates run backwards, or when a reading names no source.
    """
    shelf: dict[str, Provision] = {}
    for path in sorted(folder.iterdir(), key=lambda one: one.name):
        if path.name.endswith(".toml"):
            for entry in _read(path):
                if entry.id in shelf:
                    raise AnswerableError(f"{path.name}, {entry.id}: the id occurs twice.")
                shelf[entry.id] = entry
    return MappingProxyType(shelf)


def _read(path: Traversable) -> Iterator[Provision]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise AnswerableError(f"{path.name}: not readable as TOML: {problem}.") from problem
    _refuse_unknown(content, frozenset({"as_of", "instruments", "provisions"}), path.name)
    _require(content, "as_of", path.name)
    instruments = content.get("instruments", {})
    for key, instrument in instruments.items():
        _refuse_unknown(instrument, _INSTRUMENT, f"{path.name}, instrument {key}")
    for position, entry in enumerate(content.get("provisions", []), start=1):
        place = f"{path.name}, {entry.get('id', f'provision {position}')}"
        _refuse_unknown(entry, _ENTRY, place)
        _require(entry, "of", place)
        if entry["of"] not in instruments:
            offer = nearest(entry["of"], instruments)
            raise AnswerableError(f"{place}: there is no instrument {entry['of']!r}. {offer}")
        yield _provision(instruments[entry["of"]], entry, content["as_of"], place)


def _provision(instrument: Mapping[str, Any], entry: Mapping[str, Any], as_of: date, place: str) -> Provision:
    merged = {**_OPTIONAL, **instrument, **entry, "as_of": as_of}
    merged["note"] = " ".join(filter(None, (instrument.get("note", ""), entry.get("note", ""))))
    del merged["of"]
    for field in Provision.__dataclass_fields__:
        _require(merged, field, place)
    merged["topics"] = tuple(merged["topics"])
    merged["applies_from"] = merged["applies_from"] or merged["in_force"]
    found = Provision(**merged)
    for problem in _problems(found):
        raise AnswerableError(f"{place}: {problem}")
    return found


def _problems(found: Provision) -> Iterator[str]:
    if not _IDENTIFIER.fullmatch(found.id):
        yield "an id is lower-case words and digits joined by hyphens, such as iccpr-26."
    if found.kind not in KINDS:
        yield f"there is no kind {found.kind!r}; it is one of {', '.join(sorted(KINDS))}."
    if not found.topics or not TOPICS.issuperset(found.topics):
        yield f"topics are one or more of {', '.join(sorted(TOPICS))}."
    if found.in_force is None and not found.note:
        yield "without in_force, a note must say why."
    days = [day for day in (found.adopted, found.in_force, found.applies_from) if day is not None]
    if days != sorted(days):
        yield "adopted, in_force and applies_from must follow each other in time."
    if bool(found.verified_against) != (found.verified_on is not None):
        yield "verified_against and verified_on belong together."
    if found.verified and not found.verified_against:
        yield "verified needs verified_against, the copy that was read."


def _refuse_unknown(table: Mapping[str, Any], known: frozenset[str], place: str) -> None:
    for key in table:
        if key not in known:
            raise AnswerableError(f"{place}: unknown key {key!r}. {nearest(key, sorted(known))}")


def _require(table: Mapping[str, Any], field: str, place: str) -> None:
    """Refuse a field that is missing, empty or of the wrong type; None and "" pass where the field may be absent."""
    value = table.get(field)
    if field in _OPTIONAL and value == _OPTIONAL[field]:
        return
    wanted: type = date if field in _DATES else {"verified": bool, "topics": list}.get(field, str)
    if type(value) is not wanted or value == "":
        raise AnswerableError(f"{place}: {field} is {'missing' if value in (None, '') else f'no {wanted.__name__}'}.")


def _haystack(found: Provision) -> str:
    parts = (found.id, found.instrument, found.short_name, found.article, found.gloss, found.binds, *found.topics)
    return " ".join(parts).casefold()
