"""The dump of Android's package manager: which app answers to what, which packages there are, and what they may do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from answerable.areas.devices.artefacts.dumpsys.reading import Clock, Line, Row, component

_ENTRY = re.compile(r" {6,12}[0-9a-f]{1,16} (\S+/\S+)(?: filter [0-9a-f]+| \(\d+ filters\))?$")
_KEY = re.compile(r" {4,8}(\S.*):$")
_HEADING = re.compile(r"([A-Z][\w ]{2,60}):$")
_GROUP = re.compile(r" {2}(\S.*):$")
_OF_GROUP = {"Schemes": "scheme ", "Full MIME Types": "type ", "Base MIME Types": "type ", "Wild MIME Types": "type "}

_PACKAGE = re.compile(r" {2}(Package|SharedUser) \[([^\]]{1,300})\] \([0-9a-f]{1,16}\):")
_VALUE = re.compile(r" {4,6}(\w+)=(.*)")
_USER = re.compile(r" {4}User (\d{1,9}):(.*)")
_LIST = re.compile(r" {4,6}(\S[\w ]*):$")
_PERMISSION = re.compile(r" {6,10}([\w.\-]+)(?:: (.*))?$")
_BEGINS = ("  Package [", "  SharedUser [")
_KEPT = {
    "versionCode", "versionName", "codePath", "firstInstallTime", "lastUpdateTime", "installerPackageName",
    "initiatingPackageName", "packageSource", "flags", "pkgFlags", "appId", "userId",
}  # fmt: skip
_LISTS = {"requested permissions": "requested", "install permissions": "install", "runtime permissions": "runtime"}
_SOURCES = {"1": "other", "2": "store", "3": "local file", "4": "downloaded file"}
_DISABLED = {"2", "3", "4"}
_DECIDERS = {
    "POLICY_FIXED": "a policy", "USER_SET": "the user", "USER_FIXED": "the user", "SYSTEM_FIXED": "the system",
    "GRANTED_BY_DEFAULT": "the system", "GRANTED_BY_ROLE": "the system, for the app's role",
}  # fmt: skip
MOST_PACKAGES = 100_000
"""Packages that are looked up by their user."""
MOST_USERS = 1_000
"""Users of the phone that are taken of one package."""
MOST_PERMISSIONS = 20_000
"""Permissions of one package that are taken; the largest have some 500."""


def resolved(lines: Iterable[Line], table: str, kind: str) -> Iterator[Row]:
    """The components in a resolver table, each as often as it answers to something.

    Args:
        lines: of the section, with their numbers.
        table: its heading, as "Activity Resolver Table".
        kind: what its components are.
    """
    group, key = "", ""
    for number, line, top in _parts(lines):
        if top != table:
            group = key = ""
        elif said := _ENTRY.match(line):
            app, name = component(said[1])
            yield {
                "row": number, "table": f"{table}: {group}", "app": app, "component": name, "kind": kind,
                "action": _OF_GROUP.get(group, "") + key,
            }  # fmt: skip
        elif said := _GROUP.match(line):
            group, key = said[1], ""
        elif said := _KEY.match(line):
            key = said[1]


def _parts(lines: Iterable[Line]) -> Iterator[tuple[int, str, str]]:
    """The lines with the heading that they stand below.

    Apps choose some of the texts, which may have several lines. So a heading counts only after an empty line.
    """
    top, is_blank = "", True
    for number, line in lines:
        if is_blank and (said := _HEADING.match(line)):
            top = said[1]
        yield number, line, top
        is_blank = not line.strip()


@dataclass(slots=True)
class Package:
    """One package, or what packages of one uid share, as the package manager has it.

    Args:
        number: line that it begins at. name: of the package. part: heading that it stands below.
        values: its plain values.
        users: for each user the values of its line.
        permissions: line, name, list, user and value of each.
    """

    number: int
    name: str
    part: str
    values: dict[str, str] = field(default_factory=dict)
    users: dict[str, dict[str, str]] = field(default_factory=dict)
    permissions: list[tuple[int, str, str, str, str]] = field(default_factory=list)

    @property
    def is_shared(self) -> bool:
        """Whether it is what packages of one uid share, and no package."""
        return self.part == "Shared users"

    @property
    def runs_as(self) -> str | None:
        """Number of the user that the system runs it as; Android 12 and older call it the package's user."""
        return self.values.get("appId") or self.values.get("userId")

    def app(self, clock: Clock) -> Row:
        """A row of the table of apps."""
        values = {name: value for name, value in self.values.items() if value not in ("", "null")}
        flags = values.get("pkgFlags", values.get("flags", "")).strip("[ ]").split()
        system = "SYSTEM" in flags
        code = values.get("versionCode", "").partition(" ")[0]
        first = next(iter(self.users.values()), {})
        installed = [user for user, state in self.users.items() if state.get("installed") == "true"]
        return {
            "row": self.number,
            "table": "package" if self.part == "Packages" else f"package: {self.part}",
            "app": self.name,
            "version": " ".join(filter(None, (values.get("versionName"), code and f"({code})"))) or None,
            "installer": values.get("installerPackageName"),
            "initiator": values.get("initiatingPackageName"),
            "origin": _SOURCES.get(values.get("packageSource", "")),
            "path": values.get("codePath"),
            "system": system,
            "third_party": not system,
            "disabled": first.get("enabled") in _DISABLED if first else None,
            "users": " ".join(installed),
            "runs_as": self.runs_as,
            "installed": clock.utc(values.get("firstInstallTime", "")),
            "updated": clock.utc(values.get("lastUpdateTime", "")),
            **clock.at(values.get("lastUpdateTime", "")),
        }

    def decisions(self) -> Iterator[Row]:
        """Rows of the table of permissions: what was decided, and what was asked for and is not decided."""
        decided = {name for _, name, kind, _, _ in self.permissions if kind != "requested"}
        for number, name, kind, user, value in self.permissions:
            if kind == "requested" and name in decided:
                continue
            told = dict(part.partition("=")[::2] for part in value.split(", ", 1))
            flags = told.get("flags", "").strip("[ ]").replace("|", " ").split()
            by = next((who for flag, who in _DECIDERS.items() if flag in flags), None)
            decision = {"true": "allowed", "false": "denied"}.get(told.get("granted", ""), "asked")
            yield {
                "row": number, "app": self.name, "permission": name, "decision": decision, "user": user or None,
                "by": "the system, at installation" if kind == "install" and decision == "allowed" else by,
                "table": f"{'' if self.part == 'Packages' else f'{self.part}: '}{kind} permissions",
            }  # fmt: skip


