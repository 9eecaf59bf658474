"""Bounds over suppressed cells: worked by hand, against every completion, and on tables hidden by both rules."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from answerable.areas.decisions.measures.suppressed import suppressed
from answerable.errors import NotIdentified, ParameterError

KINDS = {"TP": (True, True), "FP": (True, False), "FN": (False, True), "TN": (False, False)}
METRICS = {  # above, below
    "false_discovery_rate": (("FP",), ("TP", "FP")),
    "selection_rate": (("TP", "FP"), tuple(KINDS)),
    "false_positive_share": (("FP",), tuple(KINDS)),
    "true_positive_rate": (("TP",), ("TP", "FN")),
}
WORDS = {"groups": ["kind"], "metrics": list(METRICS), "whole": True, "smallest_shown": 10}


def cells(counts, hidden=(), **more):
    """A table of cells from {group: (TP, FP, FN, TN)}; hidden ones named by (group, kind)."""
    rows = [(group, kind, count) for group, four in counts.items() for kind, count in zip(KINDS, four, strict=True)]
    gone = [(group, kind) in hidden for group, kind, _ in rows]
    return {
        "kind": [group for group, _, _ in rows],
        "decided": [KINDS[kind][0] for _, kind, _ in rows],
        "outcome": [KINDS[kind][1] for _, kind, _ in rows],
        "count": [0 if hide else count for (_, _, count), hide in zip(rows, gone, strict=True)],
        "hidden": gone,
        **{name: [value] * len(rows) for name, value in more.items()},
    }


def stacked(*tables):
    return {name: [value for table in tables for value in table[name]] for name in tables[0]}


def pick(answer, name, group, **more):
    of = {**more, "kind": group} if group else more
    found = [one for one in answer.estimates if one.name.removesuffix("_bounds") == name and dict(one.of) == of]
    assert len(found) == 1, (name, group, sorted({(one.name, str(one.of)) for one in answer.estimates}))
    return found[0]


def ends(one):
    return one.low, one.high


def rate(four, name):
    named = dict(zip(KINDS, four, strict=True))
    above, below = (sum(named[kind] for kind in kinds) for kinds in METRICS[name])
    return Fraction(above, below) if below else None


def hide(four, further, small=10):
    """Which of four counts a table hides: those from 1 (0 too) to 9, and by the second rule the next lowest ones."""
    named = dict(zip(KINDS, four, strict=True))
    gone = {kind for kind, count in named.items() if count < small}
    if further == "second lowest" and len(gone) == 1:
        rest = [count for kind, count in named.items() if kind not in gone]
        gone |= {kind for kind, count in named.items() if count == min(rest)}
    return gone


def fits(four, shown, further, small=10):
    """Whether a completion would have been published as what was shown."""
    named = dict(zip(KINDS, four, strict=True))
    gone = hide(four, further, small)
    return {kind: count for kind, count in named.items() if kind not in gone} == shown


def test_nothing_hidden_is_exact(make_table):
    answer = suppressed(make_table(cells({"a": (20, 10, 30, 40), "b": (10, 20, 30, 60)})), **WORDS)
    one = pick(answer, "false_discovery_rate", "a")
    assert (one.value, one.n, one.events, one.interval) == (pytest.approx(1 / 3), 30, 10, "counted")
    assert one.calculated
    gap = pick(answer, "false_discovery_rate_difference", "a")
    assert gap.value == pytest.approx(1 / 3 - 2 / 3)
    assert gap.between == pytest.approx((1 / 3, 2 / 3))
    assert answer.coverage.complete


def test_small_counts_by_hand(make_table):
    """Group a hides FP, from 0 to 9, beside TP 20, FN 30, TN 40; group b hides nothing."""
    table = make_table(cells({"a": (20, 4, 30, 40), "b": (10, 20, 30, 60)}, {("a", "FP")}))
    answer = suppressed(table, **WORDS, further="none")
    assert ends(pick(answer, "false_discovery_rate", "a")) == pytest.approx((0, 9 / 29))
    assert ends(pick(answer, "selection_rate", "a")) == pytest.approx((20 / 90, 29 / 99))
    assert ends(pick(answer, "false_discovery_rate_difference", "a")) == pytest.approx((-2 / 3, 9 / 29 - 2 / 3))
    assert ends(pick(answer, "false_discovery_rate_ratio", "a")) == pytest.approx((0, 9 / 29 * 3 / 2))
    assert pick(answer, "true_positive_rate", "a").calculated
    assert pick(answer, "false_discovery_rate", "a").value == pytest.approx(9 / 58)
    assert "middle" in pick(answer, "false_discovery_rate", "a").label
    assert not answer.coverage.complete
    positive = suppressed(table, **WORDS, further="none", zeros=False)
    assert ends(pick(positive, "false_discovery_rate", "a")) == pytest.approx((1 / 21, 9 / 29))


def test_a_suppressed_zero_is_not_a_zero(make_table):
    """The trap: read as 0, nobody of group a would ever be flagged wrongly."""
    table = make_table(cells({"a": (20, 4, 30, 40), "b": (10, 20, 30, 60)}, {("a", "FP")}))
    one = pick(suppressed(table, **WORDS, further="none", zeros=False), "false_discovery_rate", "a")
    assert one.low > 0
    assert one.value != 0


def test_a_hidden_count_may_exceed_nine(make_table):
    """The trap: the second lowest is hidden too. TP 14 and FP 7 hidden; [0, 9] for both would miss the truth."""
    table = make_table(cells({"a": (14, 7, 17, 30), "b": (20, 20, 30, 60)}, {("a", "FP"), ("a", "TP")}))
    answer = suppressed(table, **WORDS, further="second lowest")
    low, high = ends(pick(answer, "selection_rate", "a"))
    assert (low, high) == pytest.approx((0, 25 / 72)), "9 and 16, one less than the 17 that is shown"
    assert low < 21 / 68 < high
    naive = pick(suppressed(table, **WORDS, further="none"), "selection_rate", "a")
    assert naive.high == pytest.approx(18 / 65) and naive.high < 21 / 68


def test_ties_are_hidden_together(make_table):
    """FP 4 is small; FN and TP, 15 each, are both the second lowest: three counts hidden, two of them above 9."""
    hidden = {("a", kind) for kind in ("TP", "FP", "FN")}
    table = make_table(cells({"a": (15, 4, 15, 30), "b": (20, 20, 30, 60)}, hidden))
    answer = suppressed(table, **WORDS, further="second lowest")
    ways = [four for four in product(range(31), range(31), range(31), [30]) if fits(four, {"TN": 30}, "second lowest")]
    assert (15, 4, 15, 30) in ways
    for name in METRICS:
        values = [value for four in ways if (value := rate(four, name)) is not None]
        assert ends(pick(answer, name, "a")) == pytest.approx((min(values), max(values))), name


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("further", ["none", "second lowest"])
def test_bounds_are_those_of_every_completion(make_table, further, seed):
    """A small table is hidden by the rule; all that could have been published as the same is enumerated."""
    random = np.random.default_rng(seed)
    truth = {group: tuple(random.integers(0, 9, 4).tolist()) for group in "ab"}
    small = 4
    gone = {group: hide(four, further, small) for group, four in truth.items()}
    hidden = {(group, kind) for group, kinds in gone.items() for kind in kinds}
    words = {**WORDS, "smallest_shown": small, "largest_hidden": 8, "further": further, "reference": {"kind": "b"}}
    answer = suppressed(make_table(cells(truth, hidden)), **words)
    ways = {}
    for group, four in truth.items():
        shown = {kind: n for kind, n in zip(KINDS, four, strict=True) if kind not in gone[group]}
        ways[group] = [way for way in product(range(9), repeat=4) if fits(way, shown, further, small)]
        assert four in ways[group]
    for name in METRICS:
        values = {g: {v for way in found if (v := rate(way, name)) is not None} for g, found in ways.items()}
        for group in "ab":
            one = pick(answer, name, group)
            assert one.value is None if not values[group] else ends(one) == pytest.approx(
                (min(values[group]), max(values[group]))
            )  # fmt: skip
        if all(values.values()):
            gap = pick(answer, f"{name}_difference", "a")
            pairs = (min(values["a"]) - max(values["b"]), max(values["a"]) - min(values["b"]))
            assert ends(gap) == pytest.approx(pairs)
            ratio = pick(answer, f"{name}_ratio", "a")
            if min(values["b"]) > 0:
                assert ends(ratio) == pytest.approx((min(values["a"]) / max(values["b"]), max(values["a"]) / min(values["b"])))  # fmt: skip  # noqa: E501
            else:
                assert ratio.value is None and "0" in ratio.reason


@pytest.mark.parametrize("seed", range(6))
def test_totals_tighten_the_bounds_sharply(make_table, seed):
    """Totals over both groups tie them together: rates and differences are those of every completion that adds up."""
    random = np.random.default_rng(100 + seed)
    truth = {group: tuple(random.integers(0, 12, 4).tolist()) for group in "ab"}
    hidden = {(group, kind) for group, four in truth.items() for kind in hide(four, "none", 6)}
    sums = tuple(map(sum, zip(*truth.values(), strict=True)))
    everything = [(True, None), (None, None)]
    total = {"kind": ["All"] * 2, "decided": [d for d, _ in everything], "outcome": [o for _, o in everything],
             "count": [sums[0] + sums[1], sum(sums)], "hidden": [False] * 2}  # fmt: skip
    rows = stacked(cells(truth, hidden), total)
    words = {**WORDS, "smallest_shown": 6, "totals": ["All"], "margins": True, "reference": {"kind": "b"}}
    answer = suppressed(make_table(rows), **words, further="none")
    places = sorted(hidden)
    ways = []
    for filled in product(range(6), repeat=len(places)):
        chosen = dict(zip(places, filled, strict=True))
        four = {g: tuple(chosen.get((g, k), n) for k, n in zip(KINDS, truth[g], strict=True)) for g in "ab"}
        added = tuple(map(sum, zip(*four.values(), strict=True)))
        if added[0] + added[1] == sums[0] + sums[1] and sum(added) == sum(sums):
            ways.append(four)
    assert truth in ways
    for name in METRICS:
        values = [rate(four["a"], name) for four in ways]
        known = [value for value in values if value is not None]
        assert ends(pick(answer, name, "a")) == pytest.approx((min(known), max(known)))
        both = [(rate(four["a"], name), rate(four["b"], name)) for four in ways]
        gaps = [first - second for first, second in both if first is not None and second is not None]
        assert ends(pick(answer, f"{name}_difference", "a")) == pytest.approx((min(gaps), max(gaps)))


def test_tables_of_the_same_people_give_hidden_counts_away(make_table):
    """Divided by sex nothing is hidden; divided by age the small group is, and follows from the other table."""
    by_sex = cells({"m": (50, 40, 60, 70), "f": (50, 60, 40, 30)}, attribute="sex")
    hidden = {("old", kind) for kind in KINDS}
    by_age = cells({"old": (3, 4, 5, 6), "young": (97, 96, 95, 94)}, hidden, attribute="age")
    words = {**WORDS, "controls": ["attribute"], "divides": "attribute"}
    answer = suppressed(make_table(stacked(by_sex, by_age)), **words)
    one = pick(answer, "false_discovery_rate", "old", attribute="age")
    assert one.value == pytest.approx(4 / 7)
    assert one.interval == "follows exactly from what is shown"
    assert (one.n, one.events) == (7, 4), "the small counts stand in the estimate, so that reports withhold it"
    assert "4 of 4 can be worked out exactly" in answer.coverage.missing["count"]
    assert any("do not publish" in limit for limit in answer.limits)


def test_systems_that_decide_about_the_same_people(make_table):
    """Before, nothing is hidden; afterwards TP and FN are, and their sum is known: as many have the outcome."""
    before = cells({"a": (20, 12, 15, 40), "b": (10, 20, 30, 60)}, model="before")
    after = cells({"a": (30, 12, 5, 40), "b": (10, 20, 30, 60)}, {("a", "TP"), ("a", "FN")}, model="after")
    words = {**WORDS, "controls": ["model"], "zeros": False}
    table = make_table(stacked(before, after))
    alone = pick(suppressed(table, **words, further="any", largest_hidden=40), "true_positive_rate", "a", model="after")
    tied = pick(
        suppressed(table, **words, further="any", same_people="model"), "true_positive_rate", "a", model="after"
    )
    assert ends(alone) == pytest.approx((1 / 41, 40 / 41))
    assert ends(tied) == pytest.approx((1 / 35, 34 / 35))


def test_what_nothing_bounds_is_told_as_such(make_table):
    table = make_table(cells({"a": (20, 4, 30, 40), "b": (10, 20, 30, 60)}, {("a", "FP")}))
    answer = suppressed(table, **WORDS)
    one = pick(answer, "false_discovery_rate", "a")
    assert one.value is None and "--largest-hidden" in one.reason
    assert pick(answer, "true_positive_rate", "a").calculated


def test_a_reference_that_may_be_zero(make_table):
    table = make_table(cells({"a": (20, 14, 30, 40), "b": (50, 5, 30, 60)}, {("b", "FP")}))
    ratio = pick(suppressed(table, **WORDS, further="none"), "false_discovery_rate_ratio", "a")
    assert ratio.value is None
    assert f"{14 / 34 / (9 / 59):.2f} or more" in ratio.reason


def test_sampling_error_at_both_bounds(make_table):
    """The interval is the union of Wilson's at the lower and at the upper bound."""
    from statsmodels.stats.proportion import proportion_confint

    table = make_table(cells({"a": (20, 4, 30, 40), "b": (10, 20, 30, 60)}, {("a", "FP")}))
    words = {**WORDS, "whole": False, "further": "none"}
    assert "--independent" in pick(suppressed(table, **words), "false_discovery_rate", "a").reason
    one = pick(suppressed(table, **words, independent=True), "false_discovery_rate", "a")
    assert one.low == pytest.approx(proportion_confint(0, 20, method="wilson")[0], abs=1e-9)
    assert one.high == pytest.approx(proportion_confint(9, 29, method="wilson")[1], abs=1e-9)
    gap = pick(suppressed(table, **words, independent=True), "false_discovery_rate_difference", "a")
    assert gap.low < -2 / 3 and gap.high > 9 / 29 - 2 / 3


