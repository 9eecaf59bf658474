"""Commands for a case: begin it, take evidence in, freeze its questions, answer them, report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from answerable.cli.commands import add_command


def add_cases(commands: Any) -> None:
    """Add the commands."""
    add_command(
        commands, "new", _new, "begin a case in a new folder", case="folder of the case", title="title of the case"
    )
    add = add_command(
        commands, "add", _add_exhibit, "take a file of evidence into a case", case="folder of the case", file="file"
    )
    for name, meaning in {
        "source": "where it came from",
        "obtained": "when it was obtained, as 2026-11-21",
        "by": "who obtained it",
        "lawful-basis": "on what basis it is held",
        "sensitivity": "how sensitive it is",
    }.items():
        add.add_argument(f"--{name}", help=meaning)
    freeze = "record the case's questions before the data are looked at"
    add_command(commands, "freeze", _freeze, freeze, case="folder of the case")
    add_command(commands, "run", _run, "answer the case's questions; does only what changed", case="folder of the case")
    add_command(commands, "report", _report, "write the report of a case", case="folder of the case")


def _new(options: argparse.Namespace) -> None:
    from answerable.case.folder import Case

    case = Case.new(options.case, title=options.title or Path(options.case).name)
    print(f"A new case: {case.path}. Take evidence in with: answerable add {options.case} FILE")


def _add_exhibit(options: argparse.Namespace) -> None:
    from answerable import open_case
    from answerable.terminal import working

    given = {name: getattr(options, name) for name in ("source", "obtained", "by", "lawful_basis", "sensitivity")}
    with working(f"Copying and hashing {Path(options.file).name}"):
        exhibit = open_case(options.case).add(options.file, **{name: value for name, value in given.items() if value})
    print(f"{exhibit.path}  sha256 {exhibit.sha256}")


def _freeze(options: argparse.Namespace) -> None:
    from answerable import open_case

    for line in open_case(options.case).freeze():
        print(line)


def _run(options: argparse.Namespace) -> None:
    from answerable import open_case
    from answerable.terminal import progress_bar, show_summary

    case = open_case(options.case)
    with progress_bar() as progress:
        results = case.run(progress=progress)
    show_summary(results)
    print(f"\nFindings: {case.path / 'findings.json'}. Write the report with: answerable report {options.case}")


def _report(options: argparse.Namespace) -> None:
    from answerable.report.case import report_case
    from answerable.terminal import progress_bar

    with progress_bar() as progress:
        path = report_case(options.case, progress=progress)
    print(f"Report: {path}")
