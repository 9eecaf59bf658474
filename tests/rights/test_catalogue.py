"""The shelf of provisions: every entry complete, dated, honest about what was checked; the loader refuses the rest."""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path
from subprocess import run

import pytest

from answerable.errors import AnswerableError
from answerable.rights.catalogue import KINDS, TOPICS, Provision, load, provision, provisions, search

SHELF = tuple(provisions().values())
NEEDED_BY_METHODS = [
    "udhr-2", "udhr-7", "iccpr-2", "iccpr-26", "icescr-2", "icescr-9", "cerd-5", "cedaw-2", "crpd-5", "crc-2",
    "eu-charter-21", "gdpr-22", "eu-ai-act-10", "eu-ai-act-26", "eu-ai-act-27", "us-four-fifths", "nyc-ll144",
]  # fmt: skip

GOOD = """
as_of = 2026-11-21

[instruments.act]
instrument = "An Act of Nowhere"
short_name = "the Act"
kind = "statute"
binds = "those who are bound"
adopted = 2001-02-03
in_force = 2002-03-04
official_reference = "1 Nowhere 2"
note = "Of the Act."

[[provisions]]
id = "act-1"
of = "act"
article = "section 1"
gloss = "Nobody may do what this imaginary section forbids them to do."
topics = ["work", "evidence"]
verified = false
"""


def shelf_of(folder: Path, *texts: str) -> dict[str, Provision]:
    for number, text in enumerate(texts, start=1):
        (folder / f"file{number}.toml").write_text(text, encoding="utf-8")
    return dict(load(folder))


@pytest.mark.parametrize("entry", SHELF, ids=lambda entry: entry.id)
def test_entry_is_complete(entry: Provision) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", entry.id)
    assert all((entry.instrument, entry.short_name, entry.article, entry.binds, entry.official_reference))
    assert entry.kind in KINDS
    assert set(entry.topics) <= TOPICS
    assert len(set(entry.topics)) == len(entry.topics) > 0
    assert entry.address == "" or entry.address.startswith("https://")


@pytest.mark.parametrize("entry", SHELF, ids=lambda entry: entry.id)
def test_gloss_is_a_plain_statement_in_our_words(entry: Provision) -> None:
    assert 40 <= len(entry.gloss) <= 420
    assert entry.gloss.endswith(".")
    assert not set(entry.gloss) & set('"“”«»')
    assert "shall" not in entry.gloss.casefold().split()


@pytest.mark.parametrize("entry", SHELF, ids=lambda entry: entry.id)
def test_dates_follow_each_other(entry: Provision) -> None:
    assert entry.adopted <= entry.as_of
    if entry.in_force is None:
        assert entry.note
    else:
        assert entry.applies_from is not None
        assert entry.adopted <= entry.in_force <= entry.applies_from


@pytest.mark.parametrize("entry", SHELF, ids=lambda entry: entry.id)
def test_a_reading_names_its_copy_and_its_day(entry: Provision) -> None:
    assert bool(entry.verified_against) == (entry.verified_on is not None)
    if entry.verified:
        assert len(entry.verified_against) > 20
        assert entry.verified_on is not None
        assert entry.adopted <= entry.verified_on <= entry.as_of
        assert "unofficial" not in entry.verified_against


def test_glosses_and_labels_are_not_repeated() -> None:
    assert len({entry.gloss for entry in SHELF}) == len(SHELF)
    assert len({entry.label for entry in SHELF}) == len(SHELF)


def test_every_topic_and_kind_is_used() -> None:
    assert {topic for entry in SHELF for topic in entry.topics} == TOPICS
    assert {entry.kind for entry in SHELF} == KINDS


@pytest.mark.parametrize("needed", NEEDED_BY_METHODS)
def test_what_methods_name_is_on_the_shelf(needed: str) -> None:
    assert provision(needed).id == needed


def test_deferred_duties_of_the_ai_act_do_not_bind_yet() -> None:
    deployers = provision("eu-ai-act-26")
    assert not deployers.binds_on(date(2027, 12, 1))
    assert deployers.binds_on(date(2027, 12, 2))
    assert provision("eu-ai-act-5").binds_on(date(2025, 2, 2))


def test_soft_law_and_declarations_never_bind() -> None:
    soft = [entry for entry in SHELF if entry.kind in {"soft law", "declaration"}]
    assert soft
    assert not any(entry.binds_on(date.max) for entry in soft)


def test_the_shelf_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        provisions()["iccpr-26"] = provision("udhr-2")  # type: ignore[index]
    with pytest.raises(AttributeError):
        provision("iccpr-26").gloss = "Nothing."  # type: ignore[misc]


