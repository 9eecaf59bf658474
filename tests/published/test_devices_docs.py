"""What README and docs/devices.md say of phones is what the commands and the code do."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from answerable.cli import _parser, main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")


def test_the_readmes_scan_is_what_the_command_prints(public_data, tmp_path, capsys, monkeypatch):
    devices = public_data / "devices"
    (tmp_path / "consent.toml").write_text(
        'who = "the owner"\nscope = "traces"\ndate = 2026-11-01\nuntil = 2999-01-01\n', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    example = README[README.index("## A phone") : README.index("This is a made backup")]
    typed = re.search(r"\$ answerable (scan .*)", example)
    assert typed is not None
    places = {"backup": devices / "ios_synthetic" / "backup", "indicators": devices / "stix_amnesty"}
    assert main([str(places.get(word, word)) for word in shlex.split(typed[1])]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    pieces = [" ".join(piece.split()) for piece in re.split(r"\n +\.\.\.\n", example[typed.end() - 0 :])[1:-1]]
    assert len(pieces) == 2
    for piece in pieces:
        assert piece in printed
        printed = printed[printed.index(piece) :]


@pytest.mark.parametrize(
    "line", re.findall(r"^    (answerable .*)$|`(answerable (?:ask|methods|scan) [^`]*)`", PAGE, re.M)
)
def test_every_command_of_the_page_is_one(line):
    _parser().parse_args(shlex.split("".join(line))[1:])


@pytest.mark.parametrize("word", re.findall(r"^\| `(--[a-z-]+)", PAGE, re.M))
def test_every_word_of_the_page_is_an_option_of_scan(word, capsys):
    with pytest.raises(SystemExit):
        _parser().parse_args(["scan", "--help"])
    assert word in capsys.readouterr().out


def test_every_option_of_scan_is_on_the_page(capsys):
    with pytest.raises(SystemExit):
        _parser().parse_args(["scan", "--help"])
    for word in set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}:
        assert f"`{word}" in PAGE, word


TRY = """
import importlib.util, pathlib, plistlib, sys
spec = importlib.util.spec_from_file_location("specimens", sys.argv[1])
made = importlib.util.module_from_spec(spec); spec.loader.exec_module(made)
import example_artefact, example_method
import answerable
files = {"AppDomain-org.example.app/Library/hosts.plist": plistlib.dumps(["https://host.example.org/x"]),
         made.SAFARI: made.history(2)}
root = made.lay(pathlib.Path("phone"), files)
said = [one.statement for one in answerable.ask("devices.coverage", root).findings]
print(*[one for one in said if "(example_hosts)" in one])
from answerable.core.engine import open_engine, collect
from answerable.core.table import reader_of
from answerable.areas.devices.tables import ADDRESSES
engine = open_engine("duckdb")
rows = collect(reader_of(ADDRESSES)(engine, root).rows)
print([(url, host) for url, host in zip(rows["url"], rows["host"])])
print([one.verdict for one in answerable.ask("devices.onions", root, ending="example.org").findings])
print([one.verdict for one in answerable.ask("devices.onions", root).findings])
engine.close()
"""


def test_the_examples_of_the_page_work_as_they_stand(tmp_path):
    artefact, method = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "example_artefact.py").write_text(artefact, encoding="utf-8")
    (tmp_path / "example_method.py").write_text(method, encoding="utf-8")
    (tmp_path / "try_them.py").write_text(TRY, encoding="utf-8")
    specimens = ROOT / "tests" / "areas" / "devices" / "specimens.py"
    run = subprocess.run(
        [sys.executable, "try_them.py", str(specimens)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    said = run.stdout.splitlines()
    assert said[0] == "Read: addresses that the app Example keeps (example_hosts), 1 row without times."
    assert said[1] == "[('https://host.example.org/x', 'host.example.org')]"
    assert set(re.findall(r"'([a-z ]+)'", said[2])) == {"indicated"}
    assert said[3] == "['not shown']"


def test_no_sentence_of_the_page_promises_too_much():
    for text in (PAGE, README):
        assert not re.search(r"\b(is|are) clean\b", text.replace("never that one is clean", ""))
