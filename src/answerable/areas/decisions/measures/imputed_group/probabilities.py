"""The probability of each group for each decision: as the evidence has it, or from a family name and a place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, and_
from typing import TYPE_CHECKING, Any

from answerable.core.engine import collect, exact, keep
from answerable.core.words import count_text
from answerable.errors import NotIdentified, ParameterError, nearest
from answerable.tabular.columns import bare

if TYPE_CHECKING:
    import ibis.expr.types as ir

_ACCENTED, _PLAIN = "ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝ", "AAAAAACEEEEIIIINOOOOOOUUUUY"


@dataclass(frozen=True)
class Imputed:
    """Decisions with the probability of each group.

    Args:
        rows: the decisions with the columns p0, p1, ... for the groups; missing together where they are not known.
        groups: names of the groups, in the order of the columns.
        unknown: conditions on rows under which they are not known, each with the words for it.
    """

    rows: ir.Table
    groups: tuple[str, ...]
    unknown: Mapping[str, Callable[[ir.Table], Any]]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of probabilities."""
        return tuple(f"p{place}" for place in range(len(self.groups)))


def stated(decisions: ir.Table, columns: Sequence[str], names: Mapping[str, str]) -> Imputed:
    """The probabilities that the evidence itself states, made to sum to exactly 1.

    Raises:
        ParameterError: a column is not there; fewer than two groups; two of one name.
    """
    for column in columns:
        if column not in decisions.columns:
            raise ParameterError(f"The table has no probabilities {column!r}. {nearest(column, decisions.columns)}")
    groups = _named(columns, names)
    total = reduce(add, (decisions[column] for column in columns))
    rows = decisions.mutate(
        **{f"p{place}": (decisions[column] / total.nullif(0.0)) for place, column in enumerate(columns)}
    )
    return Imputed(rows, groups, {"a probability is missing": lambda one: one["p0"].isnull()})


def from_census(
    decisions: ir.Table,
    surnames: ir.Table,
    shares: Sequence[str],
    places: ir.Table | None,
    amounts: Sequence[str],
    names: Mapping[str, str],
) -> Imputed:
    """Probabilities by Bayes' rule: shares among bearers of the name, times the share of the group that lives there.

    A name or a place that the tables do not hold gives no probability; nothing stands in for it.

    Raises:
        NotIdentified: the decisions have no surname, or a table of places is given and they have no residence.
        ParameterError: the two tables do not name the same groups.

    Source: Elliott et al. 2009, Health Serv. Outcomes Res. Methodol. 9 (Bayesian improved surname geocoding).
    """
    if "surname" not in decisions.columns:
        raise NotIdentified("Nobody's family name is mapped.", missing="the column that holds it (--surname COLUMN).")
    if ("residence" in decisions.columns) != (places is not None):
        raise NotIdentified(
            "Places need both: where each person lives, and a table of places.",
            missing="--residence COLUMN together with the file of places, or neither.",
        )
    groups = _named(shares, names)
    key = plain_name(decisions["surname"])
    rows = _looked_up(decisions.mutate(lookup_name=key), _keyed(surnames, "listed_surname", shares, "lookup_name"), "s")
    unknown: dict[str, Callable[[ir.Table], Any]] = {
        "the family name is missing": lambda one: one["lookup_name"].isnull(),
        "the table of surnames does not hold the name": lambda one: one["lookup_name"].notnull() & one["s0"].isnull(),
    }
    likelihood = [rows[f"s{place}"] for place in range(len(groups))]
    if places is not None:
        rows, likelihood = _with_places(rows, places, amounts, groups, names)
        unknown |= {
            "the place is missing": lambda one: one["lookup_place"].isnull(),
            "the table of places does not hold the place": lambda one: (
                one["lookup_place"].notnull() & one["z0"].isnull()
            ),
        }
    total = reduce(add, likelihood)
    whole = total.nullif(0.0)
    rows = rows.mutate(**{f"p{place}": one / whole for place, one in enumerate(likelihood)})
    rows = keep(rows.drop("surname", *(["residence"] if places is not None else [])))  # looked up once
    last = "z0" if places is not None else "s0"
    unknown["name and place exclude each other in the tables"] = lambda one: (
        one["s0"].notnull() & one[last].notnull() & one["p0"].isnull()
    )
    return Imputed(rows, groups, unknown)


