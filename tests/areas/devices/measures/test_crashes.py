"""devices.crashes: one finding for each program, by its rights or by what it takes in."""

import pytest


@pytest.mark.parametrize(
    ("process", "user", "rule"),
    [
        ("mediaserverd", "mobile", "exposed"),
        ("/system/bin/mediaserver", "1013", "exposed"),
        ("mediaserverx", "1013", None),
        ("org.example.app", "10123", None),
        ("org.example.app", "1000", "privileged"),
        ("org.example.app", "uid 2000", "privileged"),
        ("org.example.app", "root", "privileged"),
        ("org.example.app", "10000", None),
        ("org.example.app", None, None),
        ("mediaserver", "0", "exposed"),
    ],
)
def test_rights_and_names(ask, process, user, rule):
    found = ask("devices.crashes", {"crashes": [{"process": process, "user": user}]}).observations
    assert [one.fields["rule"] for one in found] == ([rule] if rule else [])
    assert {(one.category, one.strength) for one in found} <= {("execution", "heuristic")}


def test_many_crashes_of_one_program_are_one_finding_with_their_number(ask, at):
    rows = [
        {"process": "imagent", "time": at(f"2025-01-{day:02d}T10:00"), "reason": "SIGSEGV"} for day in range(9, 0, -1)
    ]
    (one,) = ask("devices.crashes", {"crashes": rows}).observations
    assert one.what.startswith("imagent, which takes in what others send, crashed (SIGSEGV). 9 rows say so")
    assert one.time == "2025-01-01T10:00:00Z"


def test_more_programs_may_be_named(ask):
    tables = {"crashes": [{"process": "org.example.app", "user": "10123"}]}
    assert ask("devices.crashes", tables, programs=["org.example.app"]).observations
