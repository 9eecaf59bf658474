"""Whole probes against systems on this machine: every pair once, whatever fails, whoever is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

import answerable
from answerable.areas.decisions.probe.plan import read_plan
from answerable.areas.decisions.probe.runner import preview, run_probe
from answerable.areas.decisions.probe.schedule import schedule
from answerable.errors import AnswerableError, EvidenceError

CHAT = {"model": "local", "temperature": 0.7}


def answered(entries):
    return Counter(entry["call"] for entry in entries if not entry["error"])


def test_every_call_is_answered_once_though_one_in_twenty_fails(make_judge, serve, write_plan, tmp_path, lines):
    judge = make_judge(failing=0.05, slow=4)
    plan = write_plan({"chat": {"url": serve(judge), **CHAT}}, pace={"timeout": 1.5})
    outcome = run_probe(plan, tmp_path / "out.jsonl")
    calls = schedule(read_plan(plan))
    found = lines(tmp_path / "out.jsonl")
    assert outcome.failed == {} and outcome.complete == outcome.pairs == 12 * 7
    assert answered(found) == Counter(call.key for call in calls)
    assert outcome.attempts == len(found) > len(calls)
    errors = {entry["error"].split(":")[0] for entry in found if entry["error"]}
    assert len(errors) >= 4, errors


def test_the_transcript_holds_all_that_was_said(make_judge, serve, write_plan, tmp_path, lines):
    judge = make_judge()
    plan = write_plan({"chat": {"url": serve(judge), **CHAT}}, top={"repeats": 2, "pairs": 2})
    run_probe(plan, tmp_path / "out.jsonl")
    calls = {call.key: call for call in schedule(read_plan(plan))}
    found = lines(tmp_path / "out.jsonl")
    assert {entry["order"] for entry in found} == set(range(1, len(calls) + 1))
    for entry in found:
        call = calls[entry["call"]]
        assert entry["prompt"] == call.prompt and call.name in entry["prompt"]
        assert (entry["template"], entry["variant"], entry["name"]) == (call.template, call.variant, call.name)
        assert json.loads(entry["response"])["choices"]
        assert entry["decided"] is ("yes" in entry["response"]) and entry["attempt"] == 1
        assert entry["started"] <= entry["ended"] and entry["ended"].endswith("Z")
    sent = json.loads(judge.bodies[0])
    assert sent["model"] == "local" and sent["temperature"] == 0.7 and sent["messages"][0]["role"] == "user"


KILLED = """
import sys
from pathlib import Path
from answerable.areas.decisions.probe.runner import run_probe
print(run_probe(Path(sys.argv[1]), Path(sys.argv[2])).text())
"""


def killed_twice(plan, transcript, at):
    """Run a probe in processes of their own; kill -9 the first two when the transcript has so many lines."""
    killed = 0
    for number in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(plan), str(transcript)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        if number < 2:
            while process.poll() is None:
                if transcript.exists() and transcript.read_bytes().count(b"\n") >= at[number]:
                    process.send_signal(signal.SIGKILL)
                    break
                time.sleep(0.01)
        out, error = process.communicate(timeout=300)
        killed += process.returncode == -signal.SIGKILL
    assert process.returncode == 0, error
    return killed, out


def test_killed_twice_it_ends_with_every_pair_complete_once(make_judge, serve, write_plan, tmp_path, lines):
    """The large form: 10,000 calls (PROBE_CALLS=10000)."""
    wanted = int(os.environ.get("PROBE_CALLS", "2000"))
    judge = make_judge(bias=1.0, failing=0.05, slow=5)
    pairs = round(wanted / 12 / 2) - 2
    pace = {"timeout": 2, "concurrency": 8, "retries": 6}
    plan = write_plan({"chat": {"url": serve(judge), **CHAT}}, top={"pairs": pairs}, pace=pace)
    transcript = tmp_path / "out.jsonl"
    calls = schedule(read_plan(plan))
    assert abs(len(calls) - wanted) <= 24
    killed, _ = killed_twice(plan, transcript, [len(calls) // 4, len(calls) // 2])
    assert killed == 2
    found = lines(transcript)
    assert answered(found) == Counter(call.key for call in calls)
    assert len(lines(transcript, "run")) == 3
    assert sum(bool(entry["error"]) for entry in found) / len(found) > 0.02
    # What the server was asked and nobody wrote down was under way when a process was killed.
    assert judge.calls - len(found) <= 2 * 8
    result = answerable.ask("decisions.paired", transcript)
    shown = next(f for f in result.findings if f.estimate.name == "positive_rate_difference")
    assert shown.verdict == "shown" and shown.estimate.value < 0
    assert shown.estimate.n == 12 * pairs


def test_a_torn_line_is_set_aside_and_the_call_asked_again(make_judge, serve, write_plan, tmp_path, lines):
    plan = write_plan({"chat": {"url": serve(make_judge()), **CHAT}})
    transcript = tmp_path / "out.jsonl"
    run_probe(plan, transcript)
    whole = transcript.read_bytes()
    for lost in (1, 30, 400):
        torn = whole[:-lost]
        transcript.write_bytes(torn)
        outcome = run_probe(plan, transcript)
        assert outcome.torn == 1 and outcome.answered == outcome.calls
        aside = lines(transcript, "torn")
        assert len(aside) == 1
        assert aside[0]["text"].encode() == torn[torn.rindex(b"\n") + 1 :]
        assert max(answered(lines(transcript)).values()) == 1


def test_a_torn_first_line_is_begun_anew(make_judge, serve, write_plan, tmp_path, lines):
    plan = write_plan({"chat": {"url": serve(make_judge()), **CHAT}})
    transcript = tmp_path / "out.jsonl"
    transcript.write_bytes(b'{"kind": "plan", "format": "answerable probe 1", "ver')
    assert run_probe(plan, transcript).answered
    assert len(lines(transcript, "plan")) == 1


def test_a_changed_plan_is_refused_and_a_changed_pace_is_not(make_judge, serve, write_plan, tmp_path):
    address = {"chat": {"url": serve(make_judge()), **CHAT}}
    transcript = tmp_path / "out.jsonl"
    run_probe(write_plan(address), transcript)
    before = transcript.read_bytes()
    with pytest.raises(EvidenceError, match=r"out.jsonl: it was begun with another plan.*name a new transcript"):
        run_probe(write_plan(address, top={"seed": 2}), transcript)
    assert transcript.read_bytes() == before
    assert run_probe(write_plan(address, pace={"concurrency": 1}), transcript).failed == {}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text.replace(b'"kind": "call"', b'"kind": "call', 1), r"row 3: it is no JSON object"),
        (lambda text: b"a,b\n1,2\n", r"row 1: it is no JSON object"),
        (lambda text: b'{"a": 1}\n', r"row 1: it is not the first line of a transcript"),
        (lambda text: b"half a letter", r"row 1: it does not begin like a transcript"),
        (lambda text: text + text.splitlines(keepends=True)[-1], r"is answered a second time"),
    ],
)
def test_a_transcript_that_was_changed_is_refused_and_left_as_it_is(
    make_judge, serve, write_plan, tmp_path, damage, message
):
    plan = write_plan({"chat": {"url": serve(make_judge()), **CHAT}}, top={"pairs": 1})
    transcript = tmp_path / "out.jsonl"
    run_probe(plan, transcript)
    transcript.write_bytes(damaged := damage(transcript.read_bytes()))
    with pytest.raises(EvidenceError, match=message):
        run_probe(plan, transcript)
    assert transcript.read_bytes() == damaged


def test_two_probes_do_not_write_one_transcript(make_judge, serve, write_plan, tmp_path):
    from answerable.core.lock import lock

    plan = write_plan({"chat": {"url": serve(make_judge()), **CHAT}})
    with (tmp_path / "out.jsonl").open("ab") as other:
        lock(other, wait=False)
        with pytest.raises(AnswerableError, match=r"Another probe is writing out\.jsonl"):
            run_probe(plan, tmp_path / "out.jsonl")


def test_what_fails_for_good_is_listed_and_asked_again_next_time(write_plan, tmp_path, lines):
    script = tmp_path / "model.py"
    script.write_text(
        "import sys, pathlib\n"
        "text = sys.stdin.read()\n"
        f"late = pathlib.Path({str(tmp_path / 'late')!r}).exists()\n"
        "sys.exit('no name like that') if 'Rosa' in text and not late else print('yes')\n"
    )
    texts = {"a": "{name}?", "b": "And {name}?"}
    plan = write_plan(
        {"command": [sys.executable, str(script)]},
        templates=texts,
        pace={"retries": 1, "calls_per_second": 500},
        controls={"same_name": 0, "same_group": 0},
    )
    transcript = tmp_path / "out.jsonl"
    outcome = run_probe(plan, transcript)
    rosa = {call.key for call in schedule(read_plan(plan)) if call.name == "Rosa"}
    assert rosa and set(outcome.failed) == rosa
    assert all("no name like that" in why for why in outcome.failed.values())
    assert "calls failed" in outcome.text() and outcome.complete == outcome.pairs - len(rosa)
    assert sum(entry["call"] in rosa for entry in lines(transcript)) == 2 * len(rosa)
    result = answerable.ask("decisions.paired", transcript)
    assert f"{len(rosa)} of {outcome.pairs} lack an answer" in result.coverage.missing["pairs of red with blue"]
    (tmp_path / "late").touch()
    again = run_probe(plan, transcript)
    assert again.failed == {} and again.complete == again.pairs
    assert {entry["attempt"] for entry in lines(transcript) if entry["call"] in rosa} == {1, 2, 3}


def test_it_stops_where_nothing_answers(write_plan, tmp_path):
    plan = write_plan({"http": {"url": "http://127.0.0.1:9/", "body": "{prompt}"}}, pace={"retries": 0})
    with pytest.raises(AnswerableError, match=r"20 calls failed one after the other; the last: .*refused"):
        run_probe(plan, tmp_path / "out.jsonl")


def test_the_pace_is_kept(write_plan, tmp_path, lines):
    (tmp_path / "quick.py").write_text("def answer(prompt):\n    return 'yes'\n")
    plan = write_plan({"python": "quick:answer"}, top={"pairs": 1}, pace={"calls_per_second": 100, "concurrency": 8})
    begun = time.monotonic()
    outcome = run_probe(plan, tmp_path / "out.jsonl")
    assert time.monotonic() - begun >= (outcome.calls - 1) / 100


def test_ctrl_c_keeps_what_was_answered(make_judge, serve, write_plan, tmp_path, lines):
    plan = write_plan({"chat": {"url": serve(make_judge()), **CHAT}}, pace={"calls_per_second": 40})
    transcript = tmp_path / "out.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "answerable", "probe", str(plan), str(transcript)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        # What runs in the background was told to ignore Ctrl-C, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (transcript.exists() and transcript.read_bytes().count(b"\n") > 10):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130 and "the same command goes on from there" in said
    before = len(lines(transcript))
    outcome = run_probe(plan, transcript)
    assert outcome.torn == 0 and outcome.attempts == outcome.calls > before


def test_a_look_before_sends_nothing(make_judge, serve, write_plan, tmp_path):
    judge = make_judge()
    plan = write_plan({"chat": {"url": serve(judge), **CHAT}})
    text = preview(plan)
    assert "168 calls: 60 matched pairs and 24 control pairs in 12 templates" in text
    assert text.count("applies for a room") == 3 and "Nothing was sent" in text
    assert judge.calls == 0


def test_a_system_without_bias_is_not_shown_to_have_one(make_judge, serve, write_plan, tmp_path):
    """One call at a time, so that the answers are the same in every run."""
    plan = write_plan({"chat": {"url": serve(make_judge()), **CHAT}}, top={"pairs": 15}, pace={"concurrency": 1})
    run_probe(plan, tmp_path / "out.jsonl")
    result = answerable.ask("decisions.paired", tmp_path / "out.jsonl")
    compared = [finding for finding in result.findings if finding.estimate.null is not None]
    assert len(compared) == 4 and "shown" not in {finding.verdict for finding in compared}


def test_from_the_plan_to_the_sentence_and_into_a_case(make_judge, serve, write_plan, tmp_path, capsys):
    """No word of a mapping is needed: the reader knows the transcript of a probe."""
    from answerable.cli import main

    plan = write_plan({"chat": {"url": serve(make_judge(bias=1.5)), **CHAT}}, top={"pairs": 20})
    assert main(["probe", str(plan)]) == 0
    transcript = tmp_path / "probe.jsonl"
    assert f"answerable ask decisions.paired {transcript}" in capsys.readouterr().out
    case = tmp_path / "case"
    assert main(["new", str(case)]) == 0
    assert main(["ask", "decisions.paired", str(transcript), "--save", str(case)]) == 0
    said = capsys.readouterr().out
    assert "lower for group red than for group blue, to the disadvantage of group red" in said
    assert main(["run", str(case)]) == 0
    assert main(["report", str(case)]) == 0
    report = next((case / "report").glob("*.html")).read_text("utf-8")
    assert "rate of positive answers in matched pairs" in report
