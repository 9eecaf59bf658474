import pytest

from answerable.report.notebook import result_frame, result_html


def test_html_shows_answers_charts_and_limits(made):
    page = made.Page(result_html(made.compared()))
    assert "is higher for race African-American" in page.text
    assert "A difference is not by itself discrimination." in page.text
    assert len(page.drawings) == 5
    assert not {"script", "link", "img", "html", "body"} & {tag for tag, _ in page.tags}


def test_nothing_is_withheld_from_whoever_holds_the_data(made):
    assert "withheld" not in made.Page(result_html(made.compared())).text
    assert result_frame(made.compared())["n"].notna().all()


def test_html_of_observations_and_of_silence(made):
    assert "A process named bh ran." in result_html(made.observed())
    assert "Looked for traces of spyware: nothing was found." in result_html(made.silent(complete=True))


def test_frame_has_a_row_for_each_finding(made):
    pytest.importorskip("pandas")
    result = made.compared()
    frame = result_frame(result)
    assert list(frame["finding"]) == [finding.id for finding in result.findings]
    assert frame["value"].tolist() == [finding.estimate.value for finding in result.findings]
    assert frame["of"][0] == {"race": "African-American"}
