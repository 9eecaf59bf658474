"""The tables of a case.toml: which exhibit each is read from, and which of them a question is asked of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from answerable.case.entries import check_keys, fail
from answerable.core.method import Method, methods
from answerable.core.signature import Parameter, parameters
from answerable.core.table import Table, reader_of
from answerable.errors import ParameterError, nearest

if TYPE_CHECKING:
    from answerable.case.plan import Exhibit


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedTable:
    """What one [[table]] says: which exhibit is read as what, and the words of the mapping.

    Args:
        name: by which questions call it.
        kind: what it is: a declared table, or a kind of exhibit that holds many of them, as "phone".
        exhibit: what it is read from.
        words: of the mapping.
    """

    name: str
    kind: str
    exhibit: Exhibit
    words: Mapping[str, Any]

    def holds(self, table: Table) -> bool:
        """Whether a declared table can be read from it."""
        return self.kind in {table.name, table.exhibit}


def mapped_tables(entries: Sequence[Mapping[str, Any]], exhibits: Sequence[Exhibit]) -> tuple[MappedTable, ...]:
    """What the [[table]] entries say.

    Args:
        entries: as case.toml has them.
        exhibits: of the case.

    Raises:
        CaseError: one of them is not as it must be.
    """
    return _Tables(entries, exhibits).all()


class _Tables:
    """The [[table]] entries, each resolved to its exhibit through the tables that it takes its words from."""

    def __init__(self, entries: Sequence[Mapping[str, Any]], exhibits: Sequence[Exhibit]) -> None:
        self._exhibits = {name: one for one in exhibits for name in (one.name, one.path)}
        self._kinds = kinds() if entries else {}
        self._entries: dict[str, Mapping[str, Any]] = {}
        for number, given in enumerate(entries, start=1):
            place = f"[[table]] {number}"
            for key in ("name", "is", "from"):
                if not isinstance(given.get(key, ""), str):
                    fail(place, f"{key} takes text, not {given[key]!r}")
            name = given.get("name") or given.get("is") or ""
            if not name:
                fail(place, "it has neither name nor is", 'Say what it is, as is = "decisions"')
            if name in self._entries:
                fail(place, f"there are two tables of the name {name}", "Give one of them another name")
            self._entries[name] = given

    def all(self) -> tuple[MappedTable, ...]:
        return tuple(self._resolve(name, ()) for name in self._entries)

    def _resolve(self, name: str, trail: tuple[str, ...]) -> MappedTable:
        given, place = self._entries[name], f"[[table]] {name}"
        if name in trail:
            circle = " from ".join((*trail[trail.index(name) :], name))
            fail(place, f"it is taken from itself: {circle}", "Let one of them name an exhibit in its from")
        origin = given.get("from", "")
        if origin in self._entries and origin in self._exhibits:
            fail(place, f"from = {origin!r} is both a table and an exhibit", "Give the table another name")
        if origin in self._entries:
            base = self._resolve(origin, (*trail, name))
            if given.get("is", base.kind) != base.kind:
                fail(place, f"it is {given['is']}, but {origin}, which it is taken from, is {base.kind}")
            kind, exhibit, inherited = base.kind, base.exhibit, base.words
        elif origin in self._exhibits:
            kind, exhibit, inherited = self._kind(given.get("is", ""), place), self._exhibits[origin], {}
        elif not origin:
            fail(place, "it has no from", f"Name the exhibit that it is read from. {nearest('', self._names())}")
        else:
            fail(place, f"from = {origin!r} is neither an exhibit nor a table", nearest(origin, self._names()))
        words = {**inherited, **_table_words(given, self._kinds[kind], place)}
        return MappedTable(name=name, kind=kind, exhibit=exhibit, words=words)

    def _names(self) -> list[str]:
        return [*dict.fromkeys(exhibit.name for exhibit in self._exhibits.values()), *self._entries]

    def _kind(self, name: str, place: str) -> str:
        if name not in self._kinds:
            problem = f"there is no declared table {name!r}" if name else "it has no is"
            fail(f"{place}, key is", problem, nearest(name, self._kinds))
        return name


def _table_words(given: Mapping[str, Any], declared: Table, place: str) -> dict[str, Any]:
    """The words of the mapping as given, after a trial of each; what is missing shows when a question is asked."""
    known = {parameter.name: parameter for parameter in parameters(reader_of(declared))}
    mapping = {key: value for key, value in given.items() if key not in {"name", "is", "from"}}
    check_keys(mapping, ["name", "is", "from", *known], place)
    for key, value in mapping.items():
        _parse(known[key], value, place)
    return mapping


def _parse(parameter: Parameter, value: Any, place: str) -> Any:
    try:
        return parameter.parse(value)
    except ParameterError as error:
        fail(place, str(error).rstrip("."))


def kinds() -> dict[str, Table]:
    """What an exhibit can be read as: every table that a method reads, and every kind of exhibit that holds several.

    A kind of exhibit stands with one of its tables: their readers take the same words.
    """
    tables = [table for method in methods().values() for table in method.reads]
    return {table.exhibit: table for table in tables if table.exhibit} | {table.name: table for table in tables}


def chosen_tables(named: Any, method: Method, tables: Sequence[MappedTable], place: str) -> dict[str, MappedTable]:
    """A table of the case for each that the method reads: the one named, or the only one, or the one of its name."""
    names = [named] if isinstance(named, str) else named or []
    known = {table.name: table for table in tables}
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        fail(place, f"table takes the name of a [[table]], or a list of names, not {named!r}")
    for name in names:
        if name not in known:
            fail(f"{place}, key table", f"there is no [[table]] {name!r}", nearest(name, known))
    chosen: dict[str, MappedTable] = {}
    for declared in method.reads:
        picked = _picked(declared, [table for table in tables if not names or table.name in names], bool(names))
        if declared not in method.needs and not names:
            # What may be left out is there where the question names it, or where it comes with the exhibit of others.
            picked = [table for table in picked if table.kind == declared.exhibit and table in chosen.values()]
        if declared not in method.needs and not picked:
            continue
        if not picked:
            fail(
                place,
                f"it reads {declared.name}, and no such table is given",
                f'Add a [[table]] with is = "{declared.name}"',
            )
        if len(picked) > 1:
            several = ", ".join(table.name for table in picked)
            fail(place, f"several tables could be meant: {several}", "Name one in the key table")
        chosen[declared.name] = picked[0]
    if unread := [name for name in names if known[name] not in chosen.values()]:
        fail(f"{place}, key table", f"{method.name} does not read {', '.join(unread)}", "Take it out")
    _check_one_exhibit(method, chosen, place)
    return chosen


def _picked(declared: Table, tables: Sequence[MappedTable], named: bool) -> list[MappedTable]:
    """The entries that a declared table could be read from; one of its own goes before the exhibit that it lies in."""
    fitting = [table for table in tables if table.kind == declared.name]
    fitting = fitting or [table for table in tables if table.holds(declared)]
    if len(fitting) > 1 and not named:
        return [table for table in fitting if table.name == table.kind] or fitting
    return fitting


def _check_one_exhibit(method: Method, chosen: Mapping[str, MappedTable], place: str) -> None:
    """Refuse tables of one phone beside those of another: what was looked at on one says nothing of the other."""
    exhibits: dict[str, dict[str, None]] = {}
    for declared in method.reads:
        if declared.exhibit and declared.name in chosen:
            exhibits.setdefault(declared.exhibit, {})[chosen[declared.name].exhibit.name] = None
    for kind, several in exhibits.items():
        if len(several) > 1:
            problem = f"it would read one {kind} out of several exhibits: {', '.join(several)}"
            fail(place, problem, "Name in the key table the tables of one exhibit")