def simulated(make_table, runs, seed):
    """How often truth lies in the bounds, and the rates of the superpopulation in the intervals."""
    random = np.random.default_rng(seed)
    within, covered = [], []
    for run in range(runs):
        shares = {"a": [0.06, 0.05, 0.2, 0.69], "b": [0.2, 0.15, 0.25, 0.4]}
        truth = {g: tuple(random.multinomial(n, shares[g]).tolist()) for g, n in (("a", 120), ("b", 400))}
        further = ("none", "second lowest")[run % 2]
        hidden = {(g, kind) for g, four in truth.items() for kind in hide(four, further)}
        table = make_table(cells(truth, hidden))
        words = {**WORDS, "further": further, "reference": {"kind": "b"}}
        bounds = suppressed(table, **words)
        sampled = suppressed(table, **{**words, "whole": False}, independent=True)
        for name in METRICS:
            true = {g: rate(truth[g], name) for g in "ab"}
            parameter = {g: rate([Fraction(str(s)) for s in shares[g]], name) for g in "ab"}
            for one, kept in ((pick(bounds, name, "a"), within), (pick(sampled, name, "a"), covered)):
                value = (true if kept is within else parameter)["a"]
                kept.append(one.low - 1e-12 <= value <= one.high + 1e-12)
            for answer, kept, of in ((bounds, within, true), (sampled, covered, parameter)):
                one = pick(answer, f"{name}_difference", "a")
                kept.append(one.low - 1e-12 <= of["a"] - of["b"] <= one.high + 1e-12)
    return float(np.mean(within)), float(np.mean(covered))


