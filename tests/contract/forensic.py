"""A method that is not a statistic, for tests: known names looked up in the records of a device.

It shows that the contract fits what yields observations and coverage. Its evidence is a small text file, one record a
line, tab-separated: artefact, time, value; "artefact<TAB>missing<TAB>reason" says that the artefact was not there.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.core.engine import collect
from answerable.core.estimate import Answer, Coverage, Observation
from answerable.core.method import method
from answerable.core.table import Account, Column, Reading, Refusal, Table, reader
from answerable.errors import EvidenceError, NotIdentified

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.engine import Engine

RECORDS = Table(
    name="records",
    meaning="one record of an artefact of a device",
    columns={
        "row": Column("int64", "line of the exhibit"),
        "exhibit": Column("string", "SHA-256 of the exhibit"),
        "artefact": Column("string", "where on the device the record stood"),
        "time": Column("string", "when it was recorded", "UTC"),
        "value": Column("string", "what was recorded"),
    },
)
ARTEFACTS = Table(
    name="artefacts",
    meaning="one artefact that was looked for on a device",
    columns={
        "artefact": Column("string", "its name"),
        "records": Column("int64", "how many records it held"),
        "missing": Column("string", "why it could not be looked at; empty where it could"),
    },
)


@reader(RECORDS)
def read_records(engine: Engine, path: Path, *, missing: Sequence[str] = ("missing",)) -> Reading:
    """Read the records of a device.

    Args:
        engine: what holds the table.
        path: the exhibit.
        missing: words that say an artefact was not there.
    """
    lines, account = _read(path, missing)
    rows = [line for line in lines if line["time"] not in missing]
    return _reading(engine, RECORDS, rows, account, str(missing))


@reader(ARTEFACTS)
def read_artefacts(engine: Engine, path: Path, *, missing: Sequence[str] = ("missing",)) -> Reading:
    """Read which artefacts there were, and which there were not.

    Args:
        engine: what holds the table.
        path: the exhibit.
        missing: words that say an artefact was not there.
    """
    lines, account = _read(path, missing)
    rows: dict[str, dict[str, Any]] = {}
    for line in lines:
        row = rows.setdefault(line["artefact"], {"artefact": line["artefact"], "records": 0, "missing": ""})
        if line["time"] in missing:
            row["missing"] = line["value"]
        else:
            row["records"] += 1
    return _reading(engine, ARTEFACTS, list(rows.values()), account, str(missing))


@method("forensic.names", reads=[RECORDS, ARTEFACTS], source="this test", rights=["iccpr-17"])
def names(
    records: ir.Table,
    artefacts: ir.Table,
    *,
    known: Mapping[str, str],
    similar: Sequence[str] = (),
    needs: Sequence[str] = ("processes", "messages"),
    pause: float = 0.0,
    level: float = 0.95,
) -> Answer:
    """Traces of known names in the records of a device.

    Args:
        records: the records.
        artefacts: the artefacts.
        known: names that are strong evidence, each with what it belongs to.
        similar: parts of names that only point to something.
        needs: artefacts that would have held a trace.
        pause: seconds to wait, so that tests can interrupt.
        level: not used by observations; case.toml may set it.

    Raises:
        NotIdentified: no artefact of those needed is known at all.
    """
    time.sleep(pause)
    rows = collect(records.order_by("row"))
    there = collect(artefacts.order_by("artefact"))
    if not set(needs) & set(there["artefact"]):
        raise NotIdentified("No artefact that could hold a trace is known.", missing=f"a copy of {', '.join(needs)}.")
    found = [
        _observation(dict(zip(rows, values, strict=True)), known, similar)
        for values in zip(*rows.values(), strict=True)
    ]
    gone = {name: why for name, why in zip(there["artefact"], there["missing"], strict=True) if why}
    gone |= {name: "not in the evidence" for name in needs if name not in there["artefact"]}
    looked = {name: count for name, count in zip(there["artefact"], there["records"], strict=True) if name not in gone}
    return Answer(
        observations=tuple(observation for observation in found if observation is not None),
        coverage=Coverage(looked_at=looked, missing=gone, complete=not set(needs) & set(gone)),
        limits=("A name can be copied by anybody.",),
        looked_for="the known names",
    )


def _observation(row: Mapping[str, Any], known: Mapping[str, str], similar: Sequence[str]) -> Observation | None:
    value = row["value"]
    place = {"exhibit": row["exhibit"], "table": "records", "row": row["row"], "time": row["time"]}
    if value in known:
        matched = {"kind": "name", "value": value, "belongs_to": known[value]}
        return Observation(
            what=f"{value} ({known[value]}) in {row['artefact']}.", strength="strong", matched=matched, **place
        )
    if part := next((part for part in similar if part in value), None):
        matched = {"kind": "part of a name", "value": part}
        return Observation(
            what=f"{value} in {row['artefact']} resembles {part}.",
            strength="heuristic",
            matched=matched,
            benign="Ordinary programs have such names too.",
            **place,
        )
    return None


def _read(path: Path, missing: Sequence[str]) -> tuple[list[dict[str, Any]], Account]:
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise EvidenceError("this is not text.", file=path, mend="Export it again.") from error
    rows, refused = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        parts = line.split("\t")
        if len(parts) == 3:
            rows.append(
                {"row": number, "exhibit": digest, **dict(zip(("artefact", "time", "value"), parts, strict=True))}
            )
        else:
            refused.append(number)
    refusals = (Refusal("not three parts", len(refused), tuple(refused[:5])),) if refused else ()
    return rows, Account(str(path), digest, "tab-separated text", len(text.splitlines()), refusals)


def _reading(engine: Engine, table: Table, rows: Sequence[Mapping[str, Any]], account: Account, how: str) -> Reading:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = table.arrow()
    key = hashlib.sha256(f"{account.sha256} {table.name} {how}".encode()).hexdigest()
    target = engine.folder / f"{key}.parquet"
    if not target.exists():
        half = engine.folder / f".{key}.part"
        pq.write_table(pa.Table.from_pylist([{n: row[n] for n in schema.names} for row in rows], schema=schema), half)
        half.rename(target)
    return Reading(table, engine.parquet(target), account)
