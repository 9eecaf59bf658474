"""What lies at a path, recognised by its files: which acquisitions, of which phones, and how to read each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from answerable.areas.devices.acquisition import particulars
from answerable.areas.devices.acquisition.ios_backup import OWN_FILES
from answerable.areas.devices.acquisition.names import Refusals, stem
from answerable.areas.devices.acquisition.particulars import Particulars, head
from answerable.areas.devices.acquisition.tree import Entry, Tree, open_tree
from answerable.areas.devices.acquisition.views import View, below
from answerable.errors import EvidenceError

Kind = Literal["ios backup", "ios file system", "sysdiagnose", "androidqf", "bugreport", "adb backup", "intrusion logs"]
UNDERSTOOD = (
    "an iOS backup, an iOS file system (folder, zip or tar), a sysdiagnose archive, an androidqf folder or zip, "
    "an Android bug report, an adb backup (.ab), intrusion logs, or a folder of several of these"
)
_ANDROIDQF = (
    "packages.json", "getprop.txt", "ps.txt", "processes.txt", "processes.json", "files.json", "acquisition.json",
    "settings_*.txt", "root_binaries.json", "mounts.json", "dumpsys.txt", "services.txt", "selinux.txt", "env.txt",
)  # fmt: skip
_DUMPSTATES = ("bugreport*.txt", "dumpstate*.txt", "dumpState*.txt", "dumpState*.log", "dumpstate*.log")
_PART = re.compile(r"filesystem\d*|rootfs|root")  # parts of a dump, as tools name them
_EVENT = re.compile(rb'"(?:dns|connect|network|security)_?(?:event|log)[a-z_]*"\s*:', re.IGNORECASE)
_DEEPEST = 2  # archives within archives
_LOWEST = 2  # levels of folders: PATH/phone/acquisition
_MOST_CHILDREN = 1_000
_IDENTIFIER = re.compile(r"[0-9a-fA-F]{40}|[0-9A-F]{8}-[0-9A-F]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """One acquisition of one phone.

    Args:
        device: label of the phone, unique among those opened together; never an identifier of the phone.
        kind: what it is.
        platform: the phone's system.
        version: its version, "" where unknown.
        model: as the system names it, "" where unknown.
        time: when it was acquired, as the acquisition itself tells; None where it does not.
        encrypted: whether it was encrypted.
        tree: its files.
        path: where it lies within what was given, "" for all of it.
        notes: what was noticed on the way.
        facts: what it says of the phone; keys of `particulars.PRIVATE_FACTS` identify a person.
        problem: why its contents cannot be opened, "" where they can; its tree holds what can be read yet.
    """

    device: str
    kind: Kind
    platform: Literal["ios", "android"]
    tree: Tree
    version: str = ""
    model: str = ""
    time: datetime | None = None
    encrypted: bool = False
    path: str = ""
    notes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder of a tree that may be an acquisition."""

    tree: Tree
    folder: str  # "" for the root
    name: str  # what the folder or archive is called
    path: str  # where it lies within what was given
    device: str
    password: str | None
    depth: int = 0  # archives within archives
    level: int = 0  # folders that were gone down
    failures: list[EvidenceError] = field(default_factory=list)  # shared: why what was recognised could not be opened

    def has(self, *patterns: str) -> bool:
        return any(self.find(pattern) for pattern in patterns)

    def find(self, pattern: str) -> list[str]:
        return self.tree.index.match(f"{self.folder}/{pattern}" if self.folder else pattern)

    def view(self) -> Tree:
        return below(self.tree, self.folder)


def open_acquisitions(path: Path, scratch: Path, *, password: str | None = None) -> list[Acquisition]:
    """Recognises what lies at a path and opens each acquisition in it.

    Args:
        path: a folder, an archive or a file.
        scratch: an empty folder outside the evidence, for what must be extracted or decrypted; the caller erases it.
        password: of encrypted backups.

    Returns:
        the acquisitions, sorted by path; those of one phone (androidqf and what lies in it) have the same device.

    Raises:
        EvidenceError: nothing is recognised, or none of what is recognised can be opened (PasswordNeeded and
            WrongPassword are told apart). What cannot be opened beside others is returned with its problem.
    """
    tree = open_tree(path, scratch)
    try:
        place = _Place(tree, "", path.resolve().name, "", _label(path.resolve().name), password)
        found = _folder(place)
        if not found:
            raise EvidenceError(
                f"It is not recognised. Found: {_found(tree)}.", file=path, mend=f"Understood: {UNDERSTOOD}."
            )
        if all(one.problem for one in found):
            for one in found:
                one.tree.close()
            raise place.failures[0]
    finally:
        tree.close()
    return sorted(_noted(found, tree), key=lambda one: (one.path, one.kind))


