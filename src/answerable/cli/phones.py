"""Commands for phones: published indicators, and a scan."""

from __future__ import annotations

import argparse
import importlib.abc
import sys
from pathlib import Path
from typing import Any

from answerable.cli.commands import add_command, json_text, without_curves
from answerable.errors import ParameterError


def add_phones(commands: Any) -> None:
    """Add the commands."""
    _scan_options(
        add_command(commands, "scan", _scan, "look for traces of spyware on a phone, with its owner's consent")
    )
    _indicators_options(
        add_command(commands, "indicators", _indicators, "fetch public indicators of spyware, or list them")
    )


def _indicators_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    fetch = actions.add_parser("update", help="fetch them from the network")
    fetch.add_argument("--folder", help="where to keep them (default: the user's folder for data)")
    fetch.add_argument("--registry", help="file or https address of a registry of feeds (default: the public feeds)")
    shown = actions.add_parser("list", help="feeds, counts by kind and family, dates")
    shown.add_argument("folder", nargs="?", help="folder of STIX bundles, or one (default: where update keeps them)")


def _let_arrow_pass_over_pandas() -> None:
    """Let Arrow find no pandas: where it is installed it loads it, for a quarter of a second, and nothing here uses it.

    Whoever asks for pandas by itself later gets it.
    """
    if "pandas" in sys.modules or "pyarrow" in sys.modules:
        return
    sys.meta_path.insert(0, _NoPandas())
    try:
        import pyarrow as pa

        pa.scalar(0)  # here it looks, once
    finally:
        del sys.meta_path[0]


class _NoPandas(importlib.abc.MetaPathFinder):
    """Finds no pandas."""

    def find_spec(self, name: str, path: Any, target: Any = None) -> None:
        if name == "pandas":
            raise ImportError(name=name)


def _scan_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", help="a backup, a dump, an archive of logs, or a folder of several phones")
    parser.add_argument("--indicators", help="folder of STIX bundles (see: answerable indicators update)")
    parser.add_argument("--password-file", help="file whose first line is the password of an encrypted backup")
    parser.add_argument("--consent", help="consent record with who, scope, date and until; asked for without it")
    parser.add_argument("--output", help="folder for report, findings and tables (default: PATH's name and -scan)")
    parser.add_argument("--private", action="store_true", help="show private content in the report")
    parser.add_argument("--share", metavar="ZIP", help="write a redacted package for a second opinion")
    parser.add_argument("--json", action="store_true", help="print an object instead of text")
    parser.add_argument("--all", action="store_true", help="print every finding, however many")


def _indicators(options: argparse.Namespace) -> None:
    from answerable.areas.devices.indicators.folder import open_indicators
    from answerable.areas.devices.indicators.update import default_folder, update
    from answerable.terminal import progress_bar

    folder = Path(options.folder) if options.folder else default_folder()
    if options.action == "update":
        with progress_bar() as progress:
            update(folder, options.registry, progress)
    print(open_indicators(folder).text())


def _scan(options: argparse.Namespace) -> None:
    _let_arrow_pass_over_pandas()
    import datetime

    from answerable.scanning.consent import ask_consent, read_consent
    from answerable.scanning.scan import scan
    from answerable.terminal import progress_bar, show_scan

    today = datetime.datetime.now(tz=datetime.UTC).date()
    if options.consent:
        consent = read_consent(Path(options.consent), today)
    elif sys.stdin.isatty():
        consent = ask_consent(input, today)
    else:
        raise ParameterError("No phone is looked at without consent. Give the record of it with --consent FILE.")
    path = Path(options.path)
    with progress_bar() as progress:
        found = scan(
            path,
            Path(options.output or f"{path.resolve().name}-scan"),
            consent,
            indicators=Path(options.indicators) if options.indicators else None,
            password_file=options.password_file,
            private=options.private,
            share=Path(options.share) if options.share else None,
            progress=progress,
        )
    if options.json:
        print(json_text(without_curves(found.as_json())))
    else:
        show_scan(found, everything=options.all)
        if options.share:
            print(f"The redacted package: {Path(options.share).resolve()}. Its salt stays in {found.report.parent}.")
