"""A result as a notebook shows it, and as a table to work with. Nothing is withheld: who asks holds the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from answerable.report.build import environment, style
from answerable.report.entries import entry
from answerable.report.export import COLUMNS
from answerable.report.views import question_view

if TYPE_CHECKING:
    import pandas as pd

    from answerable.core.result import Result


def result_html(result: Result) -> str:
    """The answers, charts and limits of a result as a piece of HTML with its own style."""
    view = question_view(result, [entry(finding) for finding in result.findings], 1, result.series)
    return environment().get_template("notebook.html.j2").render(question=view, style=style("style.css"))


def result_frame(result: Result) -> pd.DataFrame:
    """The findings as a pandas table: one row each, a column for each field of an entry, groups as mappings.

    Raises:
        ImportError: pandas is not installed.
    """
    import pandas as pd

    rows = [entry(finding) for finding in result.findings]
    return pd.DataFrame({name: [getattr(row, name) for row in rows] for name in COLUMNS})
