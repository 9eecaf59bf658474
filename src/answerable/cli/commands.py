"""What the commands share: how one is added, and how an object is printed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any


def add_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int | None], meaning: str, /, **arguments: str
) -> argparse.ArgumentParser:
    """Add a command.

    Args:
        commands: what it is added to.
        name: of the command.
        run: what it does with the options.
        meaning: the same in words for people.
        arguments: its arguments and what each means; all must be given but the title.

    Returns:
        Its parser, for options of its own.
    """
    command: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    command.set_defaults(run=run)
    for argument, text in arguments.items():
        optional = argument == "title"
        command.add_argument(f"--{argument}" if optional else argument, help=text)
    return command


def json_text(data: Mapping[str, Any]) -> str:
    """An object with a line for each of its entries, and for each item of those that are lists."""

    def text(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    entries = []
    for name, value in data.items():
        several = isinstance(value, list) and value
        entries.append(
            f"{text(name)}: " + ("[\n  " + ",\n  ".join(map(text, value)) + "\n ]" if several else text(value))
        )
    whole = "{\n " + ",\n ".join(entries) + "\n}"
    # Names of files may hold bytes that are no text: what stands for them is written as JSON escapes it.
    return whole.encode("utf-8", "backslashreplace").decode()


def without_curves(data: dict[str, Any]) -> dict[str, Any]:
    """The object without the ladder of intervals behind each estimate; findings.json of a case keeps it."""
    for finding in data["findings"]:
        if finding["estimate"] is not None:
            del finding["estimate"]["curve"]
    return data
