"""The profile of a column: what its values are and how they are spread.

Every different value is sorted once into a shape (a whole number, a date of one format, a word for "missing", ...) and
counts for the rows that hold it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from answerable.tabular.columns import NUMBER, PAIRS, Source
from answerable.tabular.columns import bare as stripped
from answerable.tabular.times import FIRST_IS_DAY, PATTERNS, SECOND_IS_DAY

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.engine import Engine

Role = Literal["identifier", "one value", "two values", "category", "number", "date", "text", "nested", "empty"]
FEW = 50
"""Values are shown of columns with at most so many different ones, which two rows or more share on average."""
LITERALS = ("(null)", "null", "NULL", "NA", "N/A", "n/a", "None", "none", "nan", "NaN", "-", "--", "?", ".")
"""Words that often stand where a value is missing."""
_ERRORS = ("#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")  # of spreadsheets' formulas
_LISTED = 1_000
_UNIQUE = 20  # so many values that are all different tell rows apart
_NARROW = 32  # so many columns are scanned one by one, which is faster for many rows; more in one scan
_WHOLE = "^[+-]?[0-9]+([.]0*)?$"
_DECIMAL_COMMA = "^[+-]?[0-9]+([.][0-9]{3})*,[0-9]+$"
_IDENTIFIER = re.compile(
    r"(^|[\W_])(id|ids|uuid|guid|ssn|person|people|client|name|case_?(no|nr|number))($|[\W_])", re.I
)
NO_VALUE = frozenset({"missing", "blank", "error", *LITERALS})
"""Shapes of what stands where a value could be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """What a look at every value of a column found.

    Args:
        name: as the file has it.
        place: 1 for the first column.
        type: "text", "whole number", "number", "yes or no", "date", "nested", or "nothing".
        role: what the column is likely to be.
        missing: rows without a value.
        distinct: different values.
        values: the values with their rows, the commonest first; empty where they could tell people apart.
        least: smallest number or earliest date; None for other columns and for identifiers.
        most: largest number or latest date.
        literals: words in it that may mean "missing".
        traps: what to mind before using it, as sentences.
    """

    name: str
    place: int
    type: str
    role: Role
    missing: int = 0
    distinct: int = 0
    values: tuple[tuple[str, int], ...] = ()
    least: str | None = None
    most: str | None = None
    literals: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {**asdict(self), "values": [list(pair) for pair in self.values]}


