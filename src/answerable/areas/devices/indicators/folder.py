"""The bundles at a path, one, a folder or an archive of them, with the registries that say what they are."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from answerable.areas.devices.indicators.feeds import (
    ENDINGS,
    LARGEST_REGISTRY,
    PUBLIC,
    REGISTRIES,
    Feed,
    read_registry,
    registered,
)
from answerable.areas.devices.indicators.stix import LARGEST, Bundle, NoBundle, read_bundle
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.tree import Entry, Tree

_MOST_FILES = 10_000
Files = Mapping[str, Callable[[], Bundle]]
"""What may be bundles, by their names within the path, each with how it is read."""


@dataclass(frozen=True)
class Collection:
    """The bundles at a path.

    Args:
        path: the bundle, or the folder or archive of them.
        bundles: by their names within it, in the order of the names.
        others: names of files of JSON that are no bundles.
        feeds: what registries beside them say, by names of files.
    """

    path: Path
    bundles: Mapping[str, Bundle]
    others: Sequence[str]
    feeds: Mapping[str, Feed]

    def feed(self, name: str) -> Feed:
        """What the registries say of a bundle; only its file's name where they say nothing."""
        file = name.rsplit("/", 1)[-1]
        return self.feeds.get(file) or Feed(name=file, file=file)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file; of a folder, of a line with name and SHA-256 for each bundle."""
        if not self.path.is_dir():
            with self.path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        lines = "".join(f"{name} {bundle.sha256}\n" for name, bundle in self.bundles.items())
        return hashlib.sha256(lines.encode()).hexdigest()

    def notes(self) -> list[str]:
        """A line for each file: how much it holds, its digest and date, whom to credit, what was not taken."""
        lines = []
        for name, bundle in self.bundles.items():
            said = [f"{bundle.count:,} indicators", f"SHA-256 {bundle.sha256}"]
            said += [f"of {bundle.newest:%Y-%m-%d}"] if bundle.newest else []
            said += [f"credit: {credits}"] if (credits := self.feed(name).credits) else []
            lines.append(f"{name}: {'; '.join([*said, *bundle.notes])}")
        return [*lines, *(f"{name}: no STIX bundle, not read" for name in self.others)]

    def text(self) -> str:
        """The feeds for people: date, family, credit, counts by kind, and what cannot be matched."""
        lines = []
        for name, bundle in self.bundles.items():
            feed = self.feed(name)
            families = sorted({family for one in bundle.indicators for family in one.families}) or [feed.family or "?"]
            kinds = Counter(one.kind for one in bundle.indicators)
            date = f"{bundle.newest:%Y-%m-%d}" if bundle.newest else "no date"
            counts = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in sorted(kinds.items()))
            lines.append(f"{feed.name}  {date}  {', '.join(families[:5])}{' ...' if len(families) > 5 else ''}")
            lines.append(f"    {counts or 'nothing that can be matched'}")
            lines += [f"    refused {one.indicator}: {one.reason}" for one in bundle.refused[:5]]
            lines += [f"    and {len(bundle.refused) - 5:,} more refused"] if len(bundle.refused) > 5 else []
            lines += [f"    credit: {feed.credits}"] if feed.credits else []
        total = sum(bundle.count for bundle in self.bundles.values())
        taken = total - sum(len(bundle.refused) for bundle in self.bundles.values())
        lines.append(
            f"{len(self.bundles):,} feeds, {total:,} indicators, of which {taken:,} can be matched: {self.path}"
        )
        return "\n".join(lines)


def open_indicators(path: Path) -> Collection:
    """The bundles at a path, all of them read.

    Args:
        path: a bundle, or a folder or an archive (zip, tar), which is read with all below it.

    Raises:
        EvidenceError: there is no bundle, or one of them or a registry cannot be read.
    """
    from answerable.areas.devices.acquisition.archives import open_archive

    if not path.is_file():
        return _collection(path, _files(path), registered(path))
    with tempfile.TemporaryDirectory() as scratch:
        if (tree := open_archive(path, Path(scratch))) is None:
            return _collection(path, {path.name: partial(read_bundle, path)}, registered(path.parent, below=False))
        with closing(tree):
            return _collection(path, *_packed(tree))


def _bundle(path: Path) -> Bundle:
    """A bundle, read once as long as its file stays as it is: a scan asks for its indicators and for its credit."""
    stat = path.stat()
    return _read(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, size: int, changed: int) -> Bundle:
    return read_bundle(path)


def _collection(path: Path, files: Files, feeds: Mapping[str, Feed]) -> Collection:
    bundles: dict[str, Bundle] = {}
    others: list[str] = []
    for name in sorted(files) if len(files) <= _MOST_FILES else ():
        try:
            bundles[name] = files[name]()
        except NoBundle:
            if list(files) == [path.name] or not name.lower().endswith(".json"):
                raise
            others.append(name)
    if not bundles:
        raise EvidenceError(
            f"there is no bundle of indicators among its {len(files):,} files, of at most {_MOST_FILES:,}.",
            file=path,
            mend="Fetch the public ones with: answerable indicators update. Or name the folder that holds yours.",
        )
    return Collection(path, bundles, others, {**_public(bundles), **feeds})


def _public(bundles: Mapping[str, Bundle]) -> dict[str, Feed]:
    """What the registry of public feeds says of bundles that bear the name of one and hold its family."""
    names = {name.rsplit("/", 1)[-1]: bundle for name, bundle in bundles.items()}
    return {
        feed.file: feed
        for feed in read_registry(PUBLIC)
        if feed.file in names and any(feed.family in one.families for one in names[feed.file].indicators)
    }


def _files(path: Path) -> Files:
    """What may be bundles in a folder."""
    if not path.is_dir():
        raise EvidenceError("there is no such file or folder of indicators.", file=path, mend="Correct the path.")
    return {
        file.relative_to(path).as_posix(): partial(_bundle, file)
        for file in path.rglob("*")
        if _may_be_bundle(file.name) and file.is_file()
    }


def _packed(tree: Tree) -> tuple[Files, dict[str, Feed]]:
    """What may be bundles in an archive, and what its registries say."""
    files: dict[str, Callable[[], Bundle]] = {}
    feeds: dict[str, Feed] = {}
    for entry in tree.entries():
        file = entry.path.rsplit("/", 1)[-1]
        if entry.link:
            continue
        if file in REGISTRIES:
            text = tree.read(entry, LARGEST_REGISTRY).decode("utf-8-sig", "replace")
            for feed in read_registry(Path(entry.path), text):
                feeds.setdefault(feed.file, feed)
        elif _may_be_bundle(file):
            files[entry.path] = partial(_read_packed, tree, entry)
    return files, feeds


def _read_packed(tree: Tree, entry: Entry) -> Bundle:
    return read_bundle(Path(entry.path), tree.read(entry, LARGEST))


def _may_be_bundle(name: str) -> bool:
    return name.lower().endswith(ENDINGS) and name not in REGISTRIES and not name.startswith(".")
