"""What the page shows, arranged for reading: questions, topics, charts, tables, accounts. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from answerable.core.finding import VERDICTS, Question
from answerable.core.method import Method, find_method
from answerable.core.signature import Parameter, parameters
from answerable.core.table import reader_of
from answerable.core.words import count_text, group_text, number_text
from answerable.errors import ParameterError
from answerable.report.charts import Chart, draw, lines_for
from answerable.report.curves import CurveFigure, curve_figures
from answerable.report.text import value_text

if TYPE_CHECKING:
    from answerable.core.estimate import Series
    from answerable.core.result import Result
    from answerable.report.entries import Entry

_MOST_LEADS = 12
_MOST_DRAWN = 30
_MOST_VALUES = 4
_OPEN_ROWS = 12

_CORRECTIONS = {
    "holm": "the chance of even one false alarm among all of them is at most {} (Holm 1979)",
    "benjamini-hochberg": "of the alarms, at most {} are expected to be false (Benjamini & Hochberg 1995)",
    "benjamini-yekutieli": "of the alarms, at most {} are expected to be false, however the comparisons hang together "
    "(Benjamini & Yekutieli 2001)",
    "none": "no allowance was made: each was judged as if it were the only one, with a chance of a false alarm of {}",
}
_ASKED = {
    "before": "The question was frozen before the data were looked at.",
    "after": "The question was asked after the data had been looked at. Chance findings are likelier then; "
    "what it shows should be confirmed on other data.",
    "not recorded": "Whether the question was asked before the data were looked at is not recorded.",
}


@dataclass(frozen=True, slots=True)
class Panel:
    """Rows of a chart that are groups of the same columns, compared with the same reference."""

    heading: str
    rows: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart of the estimates of one name, with the table behind it; `reference` where all have the same one."""

    anchor: str
    name: str
    chart: Chart
    panels: tuple[Panel, ...]
    entries: tuple[Entry, ...]
    reference: str
    left_out: int
    open: bool


