"""devices.across: what phones share, the rarest first, and nobody's contacts in what is published."""

import random

import pytest

from answerable.areas.devices.measures.common.rules import told
from answerable.errors import NotIdentified, ParameterError


@pytest.fixture
def shared(ask, artefact_row):
    def asked(rows, phones=2, **given):
        known = [artefact_row("observables", device=f"phone {n}") for n in range(1, phones + 1)]
        return ask("devices.across", {"observables": rows, "artefacts": known}, **given)

    return asked


def value(text, *phones, kind="host", **told):
    holds = {"host": "visits", "email": "messages", "app": "apps"}.get(kind, "app_files")
    return [
        {"device": f"phone {n}", "kind": kind, "value": text, "found": text, "holds": holds, "field": kind, **told}
        for n in phones
    ]


def test_a_value_on_one_phone_is_not_shared(shared):
    assert not shared(value("a.example", 1) * 5).observations
    (one,) = shared(value("a.example", 1, 2)).observations
    assert one.fields["devices"] == ["phone 1", "phone 2"]
    assert (one.value, one.strength, one.category) == ("a.example", "heuristic", "exposure")


def test_the_number_of_phones_may_be_chosen(ask, artefact_row):
    known = [artefact_row("observables", device=f"phone {n}") for n in range(1, 5)]
    for holders, least, fires in ((2, 2, True), (2, 3, False), (3, 3, True)):
        tables = {"observables": value("a.example", *range(1, holders + 1)), "artefacts": known}
        assert bool(ask("devices.across", tables, phones=least).observations) == fires


def test_the_rarest_come_first(shared):
    rows = value("often.example", 1, 2, 3) + value("b.example", 1, 3) + value("a.example", 2, 3)
    found = shared(rows, 4).observations
    assert [one.value for one in found] == ["a.example", "b.example", "often.example"]
    assert [one.value for one in shared(rows, 4, most=1).observations] == ["a.example"]


def test_what_is_common_is_left_out(shared):
    usual = told("across")["common_hosts"]
    rows = [row for host in usual for row in value(host, 1, 2) + value(f"www.{host}", 1, 2)]
    assert not shared(rows, most=1000).observations
    assert shared(value("notgoogle.com", 1, 2)).observations
    assert shared(value("google.com.example.org", 1, 2)).observations
    assert not shared(value("cdn.local.example", 1, 2), common=["local.example"]).observations
    assert not shared(value("com.android.chrome", 1, 2, kind="app")).observations
    assert not shared(value("a@example.org", 1, 2, kind="email"), common=["a@example.org"]).observations


@pytest.mark.parametrize(
    ("phones", "holders", "many", "fires"), [(9, 9, 10, True), (10, 6, 10, False), (10, 5, 10, True), (10, 6, 11, True)]
)
def test_with_many_phones_what_most_have_is_left_out(shared, phones, holders, many, fires):
    rows = value("a.example", *range(1, holders + 1))
    assert bool(shared(rows, phones, many=many).observations) == fires


def test_contacts_stay_in_the_case(shared):
    rows = value("+15550100", 1, 2, kind="email") + value("secret.example", 1, 2)
    published = str([one.published() for one in shared(rows).observations])
    assert "15550100" not in published
    assert "secret" not in published
    assert all(one.value for one in shared(rows).observations)


def test_digests_need_a_key_and_differ_with_it(shared):
    rows = value("+15550100", 1, 2, kind="email")
    plain, one, same, other = (shared(rows, salt=salt).observations[0].shown for salt in ("", "a", "a", "b"))
    assert plain == ""
    assert one == same != other
    assert len(one) == 16


def test_what_names_nobody_is_published(shared):
    (one,) = shared(value("ab" * 32, 1, 2, kind="sha256")).observations
    assert one.shown is None
    assert "ab" * 32 in one.what


def test_the_earliest_place_of_all_phones_is_named(shared, at):
    rows = value("a.example", 1, time=at("2025-02-01T00:00"))
    rows += value("a.example", 2, time=at("2025-01-01T00:00"))
    (one,) = shared(rows).observations
    assert one.fields["device"] == "phone 2"
    assert one.time == "2025-01-01T00:00:00Z"


def test_rows_are_counted_once(shared):
    rows = value("a.example", 1, row="1") * 3 + value("a.example", 2, row="1") + value("a.example", 2, row="2")
    (one,) = shared(rows).observations
    assert one.fields["rows"] == 3


def test_only_the_kinds_that_are_asked_for(shared):
    rows = value("a.example", 1, 2) + value("p", 1, 2, kind="process")
    assert [one.fields["kind"] for one in shared(rows).observations] == ["host"]
    assert [one.fields["kind"] for one in shared(rows, kinds=["process"]).observations] == ["process"]


def test_one_phone_shares_nothing(shared):
    with pytest.raises(NotIdentified, match="more phones"):
        shared(value("a.example", 1), 1)


def test_words_are_checked(ask, artefact_row):
    for given in ({"phones": 1}, {"share": 0}, {"share": 1.5}):
        with pytest.raises(ParameterError):
            ask("devices.across", {}, **given)


def test_counts_are_those_of_a_plain_loop(shared):
    chance = random.Random(3)
    rows, holders = [], {}
    for _ in range(2000):
        name, phone = f"h{chance.randrange(300)}.example", chance.randrange(1, 9)
        rows += value(name, phone, row=str(len(rows)))
        holders.setdefault(name, set()).add(f"phone {phone}")
    found = {one.value: set(one.fields["devices"]) for one in shared(rows, 8, most=1000).observations}
    assert found == {name: phones for name, phones in holders.items() if len(phones) > 1}


@pytest.mark.spark
def test_spark_finds_the_same(ask, artefact_row, spark):
    tables = {
        "observables": value("a.example", 1, 2) + value("b.example", 1, 2, 3) + value("google.com", 1, 2),
        "artefacts": [artefact_row("observables", device=f"phone {n}") for n in (1, 2, 3)],
    }
    here, there = (ask("devices.across", tables, engine=engine) for engine in (None, spark))
    assert here == there
    assert len(here.observations) == 2
