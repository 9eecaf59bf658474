"""The judge: verdicts from intervals adjusted over the family, the same for every method."""

import math
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.core.curve import critical_value, ladder
from answerable.core.estimate import Answer, Coverage, Estimate, Observation
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge, rules
from answerable.errors import ParameterError


def difference(value, error, *, n=1000, null=0.0, of="a", **others):
    """A difference with a normal confidence curve."""
    curve = tuple(
        (level, value - critical_value(level) * error, value + critical_value(level) * error) for level in ladder()
    )
    fields = {
        "name": "rate_difference",
        "label": "rate",
        "unit": "difference of proportions",
        "events": n // 2,
        **others,
    }
    return Estimate(
        of={"kind": of}, against={"kind": "r"}, value=value, null=null, n=n, counts=(n, n // 2), curve=curve, **fields
    )


def ratio(value, error, **others):
    """A ratio with a confidence curve that is normal on the scale of logarithms."""
    steps = [(level, critical_value(level) * error) for level in ladder()]
    curve = tuple((level, value * math.exp(-step), value * math.exp(step)) for level, step in steps)
    made = difference(0.5, 0.1)
    return Estimate(
        name="rate_ratio", label="rate", unit="ratio", of=made.of, against=made.against, value=value, null=1.0,
        n=1000, events=500, counts=(1000, 500), curve=curve, **others,
    )  # fmt: skip


def verdicts(estimates, **question):
    return [
        f.verdict for f in judge([Answered(Question(method="test.it", **question), Answer(estimates=tuple(estimates)))])
    ]


def test_the_p_value_agrees_with_the_curve():
    one = difference(0.1, 0.05)
    assert one.p == pytest.approx(2 * (1 - NormalDist().cdf(2)), rel=0.02)


def test_shown_beyond_no_difference():
    assert verdicts([difference(0.1, 0.02)]) == ["shown"]
    assert verdicts([difference(-0.1, 0.02)]) == ["shown"]


def test_cannot_tell_is_not_absence():
    """An interval on both sides of no difference, wider than the margin, says nothing either way."""
    assert verdicts([ratio(1.1, 0.3)]) == ["cannot tell"]


def test_not_shown_needs_the_interval_wholly_inside_the_margin():
    assert verdicts([ratio(1.02, 0.03)]) == ["not shown"]
    assert verdicts([ratio(1.02, 0.03)], margin={"ratio": 1.05}) == ["cannot tell"]
    assert verdicts([difference(0.001, 0.001)]) == ["cannot tell"], "differences have no margin unless one is declared"
    assert verdicts([difference(0.001, 0.001)], margin={"difference": 0.02}) == ["not shown"]


def test_indicated_when_it_does_not_stand_among_many():
    borderline = [difference(0.1, 0.04, of=f"g{place}") for place in range(1)]
    noise = [difference(0.001, 0.04, of=f"n{place}") for place in range(20)]
    assert verdicts(borderline) == ["shown"]
    assert verdicts(borderline + noise)[0] == "indicated"
    assert verdicts(borderline + noise, correction="none")[0] == "shown"


def test_the_declared_threshold_moves_the_bar():
    assert verdicts([ratio(1.5, 0.05)], threshold={"ratio": 1.25}) == ["shown"]
    assert verdicts([ratio(1.3, 0.05)], threshold={"ratio": 1.25}) == ["cannot tell"]
    assert verdicts([ratio(1 / 1.5, 0.05)], threshold={"ratio": 1.25}) == ["shown"], "the other way round too"
    assert verdicts([difference(0.10, 0.02)], threshold={"difference": 0.05}) == ["shown"]
    assert verdicts([difference(0.06, 0.02)], threshold={"difference": 0.05}) == ["cannot tell"]


def test_too_few_are_cannot_tell_however_sure():
    assert verdicts([difference(0.5, 0.01, n=9)]) == ["cannot tell"]
    assert verdicts([difference(0.5, 0.01, n=9)], smallest=5) == ["shown"]
    assert verdicts([difference(0.5, 0.01, n=500, units=4)]) == ["cannot tell"], "500 decisions on 4 people"


def test_without_value_or_interval_it_cannot_tell_and_says_why():
    nothing = Estimate(
        name="rate", label="rate", of={"kind": "a"}, unit="proportion", n=0, events=0, reason="There is nobody."
    )
    unsure = Estimate(
        name="rate",
        label="rate",
        of={},
        unit="proportion",
        n=9,
        events=3,
        value=1 / 3,
        reason="Say who is independent.",
    )
    findings = judge([Answered(Question(method="test.it"), Answer(estimates=(nothing, unsure)))])
    assert [finding.verdict for finding in findings] == ["cannot tell"] * 2
    assert findings[0].basis == "There is nobody."
    assert "cannot be told" in findings[0].statement
    assert "33.33 %" in findings[1].statement
    assert "no interval" in findings[1].statement


def test_a_family_is_corrected_together_and_questions_keep_their_findings():
    first, second = (Question(method="test.it", parameters={"n": n}, family="f") for n in (1, 2))
    borderline = Answer(estimates=(difference(0.1, 0.048),))
    alone = judge([Answered(first, borderline)])
    together = judge(
        [Answered(first, borderline), Answered(second, Answer(estimates=(difference(0.0, 0.04, of="b"),)))]
    )
    assert alone[0].verdict == "shown"
    assert together[0].verdict == "indicated"
    assert together[0].family_size == 2
    assert [finding.question for finding in together] == [first, second]


@given(
    st.lists(st.tuples(st.floats(-0.3, 0.3), st.floats(0.005, 0.1)), min_size=1, max_size=12),
    st.sampled_from(["holm", "benjamini-hochberg", "benjamini-yekutieli", "none"]),
)
def test_the_adjusted_interval_and_the_adjusted_p_value_say_the_same(pairs, correction):
    estimates = [difference(value, error, of=str(place)) for place, (value, error) in enumerate(pairs)]
    question = Question(method="test.it", correction=correction)
    for finding in judge([Answered(question, Answer(estimates=tuple(estimates)))]):
        assert finding.adjusted is not None
        assert finding.adjusted_p is not None
        _, low, high = finding.adjusted
        excluded = (low is not None and low > 0) or (high is not None and high < 0)
        if abs(finding.adjusted_p - 0.05) > 1e-6:
            assert excluded == (finding.adjusted_p < 0.05)
        assert (finding.verdict == "shown") == excluded


@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=8), st.randoms())
def test_the_order_of_a_family_changes_no_verdict(values, random):
    estimates = [ratio(value, 0.1) for value in values]
    order = list(range(len(values)))
    random.shuffle(order)
    straight = verdicts(estimates)
    assert [straight[place] for place in order] == verdicts([estimates[place] for place in order])


