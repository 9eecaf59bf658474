"""The report of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from answerable.case import open_case
from answerable.case.files import sha256_of
from answerable.case.ledger import Subject
from answerable.report.build import build_report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from answerable.case.run import Progress
    from answerable.report.published import Compared

FOLDER = "report"


def report_case(folder: str | Path, *, progress: Progress | None = None, published: Sequence[Compared] = ()) -> Path:
    """Answer what is not answered yet, and write the case's report into its folder `report`.

    Args:
        folder: of the case.
        progress: called with how many questions are done, how many there are, and what comes next.
        published: figures of others that the report sets beside its own.

    Returns:
        The path of report.html; findings.json, findings.csv and findings.parquet stand beside it.

    Raises:
        CaseError: the case cannot be run.
    """
    case = open_case(folder)
    results = case.run(progress=progress)
    settings = case.plan.settings
    provenance = {
        exhibit.sha256: {
            key: value
            for key in ("source", "obtained", "by", "lawful_basis", "sensitivity")
            if (value := getattr(exhibit, key))
        }
        for exhibit in case.plan.exhibits
    }
    path = build_report(
        results,
        case.path / FOLDER,
        title=settings.title,
        investigators=settings.investigators,
        summary=settings.summary,
        published=published,
        smallest_cell=settings.smallest_cell,
        exhibits=provenance,
    )
    case.record("report", [Subject("report", f"{FOLDER}/{path.name}", sha256_of(path))])
    return path
