"""devices.invitations: by their words as published, or to a time that had passed; on both sides of each line."""

import pytest

from answerable.errors import ParameterError


@pytest.fixture
def signs(ask):
    def asked(entry, **given):
        found = ask("devices.invitations", {"calendar_entries": [entry]}, **given).observations
        assert {(one.category, one.strength) for one in found} <= {("contact attempt", "heuristic")}
        return found

    return asked


@pytest.mark.parametrize(
    ("summary", "description", "fires"),
    [
        ("Meeting", "Notes", True),
        (" meeting ", "NOTES", True),
        ("Meeting", "Notes of Anna", False),
        ("Meeting", None, False),
        (None, "Notes", False),
        ("Team Meeting", "Notes", False),
    ],
)
def test_words_as_published(signs, summary, description, fires):
    found = signs({"summary": summary, "description": description})
    assert [one.fields["rule"] for one in found] == (["published"] if fires else [])


@pytest.mark.parametrize(
    ("begins", "created", "organiser", "days", "fires"),
    [
        ("2021-05-01T10:00", "2021-05-02T10:00:00", "a@example.org", 1, True),
        ("2021-05-01T10:00", "2021-05-02T09:59:59", "a@example.org", 1, False),
        ("2021-05-01T10:00", "2021-05-02T10:00:00", "a@example.org", 2, False),
        ("2021-05-01T10:00", "2021-04-01T10:00:00", "a@example.org", 1, False),
        ("2021-05-01T10:00", "2021-05-09T10:00:00", None, 1, False),
        (None, "2021-05-09T10:00:00", "a@example.org", 1, False),
    ],
)
def test_invitations_to_a_time_in_the_past(signs, at, begins, created, organiser, days, fires):
    entry = {"begins": begins and at(begins), "created": at(created), "organiser": organiser, "summary": "Lunch"}
    found = signs(entry, days=days)
    assert [one.fields["rule"] for one in found] == (["past"] if fires else [])
    if fires:
        assert "(days: 1)" in found[0].what
        assert "example.org" not in str(found[0].published())


def test_days_are_checked(ask):
    with pytest.raises(ParameterError):
        ask("devices.invitations", {}, days=0)