@dataclass(frozen=True, slots=True)
class Shape:
    """Values of one shape.

    Args:
        rows: how many rows hold one.
        distinct: how many different ones there are.
        least: the smallest number or earliest day.
        most: the largest number or latest day.
        padded: rows with blanks around the value.
        day_first: whether a date's first part can only be the day.
        day_second: whether its second part can only be the day.
    """

    rows: int
    distinct: int
    least: float | str | None = None
    most: float | str | None = None
    padded: int = 0
    day_first: bool = False
    day_second: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What the values of a column are, before it is judged.

    Args:
        source: the column.
        shapes: by name, in falling order of rows.
        values: every value with its rows, where there are not too many; otherwise empty.
    """

    source: Source
    shapes: Mapping[str, Shape]
    values: Mapping[str, int]

    def rows(self, *names: str) -> int:
        """Rows that hold values of these shapes."""
        return sum(self.shapes[name].rows for name in names if name in self.shapes)

    @property
    def proper(self) -> dict[str, Shape]:
        """The shapes of what is a value: not missing, no word for it, no error."""
        return {name: shape for name, shape in self.shapes.items() if name not in NO_VALUE}

    @property
    def dates(self) -> list[str]:
        """The formats of dates that occur, the most frequent first."""
        return [name for name in self.shapes if name in {pattern.name for pattern in PATTERNS}]

    @property
    def literals(self) -> tuple[str, ...]:
        """Words among the values that may mean "missing"."""
        return tuple(word for word in LITERALS if word in self.shapes)

    @property
    def type(self) -> str:
        """What the values are."""
        names = set(self.proper)
        if not names:
            return "nothing"
        if names <= {"whole"}:
            return "whole number"
        if names <= {"whole", "number"}:
            return "number"
        if names <= set(self.dates):
            return "date"
        return "yes or no" if names == {"yes or no"} else "text"

    @property
    def role(self) -> Role:
        """What the column is likely to be."""
        rows = sum(shape.rows for shape in self.proper.values())
        distinct = sum(shape.distinct for shape in self.proper.values())
        if distinct <= 2:
            return ("empty", "one value", "two values")[distinct]
        names_people = self.type in {"text", "whole number"} and _IDENTIFIER.search(self.source.name) is not None
        unique = self.type in {"text", "whole number"} and distinct >= max(_UNIQUE, 0.9 * rows)
        if unique or (names_people and distinct > FEW):
            return "identifier"
        if self.type in {"whole number", "number", "date"}:
            return "date" if self.type == "date" else "number"
        return "category" if distinct <= FEW else "text"

    @property
    def shown(self) -> bool:
        """Whether the values may be shown: they are few, and tell nobody apart."""
        few = 0 < len(self.values) <= FEW and sum(self.values.values()) >= 2 * len(self.values)
        return few and self.role != "identifier"

    def end(self, which: Literal["least", "most"]) -> str | None:
        """The smallest or largest number or date; None of columns that have no order, or tell people apart."""
        ends = [value for shape in self.proper.values() if (value := getattr(shape, which)) is not None]
        if self.role == "identifier" or self.type not in {"whole number", "number", "date"} or not ends:
            return None
        end = min(ends) if which == "least" else max(ends)
        return f"{end:.10g}" if isinstance(end, float) else str(end)


def measure(engine: Engine, table: ir.Table, sources: Sequence[Source]) -> list[Facts]:
    """The facts of columns, by one aggregation of all their values, and another of those that have few.

    Args:
        engine: what the table is on.
        table: the table that the columns belong to.
        sources: the columns; nested ones cannot be measured.
    """
    import ibis

    shaped = _shaped(_counted(table, dict(enumerate(sources))))
    grouped = shaped.group_by("at", "shape").aggregate(**_aggregates(shaped))
    found = engine.collect(grouped.order_by("at", ibis.desc("rows"), "shape"))
    shapes: list[dict[str, Shape]] = [{} for _ in sources]
    for at, name, rows, distinct, low, high, first, last, padded, day_first, day_second in zip(
        *found.values(), strict=True
    ):
        ends = (first, last) if low is None else (low, high)
        shapes[at][name] = Shape(rows, distinct, *ends, padded or 0, bool(day_first), bool(day_second))
    few = {at: source for at, source in enumerate(sources) if sum(s.distinct for s in shapes[at].values()) <= _LISTED}
    values: list[dict[str, int]] = [{} for _ in sources]
    if few:
        counted = _counted(table, few)
        listed = engine.collect(counted.filter(counted.value.notnull()).order_by("at", ibis.desc("rows"), "value"))
        for at, value, rows in zip(*listed.values(), strict=True):
            values[at][value] = rows
    return [Facts(*facts) for facts in zip(sources, shapes, values, strict=True)]


def _counted(table: ir.Table, sources: Mapping[int, Source]) -> ir.Table:
    """Each different value of each column as text, with its rows: at, value, rows."""
    import ibis

    pairs = [{"at": ibis.literal(at, "int64"), "value": source.text()} for at, source in sources.items()]
    if len(pairs) == 1:
        values = table.select(**pairs[0])
    elif len(pairs) <= _NARROW:
        values = ibis.union(*(table.select(**pair) for pair in pairs))
    else:
        values = table.select(pair=ibis.array([ibis.struct(pair) for pair in pairs]).unnest()).unpack("pair")
    return values.group_by("at", "value").aggregate(rows=values.count())


def _shaped(counted: ir.Table) -> ir.Table:
    """Shape of each value, with what is ordered in it: a number, a day, a date whose day and month look alike."""
    import ibis

    bare = counted.mutate(bare=stripped(counted.value))
    text, nothing = bare.bare, ibis.null("string")
    shape = ibis.cases(
        (bare.value.isnull(), "missing"),
        (text == "", "blank"),
        (text.re_search(_WHOLE), "whole"),
        (text.re_search(f"^({NUMBER})$"), "number"),
        (text.isin(LITERALS), text),
        (text.isin(_ERRORS), "error"),
        (text.re_search(_DECIMAL_COMMA), "decimal comma"),
        *((text.re_search(pattern.expression), pattern.name) for pattern in PATTERNS),
        (text.lower().isin([word for pair in PAIRS[:4] for word in pair]), "yes or no"),
        else_="text",
    )
    shaped = bare.mutate(shape=shape)
    of = shaped["shape"]
    return shaped.mutate(
        number=ibis.ifelse(of.isin(["whole", "number"]), shaped.bare, nothing).try_cast("float64"),
        day=ibis.ifelse(of == PATTERNS[0].name, shaped.bare, nothing),
        either=ibis.ifelse(
            of.isin([pattern.name for pattern in PATTERNS if pattern.exchangeable]), shaped.bare, nothing
        ),
    )


def _aggregates(shaped: ir.Table) -> dict[str, ir.Scalar]:
    rows = shaped["rows"]
    return {
        "rows": rows.sum(),
        "distinct": shaped.count(),
        "low": shaped.number.min(),
        "high": shaped.number.max(),
        "first": shaped.day.min(),
        "last": shaped.day.max(),
        "padded": rows.sum(where=(shaped.bare != shaped.value) & (shaped.bare != "")),
        "day_first": shaped.either.re_search(FIRST_IS_DAY).any(),
        "day_second": shaped.either.re_search(SECOND_IS_DAY).any(),
    }