def test_bounds_always_hold_the_truth_and_intervals_nearly_always(make_table):
    """16 tables here; 500 gave bounds that always held the truth, and intervals that covered in 99.3 %."""
    within, covered = simulated(make_table, 16, 3)
    assert within == 1
    assert covered >= 0.95


@pytest.mark.parametrize(
    ("change", "words", "error", "says"),
    [
        ({"decided": None, "outcome": None}, {}, NotIdentified, "--decided"),
        ({"outcome": None}, {}, NotIdentified, "a column for: outcome"),
        ({}, {"smallest_shown": 20}, ParameterError, "yet the table shows 10"),
        ({}, {"smallest_shown": 0}, ParameterError, "a count from 1"),
        ({}, {"largest_hidden": -1}, ParameterError, "one from 0"),
        ({}, {"divides": "kind"}, ParameterError, "one of the controls"),
        ({}, {"groups": ["knd"]}, ParameterError, "Nearest: kind"),
        ({}, {"metrics": ["FDX"]}, ParameterError, "no metric 'FDX'"),
        ({}, {"independent": True}, ParameterError, "not both"),
        ({}, {"reference": {"kind": "z"}}, ParameterError, "no group 'z'"),
        ({}, {"reference": {"sex": "z"}}, ParameterError, "not among the groups"),
        ({}, {"totals": ["a"], "further": "none"}, NotIdentified, "differ by"),
        ({}, {"totals": ["a", "b"]}, NotIdentified, "no cells"),
        ({"hidden": [True, *[False] * 7]}, {"further": "second lowest"}, NotIdentified, "does not fit the row"),
        ({"hidden": [True] * 4 + [False] * 4}, {"further": "none", "totals": ["b"]}, NotIdentified, "contradict"),
    ],
)
def test_it_refuses(make_table, change, words, error, says):
    columns = {**cells({"a": (20, 10, 30, 40), "b": (10, 20, 30, 60)}), **change}
    columns = {name: values for name, values in columns.items() if values is not None}
    with pytest.raises(error, match=says):
        suppressed(make_table(columns), **{**WORDS, **words})


def test_a_row_of_totals_is_no_group(make_table):
    """The trap: counted as a group beside the others, it would count everybody twice."""
    counts = {"a": (20, 4, 30, 40), "b": (10, 20, 30, 60), "All": (30, 24, 60, 100)}
    table = make_table(cells(counts, {("a", "FP")}))
    with pytest.raises(NotIdentified, match="totals=All"):
        suppressed(table, **WORDS, further="none")
    one = pick(suppressed(table, **WORDS, totals=["All"]), "false_discovery_rate", "a")
    assert one.value == pytest.approx(4 / 24)


def test_no_rows(make_table):
    import pyarrow as pa

    empty = pa.table(cells({"a": (1, 1, 1, 1)})).slice(0, 0)
    with pytest.raises(NotIdentified, match="no cells"):
        suppressed(make_table(empty), **WORDS)
