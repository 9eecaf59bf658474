"""The redacted package for a second opinion: findings and what stands around them, all else as keyed digests.

It holds no path of this machine and no name of a phone; the salt of its digests stays in the case. The same scan with
the same salt gives the same bytes.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable import __version__
from answerable.areas.devices.tables import OBSERVED, PLACE
from answerable.case.files import write_whole
from answerable.report.text import plain
from answerable.scanning.redacting import digest, redacted

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.extraction.phone import Phones
    from answerable.core.estimate import Observation
    from answerable.core.finding import Finding
    from answerable.scanning.scan import Scan

CONTEXT = 5
"""Rows before and after each hit."""
_MOST_ROWS = 20
"""Rows of one key that are taken for a finding's own."""
_BATCH = 50_000
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_GENERIC = {
    "acquisition", "android", "androidqf", "backup", "bugreport", "device", "dump", "ipad", "iphone", "logs", "phone",
    "sysdiagnose",
}  # fmt: skip
"""Labels of phones that name nobody, and are words of ordinary sentences."""
README = """\
A scan of {phones}, redacted for a second opinion. Made by answerable {version}.

{headline}

What is in it
  findings.json   every finding as it may be published: verdict, place, time, what it matched, who is to be credited
  context.json    the row of each finding, and up to {context} rows before and after it by time, in the same file
  tables.json     how many rows each table has on each day, and digests of the hosts, processes, paths and so on in it
  coverage.json   what was looked at, what could not be, the feeds of indicators, the scope of the consent

What is not in it
  Texts, names, numbers, addresses of people, and pages that no finding is about stand as digests: the first 32
  hexadecimal digits of HMAC-SHA-256 over the text in UTF-8, keyed with a salt that is not in this package. Equal texts
  have equal digests: how often the same one occurs can be seen. Times, sizes, numbers and numbers of rows are as they
  were. Phones are numbered.

How to check a value, once you are given the salt (hosts and paths in the spelling of the tables)
  python3 -c "import hmac; print(hmac.new(bytes.fromhex('SALT'), b'example.org', 'sha256').hexdigest()[:32])"

Whoever holds the phone's copy makes this package again, byte for byte, with the same command and the same salt.
"""


def write_package(scan: Scan, file: Path, salt: bytes, *, context: int = CONTEXT) -> Path:
    """Write the redacted package of a scan.

    Args:
        scan: what was found; its tables must still be there.
        file: the zip archive to write; replaced where it is there.
        salt: key of the digests.
        context: rows before and after each hit.

    Returns:
        The path of the archive.
    """
    names = _Names(scan.phones)
    words = {
        "phones": ", ".join(names.numbers.values()),
        "headline": names.text("\n\n".join(scan.headline)),
        "version": __version__,
        "context": context,
    }
    members = {
        "README.txt": README.format(**words),
        "context.json": _json(names.data(_contexts(scan, salt, context))),
        "coverage.json": _json(names.data(_coverage(scan))),
        "findings.json": _json(names.data([_finding(one) for one in _findings(scan)])),
        "tables.json": _json(names.data(list(_tables(scan.phones, salt)))),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(members.items()):
            member = zipfile.ZipInfo(name, _FIRST_DAY)
            member.compress_type, member.external_attr, member.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
            archive.writestr(member, plain(text).encode())
    write_whole(file, packed.getvalue())
    return file


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, indent=1, sort_keys=True) + "\n"


def _findings(scan: Scan) -> list[Finding]:
    return [finding for result in scan.results for finding in result.findings]


def _finding(one: Finding) -> dict[str, Any]:
    """A finding in its published form; where its files lay on this machine is left out."""
    data = one.as_json()
    kept = ("id", "method", "question", "statement", "verdict", "basis", "limits", "rights")
    observation = None if one.observation is None else one.observation.published()
    return {**{name: data[name] for name in kept}, "observation": observation}


def _coverage(scan: Scan) -> dict[str, Any]:
    """What was looked at and what was not, what became of the rows, and under what consent."""
    accounts = {name: account for result in scan.results for name, account in result.accounts.items()}
    return {
        "coverage": {result.question.method: result.coverage.as_json() for result in scan.results},
        "accounts": [
            {
                "table": name,
                "sha256": account.sha256,
                "format": account.format,
                "rows": account.rows,
                "refused": [{"reason": one.reason, "count": one.count} for one in account.refused],
            }
            for name, account in sorted(accounts.items())
        ],
        "unanswered": dict(scan.unanswered),
        "feeds": list(scan.feeds),
        "phones": [
            {"phone": one.device, "kind": one.kind, "platform": one.platform, "version": one.version}
            for one in scan.phones.acquisitions
        ],
        "consent": {name: value for name, value in scan.consent.as_json().items() if name in ("scope", "until")},
        "version": __version__,
    }


def _contexts(scan: Scan, salt: bytes, context: int) -> list[dict[str, Any]]:
    """For each file with findings: their rows and those around them, in the order of time."""
    lying: dict[tuple[str, ...], Path] = {}
    homes: dict[str, str] = {}
    for read in scan.phones.reads:
        homes[read.artefact.name] = read.artefact.table.name
        for part in read.parts:
            for holds, file in part.files.items():
                lying[read.acquisition.device, part.account.sha256, read.artefact.name, holds] = file
    wanted: dict[tuple[str, ...], list[Finding]] = {}
    for one in _findings(scan):
        seen = one.observation
        if seen is not None:
            device, source = (str(seen.fields.get(name, "")) for name in ("device", "source"))
            key = (device, seen.exhibit, source, str(seen.fields.get("holds") or homes.get(source, "")))
            if key in lying:
                wanted.setdefault(key, []).append(one)
    return [
        {
            **dict(zip(("phone", "exhibit", "source", "table"), key, strict=True)),
            "rows": _rows_around(lying[key], key[3], findings, salt, context),
        }
        for key, findings in sorted(wanted.items())
    ]


