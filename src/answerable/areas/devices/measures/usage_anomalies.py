"""devices.usage_anomalies: what the counts of network usage hold that an untouched database would not."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.rules import Rule, answer_of, beyond, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS, observed, rows_of
from answerable.areas.devices.tables import ARTEFACTS, DEVICE_FILES, PROCESSES, USAGES
from answerable.core.engine import collect
from answerable.core.method import method
from answerable.core.words import count_text

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer, Observation

_FILE = ("device", "exhibit", "artefact")
_PROCESS_TABLE = "ZPROCESS"
"""Core Data's table of processes, whose primary keys are given out in order; numbers of running processes are not."""
_LISTS = "data_usage_processes"
_MOST_ROWS = 100_000
_LISTED = 50
"""Rows or numbers that a sentence lists."""
_WITHOUT_FILE = ("kernel_task",)


@method(
    "devices.usage_anomalies",
    reads=[USAGES, PROCESSES, ARTEFACTS, DEVICE_FILES],
    source="Amnesty International Security Lab 2021, Forensic Methodology Report",
    rights=RIGHTS,
)
def usage_anomalies(
    usages: ir.Table,
    processes: ir.Table,
    artefacts: ir.Table,
    device_files: ir.Table | None = None,
    *,
    most: int = 1000,
) -> Answer:
    """Counts of network usage without a process, numbers missing from the list of processes, programs without a file.

    Spyware has removed its name from the list of processes that used the network, and left their counts behind. One
    finding is made for each process that is missing, with all rows that name it, and one for all other numbers that the
    list of one database skips: those occur in ordinary use.

    Args:
        usages: what processes sent and received.
        processes: the processes that the same database lists.
        artefacts: what was there to be looked at.
        device_files: files of the phone; only where a dump holds the system's own programs are programs missed.
        most: processes named of each kind; what is beyond is counted in the last finding.

    Raises:
        Nothing: without rows there is nothing to find, and coverage says so.

    Source:
        Amnesty International Security Lab, Forensic Methodology Report: How to catch NSO Group's Pegasus, 2021,
        for names removed from ZPROCESS with their ZLIVEUSAGE left.
    """
    rules = told("usage_anomalies")["rules"]
    named = processes.filter(processes.table == _PROCESS_TABLE)
    groups = _unnamed(usages)
    listed = _listed(named, groups)
    observations = [
        _counts(group, rules, listed, further=len(groups) - most if place == most else 0)
        for place, group in enumerate(groups[:most], start=1)
    ]
    observations += list(_gaps(named, groups, rules["numbers_skipped"]))
    if device_files is not None:
        observations += found(_fileless(named, device_files), rules["program_missing"], by=["process"], most=most)
    # Other artefacts list processes too, without numbers that could be missing.
    mine = artefacts.filter((artefacts.holds == USAGES.name) | (artefacts.source == _LISTS))
    return answer_of(
        observations,
        mine,
        [USAGES.name, PROCESSES.name],
        "counts without a process, and numbers missing from the list of processes",
        "A missing row does not say who removed it, or whether anybody did.",
    )


def _unnamed(usages: ir.Table) -> list[list[dict[str, Any]]]:
    """Counts without the name of a process: for each process of each database its rows."""
    nameless = usages.filter(usages.process.fill_null("") == "")
    columns = [*_FILE, "source", "table", "process_row", "row", "time"]
    rows = collect(nameless.select(*columns).distinct().order_by(columns).limit(_MOST_ROWS))
    ordered = sorted(rows_of(rows), key=lambda row: (*_of(row), _number(row["row"]), str(row)))
    return [list(group) for _, group in itertools.groupby(ordered, key=_of)]


def _of(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*(row[name] or "" for name in _FILE), _number(row["process_row"]))


def _number(text: str | None) -> tuple[int, str]:
    """A key that orders numbers as numbers."""
    return (int(text), "") if text and text.isdecimal() and len(text) < 19 else (-1, text or "")


def _listed(processes: ir.Table, groups: Sequence[Sequence[Mapping[str, Any]]]) -> set[tuple[Any, ...]]:
    """Which of the processes that counts name have a row in the list of their database."""
    numbers = sorted({group[0]["process_row"] for group in groups if group[0]["process_row"]})
    if not numbers:
        return set()
    there = processes.filter(processes.row.isin(numbers)).select(*_FILE, process_row="row").distinct()
    return {_of(row) for row in rows_of(collect(there))}


