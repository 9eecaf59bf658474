"""A word of a mapping as a typed column: the expression, what has to be checked of it, and what it took as what."""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from answerable.errors import EvidenceError, MappingError
from answerable.tabular.columns import NUMBER_OR_BLANK, PAIRS, Source, as_number
from answerable.tabular.times import PATTERNS, facts, timestamp

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.tabular.conditions import Condition


MISSING = "(missing)"
"""The group of those whose group is not recorded."""
OTHER = "(every other value)"
_SIGNS: Mapping[str, tuple[Callable[[Any, Any], Any], str]] = {
    "<": (operator.lt, ">="),
    "<=": (operator.le, ">"),
    ">": (operator.gt, "<="),
    ">=": (operator.ge, "<"),
}
Ask = Callable[[Mapping[Any, Any]], dict[Any, Any]]
"""Answers aggregates over the table, for what has to be known before a column can be typed."""


@dataclass(frozen=True, slots=True)
class Check:
    """Rows where `bad` holds stop the reading."""

    bad: ir.BooleanValue
    problem: Callable[[str], str]
    mend: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed column.

    Args:
        value: the expression.
        checks: what must hold of every row.
        named: values that must occur.
        values: which value was taken as what.
        notes: rows to be counted, with a sentence that takes the count.
    """

    value: ir.Column
    checks: tuple[Check, ...] = ()
    named: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[tuple[ir.BooleanValue, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """What the values of a column of numbers must be.

    Args:
        least: the smallest that is allowed, or, where `above`, what they must exceed.
        above: whether `least` itself is excluded.
        whole: whether they must be whole numbers.
        there: whether none may be missing.
        mend: what to do about a value that is not so.
    """

    least: float
    above: bool = False
    whole: bool = False
    there: bool = False
    mend: str = ""


def boolean(source: Source, condition: Condition, ask: Ask) -> Typed:
    """A yes-or-no column from a condition; null where the column has no value."""
    if condition.sign in _SIGNS:
        return _compared(source, condition, ask)
    if not condition.sign:
        return _yes_or_no(source, ask)
    yes, no = ("yes", "no") if condition.sign == "=" else ("no", "yes")
    values = dict.fromkeys(condition.values, yes)
    hit = source.equals(condition.values)
    if condition.others is None:
        return Typed(hit if yes == "yes" else ~hit, named=condition.named, values={**values, OTHER: no})
    values |= dict.fromkeys(condition.others, no)
    return Typed(hit, (_exhausted(source, condition),), condition.named, values)


def group(source: Source, condition: Condition, ask: Ask) -> Typed:
    """A column of groups: the column as it is, or two groups that a condition makes; missing is a group of its own."""
    import ibis

    if not condition.sign:
        return Typed(source.text_or(MISSING))
    made = boolean(source, condition, ask)
    if condition.sign in _SIGNS:
        bound, opposite = condition.values[0], _SIGNS[condition.sign][1]
        names = (condition.sign + bound, opposite + bound)
    else:
        names = (
            ",".join(condition.values),
            ",".join(condition.others or ()) or f"other than {','.join(condition.values)}",
        )
        names = names if condition.sign == "=" else (names[1], names[0])
    value = ibis.cases((made.value, names[0]), (~made.value, names[1]), else_=MISSING)
    meant = {"yes": names[0], "no": names[1]}
    return Typed(value, made.checks, made.named, {key: meant[word] for key, word in made.values.items()}, made.notes)


def text(source: Source) -> Typed:
    """A column of text."""
    return Typed(source.text())


def identifier(source: Source) -> Typed:
    """A column that tells things apart."""
    return Typed(source.identity())


def number(source: Source, bound: Bound | None = None) -> Typed:
    """A column of numbers; blank text in it is missing, and counted."""
    value = source.number()
    checks, notes = [], []
    if source.kind == "text":
        known = source.known()
        checks.append(Check(~known.re_search(NUMBER_OR_BLANK), _not_a_number, _NUMBER_MEND))
        # What has passed the check and is no number is blank; a blank in a number can only stand around it.
        blank = known.notnull() & value.isnull()
        notes.append((blank, "{count} with nothing but blanks in column {column} taken as missing."))
        padded = known.contains(" ") & value.notnull()
        notes.append((padded, "{count} with blanks around the number in column {column}."))
    elif source.kind != "number":
        raise _wrong_kind(source, "numbers")
    if source.kind == "text" or source.value.type().is_floating():
        checks.append(Check(value.isinf(), lambda shown: f"{shown} is not a finite number", "Ask for the file again."))
    if bound is not None:
        checks.extend(_bounds(value, bound))
        value = value.cast("int64") if bound.whole else value
    return Typed(value, tuple(checks), notes=tuple(notes))


def time(source: Source, ask: Ask) -> Typed:
    """A column of timestamps in UTC; text must have one format throughout, which is said in the account."""
    if source.kind == "time":
        return Typed(source.value.cast("timestamp"))
    if source.kind not in {"text", "number"}:
        raise _wrong_kind(source, "times")
    written = source.text()
    counts = ask(facts(written))
    fitting = [number for number in range(len(PATTERNS)) if counts[f"p{number}"]]
    best = max(fitting, key=lambda number: counts[f"p{number}"], default=0)
    pattern = PATTERNS[best]
    day_first = not counts["second"]
    if pattern.exchangeable and bool(counts["first"]) == bool(counts["second"]):
        raise _exchangeable(source, pattern.name, bool(counts["first"]))
    name = (
        pattern.name
        if day_first or not pattern.exchangeable
        else pattern.name.replace("DD", "-").replace("MM", "DD").replace("-", "MM", 1)
    )
    value = timestamp(written, pattern, day_first)
    others = ", ".join(PATTERNS[number].name for number in fitting if number != best)
    check = Check(
        written.notnull() & (~written.re_search(pattern.expression) | value.isnull()),
        lambda shown: (
            f"{shown} is not a time written as {name}, as most of the column is"
            + (f" (others: {others})" if others else "")
        ),
        "Have the column exported with one format, best YYYY-MM-DD.",
    )
    return Typed(value, (check,), values={name: "time in UTC"})


def bounded(source: Source, condition: Condition, ask: Ask) -> Typed:
    """The column that a bound is compared with: numbers or times, as the bound is one or the other."""
    literal = condition.values[0]
    if as_number(literal) is not None and source.kind != "time":
        return number(source)
    if _moment(literal) is not None:
        return time(source, ask)
    raise MappingError(f"{condition.text!r}: {literal!r} is neither a number nor a date (YYYY-MM-DD).")


def _compared(source: Source, condition: Condition, ask: Ask) -> Typed:
    import ibis

    column = bounded(source, condition, ask)
    literal = condition.values[0]
    moment = None if column.value.type().is_numeric() else _moment(literal)
    bound = as_number(literal) if moment is None else ibis.literal(moment, "timestamp")
    value = _SIGNS[condition.sign][0](column.value, bound)
    values = {condition.sign + literal: "yes", _SIGNS[condition.sign][1] + literal: "no"}
    return Typed(value, column.checks, values=values, notes=column.notes)


def _yes_or_no(source: Source, ask: Ask) -> Typed:
    """The column as it is: it must hold the two words of one pair, or be of yes-or-no type."""
    if source.kind == "boolean":
        return Typed(source.value, values={"true": "yes", "false": "no"})
    if source.kind not in {"text", "number"}:
        raise _wrong_kind(source, "yes or no")
    written = source.text()
    # The ends of the order tell the pair; what lies between them is checked with everything else.
    ends = ask({"first": written.min(), "last": written.max()})
    found = {word.lower(): word for word in (ends["first"], ends["last"]) if word is not None}
    pair = next((pair for pair in PAIRS if set(found) <= set(pair)), None)
    mend = f"Say which values mean yes, as {source.name}=VALUE,VALUE."
    if not found or pair is None:
        shown = " and ".join(dict.fromkeys(map(repr, found.values())))
        raise EvidenceError(
            f"its values ({shown or 'all missing'}) do not say yes and no by themselves.",
            file=source.file,
            column=source.name,
            mend=mend,
        )
    yes, no = pair
    words = written.lower()
    check = Check(words.notnull() & ~words.isin(pair), lambda shown: f"{shown} is neither {yes!r} nor {no!r}", mend)
    return Typed(words == yes, (check,), values={found.get(yes, yes): "yes", found.get(no, no): "no"})


def _exhausted(source: Source, condition: Condition) -> Check:
    return Check(
        source.known().notnull() & ~source.equals(condition.named),
        lambda shown: f"{shown} is neither a value for yes nor one for no in {condition.text!r}",
        "Name it on one side of the slash, leave the slash out, or declare it missing with missing=...",
    )


def _bounds(value: ir.NumericColumn, bound: Bound) -> list[Check]:
    least = f"{bound.least:g}"
    low = value <= bound.least if bound.above else value < bound.least
    checks = [Check(low, lambda shown: f"{shown} is not {'above' if bound.above else 'at least'} {least}", bound.mend)]
    if bound.whole:
        checks.append(Check(value != value.floor(), lambda shown: f"{shown} is not a whole number", bound.mend))
    if bound.there:
        checks.append(Check(value.isnull(), lambda _shown: "the value is missing", bound.mend))
    return checks


_NUMBER_MEND = "If it means missing, say so with missing=...; otherwise have the file exported with decimal points."


def _not_a_number(shown: str) -> str:
    inner = shown.strip("'")
    if "," in inner and as_number(inner.replace(",", "")) is not None:
        return f"{shown} is written with a comma, which parts decimals in some countries and thousands in others"
    return f"{shown} is not a number"


def _exchangeable(source: Source, name: str, contradict: bool) -> EvidenceError:
    other = name.replace("DD", "-").replace("MM", "DD").replace("-", "MM", 1)
    if contradict:
        problem = f"its dates have two formats: some can only be {name}, others only {other}."
    else:
        problem = f"its dates could be {name} or {other}, and no value tells which."
    return EvidenceError(problem, file=source.file, column=source.name, mend="Have the column exported as YYYY-MM-DD.")


def _wrong_kind(source: Source, wanted: str) -> EvidenceError:
    return EvidenceError(
        f"it holds {source.value.type()}, which cannot be read as {wanted}.",
        file=source.file,
        column=source.name,
        mend="Choose another column, or write a condition on it.",
    )


def _moment(text: str) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(datetime.UTC).replace(tzinfo=None) if moment.tzinfo else moment