def observation(strength):
    return Observation(
        what="A host of the list was visited.", exhibit="0" * 64, table="visits", row=7, strength=strength
    )


@pytest.mark.parametrize(("strength", "verdict"), [("strong", "shown"), ("heuristic", "indicated")])
def test_observations(strength, verdict):
    answer = Answer(observations=(observation(strength),), looked_for="visits to hosts of the list")
    assert [finding.verdict for finding in judge([Answered(Question(method="test.it"), answer)])] == [verdict]


@pytest.mark.parametrize(("complete", "verdict"), [(True, "not shown"), (False, "cannot tell")])
def test_nothing_found_depends_on_what_was_there_to_be_looked_at(complete, verdict):
    coverage = Coverage(
        looked_at={"visits": 100}, missing={} if complete else {"history": "deleted"}, complete=complete
    )
    answer = Answer(coverage=coverage, looked_for="visits to hosts of the list")
    finding = judge([Answered(Question(method="test.it"), answer)])[0]
    assert finding.verdict == verdict
    assert ("deleted" in finding.basis) == (not complete)


def test_findings_keep_their_id_and_questions_differ_by_what_they_ask():
    answer = Answer(estimates=(difference(0.1, 0.02),))
    ids = [judge([Answered(Question(method="test.it", asked=asked), answer)])[0].id for asked in ("before", "after")]
    assert ids[0] == ids[1], "when it was asked is not what was asked"
    other = judge([Answered(Question(method="test.it", parameters={"x": 1}), answer)])[0].id
    assert other != ids[0]


def test_no_number_is_ever_not_a_number():
    with pytest.raises(ValueError, match="not a number"):
        difference(math.nan, 0.1)
    with pytest.raises(ValueError, match="no reason"):
        Estimate(name="rate", label="rate", of={}, unit="proportion", n=1, events=1)
    with pytest.raises(ValueError, match="no interval and no reason"):
        Estimate(name="rate", label="rate", of={}, unit="proportion", n=1, events=1, value=1.0)


@pytest.mark.parametrize("sizes", [{"ratio": 0.8}, {"difference": 0.0}, {"odds": 2.0}])
def test_rules_are_checked(sizes):
    with pytest.raises(ParameterError, match="threshold"):
        rules(threshold=sizes)
