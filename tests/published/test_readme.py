"""The README's example says what its command prints."""

import re
import shlex
from pathlib import Path

from answerable.cli import main

README = Path(__file__).parents[2] / "README.md"


def test_the_example_is_what_the_command_prints(public_data, capsys):
    text = README.read_text(encoding="utf-8")
    typed = re.search(r"\$ answerable (ask .*?)\n    SHOWN", text, re.DOTALL)
    assert typed is not None
    words = shlex.split(typed[1].replace("\\\n", " "))
    file = public_data / "decisions" / "compas_two_years_min.csv"
    assert main([str(file) if word == "compas.csv" else word for word in words]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    shown = re.search(r"(SHOWN \(8 findings\).*?)\n      \.\.\.", text, re.DOTALL)
    assert shown is not None
    assert printed.startswith(" ".join(shown[1].split()))
