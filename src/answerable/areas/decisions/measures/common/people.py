"""What each person contributed to the cells, without a list of people.

People whose decisions fall into the same cells equally often are interchangeable, so the engine returns each such
signature
with the number of people who have it. Where signatures are too many (weights of one's own make everybody unique), it
returns
sums over people of products of their cells, which determine the variance of every rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.decisions.measures.common.metrics import Group, Kind, group_of
from answerable.core.engine import Rows, collect, exact, keep

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.statistics.design import Design

MOST_SIGNATURES = 200_000
Keys = Sequence[tuple[Group, Kind]]


def people_design(
    decisions: ir.Table, columns: Sequence[str], keys: Keys, counts: Sequence[int], totals: Sequence[float]
) -> tuple[Design, int]:
    """The design of decisions clustered in people, and the number of people.

    Args:
        decisions: table of decisions with a person.
        columns: names of the group columns.
        keys: the cells, in their order, as (group, kind).
        counts: rows per cell.
        totals: sum of the weights per cell.
    """
    named = decisions.filter(decisions["person"].notnull())
    if "weight" in decisions.columns:
        people = int(collect(named.agg(people=named["person"].nunique()))["people"][0])
        return _from_products(named, columns, keys, counts, totals), people
    kinds = sorted({kind for _, kind in keys}, key=str)
    sums = {f"kind{place}": _amount(named, _is_kind(named, kind)) for place, kind in enumerate(kinds)}
    parts = keep(named.group_by(["person", *columns]).agg(**sums))
    spread = parts.group_by("person").agg(parts=parts.count())
    found = collect(spread.agg(people=spread.count(), several=spread.count(where=spread["parts"] > 1)))
    people, several = int(found["people"][0]), int(found["several"][0])
    if several <= MOST_SIGNATURES:
        tables = _signature_tables(parts, columns, list(sums), several)
        if sum(int(collect(table.agg(rows=table.count()))["rows"][0]) for table in tables) <= MOST_SIGNATURES:
            return _from_signatures(tables, columns, keys, kinds), people
    return _from_products(named, columns, keys, counts, totals), people


def _signature_tables(parts: ir.Table, columns: Sequence[str], sums: Sequence[str], several: int) -> list[ir.Table]:
    """Signatures with numbers of people: of those who lie in one group, and of those who lie in several.

    Args:
        parts: one row per person and group with the number of decisions of each kind.
        columns: names of the group columns.
        sums: names of those numbers.
        several: how many people lie in several groups.
    """
    import ibis

    if not several:
        return [keep(parts.group_by([*columns, *sums]).agg(people=parts.count()))]
    spread = parts.group_by("person").agg(parts=parts.count())
    crossing = keep(spread.filter(spread["parts"] > 1).select("person"))
    alone, across = parts.anti_join(crossing, "person"), parts.semi_join(crossing, "person")
    part = ibis.struct({name: across[name] for name in (*columns, *sums)})
    joined = across.group_by("person").agg(parts=part.collect().sort())
    return [
        keep(alone.group_by([*columns, *sums]).agg(people=alone.count())),
        keep(joined.group_by("parts").agg(people=joined.count())),
    ]


def _is_kind(table: ir.Table, kind: Kind) -> Any:
    """Whether a row is of this kind; None where every row is."""
    import ibis

    conditions = [
        table[name].isnull() if state is None else (table[name] == state)
        for name, state in zip(("decided", "outcome"), kind, strict=True)
        if name in table.columns
    ]
    return ibis.and_(*conditions) if conditions else None


def _amount(table: ir.Table, where: Any) -> Any:
    return table["count"].sum(where=where).fill_null(0) if "count" in table.columns else table.count(where=where)


def _from_signatures(tables: Sequence[ir.Table], columns: Sequence[str], keys: Keys, kinds: Sequence[Kind]) -> Design:
    from scipy.sparse import csr_array

    from answerable.statistics.design import Design

    cell = {key: place for place, key in enumerate(keys)}
    found: list[tuple[list[tuple[int, int]], int]] = []
    for table in tables:
        rows = collect(table)
        for place, people in enumerate(rows["people"]):
            parts = rows["parts"][place] if "parts" in rows else [{name: rows[name][place] for name in rows}]
            found.append((_signature(parts, columns, kinds, cell), int(people)))
    found.sort()
    row = [place for place, (signature, _) in enumerate(found) for _ in signature]
    column = [where for signature, _ in found for where, _ in signature]
    amounts = [amount for signature, _ in found for _, amount in signature]
    matrix = csr_array((amounts, (row, column)), shape=(len(found), len(keys)))
    return Design.clustered(matrix, [people for _, people in found])


def _signature(
    parts: Sequence[Any], columns: Sequence[str], kinds: Sequence[Kind], cell: dict[tuple[Group, Kind], int]
) -> list[tuple[int, int]]:
    """The cells of one kind of person with how many decisions fall into each."""
    signature = []
    for part in parts:
        group = group_of(part[column] for column in columns)
        signature += [
            (cell[group, kind], int(amount)) for place, kind in enumerate(kinds) if (amount := part[f"kind{place}"])
        ]
    return sorted(signature)


def _from_products(
    named: ir.Table, columns: Sequence[str], keys: Keys, counts: Sequence[int], totals: Sequence[float]
) -> Design:
    """Sums over people of the products of their cells, by joining each person's cells with themselves."""
    import numpy as np

    from answerable.statistics.design import Design

    states = [name for name in ("decided", "outcome") if name in named.columns]
    by = [*columns, *states]
    factors = [named[name] for name in ("weight", "count") if name in named.columns]
    total = exact(math.prod(factors[1:], start=factors[0])).sum().cast("float64") if factors else named.count()
    parts = keep(named.group_by(["person", *by]).agg(amount=total))
    other = parts.view().rename({f"other_{name}": name for name in (*by, "amount")})
    both = parts.join(other, "person")
    rows = collect(
        both.group_by([*by, *(f"other_{name}" for name in by)]).agg(
            product=exact(both["amount"] * both["other_amount"]).sum(), people=both.count()
        )
    )
    cell = {key: place for place, key in enumerate(keys)}
    here = tuple(_places(rows, columns, states, prefix, cell) for prefix in ("", "other_"))
    crossproducts, people = np.zeros((len(keys), len(keys))), np.zeros((len(keys), len(keys)))
    crossproducts[here], people[here] = np.array(rows["product"], dtype=float), rows["people"]
    return Design.weighted_clusters(totals, crossproducts, counts, people)


def _places(
    rows: Rows, columns: Sequence[str], states: Sequence[str], prefix: str, cell: dict[tuple[Group, Kind], int]
) -> list[int]:
    """Which cell each row names; each cell is looked up once, because rows are many and cells are few."""
    known: dict[tuple[object, ...], int] = {}
    named = [rows[prefix + name] for name in (*columns, *states)]
    found = []
    for place, values in enumerate(zip(*named, strict=True) if named else [()] * len(rows["people"])):
        if values not in known:
            known[values] = cell[_key(rows, columns, states, place, prefix)]
        found.append(known[values])
    return found


def _key(rows: Rows, columns: Sequence[str], states: Sequence[str], place: int, prefix: str) -> tuple[Group, Kind]:
    decided, outcome = (rows[prefix + name][place] if name in states else None for name in ("decided", "outcome"))
    return group_of(rows[prefix + column][place] for column in columns), (decided, outcome)