def plain_name(column: Any) -> Any:
    """A family name as the census lists it: capitals without accents, spaces, signs or a suffix such as Jr."""
    plain = column.upper().translate(_ACCENTED, _PLAIN).re_replace(r"[ ,]+(JR|SR|II|III|IV)\.?\s*$", "")
    return plain.re_replace("[^A-Z0-9]", "").nullif("")


def _with_places(
    rows: ir.Table, places: ir.Table, amounts: Sequence[str], groups: Sequence[str], names: Mapping[str, str]
) -> tuple[ir.Table, list[Any]]:
    """The rows, and each group's likelihood by name and place."""
    column_of = dict(zip(_named(amounts, names), amounts, strict=True))
    if set(column_of) != set(groups):
        raise ParameterError(
            f"The table of surnames tells of {', '.join(groups)}, that of places of {', '.join(column_of)}: name them "
            "alike (--names COLUMN=GROUP)."
        )
    ordered = [column_of[group] for group in groups]
    keyed = _keyed(places, "listed_place", ordered, "lookup_place")
    whole = collect(keyed.agg(**{name: exact(keyed[name]).sum() for name in keyed.columns if name != "lookup_place"}))
    totals = [float(whole[f"v{place}"][0] or 0) for place in range(len(groups))]
    for group, total in zip(groups, totals, strict=True):
        if total <= 0:
            raise ParameterError(f"The table of places counts nobody as {group}.")
    residence = bare(rows["residence"]).nullif("")
    rows = _looked_up(rows.mutate(lookup_place=residence), keyed, "z")
    return rows, [rows[f"s{k}"] * (rows[f"z{k}"] / total) for k, total in enumerate(totals)]


def _keyed(table: ir.Table, column: str, values: Sequence[str], key: str) -> ir.Table:
    """The table with one row for each name, its columns of values as v0, v1, ...; rows that lack one left out."""
    named = plain_name(table[column]) if column == "listed_surname" else bare(table[column]).nullif("")
    whole = table.select(named.name(key), **{f"v{place}": table[value] for place, value in enumerate(values)})
    known = whole.filter(whole[key].notnull() & reduce(and_, (whole[f"v{k}"].notnull() for k in range(len(values)))))
    means = {f"v{k}": exact(known[f"v{k}"]).sum().cast("float64") / known.count() for k in range(len(values))}
    return keep(known.group_by(key).agg(**means))


def _looked_up(rows: ir.Table, keyed: ir.Table, prefix: str) -> ir.Table:
    """The rows with what a table says of their key, missing where it says nothing."""
    key = keyed.columns[0]
    other = keyed.select(
        keyed[key].name(f"{key}_listed"),
        **{prefix + name[1:]: keyed[name] for name in keyed.columns if name != key},
    )
    return rows.left_join(other, rows[key] == other[f"{key}_listed"])


def _named(columns: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """The groups that columns stand for."""
    groups = tuple(names.get(column, column) for column in columns)
    if len(groups) < 2 or len(set(groups)) < len(groups):
        raise ParameterError(
            f"At least two groups of different names are needed, one column each; there are: {', '.join(groups)}."
        )
    return groups


def unknown_rows(imputed: Imputed) -> tuple[int, dict[str, str]]:
    """How many rows there are, and how many lack probabilities or a decision, by reason."""
    rows = imputed.rows
    conditions = {why: condition(rows) for why, condition in imputed.unknown.items()}
    conditions["the decision is missing"] = rows["decided"].isnull()
    if "person" in rows.columns:
        conditions["the person is missing"] = rows["person"].isnull()
    amount = rows["count"] if "count" in rows.columns else None

    def counted(where: Any) -> Any:
        return rows.count(where=where) if amount is None else amount.sum(where=where)

    found = collect(rows.agg(all=counted(None), **{f"u{k}": counted(c) for k, c in enumerate(conditions.values())}))
    gaps = {
        why: f"in {count_text(int(found[f'u{k}'][0]), 'row')}; they are left out of all numbers"
        for k, why in enumerate(conditions)
        if found[f"u{k}"][0]
    }
    return int(found["all"][0] or 0), gaps
