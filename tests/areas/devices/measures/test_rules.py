"""What heuristics share: groups and their first rows, sentences from data, and traps of the engines."""

import datetime
import random

import pytest

from answerable.areas.devices.measures.common import rules
from answerable.areas.devices.measures.common.rules import Rule, any_of, firsts, folded, found, told
from answerable.areas.devices.tables import PLACE
from answerable.core.engine import collect

NOUNS = [
    "attachments", "crashes", "installations", "invitations", "permissions", "profiles", "redirects", "settings",
    "shutdown_delays", "system_age", "tampering", "threat_notices", "usage_anomalies",
]  # fmt: skip
TEXTS = ["fvv", " V1\t", "\u00a0x", "uid 0", "", None]


def test_blanks_are_taken_off_and_letters_are_not(make_table):
    table = make_table({"text": TEXTS})
    assert collect(table.select(text=folded(table.text)))["text"][:2] == ["fvv", "v1"]


@pytest.mark.spark
def test_spark_takes_off_the_same(make_table, spark):
    here, there = (make_table({"text": TEXTS}, engine) for engine in (None, spark))
    both = [sorted(map(str, collect(table.select(text=folded(table.text)))["text"])) for table in (here, there)]
    assert both[0] == both[1]


@pytest.mark.parametrize("noun", NOUNS)
def test_every_rule_says_what_could_forge_it_and_what_is_harmless(noun):
    for rule in told(noun)["rules"].values():
        assert rule.saying.endswith(".") or rule.saying.endswith("so.")
        assert len(rule.forgeable) > 20
        assert len(rule.benign) > 20
        assert rule.category in {"contact attempt", "exposure", "execution", "persistence", "tampering", "coverage"}
        assert "infected" not in rule.saying


def test_facts_alone_are_strong():
    strong = {(noun, name) for noun in NOUNS for name, rule in told(noun)["rules"].items() if rule.strength == "strong"}
    assert strong == {
        ("settings", "unsafe"), ("settings", "lockdown_on"), ("settings", "lockdown_off"), ("system_age", "patches"),
        ("system_age", "version"),
    }  # fmt: skip


def test_the_first_row_is_the_earliest_and_rows_without_a_time_come_last(make_table, rows, at):
    table = make_table(
        rows("apps", [{"app": "a", "row": "1"}, {"app": "a", "row": "9", "time": at("2025-01-02T00:00")},
                      {"app": "a", "row": "5", "time": at("2025-01-01T00:00")}, {"app": "b", "row": "2"}])
    )  # fmt: skip
    told_of = ("app", "row", "count", "things")
    given = [tuple(row[name] for name in told_of) for row in firsts(table, ["device", "app"], [], 9)]
    assert given == [("a", "5", 3, 2), ("b", "2", 1, 2)]


def test_values_of_evidence_are_no_part_of_a_sentences_form(make_table, rows):
    rule = Rule("r", "exposure", "app", "The app {app} is there.", "f", "b")
    table = make_table(rows("apps", [{"app": "{path} {0} %s"}, {"app": "x" * 500}]))
    whats = [one.what for one in found(table, rule, by=["app"], most=5)]
    assert "The app {path} {0} %s is there." in whats
    assert all(len(what) < 250 for what in whats)


def test_no_condition_holds_for_nothing(make_table):
    table = make_table({"x": [1, 2]})
    assert collect(table.filter(any_of([])))["x"] == []
    assert sorted(collect(table.filter(any_of([table.x == 1, table.x == 2])))["x"]) == [1, 2]


def test_few_rows_and_many_come_out_the_same(make_table, monkeypatch):
    """Rows are put into order here where they are few, by the engine where they are many."""
    for seed in range(4):
        chance = random.Random(seed)
        columns = {name: [chance.choice(["a", "b", None]) for _ in range(200)] for name in [*PLACE, "app", "name"]}
        days = [datetime.datetime(2025, 1, day, tzinfo=datetime.UTC) for day in (1, 2, 3)]
        rows = make_table({**columns, "time": [chance.choice([*days, None]) for _ in range(200)]})
        for by in (["device", "app"], ["device"], ["device", "row", "app"]):
            monkeypatch.setattr(rules, "_FEW", 20_000)
            here = firsts(rows, by, ["name"], 5)
            monkeypatch.setattr(rules, "_FEW", 0)
            assert firsts(rows, by, ["name"], 5) == here
            assert here
