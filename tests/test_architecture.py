"""The house's own rules, checked on the source: imports point one way, areas are apart, one file names the engines."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "answerable"
# From the ground up: a room may import itself and the rooms before it.
ROOMS = [
    "errors",
    "core",
    "statistics",
    "rights",
    "tabular",
    "fetching",
    "areas",
    "case",
    "report",
    "asking",
    "scanning",
    "terminal",
    "gallery",
    "cli",
]
FACES = {"__init__", "__main__"}
FILES = sorted(SOURCE.rglob("*.py"))


def imports(path):
    """Names of the modules of ours that a file imports anywhere, also within functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "answerable":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "answerable")


def room(parts):
    return parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_one_way(path):
    place = path.relative_to(SOURCE).parts
    mine = room(place)
    if mine in FACES:
        return
    for name in imports(path):
        parts = name.split(".")[1:]
        if not parts or parts[0] in {"__version__", "open_case"}:
            continue
        assert parts[0] in ROOMS, f"{path}: {name} is in no known room"
        assert ROOMS.index(parts[0]) <= ROOMS.index(mine), f"{mine} must not import {parts[0]}"
        if mine == parts[0] == "areas" and len(parts) > 1 and len(place) > 2:
            assert parts[1] == place[1], f"area {place[1]} imports area {parts[1]}"


def test_only_the_engine_names_the_engines():
    for path in FILES:
        if path.relative_to(SOURCE).as_posix() == "core/engine.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & {"duckdb", "pyspark"}, path


def test_files_stay_readable():
    long = {
        str(path.relative_to(SOURCE)): lines for path in FILES if (lines := len(path.read_text().splitlines())) > 420
    }
    assert not long


def loaded(code):
    """Modules that a fresh interpreter has loaded after running the code."""
    run = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('|'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in run.stdout.splitlines()[-1].split("|")}


HEAVY = {"ibis", "duckdb", "pyspark", "pandas", "numpy", "scipy", "altair", "pyarrow", "polars", "rich", "sqlglot"}


def test_help_imports_no_engine():
    code = "from answerable.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    assert not loaded(code) & HEAVY


def test_listing_methods_imports_no_engine():
    assert not loaded("from answerable.cli import main; main(['methods'])") & (HEAVY - {"rich"})


def test_importing_answerable_imports_nothing_heavy():
    assert not loaded("import answerable") & HEAVY


def test_an_ordinary_question_imports_no_pandas():
    heavy = loaded(
        "import answerable.asking, answerable.statistics.intervals, answerable.areas.decisions.measures.common.people"
    )
    assert not heavy & {"pandas", "statsmodels", "altair", "pyspark"}
