"""devices.threat_notices: by sender or by words, and nothing of the message in what is published."""

import pytest

WARNING = (
    "ALERT: State-sponsored  attackers may be targeting\nyour iPhone. Apple believes you are being targeted, Anna."
)


@pytest.fixture
def signs(ask):
    def asked(**message):
        row = {"app": "iMessage", "from_owner": False, "sender": "+15550101", "text": "hello", **message}
        return ask("devices.threat_notices", {"messages": [row]}).observations

    return asked


@pytest.mark.parametrize(
    ("message", "rule"),
    [
        ({}, None),
        ({"sender": "threat-notifications@email.apple.com"}, "sender"),
        ({"sender": "MAILTO:Threat-Notifications@apple.com"}, None),
        ({"sender": "mailto:Threat-Notifications@apple.com"}, "sender"),
        ({"sender": "threat-notifications@apple.com.example.org"}, None),
        ({"sender": None, "text": WARNING}, "wording"),
        ({"text": WARNING}, "wording"),
        ({"text": None, "subject": WARNING}, "wording"),
        ({"text": WARNING, "from_owner": True}, None),
        ({"text": WARNING, "from_owner": None}, "wording"),
        ({"text": "Apple detected a mercenary spyware attack against the iPhone of your Apple Account"}, "wording"),
        ({"text": "an article on state-sponsored attackers"}, None),
        ({"sender": "threat-notifications@apple.com", "text": WARNING}, "sender"),
    ],
)
def test_senders_and_words(signs, message, rule):
    found = signs(**message)
    if message.get("sender") == "MAILTO:Threat-Notifications@apple.com":
        rule = "sender"  # case counts for nothing
    assert [one.fields["rule"] for one in found] == ([rule] if rule else [])
    assert {(one.category, one.strength) for one in found} <= {("contact attempt", "heuristic")}


def test_nothing_of_the_message_is_published(signs):
    (one,) = signs(text=WARNING)
    assert one.value == WARNING
    published = str(one.published())
    assert "Anna" not in published
    assert "15550101" not in published
    assert "account.apple.com" in one.forgeable


def test_every_message_is_named_and_none_twice(ask):
    rows = [{"row": str(n), "text": WARNING} for n in (1, 2, 1)]
    assert [one.row for one in ask("devices.threat_notices", {"messages": rows}).observations] == ["1", "2"]


def test_there_is_none_in_the_synthetic_backup(real):
    answer = real("devices.threat_notices", "ios_synthetic/backup")
    assert not answer.observations
    assert answer.coverage.looked_at["messages by SMS and iMessage (sms)"] == 2000
