import base64
import hashlib
import re
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.core.estimate import Answer
from answerable.report.build import build_report, style
from answerable.report.disclosure import withheld_findings

HOSTILE = (
    "</style><script>alert(1)</script>", "'\"><svg onload=x>", "</desc></svg><script>", "{{ 7 * 7 }}", "]]>", "<!--",
    "\u202eabc",
)  # fmt: skip
FILES = {"report.html", "findings.json", "findings.csv", "findings.parquet"}


def test_writes_four_files_and_nothing_else(folder):
    assert {path.name for path in folder.iterdir()} == FILES


def test_same_bytes_twice_and_over_an_older_report(results, tmp_path):
    once, twice = tmp_path / "a" / "deep", tmp_path / "b"
    for folder in (once, twice, once):
        path = build_report(results, folder, title="T")
        assert path == folder / "report.html"
    for name in FILES:
        assert (once / name).read_bytes() == (twice / name).read_bytes()


def test_every_finding_stands_on_the_page_once(page, results):
    anchors = [value for value in page.attribute("id") if value.startswith("finding-")]
    assert sorted(anchors) == sorted(f"finding-{finding.id}" for result in results for finding in result.findings)


def test_values_and_intervals_stand_on_the_page(page, results):
    withheld = withheld_findings(results, 10)
    text = page.text
    for result in results:
        for finding in result.findings:
            if finding.estimate is None:
                assert finding.statement in text
            elif finding.id not in withheld and finding.estimate.value is not None:
                assert f"{finding.estimate.events:,} of {finding.estimate.n:,}" in text
    assert "1.91 1.72 to 2.12" in text
    assert "The false positive rate is higher for race African-American than for race Caucasian: 44.85 %" in text


def test_nothing_is_loaded_from_anywhere(page, folder):
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form", "audio", "video"} & {
        tag for tag, _ in page.tags
    }
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"src", "srcset", "style", "action", "ping", "background", "poster", "xlink:href"}
            if name == "href" and not value.startswith("#"):
                assert tag == "a"
                assert value.startswith("https://")
    assert not re.search(r"@import|url\s*\(|@font-face|expression", style("style.css", "page.css"))


