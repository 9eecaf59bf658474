"""Commands for the gallery: re-run published findings, fetch their data, a first demonstration."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from answerable.cli.commands import add_command


def add_gallery(commands: Any) -> None:
    """Add the commands."""
    reproduce = add_command(
        commands, "reproduce", _reproduce, "re-run a published finding from its data, figure by figure"
    )
    reproduce.add_argument("name", nargs="?", help="name of a case of the gallery")
    reproduce.add_argument("folder", nargs="?", help="folder for the case (default: its name)")
    reproduce.add_argument(
        "--other-data", action="store_true", help="take files of the right names whatever their bytes"
    )
    reproduce.add_argument("--list", action="store_true", help="name all cases of the gallery")
    fetch = "fetch public data from the network, for a case of the gallery"
    add_command(commands, "fetch", _fetch, fetch, name="name of a case of the gallery, or of a file in the registry")
    demo = add_command(commands, "demo", _demo, "three real decisions on real data, from evidence to a report")
    demo.add_argument("folder", nargs="?", default="demo-case", help="folder for the case (default: demo-case)")


def _demo(options: argparse.Namespace) -> int:
    return _reproduced("three-decisions", Path(options.folder))


def _reproduce(options: argparse.Namespace) -> int:
    from answerable.gallery.cases import examples

    if options.name and not options.list:
        return _reproduced(options.name, Path(options.folder or options.name), other_data=options.other_data)
    for one in examples().values():
        print(f"{one.name:24} {one.title} ({len(one.figures)} figures)")
    return 0


def _reproduced(name: str, folder: Path, *, other_data: bool = False) -> int:
    from answerable.gallery.cases import example
    from answerable.gallery.reproduce import reproduce
    from answerable.terminal import progress_bar, show_compared

    chosen = example(name)
    with progress_bar() as progress:
        made = reproduce(chosen, folder, progress, other_data=other_data)
    show_compared(chosen.title, made.compared)
    print(f"The case, in one readable file: {folder / 'case.toml'}")
    print(f"The report: {made.report.resolve()}")
    return 0 if made.holds else 1


def _fetch(options: argparse.Namespace) -> None:
    from answerable.gallery.cases import example, examples
    from answerable.gallery.fetch import fetch
    from answerable.gallery.registry import dataset
    from answerable.terminal import progress_bar

    for name in example(options.name).data if options.name in examples() else (options.name,):
        with progress_bar() as progress:
            path = fetch(dataset(name), progress)
        print(f"{name}: {path}")
