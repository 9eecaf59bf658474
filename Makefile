# Two commands need nothing but Python 3.11 or newer with venv, and make: `make demo` and `make test`.
# Every target sets up what it needs, once, in .venv; a stamp per set of requirements keeps it from being done again.

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python -m
NEED := This needs Python 3.11 or newer with the venv module (on Debian and Ubuntu: apt install python3-venv). \
	To use another Python: make PYTHON=python3.12 $(MAKECMDGOALS)

.PHONY: demo test check bench spark clean

demo: .venv/demo.stamp
	$(BIN)/answerable demo

test: .venv/test.stamp
	$(RUN) pytest -n auto

check: .venv/lint.stamp .venv/test.stamp
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) pytest -q tests/test_architecture.py

bench: .venv/bench.stamp
	$(RUN) bench

spark: .venv/spark.stamp ## what the tests that compare DuckDB with Spark need, beside Java 17

clean:
	rm -rf .venv .venv-bench .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11)' 2>/dev/null || { echo "$(NEED)" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/base.stamp: pyproject.toml | .venv/bin/python
	$(RUN) pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(RUN) pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/demo.stamp: .venv/base.stamp
	$(RUN) pip install --quiet --disable-pip-version-check --editable '.[demo]'
	touch $@

.venv/%.stamp: .venv/base.stamp
	$(RUN) pip install --quiet --disable-pip-version-check --group $*
	touch $@