def test_policy_admits_the_style_sheet_and_nothing_else(page, folder):
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    content = re.search(r"<style>(.*?)</style>", (folder / "report.html").read_text(encoding="utf-8"), re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    assert rules["style-src"] == f"'sha256-{digest}'"
    assert set(rules) == {"default-src", "style-src", "base-uri", "form-action"}


def test_headings_are_ordered_and_none_is_empty(page):
    levels = [level for level, _ in page.headings]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert all(text.strip() for _, text in page.headings)


def test_page_is_accessible(page):
    assert page.declared == ["doctype html"]
    assert page.all("html")[0]["lang"] == "en"
    names = [tag for tag, _ in page.tags]
    assert all(names.count(landmark) == 1 for landmark in ("header", "nav", "main", "footer"))
    identifiers = page.attribute("id")
    assert len(identifiers) == len(set(identifiers))
    targets = {value[1:] for value in page.attribute("href") if value.startswith("#")}
    labels = {name for value in page.attribute("aria-labelledby") for name in value.split()}
    assert targets | labels <= set(identifiers)
    first = next(attributes for tag, attributes in page.tags if tag == "a")
    assert first == {"class": "skip", "href": "#answers"}
    assert names.count("table") == names.count("caption") > 0
    assert all("scope" in cell for cell in page.all("th"))
    assert names.index("h1") < names.index("nav") < names.index("main")


def test_wide_tables_scroll_within_and_can_be_reached_by_keyboard(page):
    scrolling = [attributes for attributes in page.all("div") if attributes.get("class") == "scroll"]
    assert len(scrolling) == len(page.all("table"))
    assert all(one["tabindex"] == "0" and one["role"] == "region" and one["aria-label"] for one in scrolling)


def test_charts_tell_their_numbers(page):
    assert len(page.drawings) > 30
    told = " ".join(page.drawings)
    assert "race African-American against race Caucasian" in told
    assert "ratio: 1.91, 95 % interval 1.72 to 2.12; no difference is 1.00; n = 1,795. Verdict: shown." in told
    assert all("Verdict: " in one for one in page.drawings)


def test_order_of_the_page(page):
    second = [text for level, text in page.headings if level == 2]
    assert second[0] == "The answers"
    assert second[1] == "How to read them"
    assert second[-2:] == ["Rights engaged", "About this report"]
    assert all(text.startswith("Question ") for text in second[2:-2])


def test_answers_begin_with_what_is_shown(page):
    text = page.text
    start = text.index("The answers", text.index("About this report"))
    answers = text[start : text.index("How to read them", start)]
    assert answers.index("is higher for race African-American") < answers.index("A process named bh ran.")
    assert answers.index("A process named bh ran.") < answers.index("A crash of an unusual kind.")


def test_what_belongs_to_a_question_is_told(page):
    text = page.text
    for said in (
        "frozen before the data were looked at",
        "asked after the data had been looked at",
        "is not recorded",
        "at most 5 % (Holm 1979)",
        "A difference is not by itself discrimination.",
        "the date is not a date (first: row 17, 4012)",
        "Left out by the question's own conditions 11",
        "“ Medium ” as yes",
        "3 rows have none",
        "answerable ask decisions.disparity scores.csv",
        "By root.",
        "A faulty update.",
        "ICCPR, Article 26",
        "never means that it is absent",
    ):
        assert said in text
    assert page.text.count("ICCPR, Article 26") == 1
    assert "Asked by Desk one, Desk two" in text


def test_digests_of_exhibits_and_questions_are_whole(page, results, made):
    assert made.SHA in page.text
    for result in results:
        assert result.question.digest in page.text


def test_known_origin_of_an_exhibit_is_told(made, tmp_path):
    path = build_report(
        [made.compared()], tmp_path, title="T", exhibits={made.SHA: {"source": "Freedom-of-information reply 7"}}
    )
    assert "Freedom-of-information reply 7" in made.Page(path.read_text(encoding="utf-8")).text


def test_many_estimates_stay_readable(page):
    text = page.text
    assert "The 30 most important are drawn; 89 more are in the table." in text
    closed = [attributes for attributes in page.all("details") if "open" not in attributes]
    assert closed


def test_many_facts_are_folded_and_all_there(made, tmp_path):
    result = made.observed()
    observation = result.findings[0].observation
    observations = tuple(replace(observation, row=row, what=f"Process {row} ran.") for row in range(45))
    path = build_report([made.result(Answer(observations=observations), "devices.unknown")], tmp_path, title="T")
    text = made.Page(path.read_text(encoding="utf-8")).text
    assert "15 more facts" in text
    assert all(f"Process {row} ran." in text for row in range(45))


def test_a_case_has_its_report_and_what_is_known_of_its_exhibits(made, tmp_path):
    """From a file to the page, with nothing made by hand."""
    from answerable.case.folder import Case
    from answerable.report.case import report_case

    evidence = tmp_path / "=loans.csv"
    evidence.write_text("denied,town\n" + "yes,A\n" * 60 + "no,A\n" * 340 + "yes,B\n" * 120 + "no,B\n" * 280, "utf-8")
    case = Case.new(tmp_path / "case", title="Who is denied?")
    case.add(evidence, source="Reply to request 7")
    words = {
        "decided": "denied=yes/no",
        "groups": "town",
        "reference": "town=A",
        "independent": True,
        "favourable": "no",
    }
    case.save(
        "decisions.disparity", {"title": "Is B denied more often?"} | words, tmp_path / "case/exhibits/=loans.csv"
    )
    page = made.Page(report_case(tmp_path / "case").read_text(encoding="utf-8"))
    assert "Is B denied more often?" in page.text
    assert "30.00 % against 15.00 %" in page.text
    assert "Reply to request 7" in page.text


def test_no_results_no_report(tmp_path):
    with pytest.raises(ValueError, match="at least one result"):
        build_report([], tmp_path, title="T")


def shape(page):
    return [(tag, sorted(set(attributes) - {"x", "width"})) for tag, attributes in page.tags]


@given(group=st.text() | st.sampled_from(HOSTILE))
@settings(max_examples=60, deadline=None)
def test_a_name_from_evidence_never_becomes_markup(made, group):
    plain, hostile = ({"x": (500, 100), name: (400, 120)} for name in ("y", group if group != "x" else "z"))
    with tempfile.TemporaryDirectory() as one:
        pages = []
        for counts in (plain, hostile):
            path = build_report([made.compared(counts, "x"), made.measured(counts)], Path(one), title="T")
            pages.append(made.Page(path.read_text(encoding="utf-8")))
    assert shape(pages[0]) == shape(pages[1])
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", "".join(pages[1].pieces))


def test_words_of_people_never_become_markup(made, tmp_path):
    hostile = "</title><script>alert(1)</script>"
    path = build_report(
        [made.observed()],
        tmp_path,
        title=hostile,
        investigators=[hostile],
        summary=hostile,
        exhibits={made.SHA: {hostile: hostile}},
    )
    page = made.Page(path.read_text(encoding="utf-8"))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count("<script>alert(1)") >= 5
