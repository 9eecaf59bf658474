"""Checks between columns: outcomes all alike in a stretch of time, labels of one arm only, values missing by group."""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from answerable.areas.decisions.measures.data_checks.file import MISSING, File
from answerable.core.engine import collect
from answerable.core.estimate import Point, Series
from answerable.core.words import count_text
from answerable.tabular.columns import bare
from answerable.tabular.times import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from answerable.core.estimate import Observation

_MOST_COLUMNS = 30
_LEAST_ROWS = 10
_LEAST_DAYS = 5
_SURE = 1e-6  # chance below which a pattern that is exact is reported as such
_ALIKE = 0.98  # days in which nearly all are alike: the column goes by the day
_GROUP = re.compile(
    r"(^|[\W_])(race|ethnic\w*|sex|gender|age_?(cat\w*|group|band)|nationality|origin|foreign\w*|born|religion|disab\w*)"
    r"($|[\W_])",
    re.IGNORECASE,
)
_FOLLOW_UP = "Recent cases may not have been observed for long enough, or were kept for another reason."
_BY_DESIGN = "The label may be one that only this arm can get; then it is no outcome of the others."


def check_relations(file: File, chance: float) -> Iterator[Observation]:
    """What every two columns show together."""
    categories = file.categories[:_MOST_COLUMNS]
    days = [name for name, facts in file.facts.items() if facts.type == "date" and PATTERNS[0].name in facts.dates]
    tests = max(1, 2 * len(days) * sum(len(file.facts[name].values) for name in categories))
    for day, name in itertools.product(days, categories):
        yield from _window(file, day, name, chance / tests)
    words = file.words[:_MOST_COLUMNS]
    values = {name: file.value(name) for name in categories}
    counts = {
        (a, b): file.counts(values[a], values[b])
        for a, b in itertools.combinations(words, 2)
        if a in values and b in values
    }
    both = {**counts, **{(b, a): {(y, x): n for (x, y), n in cells.items()} for (a, b), cells in counts.items()}}
    incomplete = file.incomplete[:_MOST_COLUMNS]
    file.looked_at |= {
        "pairs of columns": len(counts),
        "columns of days": len(days),
        "incomplete columns": len(incomplete),
    }
    share = chance / max(1, sum(len(file.facts[name].values) for name in words) * len(words))
    for (label, arm), cells in sorted(both.items()):
        yield from _one_arm(file, label, arm, cells, share)
        if _GROUP.search(arm):
            yield from _all_alike(file, label, arm, cells, share)
    share = chance / max(1, len(incomplete) * len(categories))
    for name in incomplete:
        there = file.there(name)
        yield from _missing(
            file, name, {arm: file.counts(there, values[arm]) for arm in categories if arm != name}, share
        )


def _window(file: File, day: str, name: str, chance: float) -> Iterator[Observation]:
    """The longest stretch at either end of the time in which a column has one value, where it has others before."""
    table = file.records.select(day=bare(file.records[day]).substr(0, 10), value=file.value(name))
    table = table.filter(table.day.notnull() & (table.day != ""))
    found = collect(table.group_by("day", "value").aggregate(n=table.count()))
    days: dict[str, dict[str, int]] = defaultdict(dict)
    for when, value, n in zip(found["day"], found["value"], found["n"], strict=True):
        days[when][value] = n
    order = sorted(days)
    for side, ordered in (("after", order[::-1]), ("before", order)):
        value = _only(days[ordered[0]]) if ordered else None
        if value is None:
            continue
        inside = ordered[: next((at for at, when in enumerate(ordered) if set(days[when]) != {value}), len(ordered))]
        rest = ordered[len(inside) :]
        rows = sum(days[when][value] for when in inside)
        others = sum(sum(days[when].values()) for when in rest)
        if len(inside) < _LEAST_DAYS or rows < _LEAST_ROWS or not others:
            continue
        share = sum(days[when].get(value, 0) for when in rest) / others
        pure = sum(set(days[when]) == {value} for when in rest) / len(rest)
        # Rows of a day may go together, so days are counted too; the less surprising of the two is believed.
        by_row, by_day = _power(share, rows), _power(max(pure, 0.5 / len(rest)), len(inside))
        if max(by_row, by_day) > chance or pure > _ALIKE:
            continue
        file.series.append(_by_month(days, day, name, value, rest[0]))
        yield file.observation(
            f"All {rows:,} rows whose {day} is {side} {rest[0]} have {name} {value!r}; of the other {others:,} rows "
            f"{100 * share:.1f} % have it. When a case was looked at decides {name}: rates over all rows mix "
            "the two.",
            _row(file, day, name, inside, value),
            "strong" if max(by_row, by_day) < _SURE else "heuristic",
            _FOLLOW_UP,
            column=name,
            time=day,
            side=side,
            boundary=rest[0],
            rows=rows,
            value=value,
            share_elsewhere=share,
        )


