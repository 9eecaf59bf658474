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
