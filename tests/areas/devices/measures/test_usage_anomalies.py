"""devices.usage_anomalies: one finding for each missing process, one for the gaps of a list, none for what is whole."""

import pytest

COUNT = {"table": "ZLIVEUSAGE", "source": "data_usage"}
PROCESS = {"table": "ZPROCESS", "source": "data_usage_processes"}


def processes(*numbers, **told):
    return [{**PROCESS, "row": str(number), "process": f"p{number}", "app": "a", **told} for number in numbers]


def counts(process_row, *rows, **told):
    return [{**COUNT, "row": str(row), "process_row": process_row, **told} for row in rows]


def rules(answer):
    return [one.fields["rule"] for one in answer.observations]


def test_those_planted_are_found_once_each_with_their_rows(real, truth):
    planted = truth("ios_synthetic")["datausage"]
    found = real("devices.usage_anomalies", "ios_synthetic/backup").observations
    missing = [one for one in found if one.fields["rule"] == "process_missing"]
    assert [int(one.value) for one in missing] == planted["usage_without_process"] == [34, 217, 295]
    assert [one.fields["listed_rows"] for one in missing] == [
        ["100", "101", "102"], ["634", "635", "636"], ["865", "866", "867"]
    ]  # fmt: skip
    (gaps,) = [one for one in found if one.fields["rule"] == "numbers_skipped"]
    assert gaps.fields["rows"] == planted["holes"] == 6
    assert gaps.value == "65, 106, 134, 141, 180, 235"
    assert {one.category for one in found} == {"tampering"}
    assert {one.strength for one in found} == {"heuristic"}


def test_what_is_whole_has_nothing(ask):
    tables = {"processes": processes(1, 2, 3), "usages": counts("1", 1, 2, process="p1")}
    answer = ask("devices.usage_anomalies", tables)
    assert not answer.observations
    assert answer.coverage.complete


def test_many_counts_of_a_missing_process_are_one_finding(ask):
    answer = ask("devices.usage_anomalies", {"processes": processes(1, 2, 3), "usages": counts("9", *range(100, 340))})
    (one,) = answer.observations
    assert one.what.startswith("240 counts of what was sent and received name process 9,")
    assert one.fields["rows"] == 240
    assert one.row == "100"


def test_a_row_read_twice_counts_once(ask):
    (one,) = ask("devices.usage_anomalies", {"usages": counts("9", 1, 1, 1)}).observations
    assert one.what.startswith("1 count of what was sent and received names process 9,")


def test_a_process_without_a_name_is_not_called_missing(ask):
    tables = {"processes": processes(1, process=None), "usages": counts("1", 5)}
    assert rules(ask("devices.usage_anomalies", tables)) == ["process_unnamed"]
    assert rules(ask("devices.usage_anomalies", {"usages": counts(None, 5)})) == ["no_process"]


def test_databases_are_kept_apart(ask):
    tables = {
        "processes": processes(1, 2, artefact="one"),
        "usages": counts("2", 5, artefact="two") + counts("2", 5, artefact="one", device="other"),
    }
    assert rules(ask("devices.usage_anomalies", tables)) == ["process_missing", "process_missing"]


@pytest.mark.parametrize(
    ("numbers", "used", "said"),
    [
        ([1, 2, 3], [], None),
        ([5, 6, 7], [], None),  # what lies before the first is not a gap
        ([1, 3], [], "2"),
        ([1, 5], [], "2 to 4"),
        ([1, 5], ["3"], "2, 4"),
        ([1, 3], ["2"], None),
        ([2, 1, 9, 10], ["3", "8"], "4 to 7"),
    ],
)
def test_numbers_skipped(ask, numbers, used, said):
    tables = {"processes": processes(*numbers), "usages": [row for n in used for row in counts(n, f"1{n}")]}
    found = [
        one for one in ask("devices.usage_anomalies", tables).observations if one.fields["rule"] != "process_missing"
    ]
    assert [one.value for one in found] == ([said] if said else [])


def test_numbers_of_running_processes_are_no_keys(ask):
    rows = [{"row": str(n), "process": "init", "source": "processes"} for n in (1, 7, 99)]
    assert not ask("devices.usage_anomalies", {"processes": rows}).observations
    assert not ask("devices.usage_anomalies", {"processes": processes("one", "x9", "")}).observations


@pytest.mark.parametrize(
    ("told", "files", "fires"),
    [
        ({"app": None}, ["/usr/libexec/other"], True),
        ({"app": ""}, ["/usr/libexec/p1"], False),
        ({"app": None}, ["/private/var/p2"], False),  # a dump without the system's own programs
        ({"app": "com.example.app"}, ["/usr/libexec/other"], False),
        ({"app": None, "process": "kernel_task"}, ["/usr/libexec/other"], False),
        ({"app": None, "device": "other"}, ["/usr/libexec/other"], False),
    ],
)
def test_programs_without_a_file(ask, told, files, fires):
    tables = {"processes": processes(1, **told), "device_files": [{"path": path} for path in files]}
    assert rules(ask("devices.usage_anomalies", tables)) == (["program_missing"] if fires else [])


def test_random_loss_is_counted_exactly(ask):
    """Whatever rows a database loses, the numbers skipped and those still named add up to all that are lost."""
    import random

    chance = random.Random(7)
    for _ in range(5):
        lost = set(chance.sample(range(2, 200), 20))
        used = set(chance.sample(sorted(lost), 5))
        tables = {
            "processes": processes(*[n for n in range(1, 201) if n not in lost]),
            "usages": [row for n in used for row in counts(str(n), 1000 + n)],
        }
        found = ask("devices.usage_anomalies", tables).observations
        assert {int(one.value) for one in found if one.fields["rule"] == "process_missing"} == used
        assert [one.fields["rows"] for one in found if one.fields["rule"] == "numbers_skipped"] == [15]


def test_other_lists_of_processes_are_no_gap_of_this(ask, artefact_row):
    rows = [
        artefact_row("usages"),
        artefact_row("processes", source="data_usage_processes"),
        artefact_row("processes", source="os_analytics_processes", state="absent", reason="it is not there."),
    ]
    assert ask("devices.usage_anomalies", {"artefacts": rows}).coverage.complete
    rows[1]["state"] = "unreadable"
    assert not ask("devices.usage_anomalies", {"artefacts": rows}).coverage.complete
