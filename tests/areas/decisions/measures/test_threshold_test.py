"""The threshold test: its model, what it is fooled by and what it is not, and when it refuses."""

import numpy as np
import pytest

pytest.importorskip("numpyro", reason="the extra threshold is not installed")

from answerable.areas.decisions.measures.outcome_test import outcome_test
from answerable.areas.decisions.measures.threshold_test import threshold_test
from answerable.areas.decisions.measures.threshold_test.model import cell_chances
from answerable.areas.decisions.measures.threshold_test.simulations import Check, mean_bars, predictive
from answerable.errors import AnswerableError, NotIdentified, ParameterError

QUICK = {"chains": 2, "warmup": 250, "draws": 300, "largest_r_hat": 1.1, "least_effective": 30, "most_divergences": 50}
PLACES = 12


def chances(phi, delta, bar):
    import jax

    with jax.enable_x64(True):
        return np.exp(np.stack([np.asarray(part) for part in cell_chances(phi, delta, bar)], axis=-1))


def stops(seed, bars, risks, number=250):
    """Stops of groups a, b, c in 12 places, with the bars as chances of a hit and the risks as log odds."""
    random = np.random.default_rng(seed)
    phi = np.array(risks)[:, None] + 0.6 * random.normal(size=PLACES)
    bar = np.log(np.array(bars) / (1 - np.array(bars)))[:, None] + 0.1 * random.normal(size=(3, PLACES))
    delta = np.full((3, PLACES), 1.6)
    counts = random.multinomial(number, chances(phi, delta, bar))
    rows = [
        ("abc"[group], f"place {place:02}", *kind)
        for group, place in np.ndindex(3, PLACES)
        for kind, many in zip([(True, True), (True, False), (False, False)], counts[group, place].tolist(), strict=True)
        for _ in range(many)
    ]
    names = ("race", "stratum", "decided", "outcome")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def pick(answer, name, race):
    (found,) = [e for e in answer.estimates if e.name == name and e.of["race"] == race]
    return found


def test_chances_of_the_model_by_integration():
    """A signal of two normal distributions; searched where the chance of a hit, by Bayes, is above the bar."""
    phi, delta, bar = -1.3, 1.4, -0.4
    signal = np.linspace(-12, 14, 400_001)
    step, share = signal[1] - signal[0], 1 / (1 + np.exp(-phi))
    guilty = share * np.exp(-((signal - delta) ** 2) / 2) / np.sqrt(2 * np.pi)
    innocent = (1 - share) * np.exp(-(signal**2) / 2) / np.sqrt(2 * np.pi)
    searched = guilty / (guilty + innocent) > 1 / (1 + np.exp(-bar))
    by_hand = [guilty[searched].sum(), innocent[searched].sum(), (guilty + innocent)[~searched].sum()]
    assert chances(phi, delta, bar) == pytest.approx(np.array(by_hand) * step, abs=1e-4)
    assert chances(-700.0, 0.1, 30.0) == pytest.approx([0, 0, 1], abs=1e-12), "no overflow at the edges"


def test_the_lower_bar_is_found_and_its_level_is_not_claimed_unchecked(make_table):
    table = make_table(stops(1, (0.35, 0.12, 0.35), (-1.2, -1.2, -0.9)))
    words = {"groups": ["race"], "reference": {"race": "a"}, "independent": True, **QUICK}
    answer = threshold_test(table, **words, simulated_sets=0)
    for name in ("threshold_difference", "threshold_log_odds_difference"):
        lower, same = pick(answer, name, "b"), pick(answer, name, "c")
        assert lower.at(0.8)[1] < 0, "36 cells are few: 80 %"
        assert lower.value < 2 * same.value < 0 or same.value >= 0
        assert same.low < 0 < same.high
    for race in "abc":
        level = pick(answer, "mean_threshold", race)
        assert level.value is None
        assert "Only the order" in level.reason
    assert threshold_test(table, **words, simulated_sets=0).as_json() == answer.as_json()


def test_equal_bars_and_other_risks_fool_the_outcome_test_and_not_this_one(make_table):
    table = make_table(stops(4, (0.25, 0.25, 0.25), (-2.3, -0.6, -2.3), 400))
    fooled = outcome_test(table, groups=["race"], reference={"race": "a"}, independent=True)
    assert pick(fooled, "hit_rate_difference", "b").low > 0
    answer = threshold_test(
        table, groups=["race"], reference={"race": "a"}, independent=True, simulated_sets=3, **QUICK
    )
    difference = pick(answer, "threshold_difference", "b")
    assert difference.low < 0 < difference.high
    assert any("3 data sets simulated on these stops" in limit for limit in answer.limits)


