"""The command line: thin commands over the same functions that Python users call.

Nothing here imports an engine before a command needs one, so that `--help` answers at once; a test checks it.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from answerable import __version__
from answerable.errors import AnswerableError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from answerable.core.method import Method
    from answerable.core.signature import Parameter

EPILOG = """\
A first look:   answerable look decisions.csv
A question:     answerable ask decisions.disparity decisions.csv --decided granted=no --groups sex --person id
A phone:        answerable scan backup --indicators indicators
A case:         answerable new case; answerable add case decisions.csv; answerable run case; answerable report case
What there is:  answerable methods; answerable methods decisions.disparity
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 a figure did not hold, 2 something a person can mend."""
    # Starting makes some hundred thousand objects that stay: looking through them again and again frees nothing.
    gc.set_threshold(100_000, 20, 20)
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except AnswerableError as error:
        print(f"answerable: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has gone; nothing is wrong
        sys.stderr.close()
    except KeyboardInterrupt:
        print("answerable: stopped. Nothing half-written was kept.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="answerable",
        description="From raw evidence about a technology to findings that hold up.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"answerable {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add(commands, "new", _new, "begin a case in a new folder", case="folder of the case", title="title of the case")
    add = _add(
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
    look = _add(commands, "look", _look, "profile a file: columns, values, traps, a mapping to start from", file="file")
    _table_options(look)
    ask = _add(commands, "ask", _ask, "ask a file one question", method="method, as decisions.disparity")
    ask.add_argument(
        "words", nargs=argparse.REMAINDER, help="the file and the words of the question: ask METHOD --help"
    )
    probe = _add(
        commands,
        "probe",
        _probe,
        "send a plan's matched pairs to a system, on the network if so planned",
        plan="probe.toml",
    )
    probe.add_argument("transcript", nargs="?", help="file of the answers (default: beside the plan, ending in .jsonl)")
    probe.add_argument("--dry-run", action="store_true", help="print the first prompts and send nothing")
    freeze = "record the case's questions before the data are looked at"
    _add(commands, "freeze", _freeze, freeze, case="folder of the case")
    _add(commands, "run", _run, "answer the case's questions; does only what changed", case="folder of the case")
    _add(commands, "report", _report, "write the report of a case", case="folder of the case")
    methods = _add(commands, "methods", _methods, "list the methods, or show one method's card")
    methods.add_argument("name", nargs="?", help="name of a method")
    reproduce = _add(commands, "reproduce", _reproduce, "re-run a published finding from its data, figure by figure")
    reproduce.add_argument("name", nargs="?", help="name of a case of the gallery")
    reproduce.add_argument("folder", nargs="?", help="folder for the case (default: its name)")
    reproduce.add_argument(
        "--other-data",
        action="store_true",
        help="take files of the right names whatever their bytes",
    )
    reproduce.add_argument("--list", action="store_true", help="name all cases of the gallery")
    fetch = "fetch public data from the network, for a case of the gallery"
    _add(commands, "fetch", _fetch, fetch, name="name of a case of the gallery, or of a file in the registry")
    _indicators_options(_add(commands, "indicators", _indicators, "fetch public indicators of spyware, or list them"))
    _scan_options(_add(commands, "scan", _scan, "look for traces of spyware on a phone, with its owner's consent"))
    demo = _add(commands, "demo", _demo, "three real decisions on real data, from evidence to a report")
    demo.add_argument("folder", nargs="?", default="demo-case", help="folder for the case (default: demo-case)")
    return parser


def _add(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int | None], meaning: str, /, **arguments: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    command.set_defaults(run=run)
    for argument, text in arguments.items():
        optional = argument == "title"
        command.add_argument(f"--{argument}" if optional else argument, help=text)
    return command


def _indicators_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    fetch = actions.add_parser("update", help="fetch them from the network")
    fetch.add_argument("--folder", help="where to keep them (default: the user's folder for data)")
    fetch.add_argument("--registry", help="file or https address of a registry of feeds (default: the public feeds)")
    shown = actions.add_parser("list", help="feeds, counts by kind and family, dates")
    shown.add_argument("folder", nargs="?", help="folder of STIX bundles, or one (default: where update keeps them)")


def _scan_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", help="a backup, a dump, an archive of logs, or a folder of several phones")
    parser.add_argument("--indicators", help="folder of STIX bundles (see: answerable indicators update)")
    parser.add_argument("--password-file", help="file whose first line is the password of an encrypted backup")
    parser.add_argument("--consent", help="consent record with who, scope, date and until; asked for without it")
    parser.add_argument("--output", help="folder for report, findings and tables (default: PATH's name and -scan)")
    parser.add_argument("--private", action="store_true", help="show private content in the report")
    parser.add_argument("--json", action="store_true", help="print an object instead of text")
    parser.add_argument("--all", action="store_true", help="print every finding, however many")


def _table_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sheet", help="sheet of a workbook")
    parser.add_argument("--encoding", help="encoding of a text file, as cp1252")
    parser.add_argument("--delimiter", help="what separates the columns")
    parser.add_argument("--json", action="store_true", help="print an object instead of text")


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


def _look(options: argparse.Namespace) -> None:
    from answerable.case import note_look
    from answerable.tabular.look import look
    from answerable.terminal import working

    with working(f"Looking at {Path(options.file).name}"):
        found = look(options.file, sheet=options.sheet, encoding=options.encoding, delimiter=options.delimiter)
    note_look(options.file)
    print(_json(found.as_json()) if options.json else found.text())


def _ask(options: argparse.Namespace) -> None:
    from answerable.asking import ask
    from answerable.case import note_look
    from answerable.core.method import find_method
    from answerable.terminal import show_result, working

    method = find_method(options.method)
    given = vars(ask_parser(method).parse_intermixed_args(options.words))
    files, save, as_json, everything = (given.pop(name) for name in ("files", "save", "json", "all"))
    engine = given.pop("engine")
    words = {name: value for name, value in given.items() if value is not None}
    with working(f"Asking {method.name} of {', '.join(Path(file).name for file in files) or 'its words'}"):
        result = ask(method.name, files, engine=engine, **words)
    for file in files:
        note_look(file)
    if save:
        from answerable import open_case

        open_case(save).save(method.name, words, files)
    if as_json:
        print(_json(_without_curves(result.as_json())))
    else:
        show_result(result, everything=everything)
    if save:
        print(f"\nThe question is kept in {Path(save) / 'case.toml'}.", file=sys.stderr)


def ask_parser(method: Method) -> argparse.ArgumentParser:
    """The parser of `answerable ask METHOD`, derived from the signatures of the method, its readers and the judge."""
    from answerable.case.pipeline import words

    parser = _WordParser(
        prog=f"answerable ask {method.name}",
        description=method.summary,
        usage=" ".join(["answerable ask", method.name, *_files_text(method), "[WORDS]"]),
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="files of evidence: CSV, Parquet, Excel, JSON lines")
    parser.add_argument("--save", metavar="CASE", help="keep the question in this case")
    parser.add_argument("--json", action="store_true", help="print an object instead of text")
    parser.add_argument("--all", action="store_true", help="print every finding, however many")
    parser.add_argument("--engine", choices=["duckdb", "spark"], default="duckdb", help="what runs the expressions")
    for parameter in words(method).values():
        _add_word(parser, parameter)
    return parser


def _files_text(method: Method) -> list[str]:
    """The files that a method takes, as a usage line has them."""
    needed: dict[str, bool] = {}
    for table in method.reads:
        name = (table.exhibit or table.name).upper()
        needed[name] = needed.get(name, False) or table in method.needs
    if len(needed) == 1:
        needed = {"FILE": any(needed.values())}
    return [name if one else f"[{name}]" for name, one in needed.items()]


class _WordParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ParameterError(f"{message}. What there is: {self.prog} --help")


def _add_word(parser: argparse.ArgumentParser, parameter: Parameter) -> None:
    option = f"--{parameter.name.replace('_', '-')}"
    default = (
        "" if parameter.required or parameter.default in (None, "", ()) else f" (default: {_text(parameter.default)})"
    )
    meaning = f"{parameter.meaning}{default}".replace("%", "%%")
    if parameter.annotation is bool and parameter.default is False:
        parser.add_argument(option, action="store_const", const=True, help=meaning)
    else:
        kind = parameter.type_text
        several: dict[str, Any] = {"action": _Several, "const": "pairs" if "name=value" in kind else "list"}
        parser.add_argument(
            option,
            dest=parameter.name,
            metavar=parameter.name.upper(),
            help=meaning,
            **(several if "name=value" in kind or kind.startswith("a list") else {}),
        )


class _Several(argparse.Action):
    """An option whose text is a list: split as it is typed, and longer each time that the option is said again."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None
    ) -> None:
        from answerable.core.signature import split_list, split_words

        before = getattr(namespace, self.dest)
        if self.const == "pairs" and "=" not in values:
            typed: Any = values  # a choice, as "largest", in place of pairs
        else:
            typed = [*(before or []), *(split_list(values) if self.const == "pairs" else split_words(values))]
        setattr(namespace, self.dest, typed)


