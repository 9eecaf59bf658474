"""Reading matched pairs: the transcript of a probe as it is, or any table with one row per answer or application."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from answerable.areas.decisions.tables import PAIRS
from answerable.core.table import Reading, reader
from answerable.errors import EvidenceError
from answerable.tabular.mapping import TableWords, read_mapped

if TYPE_CHECKING:
    from answerable.core.engine import Engine
    from answerable.tabular.look import Look

FORMAT = "answerable probe 1"
"""What the first line of a transcript says it is."""
_FIRST = 4 << 20
_COLUMNS = {name: name for name in ("pair", "template", "variant", "name", "member", "control", "repeat")}


@reader(PAIRS)
def read_pairs(
    engine: Engine,
    path: Path,
    *,
    pair: str | None = None,
    template: str | None = None,
    variant: str | None = None,
    name: str | None = None,
    member: str | None = None,
    decided: str | None = None,
    score: str | None = None,
    control: str | None = None,
    repeat: str | None = None,
    reference: str | None = None,
    favourable: bool | None = None,
    **words: Unpack[TableWords],
) -> Reading:
    """Read a file as matched pairs: one row for each answer to one member of a pair.

    Args:
        engine: what the rows are read on.
        path: the transcript of a probe, which needs no words; or CSV, a spreadsheet, JSON lines, Parquet.
        pair: column that tells the pairs apart.
        template: column of the text, vacancy or employer that pairs share.
        variant: column of the group that the member stands for.
        name: column of the name, or whatever else stands for the group.
        member: column that tells the members of a pair apart where they belong to one group.
        decided: when an answer is positive: a yes/no column, or column=value,value, or column>=number.
        score: column of the number that was answered.
        control: when a pair lies within one group on purpose: a yes/no column or a condition.
        repeat: column of the repetition of the pair.
        reference: the group that the others are compared with; by default that of the plan, or the largest.
        favourable: whether a positive answer is good for the person (yes) or bad (no).
        words: as for every mapped table.

    Raises:
        EvidenceError: the file cannot be read, or holds a value that does not fit.
        MappingError: a column or value is named that there is not.
    """
    columns = {"pair": pair, "template": template, "variant": variant, "name": name, "member": member}
    columns |= {"decided": decided, "score": score, "control": control, "repeat": repeat}
    given: dict[str, Any] = {"reference": reference, "favourable": favourable}
    header = header_of(path)
    if header is not None:
        if not header.get("_called"):
            raise EvidenceError("the transcript holds no call yet.", file=path, mend="Run the probe first.")
        known: dict[str, str | None] = {**_COLUMNS}
        known |= {"decided": "decided"} if header.get("decides") else {}
        known |= {"score": "number"} if header.get("measures") else {}
        columns = {word: said or known.get(word) for word, said in columns.items()}
        words["where"] = [*(words.get("where") or ()), "kind=call"]
        given = {word: header.get(word) if said is None else said for word, said in given.items()}
    reading = read_mapped(
        engine,
        path,
        PAIRS,
        columns=columns,
        **words,
    )
    return replace(reading, given={word: value for word, value in given.items() if value is not None})


def suggest(found: Look) -> str | None:
    """A first question of the transcript of a probe, which needs no words; none of any other file."""
    from answerable.tabular.look import command

    return None if header_of(found.path) is None else command("decisions.paired", found, {})


def header_of(path: Path) -> Mapping[str, Any] | None:
    """The first line of a probe's transcript; None for any other file. `_called` says whether a call follows."""
    with suppress(OSError, ValueError, RecursionError), Path(path).open("rb") as file:
        header = json.loads(file.readline(_FIRST))
        if isinstance(header, dict) and header.get("format") == FORMAT:
            return {**header, "_called": any(b'"kind": "call"' in line[:40] for line in file)}
    return None
