"""Reading indicators: a STIX bundle, or a folder or archive of them with the registry of where they come from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.indicators.folder import Collection, open_indicators
from answerable.areas.devices.indicators.table import INDICATORS
from answerable.core.table import Account, Reading, Refusal, reader

if TYPE_CHECKING:
    from answerable.core.engine import Engine

READER_VERSION = 1
"""Raised whenever the same files would give other rows."""
_NAMED = 5  # identifiers given beside each reason of the account


@reader(INDICATORS)
def read_indicators(engine: Engine, path: Path) -> Reading:
    """Read public indicators of spyware, one row for each value and each family that it indicates.

    A folder or an archive is read with all below it, in the order of the names. Registries in it (indicators.yaml, or
    feeds.json as `answerable indicators update` writes it) say what the feeds are called and whom to credit.

    Args:
        engine: what the rows are read on.
        path: a STIX 2.0 or 2.1 bundle (.stix2, .json), or a folder or an archive (zip, tar) of them.

    Raises:
        EvidenceError: there is no bundle, or one cannot be read; the file and the object are named.
    """
    found = open_indicators(path)
    made_of = repr([READER_VERSION, found.sha256, [(name, found.feed(name)) for name in found.bundles]])
    target = engine.folder / f"indicators-{hashlib.sha256(made_of.encode()).hexdigest()[:32]}.parquet"
    _write(_rows(found), target)
    return Reading(INDICATORS, engine.parquet(target), _account(found))


def _rows(found: Collection) -> Iterator[dict[str, Any]]:
    for name, bundle in found.bundles.items():
        feed = found.feed(name)
        of_feed = {
            "feed": feed.name,
            "feed_file": name,
            "feed_sha256": bundle.sha256,
            "feed_date": bundle.newest,
            "credit": feed.credits or None,
        }
        for one in bundle.indicators:
            references = dict.fromkeys([*feed.references, *one.references])
            of_one = {
                "indicator": one.indicator,
                "kind": one.kind,
                "value": one.value,
                "normal": one.normal,
                "labels": one.labels,
                "reference": " ".join(references) or None,
                "valid_from": one.valid_from,
                "valid_until": one.valid_until,
                "revoked": one.revoked,
                "note": one.note,
            }
            for family in one.families or (feed.family or None,):
                yield {**of_feed, **of_one, "family": family}


def _write(rows: Iterator[Mapping[str, Any]], target: Path) -> None:
    """Write the rows whole or not at all; the name says what they are made of, so a file that is there is right."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if target.exists():
        return
    half = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        pq.write_table(pa.Table.from_pylist(list(rows), INDICATORS.arrow()), half)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)


def _account(found: Collection) -> Account:
    """What became of every indicator; rows are numbered through all bundles in their order."""
    reasons: dict[str, list[tuple[int, str]]] = {}
    before = 0
    for bundle in found.bundles.values():
        for number, indicator, reason in bundle.refused:
            reasons.setdefault(reason, []).append((before + number, indicator))
        before += bundle.count
    return Account(
        file=found.path.name,
        sha256=found.sha256,
        format="STIX",
        rows=before,
        refused=tuple(_refusal(reason, places) for reason, places in reasons.items()),
        columns=tuple(INDICATORS.columns),
        notes=tuple(found.notes()),
    )


def _refusal(reason: str, places: Sequence[tuple[int, str]]) -> Refusal:
    named = ", ".join(indicator for _, indicator in places[:_NAMED])
    more = f" and {len(places) - _NAMED:,} more" if len(places) > _NAMED else ""
    return Refusal(f"{reason}: {named}{more}", len(places), tuple(number for number, _ in places[:_NAMED]))