def _text(default: Any) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, (tuple, list)):
        return ",".join(map(str, default))
    return str(default)


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
            progress=progress,
        )
    if options.json:
        print(_json(_without_curves(found.as_json())))
    else:
        show_scan(found, everything=options.all)


def _probe(options: argparse.Namespace) -> None:
    from answerable.areas.decisions.probe.runner import preview, run_probe
    from answerable.terminal import progress_bar

    plan = Path(options.plan)
    transcript = Path(options.transcript or plan.with_suffix(".jsonl"))
    if options.dry_run:
        print(preview(plan))
        return
    try:
        with progress_bar() as progress:
            outcome = run_probe(plan, transcript, progress=progress)
    except KeyboardInterrupt:
        print(f"What was answered is kept in {transcript}; the same command goes on from there.", file=sys.stderr)
        raise
    print(f"{outcome.text()}\nTranscript: {transcript}. Ask it: answerable ask decisions.paired {transcript}")


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


def _methods(options: argparse.Namespace) -> None:
    from answerable.core.method import find_method, methods
    from answerable.terminal import method_card

    if options.name:
        print(method_card(find_method(options.name)))
        return
    for method in methods().values():
        print(f"{method.name:24} {method.summary}")


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


def _json(data: Mapping[str, Any]) -> str:
    """An object with a line for each of its entries, and for each item of those that are lists."""

    def text(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    entries = []
    for name, value in data.items():
        several = isinstance(value, list) and value
        entries.append(
            f"{text(name)}: " + ("[\n  " + ",\n  ".join(map(text, value)) + "\n ]" if several else text(value))
        )
    return "{\n " + ",\n ".join(entries) + "\n}"


def _without_curves(data: dict[str, Any]) -> dict[str, Any]:
    """The object without the ladder of intervals behind each estimate; findings.json of a case keeps it."""
    for finding in data["findings"]:
        if finding["estimate"] is not None:
            del finding["estimate"]["curve"]
    return data


def run() -> NoReturn:
    """The program: the command line, and out.

    What is registered for the end is done and what is printed is flushed. Then the process ends at once: taking down
    engines and libraries one object at a time takes a tenth of a second and frees nothing that the system does not.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):  # nobody reads it any more
            stream.flush()
    atexit._run_exitfuncs()
    os._exit(code)


if __name__ == "__main__":
    run()