def _counts(
    group: Sequence[Mapping[str, Any]], rules: Mapping[str, Rule], listed: Collection[Any], further: int
) -> Observation:
    row = group[0]
    rule = rules["process_unnamed" if _of(row) in listed else "process_missing"]
    if not row["process_row"]:
        rule = rules["no_process"]
    rows = list(dict.fromkeys(one["row"] or "" for one in group))
    times = [one["time"] for one in group if one["time"] is not None]
    words = {"rows": count_text(len(rows), "count"), "name": "names" if len(rows) == 1 else "name"}
    return observed(
        {**row, "time": min(times, default=None)},
        what=rule.saying.format(**words, process_row=row["process_row"], listed=_list(rows)) + beyond(further),
        category=rule.category,
        field=rule.field,
        value=row["process_row"] or "",
        strength=rule.strength,
        forgeable=rule.forgeable,
        benign=rule.benign,
        fields={"rule": rule.name, "rows": len(rows), "listed_rows": rows[:_LISTED]},
    )


def _list(parts: Sequence[str]) -> str:
    return ", ".join(parts[:_LISTED]) + (", ..." if len(parts) > _LISTED else "")


def _gaps(processes: ir.Table, groups: Sequence[Sequence[Mapping[str, Any]]], rule: Rule) -> Iterator[Observation]:
    """For each database the numbers that its list of processes skips, save those that counts still name."""
    import ibis

    known, place = {_of(group[0]) for group in groups}, [*_FILE, "source", "table"]
    numbered = processes.mutate(number=processes.row.try_cast("int64"))
    # Keys count from 1; hostile ones would overflow the differences.
    sensible = numbered.filter((numbered.number > 0) & (numbered.number < 1 << 53))
    distinct = sensible.select(*place, "number").distinct()
    within = ibis.window(group_by=place, order_by="number")
    after = distinct.mutate(before=distinct.number.lag().over(within))
    gaps = after.filter(after.number - after.before > 1).order_by([*place, "number"]).limit(_MOST_ROWS)
    ends = distinct.group_by(place).agg(first=distinct.number.min(), last=distinct.number.max())
    rows = list(rows_of(collect(gaps.join(ends, place))))
    ordered = sorted(rows, key=lambda row: (*_of({**row, "process_row": ""}), row["number"]))
    for _, group in itertools.groupby(ordered, key=lambda row: _of({**row, "process_row": ""})):
        yield from _skipped(list(group), known, rule)


def _skipped(gaps: Sequence[Mapping[str, Any]], known: Collection[Any], rule: Rule) -> Iterator[Observation]:
    row = gaps[0]
    file = _of({**row, "process_row": ""})[:-1]
    named = {one[-1][0] for one in known if one[:-1] == file}
    runs = [run for gap in gaps for run in _without(gap["before"] + 1, gap["number"] - 1, named)]
    count = sum(last - first + 1 for first, last in runs)
    if not count:
        return
    texts = [str(first) if first == last else f"{first} to {last}" for first, last in runs]
    words = {"skipped": count_text(count, "number"), "first": row["first"], "last": row["last"]}
    yield observed(
        {**row, "row": "", "time": None},
        what=rule.saying.format(**words, listed=_list(texts)),
        category=rule.category,
        field=rule.field,
        value=_list(texts),
        strength=rule.strength,
        forgeable=rule.forgeable,
        benign=rule.benign,
        fields={"rule": rule.name, "rows": count},
    )


def _without(first: int, last: int, taken: Collection[int]) -> Iterator[tuple[int, int]]:
    """The runs of whole numbers from first to last that are not taken."""
    for number in sorted(one for one in taken if first <= one <= last):
        if number > first:
            yield first, number - 1
        first = number + 1
    if first <= last:
        yield first, last


def _fileless(processes: ir.Table, files: ir.Table) -> ir.Table:
    """Processes without an app whose name no file bears, of phones whose own programs the acquisition holds."""
    system = files.filter(files.path.re_search(r"^/(usr/libexec|System/Library)/")).select("device").distinct()
    names = files.select("device", process=files.path.re_extract(r"([^/]+)$", 1)).distinct()
    alone = processes.filter(
        processes.app.fill_null("") == "",
        processes.process.fill_null("") != "",
        processes.process.notin(_WITHOUT_FILE),
    )
    return alone.semi_join(system, "device").anti_join(names, ["device", "process"])
