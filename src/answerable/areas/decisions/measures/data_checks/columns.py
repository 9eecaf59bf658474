"""Checks of one column: values in disguise, hidden counts, rounded numbers, days that do not exist."""

from __future__ import annotations

import datetime
import math
import re
from typing import TYPE_CHECKING

from answerable.core.engine import collect
from answerable.core.words import count_text
from answerable.tabular.columns import as_number, bare
from answerable.tabular.profile import LITERALS, Facts
from answerable.tabular.times import PATTERNS, timestamp
from answerable.tabular.traps import traps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from answerable.areas.decisions.measures.data_checks.file import File
    from answerable.core.estimate import Observation

_PLACE = re.compile(r"(.*) \(#(\d+)\)", re.DOTALL)
_REPLICATES = 20
_FINE = re.compile(r"[+-]?\d*\.\d{6,}(e[+-]?\d+)?", re.IGNORECASE)
_MOST_DISTINCT = 5_000
_WEIGHT = re.compile(r"(^|[\W_])(weight|wt|wgt)s?($|[\W_])", re.IGNORECASE)
_OLDEST, _LATEST = datetime.date(1900, 1, 1), datetime.date(2100, 1, 1)
_HIDDEN_BELOW = {4, 5, 6, 10, 11, 20, 30, 50, 100}  # from where agencies commonly show counts
_FALLS_OFF = "Small numbers may be rare for a reason of their own."


def check_columns(file: File, chance: float, obtained: datetime.date | None) -> Iterator[Observation]:
    """What each column shows by itself, and rows that are all the same."""
    yield from _names(file)
    constant = [name for name, facts in file.facts.items() if facts.role == "one value"]
    if file.rows >= _REPLICATES and len(constant) == len(file.names) and _fine(file):
        yield file.observation(
            f"All {file.rows:,} rows are the same in all {count_text(len(constant), 'column')}, to the last printed "
            "digit. If they are replicates of a resampling, it did not resample: intervals made of them have no width.",
            file.first(file.records["row"].notnull()),
            "strong",
            "The file may repeat one result on purpose.",
            column=", ".join(constant),
        )
        return
    yield from _repeated(file)
    for name, facts in file.facts.items():
        yield from _disguised(file, name, facts)
        yield from _hidden(file, name, facts, chance)
        yield from _heaped(file, name, facts, chance)
        yield from _days(file, name, facts, obtained)
        if _WEIGHT.search(name):
            yield from _weights(file, name)


def _fine(file: File) -> bool:
    return any(_FINE.fullmatch(value) for facts in file.facts.values() for value in facts.values)


def _names(file: File) -> Iterator[Observation]:
    """Columns that are called the same, told by the place that their reading added."""
    alike: dict[str, list[str]] = {}
    for name in file.names:
        if (found := _PLACE.fullmatch(name)) and found[1].strip():
            alike.setdefault(found[1].casefold(), []).append(name)
    for names in alike.values():
        if len(names) > 1:
            called = _PLACE.sub(r"\1", names[0])
            places = ", ".join(f"#{at}" for at in sorted(int(_PLACE.sub(r"\2", name)) for name in names))
            yield file.observation(
                f"{len(names)} columns are called {called!r} ({places}): which one is meant has to be said.",
                0,
                "strong",
                column=called,
            )


def _repeated(file: File) -> Iterator[Observation]:
    """Rows that stand in the file more than once, and people who do."""
    identifiers = [name for name, facts in file.facts.items() if facts.role == "identifier"]
    if not identifiers:
        return
    # Names of the file may be those of our own columns but for their case, which DuckDB does not tell apart.
    keys = file.records.select(*(file.records[name].name(f"k{at}") for at, name in enumerate(file.names)), "row")
    groups = keys.group_by([f"k{at}" for at in range(len(file.names))]).aggregate(n=keys.count(), row=keys["row"].max())
    found = collect(groups.filter(groups.n > 1).aggregate(n=(groups.n - 1).sum(), row=groups["row"].min()))
    if extra := found["n"][0]:
        yield file.observation(
            f"{count_text(int(extra), 'row')} repeat another row in every column, also in {identifiers[0]!r}: "
            "what rests on the number of rows counts them twice.",
            int(found["row"][0]),
            "strong",
            column=identifiers[0],
            rows=int(extra),
        )


def _disguised(file: File, name: str, facts: Facts) -> Iterator[Observation]:
    """Words, blanks and errors that stand for missing values; columns of one value; other traps of the column."""
    words = [word for word in LITERALS if facts.rows(word)]
    odd = words + [shape for shape in ("blank", "error") if facts.rows(shape)]
    column = file.records[name]
    for text in traps(facts, typed=False):
        if facts.shown and "something else among numbers" in text:
            continue  # codes of a category may be letters and digits
        about = next((word for word in words if repr(word) in text), None)
        among = facts.rows("whole", "number") > 0 or facts.rows("blank", "error") > 0
        row = file.first(bare(column) == about) if about else 0
        if about is None and odd and ("blanks" in text and "nothing but" in text):
            row = file.first(column.notnull() & (bare(column) == ""))
        sure = "Every value is the same" in text or (among and about is not None) or "nothing but blanks" in text
        yield file.observation(
            f"Column {name!r}: {text}", row, "strong" if sure else "heuristic", column=name, value=about or ""
        )