def test_without_a_unit_of_independence_there_is_no_interval(make_table):
    answer = threshold_test(make_table(stops(1, (0.3,) * 3, (-1.2,) * 3)), groups=["race"], simulated_sets=0, **QUICK)
    assert not any(one.curve for one in answer.estimates)


def test_it_refuses_draws_that_cannot_be_trusted(make_table):
    table = make_table(stops(1, (0.3,) * 3, (-1.2,) * 3))
    with pytest.raises(NotIdentified, match=r"effective number of draws.*--draws 1200"):
        threshold_test(table, groups=["race"], simulated_sets=0, **{**QUICK, "least_effective": 1e6})
    with pytest.raises(NotIdentified, match="does not fit"):
        threshold_test(table, groups=["race"], simulated_sets=0, **QUICK, least_predictive=1.0)


def test_levels_are_refused_where_simulations_do_not_hold_them():
    """36 intervals at 95 %: 30 or fewer hold by chance less than once in a hundred times."""
    words = {"sets": 12, "groups": 36, "comparisons": 24, "level": 0.95}
    good = Check(levels=34, sizes=23, wrong=1, **words)
    assert good.levels_hold and good.sizes_hold and good.order_holds
    bad = Check(levels=23, sizes=15, wrong=6, **words)
    assert not (bad.levels_hold or bad.sizes_hold or bad.order_holds)
    edge = [Check(levels=held, sizes=24, wrong=0, **words).levels_hold for held in (30, 31)]
    assert edge == [False, True]


def test_mean_bars_weigh_places_alike_for_all_groups():
    bars = np.log(np.array([[0.2, 0.4], [0.4, 0.2]]) / (1 - np.array([[0.2, 0.4], [0.4, 0.2]])))
    assert mean_bars(bars, np.array([0.75, 0.25])) == pytest.approx([0.25, 0.35])


def test_stops_that_stray_from_the_model_are_seen():
    random = np.random.default_rng(2)
    truth = np.broadcast_to([0.1, 0.3, 0.6], (3, 30, 3))
    fine = random.multinomial(100, truth).astype(float)
    assert min(predictive(fine, np.broadcast_to(truth, (200, *truth.shape)), 1)) > 0.01
    clumped = 20.0 * random.multinomial(5, truth)
    assert max(predictive(clumped, np.broadcast_to(truth, (200, *truth.shape)), 1)) < 0.01


def test_without_numpyro_it_says_how_to_install_it(make_table, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(AnswerableError, match=r"pip install 'answerable\[threshold\]'"):
        threshold_test(make_table(stops(1, (0.3,) * 3, (-1.2,) * 3)), groups=["race"])


def test_bad_input(make_table):
    data = stops(1, (0.3,) * 3, (-1.2,) * 3)
    for lacking in ("decided", "outcome", "stratum"):
        with pytest.raises(NotIdentified, match=f"--{lacking}"):
            threshold_test(make_table({k: v for k, v in data.items() if k != lacking}), groups=["race"])
    size = len(data["race"])
    with pytest.raises(NotIdentified, match="one place"):
        threshold_test(make_table({**data, "stratum": ["x"] * size}), groups=["race"])
    with pytest.raises(NotIdentified, match="0 hits"):
        threshold_test(make_table({**data, "outcome": [False] * size}), groups=["race"])
    with pytest.raises(NotIdentified, match="one group only"):
        threshold_test(make_table({**data, "race": ["a"] * size}), groups=["race"])
    with pytest.raises(ParameterError, match="no group 'd'"):
        threshold_test(make_table(data), groups=["race"], reference={"race": "d"})
    with pytest.raises(ParameterError, match="chains takes a whole number from 2"):
        threshold_test(make_table(data), groups=["race"], chains=1)
    with pytest.raises(ParameterError, match="independent"):
        threshold_test(
            make_table({**data, "person": [f"p{n}" for n in range(size)]}), groups=["race"], independent=True
        )


def test_what_cannot_be_used_is_counted_and_repeated_people_are_named(make_table):
    data = stops(1, (0.3,) * 3, (-1.2,) * 3)
    data["outcome"][0], data["stratum"][1], data["decided"][-1] = None, None, None
    data["person"] = [f"p{n // 3}" for n in range(len(data["race"]))]
    answer = threshold_test(make_table(data), groups=["race"], simulated_sets=0, **QUICK)
    assert set(answer.coverage.missing) == {"outcome", "stratum", "decided"}
    assert answer.coverage.looked_at["rows"] == len(data["race"]) - 3
    assert any("stopped again and again" in limit for limit in answer.limits)
