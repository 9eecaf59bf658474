"""What androidqf collects of an Android phone: apps, files, processes, settings, properties, mounts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.registry import ANDROIDQF, artefact
from answerable.areas.devices.artefacts.times import UNIX_SECONDS, utc_of
from answerable.areas.devices.tables import (
    APP_FILES,
    APPS,
    DEVICE_FILES,
    MOUNTS,
    PROCESSES,
    PROPERTIES,
    SETTINGS,
)
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.registry import Expectation
    from answerable.areas.devices.artefacts.source import Source

ALWAYS: dict[Kind, Expectation] = {ANDROIDQF: "always"}
SETTING = re.compile(r"([^=\s][^=]*)=(.*)")
PROPERTY = re.compile(r"\[([^\]]+)\]:\s*\[(.*)\]\s*")
MOUNT = re.compile(r"(.+?) on (.+?) type (\S+) \((.*)\)\s*")
_BITS = {"r": 4, "w": 2, "x": 1, "s": 1, "t": 1}
_TYPES = {"d": 0o040000, "l": 0o120000, "-": 0o100000, "s": 0o140000, "p": 0o010000, "c": 0o020000, "b": 0o060000}
_KINDS = {"d": "folder", "l": "link", "-": "file", "s": "socket", "p": "pipe", "c": "device", "b": "device"}


def objects(source: Source) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSON list, or of lines of JSON, with their numbers, from 1; all else is refused and counted."""
    for number, one in _entries(source):
        if isinstance(one, dict):
            yield number, one
        else:
            source.refuse("an entry is not an object of names and values", number)


def _entries(source: Source) -> Iterator[tuple[int, Any]]:
    if next((line.lstrip()[:1] for _, line in source.lines() if line.strip()), "") == "{":
        known = False
        for number, line in source.lines():
            if line.strip():
                one = _of_line(line)
                known = known or isinstance(one, dict)
                yield number, one
        if not known:
            raise EvidenceError("this is neither a list nor lines of JSON.", file=source.path)
        return
    told = source.json()
    if not isinstance(told, list):
        raise EvidenceError(
            "this is no list, as androidqf writes it.", file=source.path, mend="Acquire the phone again."
        )
    yield from enumerate(told, start=1)


