"""devices.coverage: what was there, which time it spans, and what a negative cannot mean."""

import shutil

import pytest

from answerable.core.finding import Question
from answerable.core.judge import Answered, judge
from answerable.errors import NotIdentified


@pytest.fixture
def one(ask, artefact_row, at):
    """The findings on one artefact in a given state."""

    def asked(**told):
        span = {"first": at("2020-01-06T15:23"), "last": at("2025-09-18T11:24"), "rows": 3000}
        row = artefact_row("visits", source="safari_history", meaning="pages that Safari visited", **{**span, **told})
        return ask("devices.coverage", {"artefacts": [row]})

    return asked


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            {},
            "Read: pages that Safari visited (safari_history), 3,000 rows from 2020-01-06 to 2025-09-18.",
        ),
        (
            {"rows": 0, "first": None, "last": None},
            "Read: pages that Safari visited (safari_history), 0 rows.",
        ),
        (
            {"rows": 1, "first": None, "last": None, "refused": 2},
            "Read: pages that Safari visited (safari_history), 1 row without times; 2 more rows could not be taken.",
        ),
        (
            {"state": "partly read", "reason": "History.db: it ends in the middle.", "rows": 7},
            "Read in part only: pages that Safari visited (safari_history), 7 rows from 2020-01-06 to 2025-09-18. "
            "History.db: it ends in the middle.",
        ),
        (
            {"state": "unreadable", "reason": "History.db: this is no database."},
            "Could not be read: pages that Safari visited (safari_history): History.db: this is no database.",
        ),
        (
            {"state": "absent", "reason": "it is not in the acquisition."},
            "Missing, though such an acquisition should hold it: pages that Safari visited (safari_history): it is not "
            "in the acquisition.",
        ),
        (
            {"state": "not held by this kind", "reason": "only an encrypted backup holds it."},
            "Could not be looked at: pages that Safari visited (safari_history): only an encrypted backup holds it.",
        ),
        (
            {"state": "not held by this kind", "reason": "this kind of acquisition does not hold it."},
            "An acquisition of this kind (ios backup) never holds: pages that Safari visited (safari_history).",
        ),
    ],
)
def test_every_state_is_said(one, told, said):
    (found,) = one(**told).observations
    assert found.what == said
    assert (found.category, found.strength) == ("coverage", "strong")


def test_what_need_not_be_there_is_listed_only(one):
    answer = one(state="absent", expected=False, reason="it is not there, as on phones where the app is not used.")
    assert not answer.observations
    assert answer.coverage.missing == {
        "pages that Safari visited (safari_history)": "it is not there, as on phones where the app is not used"
    }


def test_a_gap_makes_the_coverage_incomplete(one):
    assert one().coverage.complete
    for state in ("partly read", "unreadable", "absent"):
        assert not one(state=state, reason="why").coverage.complete


def test_several_phones_are_told_apart(ask, artefact_row):
    rows = [artefact_row("visits", device=device) for device in ("first phone", "second phone")]
    found = ask("devices.coverage", {"artefacts": rows}).observations
    assert [one.what.split(":")[1].strip() for one in found] == ["first phone", "second phone"]


def test_nothing_looked_for_is_no_answer(ask):
    with pytest.raises(NotIdentified, match="an acquisition"):
        ask("devices.coverage", {"artefacts": []})


FILES = [
    "1a/1a0e7afc19d307da602ccdcece51af33afe92c53",
    "3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28",
    "0d/0d609c54856a9bb2d56729df1d68f2958a88426b",
    "Info.plist",
    "Manifest.plist",
]


def told(answer):
    return [(one.what, one.value) for one in answer.observations]


@pytest.mark.parametrize("gone", FILES)
def test_each_artefact_that_is_deleted_changes_the_findings(real, public_data, tmp_path, gone):
    whole = public_data / "devices/ios_synthetic/backup"
    copy = tmp_path / "backup"
    shutil.copytree(whole, copy)
    before = told(real("devices.coverage", copy))
    copy = tmp_path / "second" / "backup"
    shutil.copytree(whole, copy)
    (copy / gone).unlink()
    after = real("devices.coverage", copy)
    assert told(after) != before
    if "/" in gone:
        assert any("the backup is incomplete" in what for what, _ in told(after))
        assert not after.coverage.complete


@pytest.mark.parametrize(
    "gone",
    [
        "files.json", "getprop.txt", "mounts.json", "packages.json", "ps.txt", "root_binaries.json",
        "settings_global.txt", "settings_secure.txt", "settings_system.txt",
    ],
)  # fmt: skip
def test_each_artefact_of_android_that_is_deleted_changes_the_findings(real, public_data, tmp_path, gone):
    whole = public_data / "devices/androidqf_synthetic"
    shutil.copytree(whole, tmp_path / "first" / "phone")
    shutil.copytree(whole, tmp_path / "second" / "phone")
    (tmp_path / "second" / "phone" / gone).unlink()
    before, after = (real("devices.coverage", tmp_path / one / "phone") for one in ("first", "second"))
    assert told(after) != told(before)
    assert len(after.coverage.missing) > len(before.coverage.missing) or "settings" in gone


def test_the_synthetic_backup_is_counted_right(real):
    found = {one.fields["source"]: one for one in real("devices.coverage", "ios_synthetic/backup").observations}
    assert found["safari_history"].what.endswith("3,000 rows from 2020-01-06 to 2025-09-18.")
    assert found["sms"].fields["rows"] == 2000
    assert found["manifest"].fields["rows"] == 1502


def test_facts_are_shown_and_never_call_a_phone_clean(one):
    answer = one()
    (finding,) = judge([Answered(Question(method="devices.coverage"), answer, ("iccpr-17",))])
    assert finding.verdict == "shown"
    assert any("does not make a phone clean" in limit for limit in finding.limits)
