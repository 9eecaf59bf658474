"""Adjusted p-values against statsmodels, and the levels that agree with them."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from answerable.core.multiplicity import HOW, adjust, levels

NAMES = {"holm": "holm", "benjamini-hochberg": "fdr_bh", "benjamini-yekutieli": "fdr_by"}
p_lists = st.lists(st.one_of(st.floats(0, 1), st.floats(0, 0.01), st.sampled_from([0.0, 0.01, 0.05, 1.0])), min_size=1)


@pytest.mark.parametrize("how", NAMES)
@given(p_values=p_lists)
def test_adjusted_p_values_are_those_of_statsmodels(how, p_values):
    assert adjust(p_values, how) == pytest.approx(multipletests(p_values, method=NAMES[how])[1], abs=1e-12)


@pytest.mark.parametrize("how", HOW)
@given(p_values=p_lists, alpha=st.sampled_from([0.01, 0.05, 0.1, 0.2]))
def test_reading_at_the_level_agrees_with_the_adjusted_p_value(how, p_values, alpha):
    adjusted = adjust(p_values, how)
    assume(all(abs(one - alpha) > 1e-9 for one in adjusted))
    for p, level, one in zip(p_values, levels(p_values, how, alpha), adjusted, strict=True):
        assert (p < 1 - level) == (one < alpha)


def test_by_hand():
    p_values = [0.04, 0.001, 0.03, 0.5]
    assert adjust(p_values, "holm") == pytest.approx([0.09, 0.004, 0.09, 0.5])
    assert adjust(p_values, "benjamini-hochberg") == pytest.approx([0.16 / 3, 0.004, 0.16 / 3, 0.5])
    # One is rejected: it is read at 1 - alpha / 4, the others at the threshold that failed, 1 - alpha / 3.
    assert levels(p_values, "holm", 0.05) == pytest.approx([1 - 0.05 / 3, 1 - 0.05 / 4, 1 - 0.05 / 3, 1 - 0.05 / 3])
    # With one selected of four, the false coverage rate asks for 1 - alpha / 4; the next threshold is 2 alpha / 4.
    assert levels(p_values, "benjamini-hochberg", 0.05) == pytest.approx([0.975, 0.9875, 0.975, 0.975])
    assert adjust(p_values, "none") == p_values
    assert levels(p_values, "none", 0.05) == pytest.approx([0.95] * 4)


def test_an_empty_family():
    assert adjust([], "holm") == []
    assert levels([], "benjamini-yekutieli") == []


def test_unknown_adjustment():
    with pytest.raises(ValueError, match="benjamini-hochberg"):
        adjust([0.1], "bonferonni")
