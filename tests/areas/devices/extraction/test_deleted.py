"""Every artefact is deleted in turn, and what is said of the coverage changes: a negative means what was looked at."""

import datetime

import pytest

from answerable.areas.devices.artefacts.registry import artefacts
from answerable.core.engine import open_engine
from answerable.core.method import find_method

KINDS = ["ios backup", "ios file system", "sysdiagnose", "androidqf", "bugreport", "intrusion logs"]
ELSEWHERE = {
    "manifest": "without Manifest.db a backup is not read at all, which is said",
    "backup_apps": "its files say that it is a backup",
    "backup_info": "its files say that it is a backup",
    "file_system": "the list of all files is there as long as one of them is",
    "web_storage": "the list of all files is there as long as one of them is",
    "intrusion_log": "without a log nothing is recognised, which is said",
    "bugreport": "without the report nothing is recognised, which is said",
    "adb_backup": "its members are tested with their parsers, in tests/areas/devices/artefacts/test_adb_backup.py",
}
"""Artefacts, or families of them by the start of their names, whose deletion is another test's, and why."""


def is_elsewhere(name, kind):
    return any(name.startswith(start) for start in ELSEWHERE) or (kind == "bugreport" and name.startswith("dumpsys_"))


PAIRS = [
    pytest.param(kind, one.name, id=f"{kind}-{one.name}".replace(" ", "_"))
    for kind in KINDS for one in artefacts() if kind in one.places and not is_elsewhere(one.name, kind)
]  # fmt: skip


def test_every_artefact_is_deleted_here_or_elsewhere():
    here = {param.values[1] for param in PAIRS}
    for one in artefacts():
        assert one.name in here or is_elsewhere(one.name, "bugreport"), (
            f"{one.name} is never deleted: add its kind of acquisition to KINDS, or say in ELSEWHERE where it is."
        )


@pytest.fixture(scope="module")
def full(made, tmp_path_factory):
    """For each kind an acquisition with a file at every place of every artefact, and a function that reads it."""
    folder = tmp_path_factory.mktemp("full")
    known = {}

    def of(kind, without=None):
        root = folder / f"sysdiagnose_{kind.replace(' ', '_')}"
        own = {"Manifest.db", "Info.plist", "Manifest.plist"}
        paths = {path: names for path, names in made.paths_of(kind).items() if path not in own}
        if not root.exists():
            made.lay(root, dict.fromkeys(paths, b"x"), kind)
        gone = [root / (made.stored(path) if kind == "ios backup" and "/" in path else path)
                for path, names in paths.items() if without in names]  # fmt: skip
        if (kind, without) not in known:
            for path in gone:
                path.unlink()
            known[kind, without] = read(root, folder)
            for path in gone:
                path.write_bytes(b"x")
        return known[kind, without]

    def read(root, folder):
        from answerable.areas.devices.extraction.phone import read_phones

        engine = open_engine("duckdb")
        engine.folder = folder
        (table,) = read_phones(engine, root).tables["artefacts"]
        rows = engine.parquet(table)
        answer = find_method("devices.coverage").function(rows)
        found = {row["source"]: row for row in _rows(engine, rows)}
        engine.close()
        return found, answer

    return of


@pytest.fixture(scope="module")
def made():
    import importlib.util
    from pathlib import Path

    spec = importlib.util.spec_from_file_location("specimens", Path(__file__).parents[1] / "specimens.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _rows(engine, table):
    columns = engine.collect(table)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize(("kind", "name"), PAIRS)
def test_without_its_files_the_coverage_is_another(full, kind, name):
    before, told_before = full(kind)
    after, told_after = full(kind, name)
    assert before[name]["files"] > 0
    assert (after[name]["files"], after[name]["rows"]) == (0, 0)
    assert after[name]["state"] in ("absent", "not held by this kind", "unreadable")
    assert after[name]["state"] != before[name]["state"] or after[name]["reason"] != before[name]["reason"]
    assert after[name]["reason"]
    said_before, said_after = ({one.what for one in told.observations} for told in (told_before, told_after))
    assert said_before != said_after or told_before.coverage.missing != told_after.coverage.missing
    assert any(f"({name})" in what for what in told_after.coverage.missing)


TIME = datetime.datetime(2022, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def sound(made, tmp_path_factory):
    """A file system in which what some methods read is there, readable and without a trace."""
    sms, people, system = (made.load(f"artefacts/test_{name}.py") for name in ("sms", "people", "ios_system"))
    root = "private/var/mobile/Library"
    files = {
        f"{root}/Safari/History.db": made.history(3),
        f"{root}/SMS/sms.db": made.database(sms.SCHEMA),
        f"{root}/Calendar/Calendar.sqlitedb": made.database(people.CALENDAR),
        "private/var/db/diagnostics/shutdown.log": system.LOG.encode(),
    }
    return made.lay(tmp_path_factory.mktemp("sound") / "phone", files, "ios file system"), files


CASES = {
    "devices.redirects": {"safari_history": "Safari/History.db"},
    "devices.threat_notices": {"sms": "SMS/sms.db"},
    "devices.invitations": {"calendar": "Calendar/Calendar.sqlitedb"},
}


@pytest.mark.parametrize(("method", "name"), [(method, name) for method, found in CASES.items() for name in found])
def test_not_shown_becomes_cannot_tell_once_what_would_show_it_is_deleted(sound, method, name):
    import answerable

    root, _ = sound
    path = root / f"private/var/mobile/Library/{CASES[method][name]}"
    before = answerable.ask(method, root)
    assert [one.verdict for one in before.findings] == ["not shown"]
    data = path.read_bytes()
    try:
        path.unlink()
        gone = answerable.ask(method, root)
        path.write_bytes(data[: len(data) // 2])
        cut = answerable.ask(method, root)
    finally:
        path.write_bytes(data)
    for after in (gone, cut):
        assert [one.verdict for one in after.findings] == ["cannot tell"]
        assert any(f"({name})" in what for what in after.coverage.missing)
