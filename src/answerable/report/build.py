"""Builds the report: one page that loads nothing from anywhere, and the same findings as data."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable import __version__
from answerable.case.files import write_whole
from answerable.core.finding import VERDICTS
from answerable.core.words import count_text, interval_text, number_text
from answerable.report.charts import verdict_class
from answerable.report.disclosure import published_series, withheld_findings
from answerable.report.entries import Entry, entry
from answerable.report.export import to_csv, to_json, to_parquet
from answerable.report.text import p_text, plain, prose, sentence_case, thousands, typeset, value_text
from answerable.report.views import known_method, question_view, tally
from answerable.rights.catalogue import Provision, provisions

if TYPE_CHECKING:
    from jinja2 import Environment

    from answerable.core.result import Result
    from answerable.report.published import Compared

_KINDS = (
    "treaty", "regulation", "directive", "statute", "rule", "declaration", "soft law", "not in the catalogue",
)  # fmt: skip
"""Kinds of provisions in the order in which the page names them: what binds more comes first."""


def build_report(
    results: Sequence[Result],
    folder: Path,
    *,
    title: str,
    investigators: Sequence[str] = (),
    summary: str = "",
    smallest_cell: int = 10,
    exhibits: Mapping[str, Mapping[str, str]] | None = None,
    published: Sequence[Compared] = (),
    language: str = "en",
) -> Path:
    """Write report.html, findings.json, findings.csv and findings.parquet; the same bytes for the same results.

    Args:
        results: the questions with their findings, in the order in which they are to be read.
        folder: where to write; made where it is not there. Files of the same names are replaced.
        title: heading of the page.
        investigators: who asked.
        summary: a text above the answers; paragraphs are separated by an empty line.
        smallest_cell: counts from 1 to this less 1 are withheld, with whatever would give them away; 1 for none.
            Counts of what one exhibit holds, as a phone, are no counts of people, and never withheld.
        exhibits: what is known of each exhibit beside its bytes (source, obtained, by, ...), by its SHA-256.
        published: figures of others, each beside ours.
        language: language of title and summary, as in BCP 47.

    Returns:
        The path of report.html.

    Raises:
        ValueError: smallest_cell is below 1, or there are no results.
    """
    if not results:
        raise ValueError("A report needs at least one result.")
    cells = [_smallest(result, smallest_cell) for result in results]
    withheld = withheld_findings([one for one, cell in zip(results, cells, strict=True) if cell > 1], smallest_cell)
    entries = [[entry(finding, withheld.get(finding.id, "")) for finding in result.findings] for result in results]
    series = [published_series(result.series, cell) for result, cell in zip(results, cells, strict=True)]
    every = [one for of_result in entries for one in of_result]
    views = [
        question_view(result, of_result, number, drawn, smallest_cell=cell)
        for number, (result, of_result, drawn, cell) in enumerate(zip(results, entries, series, cells, strict=True), 1)
    ]
    page = (
        environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            investigators=list(investigators),
            summary=[paragraph for paragraph in summary.split("\n\n") if paragraph.strip()],
            questions=views,
            entries=every,
            tally=tally(every),
            smallest_cell=max(cells),
            withheld=len(withheld),
            rights=_rights(every),
            provenance=exhibits or {},
            published=published,
            language=language,
            verdicts=VERDICTS,
            version=__version__,
            **_style(),
        )
    )
    head = {"title": title, "investigators": list(investigators), "summary": summary, "version": __version__}
    rules = {"smallest_cell": smallest_cell, "withheld": len(withheld)}
    data = {
        **head,
        **rules,
        "published": [asdict(one) for one in published],
        "questions": [
            _as_json(replace(result, series=drawn), of_result, cell)
            for result, of_result, drawn, cell in zip(results, entries, series, cells, strict=True)
        ],
    }
    files = {
        "findings.json": to_json(data),
        "findings.csv": to_csv(every),
        "findings.parquet": to_parquet(every),
        "report.html": plain(page).encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    # The page last, so that a new page never stands beside old data.
    for name, content in files.items():
        write_whole(folder / name, content)
    return folder / "report.html"


def _smallest(result: Result, smallest_cell: int) -> int:
    """The smallest count of a result that may be published: what a phone holds are traces, not people."""
    method = known_method(result.question.method)
    return 1 if method and any(table.exhibit for table in method.reads) else smallest_cell


def _as_json(result: Result, entries: Sequence[Entry], smallest_cell: int) -> dict[str, Any]:
    """The result as JSON, each finding as its entry; counts of coverage under the same rule."""
    data = result.as_json()
    coverage = replace(
        result.coverage,
        looked_at={what: count for what, count in result.coverage.looked_at.items() if not 0 < count < smallest_cell},
    )
    names = Entry.__dataclass_fields__
    return {
        **data,
        "findings": [{name: getattr(one, name) for name in names} for one in entries],
        "coverage": coverage.as_json(),
    }


def _rights(entries: Sequence[Entry]) -> list[tuple[str, list[Provision | str]]]:
    """The rights engaged, each once, by kind; an id that the catalogue does not know stays as it is."""
    known = provisions()
    kinds: dict[str, list[Provision | str]] = {}
    for identifier in sorted({right for one in entries for right in one.rights}):
        found = known.get(identifier)
        kinds.setdefault(found.kind if found else "not in the catalogue", []).append(found or identifier)
    return sorted(kinds.items(), key=lambda item: _KINDS.index(item[0]))


@cache
def environment() -> Environment:
    """The templates, with the words they use; everything that is put into a page is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("answerable.report"), autoescape=True, undefined=StrictUndefined, finalize=typeset,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(
        capfirst=sentence_case, checked=_checked, count=count_text, interval=interval_text, kind=verdict_class,
        number=number_text, p=p_text, prose=lambda method: prose(method.text), thousands=thousands, words=value_text,
    )  # fmt: skip
    return made


def _checked(one: Provision) -> str:
    """How far the catalogue's wording of a provision was checked."""
    how = "Checked" if one.verified else "Not checked"
    read = f"; read in: {one.verified_against}, {one.verified_on}" if one.verified_against else ""
    return f"{how} against the official text{read}."


@cache
def style(*names: str) -> str:
    """Style sheets, one after another: "style.css" for what is shown anywhere, "page.css" for a page of its own."""
    return "".join((Path(__file__).parent / "templates" / name).read_text(encoding="utf-8") for name in names)


def _style() -> dict[str, str]:
    """The style sheet, and its digest for the page's security policy: no other style, and no script, may run."""
    sheet = style("style.css", "page.css")
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return {"style": sheet, "policy": policy}
