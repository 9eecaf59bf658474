"""The cases of the gallery: each a folder of `examples/` with case.toml, published.toml and a page about it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import answerable
from answerable.errors import CaseError, nearest

PUBLISHED = "published.toml"
Field = Literal[
    "value",
    "low",
    "high",
    "n",
    "events",
    "others",
    "value of the group",
    "value of the reference",
    "findings",
    "looked at",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One published figure, and where ours stands.

    Args:
        what: what the figure is, in plain words.
        published: as it was printed, with its digits: "44.85 %", "0.5202", "2,681".
        source: where it was published, if not where the case says.
        question: title of the question that answers it; "" where a formula does.
        name, of, against: which of its findings, as in an estimate.
        field: what of the finding: the value or an end of its interval; n, events, or the others (n less events);
            one of the two values that a comparison compares; how many findings there are; or what of the coverage was
            looked at, by its `name`.
        verdicts, text: of findings that are counted, only those with these verdicts, and this text in the statement.
        formula: how it is worked out of our numbers for other figures; `given` says which: {name: what the figure is}.
        differs: ours, where it is known to differ; then `because` says why.
        because: why ours differs.
        shown_by: which other figure shows that reason: it takes the published number and comes out the same.
    """

    what: str
    published: str
    question: str = ""
    source: str = ""
    name: str = ""
    of: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    against: Mapping[str, str] | None = None
    field: Field = "value"
    verdicts: tuple[str, ...] = ()
    text: str = ""
    formula: str = ""
    differs: str = ""
    because: str = ""
    shown_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A case of the gallery.

    Args:
        name: name of its folder.
        folder: where it lies.
        title: one line on what it is about.
        source: who published the figures.
        data: names of its files in the registry.
        figures: what was published.
    """

    name: str
    folder: Path
    title: str
    source: str
    data: tuple[str, ...]
    figures: tuple[Figure, ...]


def examples_folder() -> Path:
    """Where the cases lie: within the installed package, or beside its source."""
    package = Path(answerable.__file__).parent
    inside = package / "examples"
    return inside if inside.is_dir() else package.parents[1] / "examples"


def examples() -> dict[str, Example]:
    """Every case of the gallery by its name."""
    return {path.parent.name: _read(path) for path in sorted(examples_folder().glob(f"*/{PUBLISHED}"))}


def example(name: str) -> Example:
    """The case of that name.

    Raises:
        CaseError: there is none; the nearest names are offered.
    """
    path = examples_folder() / name / PUBLISHED
    if name in {"", ".", ".."} or "/" in name or "\\" in name or not path.is_file():
        raise CaseError(f"The gallery has no case {name!r}. {nearest(name, examples())}")
    return _read(path)


def _read(path: Path) -> Example:
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    figures = tuple(Figure(**{**entry, "verdicts": tuple(entry.get("verdicts", ()))}) for entry in said.pop("figure"))
    return Example(name=path.parent.name, folder=path.parent, figures=figures, **{**said, "data": tuple(said["data"])})
