"""What indicators name: addresses of pages in any spelling, hosts at a dot, all who list a value, with their credit."""

import pytest

FEED = {"feed": "feed-a", "feed_sha256": "cd" * 32, "revoked": False}


def listed(kind, normal, **told):
    return {"indicator": f"indicator--{kind}-{normal}", "kind": kind, "value": normal, "normal": normal,
            "labels": normal.count(".") + 1 if kind == "domain" else None, "family": "family-a",
            **FEED, **told}  # fmt: skip


def page(url, host, row, **told):
    place = {"row": row, "holds": "visits", "field": "url", "found": url, "time": None, **told}
    return [{**place, "kind": "host", "value": host}, {**place, "kind": "url", "value": url}]


def named(ask, observables, indicators, engine=None):
    answer = ask("devices.indicators", {"observables": observables, "indicators": indicators}, engine)
    return {one.row: one for one in answer.observations}


URL = "https://bad.example.org/a?b=1"
SPELLINGS = {
    "1": URL, "2": "HTTPS://BAD.example.org:443/a?b=1", "3": "https://user:x@bad.example.org./x/../a?b=1",
    "4": "https://bad.example.org/%61?b=1", "5": "https://bad.example.org/A?b=1", "6": "http://bad.example.org/a?b=1",
    "7": "https://bad.example.org/a?b=1#part",
}  # fmt: skip


def test_an_address_of_a_page_is_compared_in_one_spelling(ask):
    rows = [one for row, url in SPELLINGS.items() for one in page(url, "bad.example.org", row)]
    rows += page("https://good.example.org/a?b=1", "good.example.org", "8")
    found = named(ask, rows, [listed("url", URL)])
    assert set(found) == {"1", "2"}
    assert found["2"].value == SPELLINGS["2"] and found["2"].matched["how"] == "same address of a page"
    assert "hxxps://bad[.]example[.]org" in found["2"].what and found["2"].strength == "strong"


def test_all_who_list_a_value_are_named_with_credit_date_and_note(ask, at):
    indicators = [
        listed("domain", "example.org", credit="Lab A (CC-BY)", note="a name that has changed hands",
               valid_from=at("2022-05-01"), valid_until=at("2023-01-01")),
        listed("domain", "example.org", feed="feed-b", family="family-b", credit="Lab B", valid_from=at("2021-03-02")),
        listed("domain", "ample.org"),
        listed("domain", "example.org", feed="feed-c", family="family-c", revoked=True),
    ]  # fmt: skip
    found = named(ask, page("https://x.example.org/", "x.example.org", "1", time=at("2024-01-01")), indicators)
    (one,) = found.values()
    assert one.matched["families"] == ["family-a", "family-b"] and one.matched["since"] == "2021-03-02"
    assert [feed["credit"] for feed in one.matched["feeds"]] == ["Lab A (CC-BY)", "Lab B"]
    assert one.matched["notes"] == ["a name that has changed hands"]


@pytest.mark.parametrize("found", ["example.org.evil.test", "notexample.org", "org"])
def test_hosts_are_compared_at_a_dot(ask, found):
    assert not named(ask, page(f"https://{found}/", found, "1"), [listed("domain", "example.org")])
