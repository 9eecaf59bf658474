"""Commands that look at a file, ask it, probe a system, and show what methods there are."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from answerable.cli.commands import add_command, json_text, without_curves
from answerable.errors import ParameterError

if TYPE_CHECKING:
    from answerable.core.method import Method
    from answerable.core.signature import Parameter


def add_asking(commands: Any) -> None:
    """Add the commands."""
    look = add_command(
        commands, "look", _look, "profile a file: columns, values, traps, a mapping to start from", file="file"
    )
    look.add_argument("--sheet", help="sheet of a workbook")
    look.add_argument("--encoding", help="encoding of a text file, as cp1252")
    look.add_argument("--delimiter", help="what separates the columns")
    look.add_argument("--json", action="store_true", help="print an object instead of text")
    ask = add_command(commands, "ask", _ask, "ask a file one question", method="method, as decisions.disparity")
    ask.add_argument(
        "words", nargs=argparse.REMAINDER, help="the file and the words of the question: ask METHOD --help"
    )
    methods = add_command(commands, "methods", _methods, "list the methods, or show one method's card")
    methods.add_argument("name", nargs="?", help="name of a method")
    meaning = "send a plan's matched pairs to a system, on the network if so planned"
    probe = add_command(commands, "probe", _probe, meaning, plan="probe.toml")
    probe.add_argument("transcript", nargs="?", help="file of the answers (default: beside the plan, ending in .jsonl)")
    probe.add_argument("--dry-run", action="store_true", help="print the first prompts and send nothing")


def _look(options: argparse.Namespace) -> None:
    from answerable.case import note_look
    from answerable.tabular.look import look
    from answerable.terminal import working

    with working(f"Looking at {Path(options.file).name}"):
        found = look(options.file, sheet=options.sheet, encoding=options.encoding, delimiter=options.delimiter)
    note_look(options.file)
    print(json_text(found.as_json()) if options.json else found.text())


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
        print(json_text(without_curves(result.as_json())))
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
    parser.add_argument("files", nargs="*", metavar="FILE", help=_files_help(method))
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


def _files_help(method: Method) -> str:
    """What the files may be, as the readers of a kind of exhibit say it."""
    from answerable.core.signature import docstring_section
    from answerable.core.table import reader_of

    if not any(table.exhibit for table in method.reads):
        return "files of evidence: CSV, Parquet, Excel, JSON lines"
    taken = {table.exhibit or table.name: docstring_section(reader_of(table), "Args")["path"] for table in method.reads}
    return " ".join(f"{name.upper()}: {text}" for name, text in taken.items()).replace("%", "%%")


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


def _methods(options: argparse.Namespace) -> None:
    from answerable.core.method import find_method, methods
    from answerable.terminal import method_card

    if options.name:
        print(method_card(find_method(options.name)))
        return
    for method in methods().values():
        print(f"{method.name:24} {method.summary}")


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