def _of_line(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def text_of(value: Any) -> str | None:
    """A value as text, without the halves of letters that JSON can hold; None for what stands for nothing ("null")."""
    if value is None or value in ("", "null") or isinstance(value, (dict, list)):
        return None
    text = str(value)
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def flag_of(value: Any) -> bool | None:
    """A value that is yes or no; None for any other."""
    return value if isinstance(value, bool) else None


@artefact(
    "androidqf_packages", APPS, "apps that are installed", places={ANDROIDQF: ("packages.json",)}, expected=ALWAYS,
    section="packages",
)  # fmt: skip
def packages(source: Source) -> Iterator[Mapping[str, Any]]:
    """Apps with who installed them; the row is the package."""
    for number, one in objects(source):
        if (name := text_of(one.get("name"))) is None:
            source.refuse("an app without a name", number)
            continue
        yield {
            "row": name,
            "app": name,
            "installer": text_of(one.get("installer")),
            "system": flag_of(one.get("system")),
            "disabled": flag_of(one.get("disabled")),
            "third_party": flag_of(one.get("third_party")),
        }


@artefact(
    "androidqf_package_files", APP_FILES, "files of apps, with digests and certificates",
    places={ANDROIDQF: ("packages.json",)}, expected=ALWAYS, section="packages",
)  # fmt: skip
def package_files(source: Source) -> Iterator[Mapping[str, Any]]:
    """Files of apps with their digests and the certificate that signed them; the row is the package."""
    for number, one in objects(source):
        name, files = text_of(one.get("name")), one.get("files") or []
        if name is None or not isinstance(files, list):
            source.refuse("an app without a name, or whose files are no list", number)
            continue
        for file in files:
            if not isinstance(file, dict):
                source.refuse("a file that is not an object of names and values", number)
                continue
            certificate = file.get("certificate")
            signed = certificate if isinstance(certificate, dict) else {}
            yield {
                "row": name,
                "app": name,
                "path": text_of(file.get("path")),
                **{digest: _lower(file.get(digest)) for digest in ("md5", "sha1", "sha256")},
                **{f"certificate_{digest.lower()}": _lower(signed.get(digest)) for digest in ("Md5", "Sha1", "Sha256")},
                "subject": text_of(signed.get("Subject")),
                "issuer": text_of(signed.get("Issuer")),
            }


def _lower(value: Any) -> str | None:
    text = text_of(value)
    return None if text is None else text.lower()


@artefact(
    "androidqf_files", DEVICE_FILES, "files on the phone", places={ANDROIDQF: ("files.json",)}, expected=ALWAYS,
    section="files", unit=UNIX_SECONDS,
)  # fmt: skip
def files(source: Source) -> Iterator[Mapping[str, Any]]:
    """Files with mode, owner, times and digests; the row is the path."""
    for number, one in objects(source):
        if (path := text_of(one.get("path"))) is None:
            source.refuse("a file without a path", number)
            continue
        mode = text_of(one.get("mode")) or ""
        modified = one.get("modified_time")
        yield {
            "row": path,
            "path": path,
            "kind": _KINDS.get(mode[:1]),
            "mode": mode_number(mode),
            "size": whole_of(one.get("size")),
            "owner": whole_of(one.get("user_id")),
            "group_number": whole_of(one.get("group_id")),
            "time_raw": text_of(modified),
            "time": utc_of(modified, UNIX_SECONDS),
            "modified": utc_of(modified, UNIX_SECONDS),
            "changed": utc_of(one.get("changed_time"), UNIX_SECONDS),
            "context": text_of(one.get("context")),
            **{digest: _lower(one.get(digest)) for digest in ("md5", "sha1", "sha256")},
        }
        if error := text_of(one.get("error")):
            source.notes.append(f"{path}: androidqf could not look at all of it ({error[:200]}).")


def whole_of(value: Any) -> int | None:
    """A value that is a whole number of 64 bits; None for any other."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63 else None


def mode_number(mode: str) -> int | None:
    """The number of a mode as `ls -l` writes it ("-rwxr-xr-x"); None where it is not one."""
    if not re.fullmatch(r"[-dlspcb]([-r][-w][-xsStT]){3}", mode):
        return None
    number = _TYPES[mode[0]]
    for place, letter in enumerate(mode[1:10]):
        number |= _BITS.get(letter, 0) << (6 - 3 * (place // 3))
    special = (("s", 3, 0o4000), ("s", 6, 0o2000), ("t", 9, 0o1000))
    return number | sum(bit for letter, place, bit in special if mode[place].lower() == letter)


@artefact(
    "androidqf_properties", PROPERTIES, "properties of the system", places={ANDROIDQF: ("getprop.txt",)},
    expected=ALWAYS, section="getprop",
)  # fmt: skip
def properties(source: Source) -> Iterator[Mapping[str, Any]]:
    """Properties with their values; the row is the property. A value may go over several lines."""
    text = source.text()
    known = 0
    for name, value in properties_of(text):
        known += 1
        yield {"row": name, "name": name, "value": value}
    if not known and text.strip():
        raise EvidenceError("no line of it is a property.", file=source.path, mend="Acquire the phone again.")


def properties_of(text: str) -> Iterator[tuple[str, str]]:
    """The properties that `getprop` printed: [name]: [value], the value over one line or several."""
    open_name, lines = "", [""]
    for line in text.splitlines():
        if open_name:
            lines.append(line)
            if line.endswith("]"):
                yield open_name, "\n".join(lines)[:-1]
                open_name = ""
        elif match := PROPERTY.fullmatch(line):
            yield match[1], match[2]
        elif begun := re.match(r"\[([^\]]+)\]:\s*\[(.*)$", line):
            open_name, lines = begun[1], [begun[2]]


@artefact(
    "androidqf_settings", SETTINGS, "settings of the system", places={ANDROIDQF: ("settings_*.txt",)}, expected=ALWAYS,
    section="settings",
)  # fmt: skip
def settings(source: Source) -> Iterator[Mapping[str, Any]]:
    """Settings with the namespace that the file's name says; the row is the setting."""
    namespace = source.path.rpartition("/")[2].removeprefix("settings_").removesuffix(".txt")
    for number, line in enumerate(source.text().splitlines(), start=1):
        if match := SETTING.fullmatch(line):
            yield {"row": match[1], "namespace": namespace, "key": match[1], "value": match[2], "table": namespace}
        elif line.strip():
            source.refuse("a line that is no setting", number)


@artefact(
    "androidqf_root_binaries", DEVICE_FILES, "programs that give whoever runs them all rights",
    places={ANDROIDQF: ("root_binaries.json",)}, expected=ALWAYS, section="root_binaries",
)  # fmt: skip
def root_binaries(source: Source) -> Iterator[Mapping[str, Any]]:
    """Programs such as su that androidqf found; the row is the path."""
    for _, path in _texts(source):
        yield {"row": path, "path": path, "kind": "file"}


@artefact(
    "androidqf_mounts", MOUNTS, "mounted file systems", places={ANDROIDQF: ("mounts.json", "mounts.txt")},
    expected=ALWAYS, section="mounts",
)  # fmt: skip
def mounts(source: Source) -> Iterator[Mapping[str, Any]]:
    """Mounted file systems; the row is the number of the entry."""
    for number, line in _texts(source) if source.path.endswith(".json") else enumerate(source.text().splitlines(), 1):
        if match := MOUNT.fullmatch(line):
            names = ("what", "point", "type", "options")
            yield {"row": number, **dict(zip(names, match.groups(), strict=True))}
        elif line.strip():
            source.refuse("a line that is no mount", number)


def _texts(source: Source) -> Iterator[tuple[int, str]]:
    for number, one in _entries(source):
        if isinstance(one, str) and (text := text_of(one)) is not None:
            yield number, text
        else:
            source.refuse("an entry is not text", number)


@artefact(
    "androidqf_processes", PROCESSES, "processes that were running",
    places={ANDROIDQF: ("ps.txt", "processes.txt", "processes.json")}, expected=ALWAYS, section="ps",
)  # fmt: skip
def processes(source: Source) -> Iterator[Mapping[str, Any]]:
    """Running processes; the row is the name, for process numbers are given anew."""
    if source.path.endswith(".json"):
        yield from _listed_processes(source)
        return
    yield from printed_processes(source, source.text().splitlines())


def _listed_processes(source: Source) -> Iterator[Mapping[str, Any]]:
    for number, one in objects(source):
        line = text_of(one.get("command_line")) or text_of(one.get("filename_path"))
        if line is None:
            source.refuse("a process without a name", number)
            continue
        path = text_of(one.get("filename_path"))
        name = line.split("\0")[0].split(" ")[0]
        yield {
            "row": name,
            "process": name.rpartition("/")[2] or name,
            "path": path,
            "app": name if re.fullmatch(r"[\w.]+(:\w+)?", name) and "." in name else None,
            "user": text_of(one.get("user")) or text_of(one.get("uid")),
            "number": whole_of(one.get("pid")),
            "parent": whole_of(one.get("parent_pid", one.get("ppid"))),
        }


def printed_processes(source: Source, lines: list[str], first: int = 1) -> Iterator[Mapping[str, Any]]:
    """Processes as `ps` prints them, by the names of its columns; `first` is the number of the first line."""
    heading: list[str] | None = None
    for number, line in enumerate(lines, start=first):
        fields = line.split()
        if not fields:
            continue
        if heading is None:
            if "PID" not in fields:
                raise EvidenceError("its first line does not name the columns of ps.", file=source.path)
            heading = fields
            continue
        # The name is the last column and may hold blanks; versions of ps leave out its state's heading or not.
        last = len(heading) - 1
        pieces = line.split(None, last)
        at = dict(zip(heading, pieces, strict=False))
        name = pieces[-1].strip() if len(pieces) > last else ""
        if not name or not at.get("PID", "").isdecimal():
            source.refuse("a line that is no process", number)
            continue
        program = name.split(" ")[0]
        parent = at.get("PPID", "")
        yield {
            "row": name,
            "process": program.rpartition("/")[2] or program,
            "path": program if program.startswith("/") else None,
            "app": program.partition(":")[0] if "." in program and not program.startswith(("/", "[")) else None,
            "user": at.get("USER") or at.get("UID"),
            "number": int(at["PID"]),
            "parent": int(parent) if parent.isdecimal() else None,
        }
