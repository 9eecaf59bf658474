"""devices.redirects: who is led away at once, counted as planted, each threshold on both sides."""

import random

import pytest

from answerable.errors import ParameterError

SOON, LATER = "2025-01-01T10:00:00.999999", "2025-01-01T10:00:01"


def pair(at, url="http://news.example.org/a?q=1", then="https://other.example.net/", when=SOON, **told):
    """A visit that is redirected to another, in Safari's way: both point at each other."""
    from urllib.parse import urlsplit

    return [
        {
            "row": "1", "url": url, "host": urlsplit(url).hostname, "time": at("2025-01-01T10:00:00"),
            "redirect_destination": "2", **told,
        },
        {"row": "2", "url": then, "host": urlsplit(then).hostname, "time": at(when), "redirect_source": "1", **told},
    ]  # fmt: skip


def test_those_planted_are_found_at_their_rows(real, truth):
    answer = real("devices.redirects", "ios_synthetic/backup")
    assert len(answer.observations) == truth("ios_synthetic")["safari_fast_cross_host_http_redirects"] == 12
    rows = [int(one.row) for one in answer.observations]
    assert sorted(rows) == [57, 117, 204, 255, 282, 371, 426, 464, 563, 679, 749, 757]
    assert {one.table for one in answer.observations} == {"history_visits"}
    assert all(one.time for one in answer.observations)


def test_a_fast_redirect_is_an_exposure_and_only_indicated(ask, at):
    (one,) = ask("devices.redirects", {"visits": pair(at)}).observations
    assert (one.category, one.strength, one.row) == ("exposure", "heuristic", "1")
    assert one.what == (
        "A page of news[.]example[.]org, asked for without encryption, led to other[.]example[.]net after 0.99 seconds."
    )
    assert one.forgeable and one.benign


def test_the_address_itself_is_not_published(ask, at):
    (one,) = ask("devices.redirects", {"visits": pair(at)}).observations
    assert one.value == "http://news.example.org/a?q=1"
    assert "q=1" not in str(one.published())


@pytest.mark.parametrize(("when", "within", "count"), [(SOON, 1, 1), (LATER, 1, 0), (LATER, 1.000001, 1)])
def test_the_limit_is_exclusive_to_the_microsecond(ask, at, when, within, count):
    assert len(ask("devices.redirects", {"visits": pair(at, when=when)}, within=within).observations) == count


def test_what_came_before_is_no_redirect(ask, at):
    assert not ask("devices.redirects", {"visits": pair(at, when="2025-01-01T09:59:59.9")}).observations


def test_https_is_left_out(ask, at):
    assert not ask("devices.redirects", {"visits": pair(at, url="https://news.example.org/")}).observations
    assert ask("devices.redirects", {"visits": pair(at, url="HTTP://news.example.org/")}).observations


@pytest.mark.parametrize(
    ("url", "then", "apart"),
    [
        ("http://example.org/", "https://www.example.org/", False),
        ("http://www.example.org/", "https://example.org/", False),
        ("http://www.example.org/", "https://m.example.org/", False),
        ("http://m.example.org/", "https://www.example.org/", False),
        ("http://example.org/", "https://example.org.evil.example.net/", True),
        ("http://example.org/", "https://notexample.org/", True),
        ("http://a.example.org/", "https://b.example.org/", True),
        ("http://192.0.2.1/", "https://192.0.2.2/", True),
        ("http://192.0.2.1/", "https://192.0.2.1:8443/", False),
    ],
)
def test_hosts_that_belong_together(ask, at, url, then, apart):
    assert bool(ask("devices.redirects", {"visits": pair(at, url=url, then=then)}).observations) == apart


@pytest.mark.parametrize("kept", [0, 1])
def test_one_pointer_is_enough_and_both_count_once(ask, at, kept):
    rows = pair(at)
    del rows[kept]["redirect_destination" if kept == 0 else "redirect_source"]
    assert len(ask("devices.redirects", {"visits": rows}).observations) == 1


def test_numbers_of_visits_mean_nothing_in_another_history(ask, at):
    rows = pair(at)
    rows[1] |= {"artefact": "Profiles/other/History.db"}
    assert not ask("devices.redirects", {"visits": rows}).observations
    rows = [*pair(at), *pair(at, device="second phone"), *pair(at, artefact="Profiles/other/History.db")]
    assert len(ask("devices.redirects", {"visits": rows}).observations) == 3


def test_a_visit_without_time_or_host_is_no_evidence(ask, at):
    rows = pair(at)
    assert not ask("devices.redirects", {"visits": [rows[0], rows[1] | {"time": None}]}).observations
    assert not ask("devices.redirects", {"visits": [rows[0], rows[1] | {"host": None}]}).observations


def test_webkit_is_asked_only_on_demand(ask):
    row = {
        "origin": "a.example",
        "origin_host": "a.example",
        "destination": "b.example",
        "destination_host": "b.example",
    }
    tables = {"redirections": [row, row | {"destination_host": "www.a.example"}, row | {"row": "1"}]}
    assert not ask("devices.redirects", tables).observations
    (one,) = ask("devices.redirects", tables, webkit=True).observations
    assert "a[.]example to b[.]example" in one.what
    assert "redirections" in str(ask("devices.redirects", tables, webkit=True).coverage.looked_at)


def test_most_counts_what_is_beyond(ask, at):
    rows = [row for n in range(5) for row in pair(at, artefact=f"{n}.db")]
    found = ask("devices.redirects", {"visits": rows}, most=3).observations
    assert len(found) == 3
    assert "2 more things like this are not listed here." in found[-1].what
    assert found[-1].fields["further"] == 2


def test_a_limit_must_be_above_nothing(ask):
    with pytest.raises(ParameterError, match="above 0"):
        ask("devices.redirects", {}, within=0)


def test_random_browsing_hardly_ever_fires(ask, at):
    """However fast pages follow: only redirects to another host without TLS do."""
    import datetime

    chance = random.Random(4)
    rows, expected = [], 0
    hosts = [f"site{n}.example" for n in range(40)]
    for number in range(4000):
        first, second = chance.choice(hosts), chance.choice(hosts)
        plain, linked, gap = chance.random() < 0.05, chance.random() < 0.1, chance.expovariate(1 / 2)
        expected += plain and linked and first != second and round(gap * 1e6) < 1_000_000
        start = at("2025-01-01T00:00:00") + datetime.timedelta(hours=number)
        rows += [
            {"row": str(2 * number), "url": f"http{'' if plain else 's'}://{first}/", "host": first, "time": start,
             "redirect_destination": str(2 * number + 1) if linked else None},
            {"row": str(2 * number + 1), "url": f"https://{second}/", "host": second,
             "time": start + datetime.timedelta(microseconds=round(gap * 1e6))},
        ]  # fmt: skip
    found = ask("devices.redirects", {"visits": rows}, most=10_000).observations
    assert len(found) == expected
    assert 0 < expected < 20


@pytest.mark.spark
def test_spark_finds_the_same(ask, at, spark):
    rows = {"visits": [*pair(at), *pair(at, artefact="two", when=LATER)]}
    here, there = (ask("devices.redirects", rows, engine=engine, within=1) for engine in (None, spark))
    assert here == there and here.observations
