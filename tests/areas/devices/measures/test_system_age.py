"""devices.system_age: counted up to the acquisition, by calendar months, and never by the clock."""

import datetime
import itertools

import pytest

from answerable.areas.devices.measures import system_age as rules
from answerable.errors import NotIdentified, ParameterError


@pytest.fixture
def answered(ask, artefact_row, at):
    """The answer on one phone."""

    def asked(acquired="2025-10-20T09:30", patch=None, version="11", platform="android", **given):
        phone = artefact_row(
            "x", platform=platform, version=version, acquired=None if acquired is None else at(acquired)
        )
        rows = [] if patch is None else [{"name": "ro.build.version.security_patch", "value": patch}]
        return ask("devices.system_age", {"artefacts": [phone], "properties": rows}, **given)

    return asked


@pytest.fixture
def aged(answered):
    """Statements on one phone."""
    return lambda *told, **given: [one.what for one in answered(*told, **given).observations]


@pytest.mark.parametrize(
    ("acquired", "patch", "months", "fires"),
    [
        ("2025-10-05T00:00", "2025-04-05", 6, False),
        ("2025-10-06T00:00", "2025-04-05", 6, True),
        ("2025-10-05T23:59", "2025-04-05", 6, False),
        ("2025-04-06T00:00", "2025-04-05", 6, False),
        ("2024-03-01T00:00", "2023-08-31", 6, True),  # the last of February stands for the 31st
        ("2024-02-29T00:00", "2023-08-31", 6, False),
        ("2025-10-06T00:00", "2025-04-05", 7, False),
        ("2026-04-06T00:00", "2025-04-05", 12, True),
        ("2025-10-06T00:00", "2025-12-05", 6, False),
    ],
)
def test_android_on_both_sides(aged, acquired, patch, months, fires):
    said = aged(acquired, patch, months=months)
    day = acquired[:10]
    assert said == (
        [f"The security patches of the system are of {patch}: more than {months} months before {day}."] if fires else []
    )


def test_that_planted_is_found_on_the_day_that_is_said(real, truth):
    assert "security patch level older than 6 months" in truth("androidqf_synthetic")["heuristics"]
    (one,) = real("devices.system_age", "androidqf_synthetic", on="2024-01-01").observations
    assert (one.row, one.value, one.strength, one.category) == (
        "ro.build.version.security_patch", "2021-03-05", "strong", "exposure"
    )  # fmt: skip
    assert not real("devices.system_age", "androidqf_synthetic", on="2021-09-05").observations
    assert real("devices.system_age", "androidqf_synthetic", on="2021-09-06").observations


@pytest.mark.parametrize(
    ("version", "acquired", "said"),
    [
        ("15.1", "2022-04-26T00:00", "The phone ran iOS 15.1, released on 2021-10-25"),
        ("15.1", "2022-04-25T00:00", None),
        ("15.1.0", "2022-04-26T00:00", "The phone ran iOS 15.1.0, released on 2021-10-25"),
        ("17.7.2", "2025-05-20T00:00", "iOS 18.5 had been released on 2025-05-12."),
        ("26.2", "2026-11-20T00:00", None),  # nothing newer is known to the list
    ],
)
def test_ios_on_both_sides(aged, version, acquired, said):
    found = aged(acquired, version=version, platform="ios")
    assert len(found) == bool(said)
    assert not said or said in found[0]


def test_a_version_that_came_after_the_list_is_younger_than_its_end(answered):
    end = datetime.date.fromisoformat(rules.told("ios_versions")["as_of"])
    for months, told in ((5, True), (7, False)):
        acquired = end + datetime.timedelta(days=30 * months)
        answer = answered(acquired.isoformat(), version="99.9", platform="ios")
        assert not answer.observations
        assert answer.coverage.complete == told


def test_only_versions_that_were_out_by_then_are_named(aged):
    (said,) = aged("2022-04-26T00:00", version="15.1", platform="ios")
    assert said.endswith("iOS 15.4.1 had been released on 2022-03-31.")


def test_the_day_that_is_given_goes_before_that_of_the_acquisition(aged):
    assert not aged("2030-01-01T00:00", "2025-04-05", on="2025-05-01")


@pytest.mark.parametrize(
    "told",
    [
        {"acquired": None, "patch": "2021-03-05"},
        {"patch": None},
        {"patch": "last spring"},
        {"patch": "2021-02-31"},
        {"platform": "ios", "version": ""},
        {"platform": "ios", "version": "99.9", "acquired": "2099-01-01T00:00"},
        {"platform": "ios", "version": "15.0.3"},
        {"platform": "ios", "version": "17.x"},
    ],
)
def test_what_cannot_be_told_is_said_to_be_so(answered, told):
    from answerable.core.finding import Question
    from answerable.core.judge import Answered, judge

    answer = answered(**told)
    (finding,) = judge([Answered(Question(method="devices.system_age"), answer, ("iccpr-17",))])
    assert finding.verdict == "cannot tell"
    assert answer.coverage.missing.keys() == {"phone"}


def test_without_a_phone_there_is_no_answer(ask):
    with pytest.raises(NotIdentified, match="an acquisition"):
        ask("devices.system_age", {"artefacts": []})


def test_of_several_phones_those_that_cannot_be_told_are_a_gap(ask, artefact_row):
    phones = [
        artefact_row("x", device="old", version="15.1"),
        artefact_row("x", device="unknown", version="15.1", acquired=None),
    ]
    answer = ask("devices.system_age", {"artefacts": phones})
    assert len(answer.observations) == 1
    assert answer.coverage.missing == {"unknown": "the acquisition does not say when it was made"}
    assert not answer.coverage.complete


def test_words_are_checked(aged):
    for given in ({"on": "yesterday"}, {"on": "2025-13-01"}, {"months": 0}):
        with pytest.raises(ParameterError):
            aged(patch="2021-03-05", **given)


def test_the_clock_is_never_read(aged, monkeypatch):
    class Never(datetime.date):
        @classmethod
        def today(cls):
            raise AssertionError("the clock was read")

    monkeypatch.setattr(rules, "date", Never)
    assert aged(patch="2021-03-05")


def test_the_list_of_ios_is_in_order():
    released = rules.ios_versions()
    assert len(released) > 100
    for _, versions in itertools.groupby(sorted(released), key=lambda version: version[0]):
        days = [released[version] for version in versions]
        assert days == sorted(days)
    assert max(released.values()).isoformat() == rules.told("ios_versions")["as_of"]
    firsts = [released[version] for version in sorted(released) if len(version) == 1]
    assert firsts == sorted(firsts)


@pytest.mark.parametrize(
    ("holds", "last", "fires"),
    [
        ("device_files", "2021-09-06T00:01", True),
        ("device_files", "2021-09-05T00:01", False),
        ("calendar_entries", "2031-01-01T00:00", False),  # entries of a calendar may lie in the future
    ],
)
def test_an_acquisition_without_a_day_was_not_before_the_newest_file(ask, artefact_row, at, holds, last, fires):
    phone = artefact_row(holds, platform="android", version="11", acquired=None, last=at(last))
    rows = [{"name": "ro.build.version.security_patch", "value": "2021-03-05"}]
    answer = ask("devices.system_age", {"artefacts": [phone], "properties": rows})
    assert [last[:10] in one.what for one in answer.observations] == [True] * fires
    assert answer.coverage.complete == fires
