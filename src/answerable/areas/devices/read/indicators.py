"""Reading indicators: one STIX bundle, or a folder of bundles with the registry of where they come from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.indicators.feeds import REGISTRIES, Feed, registered
from answerable.areas.devices.indicators.stix import Bundle, NoBundle, read_bundle
from answerable.areas.devices.indicators.table import INDICATORS
from answerable.core.table import Account, Reading, Refusal, reader
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.core.engine import Engine

READER_VERSION = 1
"""Raised whenever the same files would give other rows."""
_ENDINGS = {".stix2", ".stix", ".json"}
_MOST_FILES = 10_000
_NAMED = 5  # identifiers given beside each reason of the account


@reader(INDICATORS)
def read_indicators(engine: Engine, path: Path) -> Reading:
    """Read public indicators of spyware, one row for each value and each family that it indicates.

    A folder is read with all below it, in the order of the names. Registries in it (indicators.yaml, or feeds.json as
    `answerable indicators update` writes it) say what the feeds are called and who is to be credited.

    Args:
        engine: what the rows are read on.
        path: a STIX 2.0 or 2.1 bundle (.stix2, .json), or a folder of them.

    Raises:
        EvidenceError: there is no bundle, or one cannot be read; the file and the object are named.
    """
    files = _files(path)
    feeds = registered(path if path.is_dir() else path.parent, below=path.is_dir())
    bundles, others = _bundles(path, files)
    account = _account(path, bundles, feeds, others)
    rows = [row for name, bundle in bundles.items() for row in _rows(bundle, _feed_of(name, feeds))]
    named = repr([READER_VERSION, account.sha256, sorted(map(repr, feeds.values()))])
    target = engine.folder / f"indicators-{hashlib.sha256(named.encode()).hexdigest()[:32]}.parquet"
    _write(rows, target)
    return Reading(INDICATORS, engine.parquet(target), account)


def _files(path: Path) -> dict[str, Path]:
    """The bundles at a path, by their names within it."""
    if path.is_file():
        return {path.name: path}
    if not path.is_dir():
        raise EvidenceError("there is no such file or folder of indicators.", file=path, mend="Correct the path.")
    return {
        file.relative_to(path).as_posix(): file
        for file in path.rglob("*")
        if file.suffix.lower() in _ENDINGS and file.name not in REGISTRIES and file.is_file()
    }


def _bundles(path: Path, files: Mapping[str, Path]) -> tuple[dict[str, Bundle], list[str]]:
    """The bundles among the files, in the order of their names; and what is JSON of something else."""
    bundles, others = {}, []
    for name, file in sorted(files.items()) if len(files) <= _MOST_FILES else ():
        try:
            bundles[name] = read_bundle(file)
        except NoBundle:
            if not path.is_dir() or file.suffix.lower() != ".json":
                raise
            others.append(name)
    if not bundles:
        raise EvidenceError(
            f"there is no bundle of indicators among its {len(files):,} files, of at most {_MOST_FILES:,}.",
            file=path,
            mend="Fetch the public ones with: answerable indicators update. Or name the folder that holds yours.",
        )
    return bundles, others


def _feed_of(name: str, feeds: Mapping[str, Feed]) -> Feed:
    file = name.rsplit("/", 1)[-1]
    return feeds.get(file) or Feed(name=file, file=file)


def _rows(bundle: Bundle, feed: Feed) -> Iterator[dict[str, Any]]:
    for one in bundle.indicators:
        references = dict.fromkeys([*feed.references, *one.references])
        for family in one.families or (feed.family or None,):
            yield {
                "indicator": one.indicator,
                "kind": one.kind,
                "value": one.value,
                "normal": one.normal,
                "labels": one.labels,
                "family": family,
                "feed": feed.name,
                "feed_sha256": bundle.sha256,
                "feed_date": bundle.newest,
                "reference": " ".join(references) or None,
                "credit": feed.credits or None,
                "valid_from": one.valid_from,
                "valid_until": one.valid_until,
                "revoked": one.revoked,
                "note": one.note,
            }


def _write(rows: Sequence[Mapping[str, Any]], target: Path) -> None:
    """Write the rows whole or not at all; the name says what they are made of, so a file that is there is right."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if target.exists():
        return
    half = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        pq.write_table(pa.Table.from_pylist(rows, INDICATORS.arrow()), half)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)


def _account(path: Path, bundles: Mapping[str, Bundle], feeds: Mapping[str, Feed], others: Sequence[str]) -> Account:
    """What became of every indicator; rows are numbered through all bundles in their order."""
    reasons: dict[str, list[tuple[int, str]]] = {}
    notes = []
    before = 0
    for name, bundle in bundles.items():
        for number, indicator, reason in bundle.refused:
            reasons.setdefault(reason, []).append((before + number, indicator))
        before += bundle.count
        feed = _feed_of(name, feeds)
        said = [f"{bundle.count:,} indicators", f"SHA-256 {bundle.sha256}"]
        said += [f"of {bundle.newest:%Y-%m-%d}"] if bundle.newest else []
        said += [f"credit: {feed.credits}"] if feed.credits else []
        notes.append(f"{name}: {'; '.join([*said, *bundle.notes])}")
    notes += [f"{name}: no STIX bundle, not read" for name in others]
    if path.is_dir():
        lines = "".join(f"{name} {bundle.sha256}\n" for name, bundle in bundles.items())
        sha256 = hashlib.sha256(lines.encode()).hexdigest()
    else:
        sha256 = bundles[path.name].sha256
    return Account(
        file=path.name,
        sha256=sha256,
        format="STIX",
        rows=before,
        refused=tuple(_refusal(reason, places) for reason, places in reasons.items()),
        columns=tuple(INDICATORS.columns),
        notes=tuple(notes),
    )


def _refusal(reason: str, places: Sequence[tuple[int, str]]) -> Refusal:
    named = ", ".join(indicator for _, indicator in places[:_NAMED])
    more = f" and {len(places) - _NAMED:,} more" if len(places) > _NAMED else ""
    return Refusal(f"{reason}: {named}{more}", len(places), tuple(number for number, _ in places[:_NAMED]))
