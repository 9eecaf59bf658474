"""Results made by hand and judged: comparisons with small groups, rates with their totals, observations, silence."""

import math
from html.parser import HTMLParser
from statistics import NormalDist

import pytest

from answerable.core.curve import LADDER
from answerable.core.estimate import Answer, Coverage, Estimate, Observation
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge
from answerable.core.result import Result
from answerable.core.table import Account, Refusal

SHA = "ab" * 32
RIGHTS = ("iccpr-26", "udhr-7", "gdpr-22")
# False positives and people without the outcome, by race; Broward County 2013-2014 as ProPublica counted them in 2016.
COMPAS = {
    "African-American": (1795, 805),
    "Asian": (23, 2),
    "Caucasian": (1488, 349),
    "Hispanic": (405, 87),
    "Native American": (8, 3),
    "Other": (244, 36),
}


def z_of(level):
    return NormalDist().inv_cdf((1 + level) / 2)


def rate(of, n, events, name="false_positive_rate"):
    """A proportion with Wilson's interval."""
    share = events / n
    curve = []
    for level in LADDER:
        z = z_of(level)
        middle, half = share + z * z / 2 / n, z * math.sqrt(share * (1 - share) / n + (z / 2 / n) ** 2)
        curve.append((level, *((middle + sign * half) / (1 + z * z / n) for sign in (-1, 1))))
    label = name.replace("_", " ")
    return Estimate(
        name=name,
        label=label,
        of=of,
        unit="proportion",
        n=n,
        events=events,
        value=share,
        curve=tuple(curve),
        interval="Wilson",
    )


def ratio(of, against, first, second, name="false_positive_rate"):
    """A ratio of proportions with the interval of its logarithm."""
    label = name.replace("_", " ")
    common = {
        "name": f"{name}_ratio",
        "label": label,
        "of": of,
        "against": against,
        "unit": "ratio",
        "null": 1.0,
        "n": first[0],
        "events": first[1],
        "counts": second,
    }
    if not second[1]:
        return Estimate(**common, reason="Nobody in the reference met it, so there is nothing to divide by.")
    value = (first[1] / first[0]) / (second[1] / second[0])
    if not first[1]:
        return Estimate(**common, value=value, reason="Nobody in the group met it.")
    error = math.sqrt(sum(1 / events - 1 / n for n, events in (first, second)))
    curve = tuple(
        (level, value * math.exp(-z_of(level) * error), value * math.exp(z_of(level) * error)) for level in LADDER
    )
    between = (first[1] / first[0], second[1] / second[0])
    return Estimate(**common, value=value, between=between, curve=curve, interval="log")


def result(answer, method="decisions.disparity", **question):
    """The answer, judged."""
    asked = Question(method=method, mapping={"decisions": {"decided": "score=Medium,High"}}, **question)
    lineage = {"engine": "duckdb", "exhibits": [{"table": "decisions", "file": "scores.csv", "sha256": SHA}]}
    account = Account(
        file="scores.csv",
        sha256=SHA,
        format="csv",
        rows=7214,
        refused=(Refusal("the date is not a date", 2, (17, 4012)),),
        left_out=11,
        columns=("score", "race"),
        unread=("name",),
        values={"decided": {"Medium": "yes", "Low": "no"}},
    )
    return Result(
        question=asked,
        findings=tuple(judge([Answered(asked, answer, RIGHTS, lineage)])),
        coverage=answer.coverage,
        accounts={"decisions": account},
        command=f"answerable ask {method} scores.csv",
    )


def compared(counts=COMPAS, reference="Caucasian", column="race", **question):
    """Each group's ratio to the reference."""
    estimates = [
        ratio({column: group}, {column: reference}, counts[group], counts[reference])
        for group in counts
        if group != reference
    ]
    answer = Answer(
        estimates=tuple(estimates),
        coverage=Coverage(looked_at={"rows": 7214}, missing={"no outcome": "3 rows have none"}, complete=False),
        limits=("A difference is not by itself discrimination.",),
    )
    return result(answer, **question)


