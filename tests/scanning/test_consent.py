"""No phone is looked at without consent that says who, what, when and until when."""

import datetime
import tomllib

import pytest

from answerable.errors import AnswerableError
from answerable.scanning.consent import ask_consent, consent_of, read_consent

TODAY = datetime.date(2026, 11, 22)
GIVEN = {"who": "the owner", "scope": "traces of spyware", "date": "2026-11-01", "until": "2026-12-31"}


def test_a_whole_record_is_taken_and_written_as_it_can_be_read_again(tmp_path):
    consent = consent_of({**GIVEN, "who": 'the owner, "A."'}, TODAY, "record")
    file = tmp_path / "consent.toml"
    file.write_text(consent.toml())
    assert read_consent(file, TODAY) == consent
    assert tomllib.loads(consent.toml())["until"] == datetime.date(2026, 12, 31)


@pytest.mark.parametrize("missing", GIVEN)
def test_each_part_is_needed(missing):
    with pytest.raises(AnswerableError, match=f"{missing} is missing.*Without consent no phone is looked at"):
        consent_of({name: value for name, value in GIVEN.items() if name != missing}, TODAY, "record")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"until": "2026-11-21"}, "consent ran out on 2026-11-21"),
        ({"date": "2026-11-23"}, "lies in the future"),
        ({"date": "yesterday"}, "is not a date"),
        ({"untill": "2027-01-01"}, "there is no entry 'untill'. Nearest: until"),
    ],
)
def test_a_record_that_does_not_hold_is_refused(changed, message):
    with pytest.raises(AnswerableError, match=message):
        consent_of({**GIVEN, **changed}, TODAY, "record")


def test_consent_that_ends_today_still_holds():
    assert consent_of({**GIVEN, "until": TODAY}, TODAY, "record").until == TODAY


def test_a_file_that_is_no_record_says_what_to_write(tmp_path):
    file = tmp_path / "consent.toml"
    file.write_text("who: the owner")
    with pytest.raises(AnswerableError, match="Write a file with the lines who, scope, date and until"):
        read_consent(file, TODAY)


def test_it_is_asked_for_question_by_question():
    answers = iter(GIVEN.values())
    asked = []
    consent = ask_consent(lambda text: asked.append(text) or next(answers), TODAY)
    assert consent.as_json() == GIVEN
    assert len(asked) == 4
