from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from answerable.case.folder import Case

FORENSIC = Path(__file__).parent.parent / "contract" / "forensic.py"

PHONE = """\
processes\t2026-01-03T10:00:00Z\tbh
processes\t2026-01-04T10:00:00Z\tlaunchd
messages\t2026-01-05T10:00:00Z\thello
"""
PLAN = """\
# Why we ask: kept.
[case]
title = "A phone"   # of a client
investigators = ["A. Investigator"]

[[exhibit]]
path = "exhibits/phone.txt"
sha256 = "{sha256}"

[[table]]
is = "records"
from = "phone.txt"

[[table]]
is = "artefacts"
from = "phone.txt"

[[question]]
method = "forensic.names"
known = {{ bh = "a known implant" }}
"""


@pytest.fixture(scope="module")
def forensic() -> Iterator[ModuleType]:
    """The forensic method and its tables, registered while the tests of this folder use them."""
    spec = importlib.util.spec_from_file_location("forensic", FORENSIC)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        from answerable.core import method, table

        method.methods()  # the areas register themselves once, for good; only what follows is taken back
        patch.setattr(method, "_METHODS", dict(method._METHODS))
        # The tables of the forensic method stand in for those of the same names that an area has.
        own = {"records", "artefacts"}
        patch.setattr(table, "_READERS", {name: one for name, one in table._READERS.items() if name not in own})
        spec.loader.exec_module(module)
        yield module


@pytest.fixture
def phone(tmp_path: Path) -> Path:
    file = tmp_path / "phone.txt"
    file.write_text(PHONE)
    return file


@pytest.fixture
def case(forensic: ModuleType, phone: Path, tmp_path: Path) -> Case:
    """A case with one exhibit, two tables and one question."""
    made = Case.new(tmp_path / "case", title="A phone", investigators=["A. Investigator"])
    exhibit = made.add(phone, source="its owner", obtained="2026-01-06")
    write_plan(made, PLAN.format(sha256=exhibit.sha256))
    return Case.open(made.path)


@pytest.fixture
def planned(case: Case) -> Callable[[str], Case]:
    """The case with more text at the end of its case.toml."""

    def more(text: str) -> Case:
        file = case.path / "case.toml"
        file.write_text(f"{file.read_text()}\n{text}")
        return Case.open(case.path)

    return more


def write_plan(case: Case, text: str) -> None:
    (case.path / "case.toml").write_text(text)