def _noted(found: list[Acquisition], tree: Tree) -> list[Acquisition]:
    """The same acquisitions, each with what was noticed of the tree that they lie in."""
    return [replace(one, notes=tuple(dict.fromkeys((*one.notes, *tree.notes)))) for one in found]


def _found(tree: Tree) -> str:
    """A few names of the first level, for a message."""
    first = sorted({name.split("/")[0] for name in tree.index.known})
    shown = ", ".join(repr(name[:60]) for name in first[:8])
    return (f"{tree.format} with {shown}" + (", ..." if len(first) > 8 else "")) if first else f"empty {tree.format}"


def _children(place: _Place) -> list[Acquisition]:
    """Acquisitions one level down: folders, archives and single files."""
    start = f"{place.folder}/" if place.folder else ""
    firsts: dict[str, bool] = {}  # name of the first level -> whether it is a folder
    for known in place.tree.index.known:
        if known.startswith(start):
            name, slash, _ = known[len(start) :].partition("/")
            firsts[name] = bool(slash)
    found: list[Acquisition] = []
    other, taken = Refusals(), set[str]()
    for name, is_folder in sorted(firsts.items())[:_MOST_CHILDREN]:
        path = f"{place.path}/{name}" if place.path else name
        label = _label(name) if not place.level else f"{place.device} {_label(name)}"
        inside = replace(place, folder=start + name, name=name, path=path, device=label, level=place.level + 1)
        ours = _guarded(_folder if is_folder else _nested, inside, other)
        found += _unlike(ours, taken)
        if not ours:
            other.add("beside it, not recognised", path)
    if len({one.device for one in found}) == 1:
        found = [replace(one, device=place.device) for one in found]
    notes = tuple(other.notes())
    return [replace(one, notes=one.notes + notes) for one in found]


def _folder(place: _Place) -> list[Acquisition]:
    return _at(place) or (_children(place) if place.level < _LOWEST else [])


def _guarded(recognise: Callable[[_Place], list[Acquisition]], place: _Place, other: Refusals) -> list[Acquisition]:
    """One that cannot be opened does not keep the others from being read."""
    try:
        return recognise(place)
    except EvidenceError as error:
        other.add(f"beside it, not readable ({error.problem.rstrip('.')})", place.path)
        return []


def _at(place: _Place) -> list[Acquisition]:
    """The acquisitions at a folder of a tree; none where nothing is recognised."""
    for recognise in (_ios_backup, _androidqf, _bugreport, _sysdiagnose, _ios_file_system, _intrusion_logs):
        if found := recognise(place):
            return found
    if place.tree.format == "file" and not place.folder:
        return [one for path in place.tree.index.paths for one in _nested(replace(place, folder=path))]
    return []


