"""Power as it is asked: the sentences, the marks, what is refused; the numbers are tested where they are computed."""

import pytest

import answerable
from answerable.areas.decisions.measures.power import power
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.sample_size import Comparison, cases_needed


def ask(**words):
    return {(one.name, *dict(one.of).values()): one for one in power(**words).estimates}


def test_cases_needed_in_all_and_in_each_group():
    found = ask(rate=0.10, other_rate=0.15, group_share=0.2)
    assert found["cases_needed",].value == cases_needed(Comparison(0.1, 0.15, share=0.2), 0.8)
    other, reference = found["cases_needed", "of the other group"], found["cases_needed", "of the reference group"]
    assert other.value + reference.value == found["cases_needed",].value
    assert other.value == pytest.approx(reference.value / 4, rel=0.01)
    assert all(one.calculated for one in found.values())


def test_what_a_number_of_cases_can_show():
    found = ask(rate=0.10, cases=500)
    assert found["detectable_rate_above", "of the other group"].value > 0.15
    assert found["detectable_rate_below", "of the other group"].value < 0.05
    few = ask(rate=0.10, cases=60)["detectable_rate_below", "of the other group"]
    assert few.value is None and "Not even 0 %" in few.reason
    assert ask(rate=0.10, other_rate=0.15, cases=1366)["power",].value == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ({"comparisons": 20}, 1.9),
        ({"level": 0.99}, 1.4),
        ({"power": 0.95}, 1.5),
        ({"per_person": 4, "alike": 0.5}, 2.4),
        ({"counted": 0.25}, 3.9),
        ({"threshold": {"ratio": 1.25}}, 4.0),
    ],
    ids=str,
)
def test_what_asks_for_more_cases(words, more):
    plain, asked = (ask(rate=0.10, other_rate=0.15, **extra)["cases_needed",].value for extra in ({}, words))
    assert asked > more * plain


def test_people_are_told_apart_from_decisions():
    answer = power(rate=0.2, other_rate=0.3, per_person=3, alike=0.3)
    found = {one.name: one.value for one in answer.estimates if not one.of}
    assert found["people_needed"] == -(-found["cases_needed"] // 3)
    assert any("1.6 of them tell as much as one" in limit for limit in answer.limits)


def test_curves_along_the_number_of_cases():
    series = {one.name: one for one in power(rate=0.10, other_rate=0.15, cases=1000).series}
    assert set(series) == {"power_by_cases", "detectable_rate_above", "detectable_rate_below"}
    chances = [point.value for point in series["power_by_cases"].points]
    assert chances == sorted(chances)
    above = [point.value for point in series["detectable_rate_above"].points if point.value is not None]
    assert above == sorted(above, reverse=True)
    assert series["power_by_cases"].marks == {"cases needed": 1366.0, "cases there are": 1000.0}


def test_pairs_and_one_rate():
    pairs = ask(rate=0.3, other_rate=0.4, design="pairs")["pairs_needed",].value
    alike = ask(rate=0.3, other_rate=0.4, design="pairs", discordant=0.15, cases=100)
    assert alike["pairs_needed",].value < pairs / 2
    assert 0.3 < alike["power",].value < 0.8
    one = ask(rate=0.1, design="one rate", half_width=0.03, cases=388)
    assert one["cases_needed",].value == 388
    assert one["half_width",].value == pytest.approx(0.03, abs=1e-4)
    assert ask(rate=0.1, design="one rate", half_width=0.03, counted=0.5)["cases_needed",].value == 776


BAD = {
    "neither": ({"rate": 0.1}, ParameterError, "--other-rate.*--cases"),
    "percent": ({"rate": 10, "other_rate": 15}, ParameterError, "rate takes a number from 0 to 1; not 10"),
    "other": ({"rate": 0.1, "other_rate": 1.5}, ParameterError, "other_rate takes"),
    "power": ({"rate": 0.1, "other_rate": 0.2, "power": 1.0}, ParameterError, "power takes a number between 0 and 1"),
    "share": ({"rate": 0.1, "other_rate": 0.2, "group_share": 0}, ParameterError, "group_share takes"),
    "counted": ({"rate": 0.1, "other_rate": 0.2, "counted": 0}, ParameterError, "counted takes a share above 0"),
    "alike": ({"rate": 0.1, "other_rate": 0.2, "alike": 2}, ParameterError, "alike takes"),
    "per person": ({"rate": 0.1, "other_rate": 0.2, "per_person": 0.5}, ParameterError, "per_person takes"),
    "comparisons": ({"rate": 0.1, "other_rate": 0.2, "comparisons": 0}, ParameterError, "comparisons takes"),
    "cases": ({"rate": 0.1, "cases": 1}, ParameterError, "cases one from 2"),
    "two thresholds": (
        {"rate": 0.1, "other_rate": 0.2, "threshold": {"ratio": 1.25, "difference": 0.1}}, ParameterError, "one kind",
    ),
    "no gap": ({"rate": 0.1, "other_rate": 0.1}, NotIdentified, "a larger gap"),
    "within": ({"rate": 0.5, "other_rate": 0.6, "threshold": {"ratio": 1.25}}, NotIdentified, "beyond the threshold"),
    "pairs of one": ({"rate": 0.1, "design": "pairs"}, ParameterError, "Pairs need both"),
    "impossible pairs": (
        {"rate": 0.1, "other_rate": 0.5, "design": "pairs", "discordant": 0.2}, ParameterError, "from 0.4 to 0.6",
    ),
    "pairs alike": (
        {"rate": 0.1, "other_rate": 0.5, "design": "pairs", "per_person": 2, "alike": 0.5}, ParameterError, "away",
    ),
    "same pairs": ({"rate": 0.1, "other_rate": 0.1, "design": "pairs"}, NotIdentified, "the same"),
    "no width": ({"rate": 0.1, "design": "one rate"}, ParameterError, "--half-width"),
    "width": ({"rate": 0.1, "design": "one rate", "half_width": 3}, ParameterError, "half_width takes"),
    "level": ({"rate": 0.1, "cases": 100, "level": 2}, ParameterError, "level takes"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "kind", "match"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_what_to_do(words, kind, match):
    with pytest.raises(kind, match=match):
        power(**words)


def test_asked_without_a_file():
    result = answerable.ask("decisions.power", rate="0.10", other_rate="0.15", threshold="ratio=1.25", comparisons="3")
    said = [finding.statement for finding in result.findings]
    assert "of everybody is" in said[0]
    assert "calculated from what was assumed" in said[0]
    assert result.findings[0].question.threshold == {"ratio": 1.25}
    with pytest.raises(ParameterError, match="calculated from its words"):
        answerable.ask("decisions.power", "some.csv", rate=0.1, cases=100)