def measured(counts=COMPAS, column="race", **question):
    """Every group's rate, and everybody's."""
    total = tuple(map(sum, zip(*counts.values(), strict=True)))
    estimates = [rate({}, *total), *(rate({column: group}, *pair) for group, pair in counts.items())]
    return result(
        Answer(estimates=tuple(estimates), coverage=Coverage(looked_at={"rows": 7214})), "decisions.rates", **question
    )


def observed():
    """A forensic result: one strict match, one heuristic."""
    common = {
        "exhibit": SHA,
        "table": "processes",
        "matched": {"kind": "process name", "value": "bh"},
        "fields": {"bytes": 12},
    }
    strong = Observation(
        what="A process named bh ran.",
        row=4,
        strength="strong",
        time="2021-07-04T10:00:00Z",
        forgeable="By root.",
        **common,
    )
    weak = Observation(
        what="A crash of an unusual kind.", row="7/2", strength="heuristic", benign="A faulty update.", **common
    )
    answer = Answer(
        observations=(strong, weak),
        coverage=Coverage(complete=False),
        looked_for="traces of spyware",
        limits=("A phone is never clean.",),
    )
    return result(answer, "devices.unknown")


def silent(complete):
    """A forensic result without observations."""
    missing = {} if complete else {"crash logs": "not in the backup"}
    answer = Answer(
        coverage=Coverage(looked_at={"records": 12_345}, missing=missing, complete=complete),
        looked_for="traces of spyware",
    )
    return result(answer, "devices.unknown", parameters={"complete": complete})


class Page(HTMLParser):
    """A page as the tags, attributes and text that it is made of."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.path, self.pieces, self.headings, self.drawings, self.declared = [], [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.path, f"not closed: {self.path}"

    def handle_decl(self, decl):
        self.declared.append(decl)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            self.headings.append((int(tag[1]), ""))
        if tag == "svg" and dict(attrs).get("role") == "img":
            self.drawings.append("")
        if tag not in self.VOID:
            self.path.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.path.pop() == tag

    def handle_data(self, data):
        if "style" in self.path:
            return
        self.pieces.append(data)
        if self.headings and any(tag in self.path for tag in ("h1", "h2", "h3", "h4", "h5", "h6")):
            level, text = self.headings[-1]
            self.headings[-1] = level, text + data
        if {"title", "desc"} & set(self.path) and "svg" in self.path:
            self.drawings[-1] += f"{data} "

    @property
    def text(self):
        """All text, with every run of white space as one blank."""
        return " ".join(" ".join(self.pieces).split())

    def all(self, tag):
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def attribute(self, name):
        """The values of an attribute, wherever it stands."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]


class Made:
    """What the tests of this room make results and pages with."""

    rate, ratio, result, compared, measured, observed, silent = map(
        staticmethod, (rate, ratio, result, compared, measured, observed, silent)
    )
    Page, COMPAS, SHA = Page, COMPAS, SHA


@pytest.fixture(scope="session")
def made():
    return Made


@pytest.fixture(scope="session")
def results():
    """One of each kind, and a question with many estimates."""
    threshold = {"ratio": 1.1}
    many = {f"group {number:03}": (200 + 7 * number, 20 + number) for number in range(120)}
    return [
        compared(threshold=threshold, asked="before"),
        measured(),
        observed(),
        silent(complete=True),
        silent(complete=False),
        compared(many, "group 060", "office", asked="after", correction="benjamini-hochberg"),
    ]


@pytest.fixture(scope="session")
def folder(results, tmp_path_factory):
    """A folder with a report of all of them."""
    from answerable.report.build import build_report

    folder = tmp_path_factory.mktemp("report")
    build_report(
        results, folder, title="Who is flagged wrongly?", investigators=["Desk one", "Desk two"], summary="One.\n\nTwo."
    )
    return folder


@pytest.fixture(scope="session")
def page(folder):
    return Page((folder / "report.html").read_text(encoding="utf-8"))