def _rows_around(
    file: Path, holds: str, findings: Sequence[Finding], salt: bytes, context: int
) -> list[dict[str, Any]]:
    import numpy as np
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    keys = pq.read_table(file, columns=["row", "time"])
    order = pc.sort_indices(keys, sort_keys=[("time", "ascending")]).to_numpy()
    place = np.empty_like(order)
    place[order] = np.arange(len(order), dtype=order.dtype)
    rows = _indices(keys.column("row"), {str(one.observation.row) for one in findings if one.observation})
    hits: dict[int, list[Observation]] = {}
    ids: dict[int, list[str]] = {}
    for one in findings:
        if one.observation is not None:
            for index in rows.get(str(one.observation.row), []):
                hits.setdefault(index, []).append(one.observation)
                ids.setdefault(index, []).append(one.id)
    near = {
        position
        for index in hits
        for position in range(max(0, int(place[index]) - context), min(len(order), int(place[index]) + context + 1))
    }
    chosen = [int(order[position]) for position in sorted(near)]
    taken = _taken(file, chosen)
    return [
        {
            "order": int(place[index]) + 1,
            **({"findings": sorted(ids[index])} if index in ids else {}),
            **redacted(holds, taken[index], salt, _shown(hits.get(index, ()))),
        }
        for index in chosen
    ]


def _taken(file: Path, chosen: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Rows of a table by their places, from 0; never more of it in memory than a batch."""
    import pyarrow.parquet as pq

    wanted, found, start = sorted(set(chosen)), dict[int, dict[str, Any]](), 0
    with pq.ParquetFile(file) as table:
        for batch in table.iter_batches(batch_size=_BATCH):
            here = wanted[bisect_left(wanted, start) : bisect_left(wanted, start + batch.num_rows)]
            if here:
                found.update(zip(here, batch.take([index - start for index in here]).to_pylist(), strict=True))
            start += batch.num_rows
    return found


def _indices(rows: pa.ChunkedArray, wanted: set[str]) -> dict[str, list[int]]:
    """Where rows of the wanted keys stand."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[str, list[int]] = {}
    there = pc.indices_nonzero(pc.is_in(rows, value_set=pa.array(sorted(wanted), pa.string())))
    for index, key in zip(there.to_pylist(), rows.take(there).to_pylist(), strict=True):
        if len(mine := found.setdefault(key, [])) < _MOST_ROWS:
            mine.append(index)
    return found


def _shown(observations: Sequence[Observation]) -> dict[str, str]:
    """The values of findings, and how each is published; not those that are withheld."""
    published = {one.value: one.value if one.shown is None else one.shown for one in observations}
    return {value: text for value, text in published.items() if value and text}


def _tables(phones: Phones, salt: bytes) -> Iterator[dict[str, Any]]:
    """For each phone and table: rows by artefact and day, and digests of what an indicator could name."""
    files: dict[tuple[str, str], list[Path]] = {}
    for read in phones.reads:
        for part in read.parts:
            for holds, file in part.files.items():
                files.setdefault((read.acquisition.device, holds), []).append(file)
    for (phone, holds), paths in sorted(files.items()):
        days = _days(paths)
        if days:
            yield {"phone": phone, "table": holds, "days": days, "digests": _digests(paths, holds, salt)}


def _days(files: Sequence[Path]) -> dict[str, dict[str, int]]:
    """Rows by artefact and day; "" for those without a time."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    counts: dict[str, dict[str, int]] = {}
    for file in sorted(files):
        rows = pq.read_table(file, columns=["source", "time"])
        day = pc.fill_null(rows.column("time").cast(pa.date32()).cast(pa.string()), "")
        counted = rows.append_column("day", day).group_by(["source", "day"]).aggregate([([], "count_all")])
        for one in counted.to_pylist():
            mine = counts.setdefault(one["source"] or "", {})
            mine[one["day"]] = mine.get(one["day"], 0) + one["count_all"]
    return counts


def _digests(files: Sequence[Path], holds: str, salt: bytes) -> dict[str, list[str]]:
    """Digests of the distinct values of each column that an indicator could name; of addresses, the hosts alone."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    columns = [name for name, (kind, _) in OBSERVED.get(holds, {}).items() if kind != "url" and name not in PLACE]
    found = {}
    for name in columns:
        values = {one for file in files for one in pc.unique(pq.read_table(file, columns=[name])[name]).to_pylist()}
        if texts := [one for one in values if one]:
            found[name] = sorted(digest(salt, text) for text in texts)
    return found


class _Names:
    """What replaces the names of phones, which are those of folders and may be people's, by numbers."""

    def __init__(self, phones: Phones) -> None:
        labels = dict.fromkeys(one.device for one in phones.acquisitions)
        self.numbers = {label: f"phone {number}" for number, label in enumerate(labels, start=1)}
        names = [label for label in sorted(labels, key=len, reverse=True) if label.casefold() not in _GENERIC]
        told = "|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names)
        self._pattern = re.compile(told) if told else None

    def text(self, text: str) -> str:
        """A sentence without names of phones."""
        return self._pattern.sub(lambda found: self.numbers[found[0]], text) if self._pattern else text

    def data(self, data: Any, entry: str = "") -> Any:
        """Plain data without names of phones, in their own entries and in every text."""
        if isinstance(data, str):
            return self.numbers.get(data, data) if entry in ("device", "phone") else self.text(data)
        if isinstance(data, Mapping):
            return {self.text(str(key)): self.data(value, str(key)) for key, value in data.items()}
        if isinstance(data, (list, tuple)):
            return [self.data(value, entry) for value in data]
        return data
