"""The bundles at a path, one or a folder of them, with the registries that say what they are."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from answerable.areas.devices.indicators.feeds import ENDINGS, PUBLIC, REGISTRIES, Feed, read_registry, registered
from answerable.areas.devices.indicators.stix import Bundle, NoBundle, read_bundle
from answerable.errors import EvidenceError

_MOST_FILES = 10_000


@dataclass(frozen=True)
class Collection:
    """The bundles at a path.

    Args:
        path: the bundle, or the folder of them.
        bundles: by their names within the folder, in the order of the names.
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
        """SHA-256 of the bundle; of a folder, of a line with name and SHA-256 for each bundle."""
        if not self.path.is_dir():
            return next(iter(self.bundles.values())).sha256
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
        path: a bundle, or a folder, which is read with all below it.

    Raises:
        EvidenceError: there is no bundle, or one of them or a registry cannot be read.
    """
    bundles: dict[str, Bundle] = {}
    others: list[str] = []
    files = _files(path)
    for name in sorted(files) if len(files) <= _MOST_FILES else ():
        try:
            bundles[name] = read_bundle(files[name])
        except NoBundle:
            if not path.is_dir() or not name.lower().endswith(".json"):
                raise
            others.append(name)
    if not bundles:
        raise EvidenceError(
            f"there is no bundle of indicators among its {len(files):,} files, of at most {_MOST_FILES:,}.",
            file=path,
            mend="Fetch the public ones with: answerable indicators update. Or name the folder that holds yours.",
        )
    feeds = registered(path) if path.is_dir() else registered(path.parent, below=False)
    return Collection(path, bundles, others, {**_public(bundles), **feeds})


def _public(bundles: Mapping[str, Bundle]) -> dict[str, Feed]:
    """What the registry of public feeds says of bundles that bear the name of one and hold its family."""
    names = {name.rsplit("/", 1)[-1]: bundle for name, bundle in bundles.items()}
    return {
        feed.file: feed
        for feed in read_registry(PUBLIC)
        if feed.file in names and any(feed.family in one.families for one in names[feed.file].indicators)
    }


def _files(path: Path) -> dict[str, Path]:
    """What may be bundles at a path, by their names within it."""
    if path.is_file():
        return {path.name: path}
    if not path.is_dir():
        raise EvidenceError("there is no such file or folder of indicators.", file=path, mend="Correct the path.")
    return {
        file.relative_to(path).as_posix(): file
        for file in path.rglob("*")
        if file.name.lower().endswith(ENDINGS)
        and file.name not in REGISTRIES
        and not file.name.startswith(".")
        and file.is_file()
    }
