"""devices.shutdown_delays: who kept a shutdown waiting, and who ran from where nothing should run."""

import pytest

from answerable.errors import ParameterError

ORDINARY = "/usr/libexec/installd"


def client(path=ORDINARY, rounds=1, **told):
    return {"path": path, "process": path.rpartition("/")[2], "number": 200, "shutdown": 1, "rounds": rounds, **told}


def rules(answer):
    return [(one.fields["rule"], one.value) for one in answer.observations]


@pytest.mark.parametrize(("rounds", "fires"), [(2, False), (3, True), (9, True)])
def test_three_rounds_are_a_delay(ask, rounds, fires):
    answer = ask("devices.shutdown_delays", {"shutdowns": [client(rounds=rounds)]})
    assert rules(answer) == ([("delayed", ORDINARY)] if fires else [])
    assert {one.category for one in answer.observations} <= {"execution"}
    assert {one.strength for one in answer.observations} <= {"heuristic"}


def test_the_number_of_rounds_is_said_and_may_be_chosen(ask):
    tables = {"shutdowns": [client(rounds=4)]}
    (one,) = ask("devices.shutdown_delays", tables, rounds=4).observations
    assert "still there 4 times in a row" in one.what
    assert not ask("devices.shutdown_delays", tables, rounds=5).observations
    with pytest.raises(ParameterError, match="from 1"):
        ask("devices.shutdown_delays", tables, rounds=0)


def test_a_row_for_each_notice_counts_as_well(ask):
    notices = [client(rounds=None, delay=float(n)) for n in range(3)]
    (one,) = ask("devices.shutdown_delays", {"shutdowns": notices}).observations
    assert "3 times" in one.what
    assert not ask("devices.shutdown_delays", {"shutdowns": notices[:2]}).observations
    assert not ask("devices.shutdown_delays", {"shutdowns": [notices[0] | {"row": "1"}] * 5}).observations


def test_notices_of_different_shutdowns_do_not_add_up(ask):
    notices = [client(rounds=1, shutdown=n) for n in range(5)]
    assert not ask("devices.shutdown_delays", {"shutdowns": notices}).observations
    processes = [client(rounds=1, number=n) for n in range(5)]
    assert not ask("devices.shutdown_delays", {"shutdowns": processes}).observations


@pytest.mark.parametrize(
    ("path", "fires"),
    [
        ("/private/var/db/com.apple.xpc.roleaccountd.staging/rolexd", True),
        ("/private/var/tmp/UserEventAgent", True),
        ("/var/tmp/agent", True),
        ("/var/db/x", True),
        ("/private/var/containers/Bundle/Application/X.app/X", False),
        ("/private/var/dbx/y", False),
        ("/System/private/var/db/y", False),
    ],
)
def test_folders_of_data(ask, path, fires):
    answer = ask("devices.shutdown_delays", {"shutdowns": [client(path)]})
    assert rules(answer) == ([("folder", path)] if fires else [])


def test_one_finding_for_a_program_however_often_it_stood_there(ask):
    notices = [client("/private/var/tmp/x", shutdown=n) for n in range(1, 8)]
    (one,) = ask("devices.shutdown_delays", {"shutdowns": notices}).observations
    assert "7 rows say so" in one.what


def test_no_folders_means_none(ask):
    tables = {"shutdowns": [client("/private/var/tmp/x")]}
    assert not ask("devices.shutdown_delays", tables, folders=[]).observations
    assert ask("devices.shutdown_delays", {"shutdowns": [client()]}, folders=["/usr/"]).observations


def test_a_phone_without_the_log_cannot_be_told(ask, artefact_row):
    from answerable.core.finding import Question
    from answerable.core.judge import Answered, judge

    row = artefact_row("shutdowns", state="not held by this kind", reason="this kind of acquisition does not hold it.")
    answer = ask("devices.shutdown_delays", {"artefacts": [row]})
    (finding,) = judge([Answered(Question(method="devices.shutdown_delays"), answer, ("iccpr-17",))])
    assert finding.verdict == "cannot tell"
