"""Heuristics: rows that a rule points to as observations, one for each thing concerned, its sentences kept as data."""

from __future__ import annotations

import functools
import operator
import string
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.hosts import defang
from answerable.areas.devices.measures.common.covered import NEVER_CLEAN, UNKNOWN_RATE, coverage_of
from answerable.areas.devices.measures.common.traces import Class, observed, rows_of
from answerable.areas.devices.tables import PLACE
from answerable.core.engine import collect, without_rows
from answerable.core.estimate import Answer
from answerable.core.words import count_text
from answerable.tabular.columns import bare

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Observation, Strength

LIVE = {"url", "host", "origin_host", "destination_host", "email", "sender", "organiser"}
"""Columns whose values lead somewhere: they are written so that nobody follows them."""
_FEW = 20_000
"""Rows that are put into order here."""
_LONGEST = 200
"""Letters of a value that a sentence has room for."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A heuristic: which column of a row is the point, and what is said of it.

    Args:
        name: of the rule, as browser_installed.
        category: class of its findings.
        field: the column whose value it is about.
        saying: the fact as a sentence that may be published, with {columns} of the row.
        forgeable: how such a row could come about otherwise. benign: innocent explanations.
        strength: "heuristic"; "strong" where the sentence says no more than the row itself.
        private: whether the value stays in the case.
        live: whether the value may lead somewhere, besides those of columns that always do.
    """

    name: str
    category: Class
    field: str
    saying: str
    forgeable: str
    benign: str
    strength: Strength = "heuristic"
    private: bool = False
    live: bool = False

    @property
    def columns(self) -> list[str]:
        """The columns that the sentence and the value need."""
        named = [name for _, name, _, _ in string.Formatter().parse(self.saying) if name]
        return list(dict.fromkeys([self.field, *named]))


@cache
def told(noun: str) -> Mapping[str, Any]:
    """The data file of a method: its rules under "rules", and its lists."""
    data = tomllib.loads(Path(__file__).parent.with_name(f"{noun}.toml").read_text(encoding="utf-8"))
    rules = {
        name: Rule(name=name, category=one["class"], **{word: one[word] for word in one if word != "class"})
        for name, one in data.get("rules", {}).items()
    }
    return {**data, "rules": rules}


def found(rows: ir.Table, rule: Rule, *, by: Sequence[str], most: int, keep: Sequence[str] = ()) -> list[Observation]:
    """An observation for each thing that rows point to: its earliest row, with how many there are.

    Args:
        rows: the rows that the rule holds for; computed columns are welcome.
        rule: what to say of them.
        by: columns that tell one thing from another, besides the phone.
        most: things named; what is beyond is counted in the last one.
        keep: columns that are kept as fields of the observation; nothing private.
    """
    chosen = firsts(rows, ["device", *by], [*rule.columns, *keep], most)
    return [
        _observation(row, rule, keep, further=row["things"] - most if place == most else 0)
        for place, row in enumerate(chosen, start=1)
    ]


def firsts(rows: ir.Table, by: Sequence[str], columns: Sequence[str], most: int) -> list[dict[str, Any]]:
    """The earliest row of each group, with `count` of its distinct rows and `things`, the number of groups.

    Args:
        rows: any rows of a phone's table.
        by: columns that make the groups.
        columns: what is wanted besides the place.
        most: groups given, the first in the order of their values.
    """
    if without_rows(rows):
        return []
    wanted = list(dict.fromkeys([*PLACE, *by, *columns]))
    distinct = rows.select(*wanted).distinct()
    # Nearly always a rule points to few rows: they are put into order here. Writing windows for the engine takes longer
    # than that; they are for rules that point to many.
    few = list(rows_of(collect(distinct.limit(_FEW + 1))))
    if len(few) > _FEW:
        return _firsts_of_many(distinct, by, wanted, most)
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in sorted(few, key=_key(["time", *(name for name in wanted if name != "time")])):
        groups.setdefault(tuple(row[name] for name in by), []).append(row)
    chosen = [{**group[0], "count": len(group), "things": len(groups)} for group in groups.values()]
    return sorted(chosen, key=_key([*by, *wanted]))[:most]


def _key(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Any]:
    return lambda row: [(row[name] is None, "" if row[name] is None else row[name]) for name in names]


