"""The simulations of the bench, for the tests."""

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def bench():
    """The module bench/coverage.py."""
    path = Path(__file__).parents[2] / "bench" / "coverage.py"
    specification = importlib.util.spec_from_file_location("bench_coverage", path)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def by_strata():
    """A function from events and sizes of group and reference, (2, K) each, to strata; everybody is the standard."""
    import numpy as np

    from answerable.statistics.design import Design
    from answerable.statistics.stratified import Strata

    def make(events=None, sizes=None, design=None, number=None):
        number = number or np.shape(sizes)[1]
        group, stratum, event = np.unravel_index(np.arange(4 * number), (2, number, 2))
        above = np.stack([(group == 0) & (event == 1), (group == 1) & (event == 1), event == 1])
        below = np.stack([group == 0, group == 1, group >= 0])
        if design is None:
            counts = np.where(event == 1, np.asarray(events)[group, stratum], 0)
            counts += np.where(event == 0, (np.asarray(sizes) - np.asarray(events))[group, stratum], 0)
            design = Design.independent(counts)
        return Strata(design, above, below, stratum, number)

    return make
