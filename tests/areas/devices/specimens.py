"""Acquisitions of every kind, made by code: files by the paths where artefacts lie, whatever their bytes."""

import hashlib
import importlib.util
import plistlib
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).parent
EVENT = b'{"dns_event": {"hostname": "host.example.org", "event_time": 1700000000000}}\n'
DUMPSTATE = b"========================================================\n== dumpstate: 2024-03-02 11:22:33\n"
ROOTS = {
    "ios backup": {},
    "ios file system": {"private/var/mobile/x": b"x"},
    "sysdiagnose": {"system_logs.logarchive/x": b"x", "sysdiagnose.log": b"x"},
    "androidqf": {"acquisition.json": b"{}", "env.txt": b"PATH=/system/bin\n"},
    "bugreport": {"main_entry.txt": b"bugreport-x.txt", "bugreport-x.txt": DUMPSTATE},
    "intrusion logs": {"a.txt": EVENT},
}
"""What makes a folder an acquisition of its kind, before it holds any artefact."""


def load(name):
    """Another module of these tests, by its path from this folder."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, HERE / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def database(script, **rows):
    """The bytes of an SQLite database of a script, with rows by table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.sqlite"
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
            for table, values in rows.items():
                for row in values:
                    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
                    connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', tuple(row.values()))
            connection.commit()
        return path.read_bytes()


def stored(path):
    """Where a backup keeps a file of "Domain/relativePath"."""
    domain, _, relative = path.partition("/")
    name = hashlib.sha1(f"{domain}-{relative}".encode("utf-8", "surrogateescape")).hexdigest()
    return f"{name[:2]}/{name}"


def lay(root, files, kind="ios backup", version="16.5", absent=()):
    """An acquisition of a kind in a folder: files by logical path; those that only a backup's list names."""
    root.mkdir(parents=True)
    for path, data in {**ROOTS[kind], **files}.items():
        own = kind != "ios backup" or "/" not in path
        place = root / (path if own else stored(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    if kind == "ios backup":
        info = {"Product Version": version, "Product Type": "iPhone12,1"}
        for name, content in {"Info.plist": info, "Manifest.plist": {"IsEncrypted": False}}.items():
            if name not in files:
                (root / name).write_bytes(plistlib.dumps(content))
        if "Manifest.db" not in files:
            (root / "Manifest.db").write_bytes(manifest([*files, *absent]))
    return root


def manifest(paths):
    """Manifest.db of a backup of these files."""
    rows = []
    for path in paths:
        domain, slash, relative = path.partition("/")
        if slash:
            rows.append({"fileID": stored(path)[3:], "domain": domain, "relativePath": relative, "flags": 1})
    return database(
        "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);",
        Files=rows,
    )


def a_path(pattern):
    """A path that fits a pattern of an artefact."""
    return pattern.replace("**", "a").replace("/*/", "/b/").replace("*", "c")


def paths_of(kind):
    """A path for every artefact of a kind of acquisition, with the names of the artefacts that are looked for there."""
    from answerable.areas.devices.acquisition.finding import WHOLE, expression
    from answerable.areas.devices.artefacts.registry import artefacts

    places = [(one.name, pattern) for one in artefacts() for pattern in one.places.get(kind, ()) if pattern != WHOLE]
    paths = dict.fromkeys(a_path(pattern) for _, pattern in places)
    return {path: {name for name, pattern in places if expression(pattern).fullmatch(path)} for path in paths}


HISTORY = """
CREATE TABLE history_items (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, visit_count INTEGER);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY AUTOINCREMENT, history_item INTEGER NOT NULL, visit_time REAL,
  title TEXT, redirect_source INTEGER NULL UNIQUE, redirect_destination INTEGER NULL UNIQUE);
"""
SAFARI = "HomeDomain/Library/Safari/History.db"


def history(count, start=0):
    """A history of Safari with visits of hosts of example.org."""
    numbers = range(start + 1, start + count + 1)
    script = [HISTORY]
    for n in numbers:  # one after the other, as on a phone: the pages of both tables lie mixed
        script.append(
            f"INSERT INTO history_items VALUES ({n}, 'https://host{n}.example.org/page/{n}?q={'x' * 40}', 1);"
        )
        script.append(f"INSERT INTO history_visits VALUES ({n}, {n}, {6e8 + n}, 'page {n}', NULL, NULL);")
    return database("".join(["BEGIN;", *script, "COMMIT;"]))


def tree_state(folder):
    """Every file of a folder by its path: digest, mode and time of last change."""
    return {
        path.relative_to(folder).as_posix(): (
            hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns, path.stat().st_mode,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.stat().st_size < 1 << 26
    }  # fmt: skip