def _firsts_of_many(distinct: ir.Table, by: Sequence[str], wanted: Sequence[str], most: int) -> list[dict[str, Any]]:
    """The same as `firsts`, by windows of the engine."""
    import ibis

    order = _order(distinct, ["time", *(name for name in wanted if name != "time")])
    within = ibis.window(group_by=list(by), order_by=order)
    numbered = distinct.mutate(
        place=ibis.row_number().over(within), count=distinct.count().over(ibis.window(group_by=list(by)))
    )
    one = numbered.filter(numbered.place == 0).drop("place")
    counted = one.mutate(things=one.count().over(ibis.window()))
    return list(rows_of(collect(counted.order_by(_order(counted, [*by, *wanted])).limit(most))))


def _order(rows: ir.Table, names: Sequence[str]) -> list[Any]:
    """Keys of order in which null comes last on every engine."""
    keys: list[Any] = []
    for name in dict.fromkeys(names):
        keys += [rows[name].isnull(), rows[name]]
    return keys


def _observation(row: Mapping[str, Any], rule: Rule, keep: Sequence[str], further: int) -> Observation:
    live = LIVE | ({rule.field} if rule.live else set())
    words = {name: _word(row[name], live=name in live) for name in rule.columns}
    what = rule.saying.format(**words)
    if row["count"] > 1:
        what += f" {count_text(row['count'], 'row')} say so; the first is named."
    what += beyond(further)
    value = "" if row[rule.field] is None else str(row[rule.field])
    shown = "" if rule.private else defang(value) if rule.field in live else value
    return observed(
        row,
        what=what,
        category=rule.category,
        field=rule.field,
        value=value,
        shown=shown if shown != value else None,
        strength=rule.strength,
        forgeable=rule.forgeable,
        benign=rule.benign,
        fields={
            **{name: row[name] for name in keep},
            "rule": rule.name,
            "rows": row["count"],
            **({"further": further} if further > 0 else {}),
        },
    )


def beyond(further: int) -> str:
    """What the last of the things named says of those that are not."""
    are = "is" if further == 1 else "are"
    return f" {count_text(further, 'more thing')} like this {are} not listed here." if further > 0 else ""


def _word(value: Any, live: bool) -> str:
    text = "not said" if value is None or value == "" else str(value)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return defang(text) if live else text


def answer_of(
    observations: Iterable[Observation],
    artefacts: ir.Table,
    holds: Collection[str],
    looked_for: str,
    *limits: str,
    rate: str = UNKNOWN_RATE,
) -> Answer:
    """The answer of a heuristic: its observations, each once, with coverage, limits and how often it occurs anyway.

    Args:
        observations: what it found.
        artefacts: the table of artefacts.
        holds: the tables in which it looked.
        looked_for: what it looked for, in words.
        limits: what its findings do not show.
        rate: how often this occurs on phones without spyware.
    """
    return Answer(
        observations=distinct(observations),
        coverage=coverage_of(artefacts, holds),
        limits=(NEVER_CLEAN, *limits, rate),
        looked_for=looked_for,
    )


def distinct(observations: Iterable[Observation]) -> tuple[Observation, ...]:
    """The observations without those that say the same of the same place, in their order."""
    return tuple({repr(one): one for one in observations}.values())


def devices_of(artefacts: ir.Table, platform: str) -> list[str]:
    """The phones of a platform: ios or android."""
    mine = artefacts.filter((artefacts.platform == platform) & artefacts.device.notnull())
    return sorted(collect(mine.select("device").distinct())["device"])


def any_of(conditions: Iterable[Any]) -> Any:
    """Whether one of the conditions holds; none does where there is none."""
    import ibis

    return functools.reduce(operator.or_, conditions, ibis.literal(False))


def folded(text: Any) -> Any:
    """Text in lower case without blanks around it."""
    return bare(text.lower())


def valued(rows: ir.Table, name: str, value: str, why: Mapping[tuple[str, str], str]) -> ir.Table:
    """Rows whose name and value are listed, with `why` from the list; values are compared without case and blanks.

    Args:
        rows: rows with a name and a value.
        name: column of the name.
        value: column of the value.
        why: what is said of each pair of name and value, the value in lower case.
    """
    import ibis

    said = [
        ((rows[name] == key) & (folded(rows[value]) == listed), ibis.literal(text))
        for (key, listed), text in why.items()
    ]
    named = rows.mutate(why=ibis.cases(*said, else_=None))
    return named.filter(named.why.notnull())
