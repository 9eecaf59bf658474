"""The command line as people and scripts meet it: what it prints, returns, and says when something is wrong."""

import json
import subprocess
import sys

import pytest

from answerable.cli import main

ROWS = """id,race,sex,flagged,reoffended,score
""" + "".join(
    f"p{place},{'black' if place % 2 else 'white'},{'f' if place % 3 else 'm'},"
    f"{'yes' if place % (3 if place % 2 else 7) == 0 else 'no'},{place % 5 == 0:d},{place % 10}\n"
    for place in range(600)
)
WORDS = ["--decided", "flagged=yes", "--outcome", "reoffended=1", "--groups", "race,sex", "--person", "id"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "checks.csv"
    path.write_text(ROWS, encoding="utf-8")
    return str(path)


def run(capsys, *arguments):
    code = main(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_json_has_the_promised_shape(capsys, file):
    code, out, _ = run(capsys, "ask", "decisions.disparity", file, *WORDS, "--reference", "race=white", "--json")
    found = json.loads(out)
    assert code == 0
    assert {"question", "findings", "coverage", "account"} <= set(found)
    finding = found["findings"][0]
    assert {"id", "method", "statement", "verdict", "estimate", "limits", "rights"} <= set(finding)
    wanted = {"name", "of", "against", "value", "low", "high", "level", "unit", "n", "events", "p", "interval"}
    assert wanted <= set(finding["estimate"])
    assert finding["estimate"]["of"] == {"race": "black"} and finding["estimate"]["against"] == {"race": "white"}
    assert found["account"]["rows"] == 600 and found["account"]["unread"] == ["score"]
    assert found["coverage"]["looked_at"] == {"rows": 600, "people": 600}
    assert {one["verdict"] for one in found["findings"]} <= {"shown", "indicated", "not shown", "cannot tell"}


def test_python_gives_the_same_as_the_command_line(capsys, file):
    import answerable

    _, out, _ = run(capsys, "ask", "decisions.disparity", file, *WORDS, "--json")
    words = {"decided": "flagged=yes", "outcome": "reoffended=1", "groups": ["race", "sex"], "person": "id"}
    result = answerable.ask("decisions.disparity", file, **words)
    assert [finding["id"] for finding in json.loads(out)["findings"]] == [finding.id for finding in result.findings]
    assert [finding["statement"] for finding in json.loads(out)["findings"]] == [f.statement for f in result.findings]
    assert result.findings[0].statement in str(result)


def test_a_result_shows_itself_in_a_notebook(file):
    import answerable

    result = answerable.ask("decisions.rates", file, decided="flagged=yes", groups="race", person="id")
    assert "selection rate" in result._repr_html_() and "<svg" in result._repr_html_()
    assert len(result.frame()) == len(result.findings)
    assert "layer" in result.chart().to_dict() or "vconcat" in result.chart().to_dict()


def test_text_for_people(capsys, file):
    code, out, _ = run(capsys, "ask", "decisions.disparity", file, *WORDS, "--favourable", "no")
    assert code == 0
    assert "SHOWN" in out and "to the disadvantage of race black" in out
    assert "Read: checks.csv (sha256" in out and "Columns not read (1): score." in out and "Limit: " in out
    _, rates, _ = run(capsys, "ask", "decisions.rates", file, *WORDS)
    assert "false positive rate" in rates and "everybody" in rates


def test_the_command_of_a_result_asks_the_same_again(capsys, file, monkeypatch, tmp_path):
    import shlex

    import answerable

    words = {"decided": "flagged=yes", "groups": ["race", "sex"], "person": "id", "reference": {"race": "white"}}
    result = answerable.ask("decisions.disparity", file, **words)
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, *shlex.split(result.command)[1:], "--json")
    assert code == 0
    assert json.loads(out)["question"]["digest"] == result.question.digest


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (["--decided", "flaged=yes"], "flagged"),
        (["--decided", "flagged=yess"], "yes"),
        (["--groups", "raze"], "race"),
        (["--reference", "race=whit"], "white"),
        (["--metrics", "fprr"], "fpr"),
        (["--level", "high"], "level takes a number"),
        (["--level", "95"], "0.95"),
        (["--threshold", "ratio=0.5"], "threshold"),
        (["--correction", "bonferoni"], "holm"),
        (["--independent"], "person"),
        (["--nonsense", "1"], "--nonsense"),
        (["--bands", "2,1"], "rising"),
    ],
)
def test_a_wrong_word_says_what_would_be_right(capsys, file, change, said):
    code, out, err = run(capsys, "ask", "decisions.disparity", file, *WORDS, *change)
    assert code == 2 and not out
    assert said in err and err.startswith("answerable: ") and "Traceback" not in err


@pytest.mark.parametrize("arguments", [["ask", "decisions.disparty", "x.csv"], ["methods", "decision.rates"]])
def test_a_wrong_method_offers_the_nearest(capsys, arguments):
    code, _, err = run(capsys, *arguments)
    assert code == 2 and "Nearest: decisions." in err


def test_a_missing_file_is_named(capsys, tmp_path):
    code, _, err = run(capsys, "ask", "decisions.rates", str(tmp_path / "no.csv"), "--decided", "a=1")
    assert code == 2 and "no.csv" in err


def test_methods_and_a_card(capsys):
    _, out, _ = run(capsys, "methods")
    assert "decisions.rates" in out and "decisions.disparity" in out
    _, card, _ = run(capsys, "methods", "decisions.disparity")
    for part in (
        "Reads:",
        "Words:",
        "--groups",
        "--decided",
        "--correction",
        "Refuses to answer:",
        "Source:",
        "Rights:",
    ):
        assert part in card


def test_a_case_from_beginning_to_report(capsys, file, tmp_path):
    case = str(tmp_path / "case")
    assert run(capsys, "new", case, "--title", "Checks")[0] == 0
    assert run(capsys, "add", case, file, "--source", "FOI reply")[0] == 0
    assert run(capsys, "ask", "decisions.disparity", file, *WORDS, "--save", case)[0] == 0
    assert run(capsys, "freeze", case)[0] == 0
    code, out, _ = run(capsys, "run", case)
    assert code == 0 and "decisions.disparity" in out
    first = (tmp_path / "case" / "findings.json").read_bytes()
    assert run(capsys, "run", case)[0] == 0
    assert (tmp_path / "case" / "findings.json").read_bytes() == first
    code, out, _ = run(capsys, "report", case)
    assert code == 0
    page = (tmp_path / "case" / "report" / "report.html").read_text(encoding="utf-8")
    assert "Checks" in page and "FOI reply" in page and "race black" in page


def test_look(capsys, file):
    code, out, _ = run(capsys, "look", file)
    assert code == 0 and "flagged" in out and "answerable ask" in out
    code, out, _ = run(capsys, "look", file, "--json")
    assert code == 0 and json.loads(out)


def test_output_that_nobody_reads_is_no_error(file):
    command = f"{sys.executable} -m answerable ask decisions.disparity {file} {' '.join(WORDS)} --json | head -1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr and "Error" not in done.stderr


def test_every_command_helps(capsys):
    for command in ("new", "add", "look", "ask", "freeze", "run", "report", "methods", "demo"):
        with pytest.raises(SystemExit) as stop:
            main([command, "--help"])
        assert stop.value.code == 0
        assert command in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["ask", "decisions.disparity", "--help"])
    assert "--reference" in capsys.readouterr().out
