"""`answerable reproduce NAME`: run a case of the gallery on its data, and set every published figure beside ours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from answerable.case import open_case
from answerable.case.files import sha256_of, write_whole
from answerable.case.plan import NAME
from answerable.errors import AnswerableError, CaseError, nearest
from answerable.gallery.formula import evaluate
from answerable.gallery.registry import LOCAL, dataset, find
from answerable.report.case import report_case
from answerable.report.published import Compared

if TYPE_CHECKING:
    from answerable.case.run import Progress
    from answerable.core.finding import Finding
    from answerable.core.result import Result
    from answerable.gallery.cases import Example, Figure

_Known = TypeVar("_Known")


@dataclass(frozen=True, slots=True)
class Reproduced:
    """A case that was run: what was published beside what came out, and where its report is."""

    compared: tuple[Compared, ...]
    report: Path

    @property
    def holds(self) -> bool:
        """Whether every figure is the same, or differs as the case explains."""
        return all(one.holds for one in self.compared)


def reproduce(
    example: Example, folder: Path, progress: Progress | None = None, *, other_data: bool = False
) -> Reproduced:
    """Make the case in a folder where it is not there yet, run it, compare its figures, and write its report.

    Args:
        example: the case of the gallery.
        folder: a new or empty folder, or one in which it was reproduced before.
        progress: called with how many questions are done, how many there are, and what comes next.
        other_data: whether files of the right names will do where their bytes are not the registered ones.

    Raises:
        AnswerableError: its data are not on this machine, or the folder holds something else.
    """
    _make(example, folder, other_data)
    results = open_case(folder).run(progress=progress)
    compared = compare_all(example.figures, results, example.source)
    return Reproduced(compared, report_case(folder, progress=progress, published=compared))


def _make(example: Example, folder: Path, other_data: bool) -> None:
    wanted = [dataset(name) for name in example.data]
    found = {one.sha256: path for one in wanted if (path := find(one, other=other_data)) is not None}
    if len(found) < len(wanted):
        raise _absent(example)
    text = (example.folder / NAME).read_bytes()
    for registered, path in found.items():
        text = text.replace(registered.encode(), sha256_of(path).encode())
    there = folder / NAME
    if there.exists() and there.read_bytes() != text:
        raise CaseError(f"{folder} holds another case, or this one in another version. Name a new folder.")
    if not there.exists() and folder.is_dir() and any(folder.iterdir()):
        raise CaseError(f"{folder} is not empty. Name a new or empty folder.")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(there, text)
    case = open_case(folder)
    for path in found.values():
        case.add(path)
    case.freeze()


def _absent(example: Example) -> AnswerableError:
    absent = [one for name in example.data if find(one := dataset(name), other=True) is None]
    lines = [f"The data of {example.name} are not on this machine: {', '.join(one.name for one in absent)}."]
    if any(one.address for one in absent):
        lines.append(f"Fetch them with: answerable fetch {example.name}")
    lines += [f"By hand: {one.by_hand} Published at {one.page}" for one in absent]
    return AnswerableError("\n  ".join([*lines, f"{LOCAL} may name a folder that holds them."]))


def compare_all(figures: Sequence[Figure], results: Sequence[Result], source: str) -> tuple[Compared, ...]:
    """Every published figure beside ours; a difference is explained only where the figure that shows why is the same.

    Raises:
        CaseError: as in compare, or a figure is shown by one that there is not.
    """
    known = {figure.what: figure for figure in figures}
    made = {figure.what: compare(figure, results, source, known) for figure in figures}
    for figure in figures:
        if figure.shown_by and _named(figure.shown_by, made).comparison != "same":
            made[figure.what] = replace(made[figure.what], holds=made[figure.what].comparison == "same", because="")
    return tuple(made.values())


def compare(
    figure: Figure, results: Sequence[Result], source: str, others: Mapping[str, Figure] | None = None
) -> Compared:
    """A published figure beside ours, printed with the digits of the published one.

    Args:
        figure: the published figure.
        results: what the questions of the case answered.
        source: who published it, where the figure does not say.
        others: by what they are, figures that a formula may go back to.

    Raises:
        CaseError: the case does not ask the question that would answer it, or a formula cannot be worked out.
    """
    number, finding = _ours(figure, results, others or {})
    ours = "" if number is None else printed(number, figure.published)
    same = "cannot tell" if not ours else "same" if ours == figure.published else "differs"
    holds = same == "same" or (same == "differs" and bool(figure.because) and ours == figure.differs)
    counted = figure.field in {"findings", "looked at"}
    return Compared(
        what=figure.what,
        source=figure.source or source,
        published=figure.published,
        ours=ours,
        comparison=same,
        because=figure.because if same == "differs" and holds else "",
        holds=holds,
        finding=finding.id if finding else "",
        verdict=finding.verdict if finding and ours and not counted else "",
    )


def _ours(
    figure: Figure, results: Sequence[Result], others: Mapping[str, Figure]
) -> tuple[float | None, Finding | None]:
    """Our number, None where there is none; and our finding, where it is one."""
    if figure.formula:
        given = {name: _ours(_named(what, others), results, {})[0] for name, what in figure.given.items()}
        numbers = {name: number for name, number in given.items() if number is not None}
        return (evaluate(figure.formula, numbers) if len(numbers) == len(given) else None), None
    asked = [result for result in results if result.question.title == figure.question]
    if len(asked) != 1:
        raise CaseError(f"The case must ask exactly one question titled {figure.question!r}; it asks {len(asked)}.")
    found = [finding for finding in asked[0].findings if _fits(figure, finding)]
    one = found[0] if len(found) == 1 else None
    if figure.field == "findings":
        return len(found), one
    if figure.field == "looked at":
        return asked[0].coverage.looked_at.get(figure.name), one
    return (_number(figure, one) if one else None), one


def _named(what: str, known: Mapping[str, _Known]) -> _Known:
    if what not in known:
        raise CaseError(f"There is no figure {what!r} to go back to. {nearest(what, known)}")
    return known[what]


def _fits(figure: Figure, finding: Finding) -> bool:
    if figure.field == "findings":
        return (not figure.verdicts or finding.verdict in figure.verdicts) and figure.text in finding.statement
    one = finding.estimate
    if one is None or one.name != figure.name or dict(one.of) != dict(figure.of):
        return False
    return figure.against is None or dict(one.against or {}) == dict(figure.against)


def _number(figure: Figure, finding: Finding) -> float | None:
    one = finding.estimate
    assert one is not None
    of, against = one.between or (None, None)
    return {
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "n": one.n,
        "events": one.events,
        "others": one.n - one.events,
        "value of the group": of,
        "value of the reference": against,
    }[figure.field]


def printed(number: float, like: str) -> str:
    """A number printed as another was: percent or not, as many decimals, with or without commas and a sign."""
    match = re.fullmatch(r"([+-]?)([\d,]*)(?:\.(\d+))?( ?%?)", like)
    if match is None:
        raise CaseError(f"{like!r} is not a printed number, as 44.85 %, 0.5202 or 2,681.")
    sign, whole, decimals, percent = match.groups()
    value = 100 * number if percent.strip() else number
    text = f"{value:{'+' if sign == '+' else ''}{',' if ',' in whole else ''}.{len(decimals or '')}f}"
    return f"{text.removeprefix('-') if float(text.replace(',', '')) == 0 else text}{percent}"
