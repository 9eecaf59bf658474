"""The sampler against posteriors known exactly, and the checks of its draws against chains known to be bad."""

import numpy as np
import pytest

pytest.importorskip("numpyro", reason="the extra threshold is not installed")

from answerable.statistics.sampling import Sampler, convergence, quantile_curve


@pytest.fixture(scope="module")
def normal():
    """Mean of normal data with a flat prior, and a nuisance."""
    import jax.numpy as jnp

    def potential(parameters, data):
        return jnp.sum((data[0] - parameters["mean"]) ** 2) / 2 + parameters["other"] ** 2 / 2

    def start(key, data):
        import jax

        return {"mean": jax.random.normal(key), "other": jax.random.normal(key)}

    return Sampler(potential, start, together=["mean"], warmup=200, draws=500, accept=0.8)


def test_a_posterior_known_exactly(normal):
    data = [(np.array([1.0, 2.0, 3.0, 6.0]),), (np.array([-1.0, 0.0, 0.0, 1.0]),)]
    first, second = normal.fit(data, chains=4, seed=1)
    assert first.divergences == 0
    for draws, mean in ((first, 3.0), (second, 0.0)):
        values = draws.parameters["mean"]
        assert values.shape == (4, 500)
        assert values.dtype == np.float64
        assert values.mean() == pytest.approx(mean, abs=0.06)
        assert values.std() == pytest.approx(0.5, abs=0.05)


def test_the_same_draws_twice_and_other_draws_for_another_seed(normal):
    data = [(np.array([1.0, 2.0]),)]
    one, two, other = (normal.fit(data, chains=2, seed=seed)[0].parameters["mean"] for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one[0], one[1])


def test_good_chains_converge_and_bad_ones_do_not():
    random = np.random.default_rng(1)
    good = random.normal(size=(4, 1000, 1))
    found = convergence(good)
    assert found.r_hat < 1.01
    assert 2500 < found.effective < 4500
    apart = good + np.array([0, 0, 0, 3.0])[:, None, None]
    assert convergence(apart).r_hat > 1.3
    wider = good * np.array([1, 1, 1, 6.0])[:, None, None]
    assert convergence(wider).r_hat > 1.05, "chains of one mean and other spread"
    slow = np.cumsum(random.normal(size=(4, 1000, 1)), axis=1) * 0.05
    assert convergence(slow).effective < 50
    assert convergence(np.concatenate([good, apart], axis=2)).r_hat > 1.3, "the worst counts"


def test_checks_agree_with_arviz():
    arviz = pytest.importorskip("arviz", reason="the peer is not installed")
    random = np.random.default_rng(3)
    values = random.normal(size=(4, 500))
    for place in range(1, 500):
        values[:, place] += 0.7 * values[:, place - 1]
    found = convergence(values[:, :, None])
    data = arviz.convert_to_dataset(values)
    assert found.r_hat == pytest.approx(float(arviz.rhat(data)["x"]), abs=1e-6)
    peers = [float(arviz.ess(data, method=method)["x"]) for method in ("bulk", "tail")]
    assert found.effective == pytest.approx(min(peers), rel=0.02)


def test_no_bound_beyond_what_the_draws_can_show():
    curve = quantile_curve(np.arange(1000.0), (0.5, 0.95, 0.99))
    assert curve[0] == (0.5, pytest.approx(249.75), pytest.approx(749.25))
    assert curve[1][1] is not None
    assert curve[2][1:] == (None, None)
