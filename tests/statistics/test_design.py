"""What units contributed: sums over units, counts of units, resamples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import coo_array

from answerable.statistics.design import Design

PEOPLE = np.array([[2, 0, 1, 0], [0, 3, 0, 0], [1, 1, 1, 1], [0, 0, 0, 2]])
HOW_MANY = np.array([3, 5, 1, 2])
VECTORS = np.array([[1.0, -2.0, 0.5, 0.0], [0.0, 1.0, 1.0, 3.0]])


def one_by_one():
    """Every person's cells, one row each."""
    return np.repeat(PEOPLE, HOW_MANY, axis=0)


def sums(weights=None):
    """The same people known by sums only."""
    rows = one_by_one() * (1.0 if weights is None else weights[:, None])
    present = (rows > 0).astype(int)
    return Design.weighted_clusters(rows.sum(axis=0), rows.T @ rows, one_by_one().sum(axis=0), present.T @ present)


def test_sums_over_people():
    rows = one_by_one()
    design = Design.clustered(PEOPLE, HOW_MANY)
    assert design.totals.tolist() == rows.sum(axis=0).tolist()
    assert design.counts.tolist() == rows.sum(axis=0).tolist()
    expected = [(rows @ one) @ (rows @ other) for one, other in zip(VECTORS, VECTORS[::-1], strict=True)]
    assert design.products(VECTORS, VECTORS[::-1]) == pytest.approx(expected)
    assert sums().products(VECTORS, VECTORS[::-1]) == pytest.approx(expected)
    assert design.fourth_powers(VECTORS) == pytest.approx(((rows @ VECTORS.T) ** 4).sum(axis=0))
    assert sums().fourth_powers(VECTORS) is None


def test_people_in_marked_cells_are_counted_once():
    marks = np.array([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 1]], dtype=bool)
    assert Design.clustered(PEOPLE, HOW_MANY).units(marks).tolist() == [4, 0, 11, 8]
    assert np.all(sums().units(marks) <= [4, 0, 11, 8])
    assert sums().units(marks)[[0, 1]].tolist() == [4, 0], "exact where all lie in equally many of the cells"


def test_sparse_signatures_are_the_same_as_dense_ones():
    dense, sparse = Design.clustered(PEOPLE, HOW_MANY), Design.clustered(coo_array(PEOPLE), HOW_MANY)
    assert np.array_equal(dense.replicates(50, 3), sparse.replicates(50, 3))


def test_rows_by_themselves_are_people_with_one_row():
    rows, people = Design.independent([4, 3, 0, 9]), Design.clustered(np.eye(4), [4, 3, 0, 9])
    assert rows.products(VECTORS, VECTORS) == pytest.approx(people.products(VECTORS, VECTORS))
    marks = np.array([[True, True, False, False]])
    assert rows.units(marks) == people.units(marks) == [7]
    assert np.array_equal(rows.replicates(100, 1), people.replicates(100, 1))


def test_equal_weights_are_no_weights():
    design = Design.weighted([4, 3, 2], [10.0, 7.5, 5.0], [25.0, 18.75, 12.5])
    assert not design.has_weights
    assert design.resampling == "multinomial bootstrap"
    assert Design.weighted([4, 3, 2], [10.0, 7.5, 5.0], [26.0, 18.75, 12.5]).has_weights


def test_signatures_of_weights_can_be_resampled():
    design = Design.clustered([[1.5, 0], [0, 2.5]], [4, 6], counts=[4, 6])
    assert design.totals.tolist() == [6, 15]
    assert design.has_weights
    assert {tuple(row / [1.5, 2.5]) for row in design.replicates(500, 1)} <= {(k, 10 - k) for k in range(11)}


