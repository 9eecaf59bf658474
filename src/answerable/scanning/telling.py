"""What a scan found, in a few sentences for people: what lists name, what else was noticed, what was not looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.traces import CLASSES, traces
from answerable.core.words import count_text

if TYPE_CHECKING:
    from answerable.areas.devices.extraction.phone import Phones
    from answerable.core.estimate import Observation
    from answerable.core.result import Result

INDICATORS = "devices.indicators"
KINDS = CLASSES[:-1]
"""Classes of traces, without facts about the acquisition."""
NEITHER = "Nothing here shows that {phone} is infected, or that it is not."
_ENCRYPTED = "encrypted"
_GAPS = {
    "unreadable": "Could not be read",
    "partly read": "Could be read only in part",
    "absent": "Not there, though such a copy should hold it",
    _ENCRYPTED: "Held by encrypted backups only",
}


def headline(results: Sequence[Result], phones: Phones, feeds: Sequence[Mapping[str, str]]) -> list[str]:
    """Paragraphs that say what was found, by class with counts and times; what was not looked at; whom to credit.

    Args:
        results: of every question.
        phones: what was read.
        feeds: name, date, credit of each feed of indicators.
    """
    several = len({one.device for one in phones.acquisitions}) > 1
    phone = "any of these phones" if several else "this phone"
    listed = list(_traces(one for one in results if one.question.method == INDICATORS))
    others = list(_traces(one for one in results if one.question.method != INDICATORS))
    strict = [one for one in listed if one.strength == "strong"]
    told = [_listed(strict, phone, bool(feeds)), *(_by_phone(strict, phones) if several else [])]
    if weak := [one for one in listed if one.strength != "strong"]:
        more = count_text(len(weak), "more match", "more matches")
        told.append(f"{more} only the beginning of a name, or a file named as a process: {_counted(weak)}.")
    if others:
        told.append(
            f"General rules noticed {count_text(len(others), 'thing')} more ({_by_class(others)}); phones without "
            "spyware have such things too."
        )
    paragraphs = [" ".join([*told, NEITHER.format(phone=phone)])]
    if gaps := gap_lines(phones):
        paragraphs.append(" ".join(gaps))
    if credit := credits(feeds):
        paragraphs.append(credit)
    return paragraphs


def _traces(results: Iterable[Result]) -> Iterator[Observation]:
    for result in results:
        for finding in result.findings:
            if finding.observation is not None and finding.observation.category in KINDS:
                yield finding.observation


def _listed(found: Sequence[Observation], phone: str, asked: bool) -> str:
    if not asked:
        return "No list of indicators was given: whether any names what is on the phone was not asked."
    if not found:
        return f"Nothing that could be looked at on {phone} is named by the lists that were asked."
    families = sorted({family for one in found for family in one.matched.get("families", ())})
    more = f" and {len(families) - 5} more" if len(families) > 5 else ""
    return f"Published lists name {_counted(found)}{_span(found)}: for {', '.join(families[:5])}{more}."


def _by_phone(found: Sequence[Observation], phones: Phones) -> Iterator[str]:
    """How many traces lists name on each phone, those without any too."""
    counts = Counter(str(one.fields.get("device", "")) for one in found)
    names = dict.fromkeys(one.device for one in phones.acquisitions)
    if found:
        yield f"By phone: {', '.join(f'{name} {counts[name]:,}' for name in names)}."


def _counted(found: Sequence[Observation]) -> str:
    """What was found by class, with nouns: "3 processes (execution), 11 pages visited (exposure)"."""
    parts = []
    for category in KINDS:
        nouns = Counter(_nouns(one) for one in found if one.category == category)
        said = [f"{count:,} {many if count > 1 else one}" for (one, many), count in sorted(nouns.items(), key=_most)]
        if said:
            parts.append(f"{_and(said)} ({category})")
    return ", ".join(parts)


def _nouns(one: Observation) -> tuple[str, str]:
    trace = traces().get(str(one.fields.get("holds", "")))
    return trace.nouns if trace is not None else ("thing", "things")


def _most(item: tuple[tuple[str, str], int]) -> tuple[int, str]:
    return -item[1], item[0][0]


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _by_class(found: Sequence[Observation]) -> str:
    counts = Counter(one.category for one in found)
    return ", ".join(f"{name} {counts[name]:,}" for name in KINDS if counts[name])


def _span(found: Sequence[Observation]) -> str:
    days = sorted({one.time[:10] for one in found if one.time})
    if not days:
        return ", without times"
    those = "" if all(one.time for one in found) else "those with a time "
    return f", {those}on {days[0]}" if len(days) == 1 else f", {those}from {days[0]} to {days[-1]}"


def gap_lines(phones: Phones) -> list[str]:
    """What could not be looked at: a sentence for each reason, with the kinds of artefact."""
    gaps: dict[str, list[str]] = {}
    several = len({one.device for one in phones.acquisitions}) > 1
    for read in phones.reads:
        row = read.coverage()
        if reason := _gap(row):
            gaps.setdefault(reason, []).append(row["meaning"] + (f" ({row['device']})" if several else ""))
    told = {text: list(dict.fromkeys(gaps.get(reason, []))) for reason, text in _GAPS.items()}
    return [f"{text}: {'; '.join(names)}." for text, names in told.items() if names]


def _gap(row: Mapping[str, Any]) -> str:
    if row["state"] in ("unreadable", "partly read") or (row["state"] == "absent" and row["expected"]):
        return str(row["state"])
    return _ENCRYPTED if row["state"] == "not held by this kind" and _ENCRYPTED in row["reason"] else ""


def credits(feeds: Sequence[Mapping[str, str]]) -> str:
    """A sentence that credits who made the feeds, under their licences; "" without feeds."""
    if not feeds:
        return ""
    made: dict[str, list[str]] = {}
    for feed in feeds:
        made.setdefault(feed["credit"] or "no credit stated", []).append(feed["name"])
    told = "; ".join(f"{credit}: {', '.join(names)}" for credit, names in made.items())
    return f"Indicators asked: {told}."