def test_unknown_id_is_refused_with_the_nearest() -> None:
    with pytest.raises(AnswerableError, match=r"'iccpr26' on the shelf\. Nearest: iccpr-26"):
        provision("iccpr26")


def test_search_needs_every_word() -> None:
    assert provision("us-fha-3605") in search("Housing lenders")
    assert search("housing lenders zebra") == ()
    assert search("  ") == ()
    assert [entry.id for entry in search("GDPR-22")] == ["gdpr-22", "uk-gdpr-22a"]


def test_entry_overrides_its_instrument_and_adds_its_note(tmp_path: Path) -> None:
    text = GOOD + 'binds = "ministers"\nin_force = 2003-01-01\nnote = "Of the section."\n'
    found = shelf_of(tmp_path, text)["act-1"]
    assert (found.binds, found.in_force, found.applies_from) == ("ministers", date(2003, 1, 1), date(2003, 1, 1))
    assert found.note == "Of the Act. Of the section."
    assert found.label == "the Act, section 1"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("gloss =", "glos =", r"file1\.toml, act-1: unknown key 'glos'\. Nearest: gloss"),
        ("binds =", "bind =", r"file1\.toml, instrument act: unknown key 'bind'"),
        ("as_of =", "asof =", r"file1\.toml: unknown key 'asof'"),
        ("as_of = 2026-11-21", "", r"file1\.toml: as_of is missing"),
        ('article = "section 1"', "", r"file1\.toml, act-1: article is missing"),
        ('article = "section 1"', 'article = ""', r"act-1: article is missing"),
        ('article = "section 1"', "article = 1", r"act-1: article is no str"),
        ('id = "act-1"', "", r"file1\.toml, provision 1: id is missing"),
        ('official_reference = "1 Nowhere 2"', "", r"act-1: official_reference is missing"),
        ('of = "act"', "", r"act-1: of is missing"),
        ('of = "act"', 'of = "acts"', r"act-1: there is no instrument 'acts'\. Nearest: act"),
        ("verified = false", "", r"act-1: verified is missing"),
        ("verified = false", "verified = 0", r"act-1: verified is no bool"),
        ("verified = false", "verified = true", r"act-1: verified needs verified_against"),
        ("verified = false", 'verified = true\nverified_against = "x"', r"act-1: .* belong together"),
        ("verified = false", "verified = false\nverified_on = 2026-01-01", r"act-1: .* belong together"),
        ("adopted = 2001-02-03", 'adopted = "2001-02-03"', r"act-1: adopted is no date"),
        ("adopted = 2001-02-03", "adopted = 2001-02-03T00:00:00", r"act-1: adopted is no date"),
        ("adopted = 2001-02-03", "adopted = 2005-02-03", r"act-1: .* follow each other"),
        ("in_force = 2002-03-04", "in_force = 2002-03-04\napplies_from = 2002-03-03", r"act-1: .* follow each other"),
        ('in_force = 2002-03-04\nofficial_reference = "1 Nowhere 2"\nnote = "Of the Act."',
         'official_reference = "1 Nowhere 2"', r"act-1: without in_force, a note must say why"),
        ('id = "act-1"', 'id = "Act 1"', r"Act 1: an id is lower-case"),
        ('kind = "statute"', 'kind = "law"', r"act-1: there is no kind 'law'"),
        ('["work", "evidence"]', '["worck"]', r"act-1: topics are one or more of"),
        ('["work", "evidence"]', "[]", r"act-1: topics are one or more of"),
        ("[[provisions]]", "[[provisions]", r"file1\.toml: not readable as TOML"),
    ],
)  # fmt: skip
def test_loader_refuses(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(AnswerableError, match=message):
        shelf_of(tmp_path, GOOD.replace(old, new, 1))


def test_loader_refuses_an_id_that_occurs_twice(tmp_path: Path) -> None:
    with pytest.raises(AnswerableError, match=r"file2\.toml, act-1: the id occurs twice"):
        shelf_of(tmp_path, GOOD, GOOD)


def test_loader_takes_the_good_file_and_leaves_other_files_alone(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("not data", encoding="utf-8")
    assert list(shelf_of(tmp_path, GOOD)) == ["act-1"]


def test_reading_the_shelf_imports_no_engine() -> None:
    code = (
        "import sys; from answerable.rights.catalogue import provisions; provisions(); "
        "print(sorted({'ibis', 'duckdb', 'numpy', 'pandas', 'pyarrow', 'scipy', 'altair'} & set(sys.modules)))"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