@dataclass(frozen=True, slots=True)
class Topic:
    """Everything that was estimated under one label."""

    label: str
    lead: Entry
    others: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question as the page shows it."""

    number: int
    anchor: str
    heading: str
    detail: str
    result: Result
    method: Method | None
    entries: tuple[Entry, ...]
    tally: str
    leads: tuple[tuple[Entry, str], ...]
    more: str
    topics: tuple[Topic, ...]
    facts: tuple[Entry, ...]
    asked: str
    rules: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, str, str], ...]
    defaults: tuple[tuple[str, str, str], ...]
    limits: tuple[str, ...]
    lineage: Mapping[str, Any]
    curves: tuple[CurveFigure, ...]
    smallest_cell: int


def question_view(
    result: Result, entries: Sequence[Entry], number: int, series: Sequence[Series] = (), *, smallest_cell: int = 1
) -> QuestionView:
    """One question with its entries, arranged.

    Args:
        result: what was asked and what came of it.
        entries: its findings as they may be published, in the same order.
        number: place of the question in the report, from 1.
        series: what is drawn along an axis, as it may be published.
        smallest_cell: the smallest count of rows looked at that may be published.
    """
    question, anchor = result.question, f"question-{number}"
    method = known_method(question.method)
    topics = _topics(question, [one for one in entries if one.label], anchor)
    facts = tuple(sorted((one for one in entries if not one.label), key=lambda one: one.order))
    leads = sorted(
        [*((topic.lead, topic.others) for topic in topics), *((one, _kind(one)) for one in facts)],
        key=lambda pair: pair[0].order,
    )
    rest = len(leads) - _MOST_LEADS
    words = tuple(_words(question, method, default=False))
    return QuestionView(
        number=number,
        anchor=anchor,
        heading=question.title or (method.summary.rstrip(".") if method else question.method),
        detail="" if question.title else "; ".join(f"{name.replace('_', ' ')} {value}" for name, value, _ in words),
        result=result,
        method=method,
        entries=tuple(entries),
        tally=tally(entries),
        leads=tuple(leads[:_MOST_LEADS]),
        more=f"{count_text(rest, 'more answer')} in the section on this question." if rest > 0 else "",
        topics=topics,
        facts=facts,
        asked=_ASKED[question.asked],
        rules=tuple(_rules(question, entries)),
        words=words,
        defaults=tuple(_words(question, method, default=True)),
        limits=_limits(entries),
        lineage=entries[0].lineage if entries else {"question": question.digest},
        curves=curve_figures(series, anchor),
        smallest_cell=smallest_cell,
    )


def _kind(fact: Entry) -> str:
    """What kind of fact it is, and when it was."""
    seen = fact.observation or {}
    when = f"{seen['time'][:16].replace('T', ' ')} UTC" if seen.get("time") else ""
    return ", ".join(word for word in (seen.get("class", ""), when) if word)


def tally(entries: Sequence[Entry]) -> str:
    """How many answers there are of each verdict, in words."""
    judged = [one for one in entries if one.is_comparison or not one.label]
    words = [f"{count_text(len(judged), 'answer')} ({_by_verdict(judged)})"] if judged else []
    if measured := len(entries) - len(judged):
        words.append(count_text(measured, "measured value"))
    if withheld := sum(bool(one.withheld) for one in entries):
        words.append(f"the numbers of {withheld:,} are withheld")
    return ", ".join(words) or "no answers"


def _others(lead: Entry, entries: Sequence[Entry]) -> str:
    """What stands beside a leading answer: the same in another unit, few values one by one, many as a tally."""
    same = [one for one in entries if one.is_comparison and (one.of, one.against) == (lead.of, lead.against)]
    rest = [one for one in entries if one not in same]
    words = [f"As a {one.unit}: {_numbers(one)}, {one.verdict}." for one in same]
    if rest and not any(one.is_comparison for one in rest) and len(rest) <= _MOST_VALUES:
        words.append("By group: " + "; ".join(f"{one.group} {_numbers(one)}" for one in rest) + ".")
    elif rest:
        words.append(f"{len(rest):,} more" + (f": {_by_verdict(rest)}." if lead.is_comparison else "."))
    return " ".join(words)


def _numbers(one: Entry) -> str:
    return f"{one.value_text} ({one.interval_text})" if one.interval_text else one.value_text


def _by_verdict(entries: Sequence[Entry]) -> str:
    counts = [(sum(one.verdict == verdict for one in entries), verdict) for verdict in VERDICTS]
    return ", ".join(f"{count:,} {verdict}" for count, verdict in counts if count)


def known_method(name: str) -> Method | None:
    """The method; None when a report is made of results whose method is not installed here."""
    try:
        return find_method(name)
    except ParameterError:
        return None


def _topics(question: Question, entries: Sequence[Entry], anchor: str) -> tuple[Topic, ...]:
    topics: list[Topic] = []
    for label, of_label in _by(entries, lambda one: one.label).items():
        lead = min(of_label, key=lambda one: one.order)
        names = _by(of_label, lambda one: f"{one.name} {one.unit}")
        figures = [
            _figure(question, of_name, f"{anchor}-{len(topics) + 1}-{place}")
            for place, of_name in enumerate(names.values(), 1)
        ]
        others = [one for one in of_label if one is not lead]
        topics.append(Topic(label, lead, _others(lead, others), tuple(figures)))
    return tuple(topics)


def _figure(question: Question, entries: Sequence[Entry], anchor: str) -> Figure:
    drawn = list(entries) if len(entries) <= _MOST_DRAWN else sorted(entries, key=lambda one: one.order)[:_MOST_DRAWN]
    chart = draw(drawn, lines_for(question, entries), f"lines-{anchor}")
    panels = []
    for rows in _by(chart.rows, lambda row: (row.entry.columns, row.entry.reference)).values():
        first = rows[0].entry
        heading = " and ".join(first.columns)
        heading += f", against {_short(first.against, first.columns)}" if first.reference else ""
        panels.append(Panel(heading, tuple((_short(row.entry.of, first.columns), row) for row in rows)))
    return Figure(
        anchor=anchor,
        name=entries[0].name.replace("_", " "),
        chart=chart,
        panels=tuple(panels),
        entries=tuple(entries),
        reference=entries[0].reference if len({one.reference for one in entries}) == 1 else "",
        left_out=len(entries) - len(drawn),
        open=len(entries) <= _OPEN_ROWS,
    )


def _short(group: Mapping[str, str] | None, columns: Sequence[str]) -> str:
    """The group by its values alone, where the columns are said already."""
    return ", ".join(group.values()) if group and tuple(group) == tuple(columns) else group_text(group)


def _by(items: Iterable[Any], key: Any) -> dict[Any, list[Any]]:
    groups: dict[Any, list[Any]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def _rules(question: Question, entries: Sequence[Entry]) -> Iterable[tuple[str, str]]:
    """The rules of judging in plain words, as far as there was anything to which they apply."""
    compared = [one for one in entries if one.is_comparison]
    if levels := [one.level for one in compared if one.level is not None]:
        text = _CORRECTIONS[question.correction].format(f"{100 * (1 - max(levels)):g} %")
        family = f"; judged together with the family “{question.family}”" if question.family else ""
        yield "Many comparisons", text + family
    kinds = {one.unit.split(" ")[0] for one in compared}
    for name, sizes, what in (
        ("Counts from", question.threshold, "declared threshold"),
        ("Does not matter within", question.margin, "declared margin"),
    ):
        for kind, size in sizes.items():
            if kind in kinds:
                yield name, f"{_size(kind, size)} ({what})"
    if any(one.label for one in entries):
        yield "Too few", f"a number that rests on fewer than {question.smallest:,} is “cannot tell”"
    if any(not one.label for one in entries):
        yield (
            "Facts",
            "a strict match of strong evidence is “shown”, a heuristic “indicated”; nothing found is “not shown” "
            "only where all that would have shown it was looked at",
        )


def _size(kind: str, size: float) -> str:
    if kind == "ratio":
        return f"a ratio of {number_text(1 / size, 'ratio')} or {number_text(size, 'ratio')}"
    return f"a difference of {number_text(size, 'difference of proportions')}"


def _said(question: Question, method: Method | None) -> Iterable[tuple[Parameter | None, str, Any]]:
    """Every word of the question once, to the reader or to the method: its declaration if known, name, value."""
    declared = {parameter.name: parameter for parameter in method.parameters} if method else {}
    for table in method.reads if method else ():
        declared |= {parameter.name: parameter for parameter in parameters(reader_of(table))}
    words: dict[str, Any] = {}
    for said in (*question.as_json()["mapping"].values(), question.parameters):
        words |= said
    for name, value in words.items():
        yield declared.get(name), name, value


def _words(question: Question, method: Method | None, *, default: bool) -> Iterable[tuple[str, str, str]]:
    """What the question says, or what it leaves as it is by default: name, value, meaning."""
    for declared, name, value in _said(question, method):
        if default == (declared is not None and not declared.required and value == declared.default):
            yield name, value_text(value), declared.meaning if declared else ""


def _limits(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Each limit once; what holds for a single observation stands beside it."""
    found: dict[str, None] = {}
    for one in entries:
        own = (one.observation["forgeable"], one.observation["benign"]) if one.observation else ()
        found.update(dict.fromkeys(limit for limit in one.limits if limit not in own))
    return tuple(found)
