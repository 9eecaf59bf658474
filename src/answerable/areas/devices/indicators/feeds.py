"""Registries of feeds: what each is called, where it lies, who is to be credited, what was published about it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from answerable.errors import EvidenceError

ENDINGS = (".stix2", ".stix", ".json")
"""How the names of files of bundles end."""
REGISTRIES = {"indicators.yaml", "indicators.yml", "feeds.json", "feeds.toml"}
"""Files among bundles that are registries of them."""
PUBLIC = Path(__file__).with_name("feeds.toml")
"""The registry of public feeds that comes with the program."""
LARGEST_REGISTRY = 1 << 20
"""Bytes of a registry at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed of indicators.

    Args:
        name: what it is called. file: name of its file in a folder of indicators.
        address: where it is published. licence, credit: as its publisher states them.
        family: what it is about. references: addresses of what was published about it.
    """

    name: str
    file: str
    address: str = ""
    licence: str = ""
    credit: str = ""
    family: str = ""
    references: tuple[str, ...] = ()

    @property
    def credits(self) -> str:
        """Whom to credit, and the licence."""
        return f"{self.credit} ({self.licence})" if self.credit and self.licence else self.credit or self.licence


def read_registry(path: Path, text: str | None = None) -> tuple[Feed, ...]:
    """The feeds of a registry.

    Args:
        path: file in TOML (a table for each feed), in JSON as `answerable indicators update` writes it, or in YAML as
            the list `indicators` of entries whose `github` says owner, repo, branch and path.
        text: what the file holds, where it was read already.

    Raises:
        EvidenceError: it cannot be read as a registry.
    """
    try:
        if text is None:
            with path.open("rb") as stream:
                raw = stream.read(LARGEST_REGISTRY + 1)
            if len(raw) > LARGEST_REGISTRY:
                raise ValueError(f"it has more than {LARGEST_REGISTRY:,} bytes")
            text = raw.decode("utf-8-sig")
        feeds = tuple(_feeds(path, text))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EvidenceError(
            f"this is no registry of feeds ({type(error).__name__}: {error}).",
            file=path,
            mend="Correct it, or take it out of the folder.",
        ) from error
    return feeds


def registered(folder: Path, *, below: bool = True) -> dict[str, Feed]:
    """The feeds of the registries in a folder, and below it, by the names of their files."""
    found: dict[str, Feed] = {}
    look = folder.rglob if below else folder.glob
    for path in sorted(path for name in REGISTRIES for path in look(name) if path.is_file()):
        for feed in read_registry(path):
            found.setdefault(feed.file, feed)
    return found


def _feeds(path: Path, text: str) -> list[Feed]:
    if path.suffix == ".toml":
        return [_feed(name=name, **entry) for name, entry in tomllib.loads(text).items()]
    if path.suffix == ".json":
        return [_feed(**entry) for entry in json.loads(text)["feeds"]]
    import yaml

    try:
        return [_of_github(entry) for entry in yaml.safe_load(text)["indicators"]]
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _feed(**said: Any) -> Feed:
    known = {name: _words(said[name]) for name in ("name", "address", "licence", "credit", "family") if name in said}
    return Feed(**known, file=_file_name(said.get("file") or known["address"]), references=_list(said, "references"))


def _of_github(entry: Mapping[str, Any]) -> Feed:
    """A feed that says in which repository of GitHub it lies."""
    lies = entry["github"]
    place = "/".join(_words(lies[part]) for part in ("owner", "repo", "branch", "path"))
    return Feed(
        name=_words(entry["name"]),
        file=_file_name(place),
        address=f"https://raw.githubusercontent.com/{place}",
        credit=", ".join(_list(entry, "sources")),
        references=tuple(dict.fromkeys(_list(entry, "references"))),
    )


def _words(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _list(entry: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(_words(one) for one in entry.get(name) or ())


def _file_name(place: str) -> str:
    """The last part of an address or path, as a name that a file may have everywhere."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", re.split(r"[/\\]", place.partition("?")[0].rstrip("/"))[-1]).lstrip(".")
    if not name or name in REGISTRIES:
        raise ValueError(f"{place!r} names no file that a feed may have")
    return name if name.lower().endswith(ENDINGS) else f"{name}.stix2"