def _made(place: _Place, kind: Kind, tree: Tree, known: Particulars, **more: object) -> Acquisition:
    if known.time is None and tree.newest is not None:
        known.time = tree.newest
        known.notes.append("it does not say when it was made: the time of its newest file stands for that")
    return Acquisition(
        device=place.device, kind=kind, platform="ios" if kind in _IOS else "android", tree=tree, path=place.path,
        version=_short(known.version), model=_short(known.model), time=known.time, facts=known.facts,
        notes=(*tree.notes, *known.notes), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _short(said: str) -> str:
    """A version or model as a system writes it; "" for any other text, which stays among the facts."""
    return said if re.fullmatch(r"[\w.,+()/ -]{1,60}", said) else ""


_IOS = ("ios backup", "ios file system", "sysdiagnose")


def _ios_backup(place: _Place) -> list[Acquisition]:
    if not place.has("Manifest.db", "Manifest.mbdb") and not (place.has("Manifest.plist") and place.has("Info.plist")):
        return []
    from answerable.areas.devices.acquisition.encrypted import open_backup

    names = {name: place.find(name)[0] for name in OWN_FILES if place.has(name)}
    bare = View(place.tree, names)
    known = particulars.ios_backup(bare)
    encrypted = bool(particulars.dictionary(bare, "Manifest.plist", []).get("IsEncrypted"))
    try:
        tree = open_backup(place.tree, place.folder, encrypted=encrypted, password=place.password)
    except EvidenceError as error:
        place.failures.append(error)
        return [_made(place, "ios backup", bare, known, encrypted=encrypted, problem=str(error))]
    bare.close()
    return [_made(place, "ios backup", tree, known, encrypted=encrypted)]


def _androidqf(place: _Place) -> list[Acquisition]:
    if sum(place.has(name) for name in _ANDROIDQF) < 2 or place.has("sysdiagnose.log"):
        return []
    tree = place.view()
    known = particulars.androidqf(tree)
    found: list[Acquisition] = []
    other = Refusals()
    for name in ("bugreport*.zip", "*.ab", "intrusion*.zip"):
        for inner in place.find(name):
            found += _guarded(_nested, _inside(place, inner), other)
    for folder in ("bugreport", "intrusion_logs", "intrusion-logs", "intrusionlogs"):
        if place.has(f"{folder}/**"):
            here = _inside(place, f"{place.folder}/{folder}" if place.folder else folder)
            found += _guarded(_bugreport if folder == "bugreport" else _downloaded_logs, here, other)
    known.notes += other.notes()
    known.time = known.time or next((one.time for one in found if one.time), None)
    found = [
        replace(one, version=one.version or known.version, model=one.model or known.model, time=one.time or known.time)
        for one in found
    ]
    return [_made(place, "androidqf", tree, known), *found]


def _inside(place: _Place, inner: str) -> _Place:
    told = inner[len(place.folder) :].lstrip("/")
    path = f"{place.path}/{told}" if place.path else told
    return replace(place, folder=inner, name=inner.rpartition("/")[2], path=path)


def _nested(place: _Place) -> list[Acquisition]:
    """A file of a tree that may be an acquisition itself: an archive, an adb backup, a report, logs."""
    entry = place.tree.entry(place.folder)
    if entry.link or place.depth >= _DEEPEST:
        return []
    start = head(place.tree, place.folder, 1 << 16)
    if start.startswith(b"ANDROID BACKUP\n"):
        return _adb_backup(place)
    if start.startswith((b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) or start[257:262] == b"ustar":
        return _within(place, entry)
    kind: Kind = "bugreport" if b"== dumpstate: " in start[:4096] else "intrusion logs"
    if kind == "intrusion logs" and not _has_events(start):
        return []
    # a report by itself may be called anything; under a name that reports have it is found as any other
    is_named = kind != "bugreport" or any(fnmatchcase(place.name, one) for one in _DUMPSTATES)
    name = place.name if is_named else "dumpstate.txt"
    tree = View(place.tree, {name: place.folder})
    known = particulars.bugreport(tree, name) if kind == "bugreport" else Particulars()
    return [_made(place, kind, tree, known)]


def _within(place: _Place, entry: Entry) -> list[Acquisition]:
    """The acquisitions within an archive that lies in a tree."""
    tree = open_tree(place.tree.place(entry), place.tree.scratch)
    tree.keep(place.tree.shared())
    tree.root = place.tree.root / entry.stored
    try:
        inside = replace(place, tree=tree, folder="", depth=place.depth + 1)
        return [] if tree.format == "file" else _noted(_folder(inside), tree)
    finally:
        tree.close()


def _adb_backup(place: _Place) -> list[Acquisition]:
    from answerable.areas.devices.acquisition.adb_backup import open_adb_backup, read_header

    entry = place.tree.entry(place.folder)
    try:
        tree = open_adb_backup(place.tree, entry, password=place.password)
    except EvidenceError as error:
        place.failures.append(error)
        bare = View(place.tree, {})
        return [_made(place, "adb backup", bare, Particulars(), problem=str(error))]
    header = read_header(head(place.tree, place.folder, 4096), entry.stored)
    known = Particulars(facts={"Backup Format": str(header.version)})
    return [_made(place, "adb backup", tree, known, encrypted=header.encrypted)]


def _bugreport(place: _Place) -> list[Acquisition]:
    texts = [path for name in _DUMPSTATES for path in place.find(name)]
    told = [path for path in texts if b"== dumpstate: " in head(place.tree, path, 4096)]
    if not told and not (place.has("main_entry.txt") and texts):
        return []
    tree = place.view()
    first = (told or texts)[0]
    return [_made(place, "bugreport", tree, particulars.bugreport(tree, first[len(place.folder) :].lstrip("/")))]


def _sysdiagnose(place: _Place) -> list[Acquisition]:
    named = place.name.startswith("sysdiagnose_") and place.has("logs/**", "WiFi/**", "ps.txt", "summaries/**")
    if not named and not place.has("system_logs.logarchive/**", "sysdiagnose.log"):
        return []
    tree = place.view()
    return [_made(place, "sysdiagnose", tree, particulars.sysdiagnose(tree, f"{place.name}/{place.tree.root.name}"))]


def _ios_file_system(place: _Place) -> list[Acquisition]:
    start = f"{place.folder}/" if place.folder else ""
    firsts = {path[len(start) :].split("/", 1)[0] for path in place.find("**/var/mobile/**")}
    parts = ["", *sorted(f"{name}/" for name in firsts if _PART.fullmatch(name))]
    parts = [part for part in parts if place.has(f"{part}private/var/mobile/**", f"{part}var/mobile/**")]
    if not parts:
        return []
    names, other = _phone_names(place.find("**"), [start + part for part in parts])
    tree = View(place.tree, names, f"iOS file system in a {place.tree.format}")
    tree.notes += other.notes()
    known = particulars.ios_system(
        tree,
        "System/Library/CoreServices/SystemVersion.plist",
        "private/var/installd/Library/MobileInstallation/LastBuildInfo.plist",
    )
    return [_made(place, "ios file system", tree, known)]


def _phone_names(paths: Iterable[str], parts: list[str]) -> tuple[dict[str, str], Refusals]:
    """Logical paths as on the phone ("private/var/..."), for the files of a dump that is in one or several parts."""
    names: dict[str, str] = {}
    other = Refusals()
    for path in paths:
        part = max((one for one in parts if path.startswith(one)), key=len, default=None)
        if part is None:
            other.add("beside the file system, not read", path)
            continue
        name = path[len(part) :]
        name = f"private/{name}" if name.startswith("var/") else name
        if name in names:
            other.add("files that are there twice, under var/ and private/var/ or in two parts: one is read", name)
        names[name] = path
    return names, other


def _intrusion_logs(place: _Place) -> list[Acquisition]:
    files = [path for path in place.find("*") if path.lower().endswith((".json", ".ndjson", ".jsonl", ".txt", ".log"))]
    if not any(_has_events(head(place.tree, path, 1 << 16)) for path in files[:100]):
        return []
    return [_made(place, "intrusion logs", place.view(), Particulars())]


def _downloaded_logs(place: _Place) -> list[Acquisition]:
    """Intrusion logs in a folder of androidqf: as files, or packed as the phone gives them."""
    return _intrusion_logs(place) + [one for path in place.find("*.zip") for one in _nested(_inside(place, path))]


def _has_events(start: bytes) -> bool:
    """Whether a text begins with a line of JSON that holds an event of the security or network log."""
    line = start.lstrip(b"\xef\xbb\xbf \t\r\n").split(b"\n", 1)[0]
    return line.startswith(b"{") and _EVENT.search(line) is not None


def _label(name: str) -> str:
    """What to call a phone by the name of its folder or archive; never the phone's own identifier."""
    said = "".join(letter if letter.isprintable() else "\ufffd" for letter in stem(name))[:100]
    return "phone" if not said or _IDENTIFIER.fullmatch(said) else said


def _unlike(found: list[Acquisition], taken: set[str]) -> list[Acquisition]:
    """The same acquisitions with labels that no other phone has."""
    labels: dict[str, str] = {}
    for one in found:
        if one.device not in labels:
            label, number = one.device, 2
            while label in taken:
                label, number = f"{one.device}-{number}", number + 1
            labels[one.device] = label
            taken.add(label)
    return [replace(one, device=labels[one.device]) for one in found]
