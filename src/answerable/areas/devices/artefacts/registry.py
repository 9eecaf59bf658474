"""Registers the parsers of artefacts: a decorated function says where its artefact lies and when it should be there."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Acquisition, Kind
    from answerable.areas.devices.artefacts.source import Source
    from answerable.core.table import Table

IOS_BACKUP: Kind = "ios backup"
IOS_FILES: Kind = "ios file system"
SYSDIAGNOSE: Kind = "sysdiagnose"
ANDROIDQF: Kind = "androidqf"
BUGREPORT: Kind = "bugreport"
ADB_BACKUP: Kind = "adb backup"
INTRUSION_LOGS: Kind = "intrusion logs"

Expectation = Literal["always", "encrypted", "sometimes"]
"""When an acquisition should hold an artefact: always; only where it is an encrypted backup; where the app is used."""

Parser = Callable[["Source"], Iterator["pa.RecordBatch | Mapping[str, Any]"]]
"""Yields Arrow batches, or rows one by one, of some of the table's columns; `row` always."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A kind of artefact.

    Args:
        name: as safari_history.
        table: the declared table that its rows stand in.
        meaning: what it holds, in plain words.
        places: for each kind of acquisition the patterns of the logical paths where it lies: "*" stands for any part
            of a name, "**" for any number of folders; WHOLE for the list of all files.
        expected: for each of those kinds, when an acquisition should hold it; "sometimes" where nothing is said.
        versions: first and last major version of the system that has it, where it is not in all; None for open ends.
        section: table or section of the file that the rows come from, unless a row names its own.
        unit: unit of `time_raw`, unless a row names its own.
        parse: reads one file of it.
    """

    name: str
    table: Table
    meaning: str
    places: Mapping[Kind, Sequence[str]]
    expected: Mapping[Kind, Expectation]
    versions: tuple[int | None, int | None]
    section: str
    unit: str
    parse: Parser

    @property
    def platforms(self) -> set[str]:
        """The platforms that have it."""
        return {"ios" if kind in {IOS_BACKUP, IOS_FILES, SYSDIAGNOSE} else "android" for kind in self.places}

    def should_be_in(self, acquisition: Acquisition) -> bool:
        """Whether an acquisition of this kind and version should hold it."""
        expectation = self.expected.get(acquisition.kind, "sometimes")
        return (
            acquisition.kind in self.places
            and self._in_version(acquisition.version)
            and (expectation == "always" or (expectation == "encrypted" and acquisition.encrypted))
        )

    def _in_version(self, version: str) -> bool:
        major = version.partition(".")[0]
        first, last = self.versions
        return not major.isdecimal() or ((first or 0) <= int(major) <= (last or 10_000))


_ARTEFACTS: dict[str, Artefact] = {}


def artefact(
    name: str,
    table: Table,
    meaning: str,
    *,
    places: Mapping[Kind, Sequence[str]],
    expected: Mapping[Kind, Expectation] | None = None,
    versions: tuple[int | None, int | None] = (None, None),
    section: str = "",
    unit: str = "",
) -> Callable[[Parser], Parser]:
    """Register the function that reads one file of an artefact; the arguments are those of `Artefact`.

    The function takes a `Source` and yields rows: dictionaries, or Arrow batches where there are many. It gives the
    columns that it knows, `row` among them; place, time in UTC, hosts of addresses and links in texts are added. It
    raises EvidenceError where the file cannot be read: what it gave before counts, and the rest is a gap.

    Raises:
        ValueError: the name is taken.
    """

    def register(parse: Parser) -> Parser:
        if name in _ARTEFACTS:
            raise ValueError(f"artefact {name} is registered already")
        _ARTEFACTS[name] = Artefact(
            name=name, table=table, meaning=meaning, places=places, expected=expected or {}, versions=versions,
            section=section, unit=unit, parse=parse,
        )  # fmt: skip
        return parse

    return register


def artefacts() -> tuple[Artefact, ...]:
    """Every artefact, by name, after importing the modules beside this one."""
    package = importlib.import_module("answerable.areas.devices.artefacts")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return tuple(_ARTEFACTS[name] for name in sorted(_ARTEFACTS))