def _by_month(days: Mapping[str, Mapping[str, int]], day: str, name: str, value: str, boundary: str) -> Series:
    """The share of a value by month, with the day from which on it is all that there is."""
    months: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for when, counts in days.items():
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", when):
            month = months[f"{when[:7]}-01"]
            month[0] += counts.get(value, 0)
            month[1] += sum(counts.values())
    points = tuple(Point(x=at, value=k / n, n=n, events=k) for at, (k, n) in sorted(months.items()))
    return Series(
        name="share_by_month", label=f"share with {name} {value!r}", of={}, unit="proportion", axis=f"month of {day}",
        points=points, axis_unit="date", joined=False, marks={"all alike beyond": boundary},
    )  # fmt: skip


def _by_arm(label: str, value: str, arm: str, cells: Mapping[tuple[str, str], int], arms: Mapping[str, int]) -> Series:
    """The share of a label in each arm."""
    points = tuple(
        Point(x=of, value=cells.get((value, of), 0) / n, n=n, events=cells.get((value, of), 0))
        for of, n in sorted(arms.items())
    )
    return Series(
        name="share_by_arm", label=f"share with {label} {value!r}", of={}, unit="proportion", axis=arm, points=points,
        axis_unit="name", joined=False,
    )  # fmt: skip


def _only(counts: Mapping[str, int]) -> str | None:
    return next(iter(counts)) if len(counts) == 1 and MISSING not in counts else None


def _row(file: File, day: str, name: str, inside: Sequence[str], value: str) -> int:
    first = min(inside)
    return file.first((bare(file.records[day]).substr(0, 10) == first) & (file.value(name) == value))


def _power(share: float, times: float) -> float:
    return math.exp(max(-700.0, times * math.log(share))) if share > 0 else 0.0


def _one_arm(
    file: File, label: str, arm: str, cells: Mapping[tuple[str, str], int], chance: float
) -> Iterator[Observation]:
    """Values of a column that occur with one value of another only, where its other values occur with all."""
    values, arms = _margins(cells)
    held = {value: [of for of in arms if cells.get((value, of))] for value in values}
    large = [of for of, n in arms.items() if n >= _LEAST_ROWS * len(values) and of != MISSING]
    spread = [
        value
        for value, of in held.items()
        if value != MISSING and len(set(large) & set(of)) >= max(2, 0.75 * len(large))
    ]
    # Labels are known to all arms when two of them at least occur in nearly all, and hold most of the rows.
    if len(spread) < 2 or len(large) < 2 or sum(values[value] for value in spread) < 0.5 * file.rows:
        return
    alone: dict[str, list[str]] = defaultdict(list)
    for value, of in held.items():
        lone = len(of) == 1 and MISSING not in (value, *of) and values[value] >= _LEAST_ROWS
        if lone and any(cells.get((other, of[0])) for other in spread):
            alone[of[0]] += [value] if _power(arms[of[0]] / file.rows, values[value]) < chance else []
    for where, labels in ((where, labels) for where, labels in alone.items() if labels):
        rows = sum(values[value] for value in labels)
        named = ", ".join(f"{value!r} ({values[value]:,} rows)" for value in labels)
        sure = all(_power(arms[where] / file.rows, values[value]) < _SURE for value in labels)
        file.series += [_by_arm(label, value, arm, cells, arms) for value in labels]
        yield file.observation(
            f"Column {label!r}: {named} {'occurs' if len(labels) == 1 else 'occur'} only where {arm} is {where!r} "
            f"({arms[where]:,} of {file.rows:,} rows), while {', '.join(map(repr, spread))} occur with nearly every "
            f"value of {arm}. What {'it counts' if len(labels) == 1 else 'they count'} as decides comparisons with "
            "this arm.",
            file.first((file.value(label) == labels[0]) & (file.value(arm) == where)),
            "strong" if sure else "heuristic",
            _BY_DESIGN,
            column=label,
            arm=arm,
            arm_value=where,
            labels={value: values[value] for value in labels},
            rows=rows,
        )


