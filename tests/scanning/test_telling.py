"""What a scan says in a few sentences: numbers by class, times, gaps, credit; and never that a phone is infected."""

from types import SimpleNamespace as Given

import pytest

from answerable.areas.devices.measures.common.traces import CLASSES, traces
from answerable.core.estimate import Observation
from answerable.core.finding import Finding, Question
from answerable.scanning.telling import headline

FEEDS = [
    {"name": "Feed one", "credit": "Lab A (CC-BY)"}, {"name": "Feed two", "credit": "Lab A (CC-BY)"},
    {"name": "Feed three", "credit": ""},
]  # fmt: skip


def seen(category, holds="", family="Family", strength="strong", time="", row=1, device="phone"):
    return Observation(
        what="x", exhibit="ab" * 32, table="t", row=row, strength=strength, category=category, time=time,
        matched={"families": [family]} if family else {}, fields={"holds": holds, "device": device},
    )  # fmt: skip


def result(method, *observations):
    question = Question(method=method)
    return Given(
        question=question,
        findings=[
            Finding(id=str(number), question=question, statement="x", verdict="shown", basis="", observation=one)
            for number, one in enumerate(observations)
        ],
    )


def phones(*rows, devices=("phone",)):
    return Given(
        acquisitions=[Given(device=one) for one in devices],
        reads=[Given(coverage=lambda row=row: {"expected": True, "reason": "", **row}) for row in rows],
    )


def test_what_lists_name_is_counted_by_class_with_nouns_and_times():
    found = result(
        "devices.indicators",
        seen("exposure", "visits", time="2024-03-02T10:00:00Z"), seen("exposure", "visits"),
        seen("execution", "usages", "Other", time="2023-01-05T00:00:00Z"), seen("contact attempt", "links"),
    )  # fmt: skip
    first, credit = headline([found], phones(), FEEDS)
    assert first.startswith(
        "Published lists name 1 process that used the network (execution), 2 pages visited (exposure), "
        "1 link received or sent (contact attempt), those with a time from 2023-01-05 to 2024-03-02: "
        "for Family, Other."
    )
    assert first.endswith("Nothing here shows that this phone is infected, or that it is not.")
    assert credit == "Indicators asked: Lab A (CC-BY): Feed one, Feed two; no credit stated: Feed three."


def test_heuristics_and_other_methods_are_told_apart():
    found = result("devices.indicators", seen("execution", "processes", strength="heuristic"))
    others = result("devices.redirects", *(seen("exposure", family="", row=row) for row in range(3)))
    coverage = result("devices.coverage", seen("coverage", family=""))
    (first,) = headline([found, others, coverage], phones(), [])[:1]
    assert "1 more match only the beginning of a name" in first
    assert "General rules noticed 3 things more (exposure 3)" in first


def test_nothing_found_is_never_clean():
    (first, _) = headline([result("devices.indicators")], phones(), FEEDS)
    assert first.startswith("Nothing that could be looked at on this phone is named by the lists that were asked.")
    assert "clean" not in first and "or that it is not" in first
    (alone,) = headline([], phones(devices=("a", "b")), [])
    assert alone.startswith("No list of indicators was given") and "any of these phones" in alone


def test_gaps_are_told_by_their_reason():
    rows = [
        {"meaning": "calls", "state": "not held by this kind", "reason": "only an encrypted backup holds it."},
        {"meaning": "contacts", "state": "absent"}, {"meaning": "calendars", "state": "absent", "expected": False},
        {"meaning": "messages", "state": "unreadable"}, {"meaning": "visits", "state": "partly read"},
        {"meaning": "crashes", "state": "not held by this kind", "reason": "another kind."},
        {"meaning": "apps", "state": "read"}, {"meaning": "contacts", "state": "absent"},
    ]  # fmt: skip
    gaps = headline([], phones(*rows), [])[1]
    assert gaps == (
        "Could not be read: messages. Could be read only in part: visits. "
        "Not there, though such a copy should hold it: contacts. Held by encrypted backups only: calls."
    )


def test_several_phones_are_told_apart():
    found = result("devices.indicators", *(seen("execution", "processes", device="anna", row=row) for row in range(2)))
    both = phones({"meaning": "contacts", "state": "absent", "device": "berta"}, devices=("anna", "berta"))
    first, gaps, _ = headline([found], both, FEEDS)
    assert "By phone: anna 2, berta 0." in first and "any of these phones" in first
    assert gaps == "Not there, though such a copy should hold it: contacts (berta)."


@pytest.mark.parametrize("name", traces())
def test_every_trace_has_words_for_one_and_for_several(name):
    trace = traces()[name]
    one, several = trace.nouns
    assert one and several and one != several
    assert trace.category in CLASSES and "{shown}" in trace.saying
    assert all("{shown}" in saying for saying in trace.sayings.values())