def packages(refuse: Callable[[str, int], None], lines: Iterable[Line]) -> Iterator[Package]:
    """The packages, one by one, also those that an update of a system app hides.

    Args:
        refuse: is told why what cannot be read is left out, and the number of its line.
        lines: of the section, with their numbers.
    """
    package, reader, part = None, None, ""
    for number, line, top in _parts(lines):
        if package and (top != part or line.startswith(_BEGINS)):
            yield package
            package = reader = None
        part = top
        if said := _PACKAGE.match(line):
            package = Package(number, said[2], top)
            reader = _Reader(refuse, package)
        elif line.startswith(_BEGINS):
            refuse("packages whose first line cannot be read", number)
        elif reader:
            reader.take(number, line)
    if package:
        yield package


def users(lines: Iterable[Line]) -> dict[str, str]:
    """The packages by their user as other dumps write it, as u0a201; without users that several packages run as.

    Args:
        lines: of the section of packages, with their numbers.
    """
    found: dict[str, set[str]] = {}
    for package in packages(lambda reason, number: None, lines):
        said = re.fullmatch(r"1(\d{4})", package.runs_as or "")
        if said and not package.is_shared and len(found) < MOST_PACKAGES:
            for user in package.users or ("0",):
                found.setdefault(f"u{user}a{int(said[1])}", set()).add(package.name)
    return {user: next(iter(names)) for user, names in found.items() if len(names) == 1}


class _Reader:
    """Fills a package with the lines below its first."""

    def __init__(self, refuse: Callable[[str, int], None], package: Package) -> None:
        self._refuse, self._package = refuse, package
        self._list, self._user = "", ""

    def take(self, number: int, line: str) -> None:
        """Takes one line."""
        package = self._package
        if self._list and (said := _PERMISSION.match(line)) and _indent(line) >= (8 if self._user else 6):
            if len(package.permissions) < MOST_PERMISSIONS:
                package.permissions.append((number, said[1], self._list, self._user, said[2] or ""))
            else:
                self._refuse(f"permissions of a package beyond {MOST_PERMISSIONS:,}", number)
        elif said := _USER.match(line):
            self._user, self._list = said[1], ""
            if len(package.users) == MOST_USERS and said[1] not in package.users:
                self._refuse(f"users of a package beyond {MOST_USERS:,}", number)
                return
            package.users[said[1]] = dict(part.partition("=")[::2] for part in said[2].split() if "=" in part)
        elif said := _LIST.match(line):
            self._list = _LISTS.get(said[1], "")
        elif said := _VALUE.match(line):
            self._list = ""
            if said[1] in _KEPT:
                package.values.setdefault(said[1], said[2].strip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