@pytest.mark.parametrize("design", [Design.weighted([1, 2], [1.0, 3.0], [1.0, 5.0]), sums(np.arange(1.0, 12.0))])
def test_weights_of_their_own_determine_no_resample(design):
    with pytest.raises(ValueError, match="do not determine"):
        design.replicates(10, 1)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Design.independent([1, -1]), "none below 0"),
        (lambda: Design.independent([[1, 1]]), "one dimension"),
        (lambda: Design.independent([0.5]), "whole numbers"),
        (lambda: Design.weighted([1, 2], [1.0], [1.0, 2.0]), "one entry per cell"),
        (lambda: Design.weighted([1, 2], [1.0, np.nan], [1.0, 2.0]), "finite"),
        (lambda: Design.clustered(PEOPLE, [1, 2]), "one multiplicity"),
        (lambda: Design.clustered(PEOPLE * 0.5, HOW_MANY), "whole numbers"),
        (lambda: Design.clustered(PEOPLE, HOW_MANY, counts=[1]), "one count"),
        (lambda: Design.weighted_clusters([1.0], np.eye(2), [1], np.eye(1)), "for each cell"),
    ],
)
def test_what_does_not_fit_is_refused(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_the_same_seed_gives_the_same_bytes_and_another_does_not():
    counts = np.arange(1, 60)
    first, second = Design.independent(counts).replicates(300, 7), Design.independent(counts).replicates(300, 7)
    assert first.tobytes() == second.tobytes()
    assert not np.array_equal(first, Design.independent(counts).replicates(300, 8))


def test_resamples_keep_the_number_of_units(monkeypatch):
    design = Design.independent([30, 50, 0, 20])
    whole = design.replicates(400, 1)
    assert np.all(whole.sum(axis=1) == 100)
    monkeypatch.setattr("answerable.statistics.design._ENTRIES", 100)
    assert np.array_equal(Design.independent([30, 50, 0, 20]).replicates(400, 1), whole), "pieces change nothing"
    people = Design.clustered(PEOPLE, HOW_MANY)
    assert np.array_equal(people.replicates(400, 1), Design.clustered(PEOPLE, HOW_MANY).replicates(400, 1))


def test_the_cell_bootstrap_is_the_row_bootstrap():
    """2,000 rows in 4 groups: rates of resampled rows and of resampled cells have the same distribution."""
    random, number = np.random.default_rng(11), 4000
    counts = np.array([700, 300, 240, 260, 180, 120, 150, 50])
    cells = Design.independent(counts).replicates(number, 5)
    rows = np.repeat(np.arange(8), counts)
    resampled = np.stack([np.bincount(rows[random.integers(0, 2000, 2000)], minlength=8) for _ in range(number)])
    for group in range(4):
        ours, theirs = (
            drawn[:, 2 * group] / drawn[:, 2 * group : 2 * group + 2].sum(axis=1) for drawn in (cells, resampled)
        )
        assert stats.ks_2samp(ours, theirs).pvalue > 0.01
        assert ours.std() == pytest.approx(theirs.std(), rel=0.05)


def test_the_cluster_bootstrap_is_resampling_people():
    random, number = np.random.default_rng(12), 4000
    people = np.stack([random.poisson(2, 300), random.poisson(3, 300), random.poisson(1, 300)], axis=1)
    signatures, multiplicity = np.unique(people, axis=0, return_counts=True)
    assert len(signatures) < len(people), "some people are alike"
    ours = Design.clustered(signatures, multiplicity).replicates(number, 5)
    theirs = np.stack([people[random.integers(0, 300, 300)].sum(axis=0) for _ in range(number)])
    for cell in range(3):
        assert stats.ks_2samp(ours[:, cell], theirs[:, cell]).pvalue > 0.01
    ratio, other = (drawn[:, 0] / drawn.sum(axis=1) for drawn in (ours, theirs))
    assert stats.ks_2samp(ratio, other).pvalue > 0.01
    assert ratio.std() == pytest.approx(other.std(), rel=0.05)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(0, 1000))
def test_resampled_cells_stay_empty_where_nobody_was(counts, seed):
    drawn = Design.independent(counts).replicates(20, seed)
    assert np.all(drawn[:, np.array(counts) == 0] == 0)
    assert np.all(drawn.sum(axis=1) == sum(counts))