def _numbers(facts: Facts) -> dict[float, int]:
    """Rows by value of a column of numbers that has not too many different ones."""
    if not facts.values or facts.type not in {"whole number", "number"} or len(facts.values) > _MOST_DISTINCT:
        return {}
    counted: dict[float, int] = {}
    for text, rows in facts.values.items():
        if (number := as_number(text)) is not None:
            counted[float(number)] = counted.get(float(number), 0) + rows
    return counted


def _hidden(file: File, name: str, facts: Facts, chance: float) -> Iterator[Observation]:
    """Zeros beside a gap: no 1, 2, 3, ... although numbers just above the gap are frequent."""
    counted = _numbers(facts)
    if not counted.get(0.0) or min(counted) < 0 or any(value != math.floor(value) for value in counted):
        return
    least = min((value for value in counted if value > 0), default=0.0)
    near = sum(rows for value, rows in counted.items() if least <= value < 2 * least - 1)
    rows = sum(rows for value, rows in counted.items() if least <= value < 3 * least - 2)
    # If numbers up to the gap were as frequent as in twice its width above it, all would lie above by (2/3)^rows.
    few = least not in _HIDDEN_BELOW or counted[0.0] < 3 or near < rows / 4 or len(counted) < 12
    if few or (2 / 3) ** rows > chance / 10 / len(file.names):
        return
    zeros = int(counted[0.0])
    yield file.observation(
        f"Column {name!r}: {zeros:,} of {file.rows:,} rows are 0 and none is 1 to {least - 1:.0f}, although "
        f"{rows:,} are {least:.0f} to {3 * least - 3:.0f}: 0 may stand for a number that was hidden or is not known.",
        file.first(bare(file.records[name]).isin([text for text in facts.values if as_number(text) == 0])),
        "heuristic",
        _FALLS_OFF,
        column=name,
        zeros=zeros,
        least=least,
    )


def _heaped(file: File, name: str, facts: Facts, chance: float) -> Iterator[Observation]:
    """Round numbers that are more frequent than their neighbours."""
    from scipy.stats import binom

    counted = _numbers(facts)
    if len(counted) < 40 or any(value != math.floor(value) for value in counted) or file.rows < 200:
        return
    for step in (10, 5):
        round_ones = [value for value in counted if value and value % step == 0]
        near = sum(counted.get(value + side, 0) for value in round_ones for side in (-2, -1, 1, 2))
        rows = sum(counted[value] for value in round_ones)
        # Four neighbours for each round number: a fifth of the rows would be round.
        if near and rows > 0.4 * (rows + near) and binom.sf(rows - 1, rows + near, 0.2) < chance / 10 / len(file.names):
            yield file.observation(
                f"Column {name!r}: {rows:,} rows are multiples of {step}, {near:,} are the four numbers around them: "
                "numbers were rounded or guessed in part.",
                0,
                "heuristic",
                "Prices and sentences are often round.",
                column=name,
                step=step,
            )
            return


def _days(file: File, name: str, facts: Facts, obtained: datetime.date | None) -> Iterator[Observation]:
    """Days that the calendar does not have, or that lie before 1900, after 2100, or after the file was obtained."""
    text = file.records[name]
    for pattern in PATTERNS:
        if pattern.name not in facts.dates or pattern.exchangeable or facts.rows(*facts.dates) < file.rows / 2:
            continue
        if pattern.name == "YYYYMMDD" and not re.search("date|day|time", name, re.IGNORECASE):
            continue
        stripped = bare(text)
        written = stripped.re_search(pattern.expression)
        day = timestamp(stripped, pattern)
        latest = min(_LATEST, obtained + datetime.timedelta(days=1)) if obtained else _LATEST
        after = "after the file was obtained" if obtained else "after 2100"
        tests = {
            "that the calendar does not have": written & day.isnull(),
            "before 1900": written & (day < datetime.datetime.combine(_OLDEST, datetime.time())),
            after: written & (day >= datetime.datetime.combine(latest, datetime.time())),
        }
        for what, bad in tests.items():
            count = collect(file.records.aggregate(n=bad.sum()))["n"][0]
            if count:
                said = f"Column {name!r}: {count_text(int(count), 'row')} with a day {what}."
                yield file.observation(said, file.first(bad), "strong", column=name, rows=int(count))


def _weights(file: File, name: str) -> Iterator[Observation]:
    """Weights that are not above 0, and one that outweighs the others."""
    import ibis

    from answerable.tabular.columns import NUMBER

    text = bare(file.records[name])
    number = ibis.ifelse(text.re_search(f"^({NUMBER})$"), text, ibis.null("string")).try_cast("float64")
    found = collect(file.records.aggregate(bad=(number <= 0).sum(), most=number.max(), n=number.count()))
    if found["bad"][0]:
        said = f"Column {name!r}: {count_text(int(found['bad'][0]), 'row')} with a weight that is not above 0."
        yield file.observation(said, file.first(number <= 0), "strong", column=name)
    middle = collect(file.records.aggregate(middle=number.quantile(0.5)))["middle"][0]
    if found["n"][0] >= 20 and middle and middle > 0 and found["most"][0] > 1000 * middle:
        said = (
            f"Column {name!r}: one weight is {found['most'][0] / middle:,.0f} times the middle one: it decides alone."
        )
        yield file.observation(said, file.first(number == found["most"][0]), "heuristic", column=name)