def _all_alike(
    file: File, label: str, group: str, cells: Mapping[tuple[str, str], int], chance: float
) -> Iterator[Observation]:
    """Groups of people in whom a yes-or-no column has one value only, though there are enough to expect both."""
    values, groups = _margins(cells)
    if len(values) != 2 or MISSING in values:
        return
    for of, n in groups.items():
        for value, other in ((a, b) for a, b in itertools.permutations(values)):
            if of == MISSING or cells.get((other, of)) or not n or n == file.rows:
                continue
            share = (values[value] - n) / (file.rows - n)
            if _power(share, n) < chance:
                yield file.observation(
                    f"Column {label!r} is {value!r} for all {n:,} rows with {group} {of!r}, and for "
                    f"{100 * share:.1f} % of the others: for this group there is nothing to compare.",
                    file.first(file.value(group) == of),
                    "heuristic",
                    "The group may be defined by this column.",
                    column=label,
                    group=group,
                    value=of,
                )


def _missing(
    file: File, label: str, by_arm: Mapping[str, Mapping[tuple[str, str], int]], chance: float
) -> Iterator[Observation]:
    """Values that are missing more often with some values of another column: the column in which it shows most."""
    from scipy.stats import chi2_contingency

    found: list[tuple[float, str, dict[str, tuple[int, int]]]] = []
    for arm, cells in by_arm.items():
        values, arms = _margins(cells)
        gone = values.get(MISSING, 0)
        if gone < _LEAST_ROWS or gone > file.rows - _LEAST_ROWS:
            continue
        rates = {of: (cells.get((MISSING, of), 0), n) for of, n in arms.items() if of != MISSING}
        # Fewer than five expected in a group: its rows tell too little for Pearson's test.
        usable = {of: (k, n) for of, (k, n) in rates.items() if n * min(gone, file.rows - gone) / file.rows >= 5}
        if len(usable) > 1 and 0 < sum(k for k, _ in usable.values()) < sum(n for _, n in usable.values()):
            p = float(chi2_contingency([[k, n - k] for k, n in usable.values()]).pvalue)
            if p < chance:
                found.append((p, arm, usable))
    if not found:
        return
    p, arm, rates = min(found, key=lambda one: (-_spread(one[2]), one[0], one[1]))
    most, least = (pick(rates, key=lambda of: (rates[of][0] / rates[of][1], of)) for pick in (max, min))
    shares = {of: rates[of][0] / rates[of][1] for of in (most, least)}
    alike = [of for of, (k, n) in rates.items() if k == n]
    rows = sum(rates[of][0] for of in alike or [most])
    where = " and ".join(map(repr, alike)) if alike else repr(most)
    yield file.observation(
        f"Column {label!r} is missing for {count_text(rows, 'row')} with {arm} {where} ({100 * shares[most]:.1f} %), "
        f"and for {100 * shares[least]:.1f} % with {arm} {least!r}: rows without it cannot be left out as if by "
        "chance.",
        file.first((file.value(label) == MISSING) & (file.value(arm) == most)),
        "strong" if alike and p < _SURE else "heuristic",
        "The value may not apply to these rows.",
        column=label,
        group=arm,
        shares={of: k / n for of, (k, n) in rates.items()},
    )


def _spread(rates: Mapping[str, tuple[int, int]]) -> float:
    shares = [k / n for k, n in rates.values()]
    return max(shares) - min(shares)


def _margins(cells: Mapping[tuple[str, str], int]) -> tuple[dict[str, int], dict[str, int]]:
    first: dict[str, int] = defaultdict(int)
    second: dict[str, int] = defaultdict(int)
    for (one, other), n in cells.items():
        first[one] += n
        second[other] += n
    return dict(first), dict(second)
