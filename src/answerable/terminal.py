"""What the command line shows: findings as text, method cards, and progress on anything over a second."""

from __future__ import annotations

import itertools
import sys
import textwrap
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from answerable.core.finding import VERDICTS, Finding, Verdict
from answerable.core.judge import size_text
from answerable.core.words import count_text, group_text, interval_text, number_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rich.console import Console

    from answerable.core.estimate import Estimate
    from answerable.core.method import Method
    from answerable.core.result import Result
    from answerable.core.table import Account
    from answerable.report.published import Compared
    from answerable.scanning.scan import Scan

COLOURS: dict[Verdict, str] = {"shown": "bold red", "indicated": "yellow", "not shown": "green", "cannot tell": "dim"}
MOST = 12
"""Findings printed for each verdict, unless all are asked for."""


@contextmanager
def working(what: str) -> Iterator[None]:
    """Say what is being done, once it has taken a second; on standard error, so that results can be piped."""
    shown: list[Callable[[], None]] = []

    def show() -> None:
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal:
            status = console.status(f"{what} ...")
            shown.append(status.stop)
            status.start()
        else:
            console.print(f"{what} ...")

    timer = threading.Timer(1.0, show)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        for stop in shown:
            stop()


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """A bar for work of several steps: call it with steps done, steps in all, and what is being done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def progress(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield progress


def show_result(result: Result, *, everything: bool = False) -> None:
    """Print a result: findings, coverage, account, limits."""
    console = _console()
    plain = [finding for finding in result.findings if finding.estimate is not None and finding.estimate.null is None]
    compared = [finding for finding in result.findings if finding not in plain]
    if plain:
        _show_rates(console, plain)
    _show_sentences(console, compared, everything)
    _show_edges(console, result)


def show_summary(results: Sequence[Result]) -> None:
    """Print for each question how many findings have which verdict."""
    console = _console()
    for result in results:
        counts = {verdict: sum(finding.verdict == verdict for finding in result.findings) for verdict in VERDICTS}
        text = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
        console.print(f"{result.question.method}: {text}", highlight=False)


def show_scan(scan: Scan, *, everything: bool = False) -> None:
    """Print what a scan of a phone found: in a few sentences, by question and class, and what was not found at the end.

    Facts about the acquisition itself are printed only where everything is asked for: the sentences say what is absent.
    """
    from rich.markup import escape

    console = _console()
    for paragraph in scan.headline:
        console.print(escape(paragraph), highlight=False)
        console.print()
    negative: list[Finding] = []
    for result in scan.results:
        found = [one for one in result.findings if one.observation is not None]
        negative += [one for one in result.findings if one.observation is None]
        if everything or any(one.observation and one.observation.category != "coverage" for one in found):
            console.print(f"[bold]{escape(result.question.method)}[/bold]", highlight=False)
            _show_classes(console, found, everything)
    _show_sentences(console, negative, everything)
    for name, why in scan.unanswered.items():
        console.print(escape(f"Not asked: {name}: {why}"), highlight=False)
    console.print(f"The report: {scan.report.resolve()}", highlight=False)


def _show_classes(console: Console, findings: Sequence[Finding], everything: bool) -> None:
    """Findings of a question, those of each class under its name."""
    classes: dict[str, list[Finding]] = {}
    for one in findings:
        classes.setdefault(one.observation.category if one.observation else "", []).append(one)
    for name, mine in classes.items():
        if name:
            console.print(f"[dim]{name}[/dim]", highlight=False)
        _show_sentences(console, mine, everything)


def show_compared(title: str, compared: Sequence[Compared]) -> None:
    """Print published figures beside ours."""
    from rich.markup import escape
    from rich.table import Table

    console = _console()
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading, side in (("figure", "left"), ("published", "right"), ("recomputed", "right"), ("", "left")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    for one in compared:
        colour = "green" if one.comparison == "same" else "yellow" if one.holds else "bold red"
        table.add_row(escape(one.what), one.published, one.ours or "none", f"[{colour}]{one.comparison}[/{colour}]")
    console.print(table)
    for one in compared:
        if one.comparison != "same":
            why = one.because or "The case does not say why."
            console.print(f"{escape(one.what)}: {escape(why)}", highlight=False)
    for source in dict.fromkeys(one.source for one in compared):
        console.print(f"Published: {escape(source)}.", highlight=False)
    same = sum(one.comparison == "same" for one in compared)
    console.print(f"{same} of {count_text(len(compared), 'figure')} the same.\n", highlight=False)


def method_card(method: Method) -> str:
    """The card of a method: what it answers, its words, when it refuses, its source, the rights it bears on."""
    from answerable.case.pipeline import words

    lines = [method.name, "=" * len(method.name), "", *textwrap.wrap(method.summary, 100), "", "Reads:"]
    for table in method.reads:
        lines.append(f"  {table.name}: {table.meaning}{'' if table in method.needs else ' (may be left out)'}")
    if not method.reads:
        lines.append("  nothing: it is calculated from its words")
    lines += ["", "Words:"]
    for parameter in words(method).values():
        kind = parameter.type_text + (", needed" if parameter.required else "")
        text = f"--{parameter.name.replace('_', '-')} ({kind}): {parameter.meaning}"
        lines += textwrap.wrap(text, 100, initial_indent="  ", subsequent_indent="      ", break_on_hyphens=False)
    lines += ["", "Refuses to answer:"]
    for error, when in method.raises.items():
        lines += textwrap.wrap(f"{error}: {when}", 100, initial_indent="  ", subsequent_indent="      ")
    lines += ["", *textwrap.wrap(f"Source: {method.source}.", 100, subsequent_indent="  ")]
    return "\n".join([*lines, *textwrap.wrap(f"Rights: {', '.join(method.rights)}.", 100, subsequent_indent="  ")])


def _console() -> Console:
    from rich.console import Console

    # Piped output is not cut to the width of a terminal that is not there.
    return Console(soft_wrap=not sys.stdout.isatty())


def _show_rates(console: Console, findings: Sequence[Finding]) -> None:
    """Rates as tables, one for each metric: a row for each group."""
    from rich.markup import escape
    from rich.table import Table

    named: dict[str, list[Estimate]] = {}
    for finding in findings:
        if finding.estimate is not None:
            named.setdefault(finding.estimate.name, []).append(finding.estimate)
    for mine in named.values():
        table = Table(title=mine[0].label, title_justify="left", title_style="bold", box=None, pad_edge=False)
        counted = any(not one.calculated or one.events for one in mine)
        headings = ["value", f"{100 * mine[0].level:g} % interval", *(["events", "of"] if counted else [])]
        people = any(one.units is not None for one in mine)
        table.add_column("group")
        for heading in [*headings, *(["people"] if people else [])]:
            table.add_column(heading, justify="right")
        for one in mine:
            interval = interval_text(one.low, one.high, one.unit) if one.curve else "none"
            cells = [
                number_text(one.value, one.unit) if one.value is not None else "cannot tell",
                "calculated" if one.calculated else interval,
                *([f"{one.events:,}", f"{one.n:,}"] if counted else []),
                *(["" if one.units is None else f"{one.units:,}"] if people else []),
            ]
            table.add_row(escape(group_text(one.of)), *cells)
        console.print(table)
        console.print()
    reasons = dict.fromkeys(f.estimate.reason for f in findings if f.estimate is not None and f.estimate.reason)
    for reason in reasons:
        console.print(f"[yellow]{escape(reason)}[/yellow]", highlight=False)


def _show_sentences(console: Console, findings: Sequence[Finding], everything: bool) -> None:
    """Findings as sentences, by verdict, the strongest first."""
    from rich.markup import escape

    for verdict in VERDICTS:
        mine = [finding for finding in findings if finding.verdict == verdict]
        if not mine:
            continue
        colour = COLOURS[verdict]
        console.print(f"[{colour}]{verdict.upper()}[/{colour}] ({count_text(len(mine), 'finding')})", highlight=False)
        sentences = list(_sentences(mine))
        for sentence in sentences if everything else sentences[:MOST]:
            console.print(f"  - {escape(sentence)}", highlight=False)
        if not everything and len(sentences) > MOST:
            console.print(f"    ... and {len(sentences) - MOST:,} more (--all prints them)", highlight=False)
        console.print()


def _sentences(findings: Sequence[Finding]) -> Iterator[str]:
    """One sentence for each comparison: its difference and its ratio stand together."""
    for _, together in itertools.groupby(findings, key=_comparison):
        first, *others = together
        sizes = [size_text(finding.estimate) for finding in others if finding.estimate is not None]
        yield "; ".join([first.statement.removesuffix("."), *sizes]) + "." + _place(first)


def _place(finding: Finding) -> str:
    """When a fact was, and where it stands; "" for what is no fact."""
    seen = finding.observation
    if seen is None:
        return ""
    when = f"{seen.time[:19].replace('T', ' ')} UTC" if seen.time else ""
    where = f"{seen.table}, row {seen.row}" if seen.table and str(seen.row) else ""
    told = "; ".join(word for word in (when, where) if word)
    return f" [{told}]" if told else ""


def _comparison(finding: Finding) -> object:
    one = finding.estimate
    if one is None or one.value is None or one.against is None:
        return finding.id
    return one.label, dict(one.of), dict(one.against)


def _show_edges(console: Console, result: Result) -> None:
    """What was looked at, what was not, and what the findings do not show."""
    from rich.markup import escape

    def say(text: str) -> None:
        console.print(escape(text), highlight=False)

    for line in _read_lines(result.accounts):
        say(line)
    for what, why in result.coverage.missing.items():
        say(f"Not used: {what}: {why}.")
    if result.findings:
        for limit in result.findings[0].limits:
            say(f"Limit: {limit}")
    say(f"Question {result.question.digest[:12]}, asked: {result.question.asked}.")


def _read_lines(accounts: Mapping[str, Account]) -> list[str]:
    """The accounts as lines: of tables that one exhibit holds, the exhibit once, and each note once."""
    exhibits: dict[str, list[tuple[str, Account]]] = {}
    for name, account in accounts.items():
        exhibits.setdefault(account.sha256, []).append((name, account))
    lines: dict[str, None] = {}
    for held in exhibits.values():
        first, *others = [account_lines(account) for _, account in held]
        if others:
            rows = ", ".join(f"{name} {count_text(account.rows, 'row')}" for name, account in held)
            what = first[0].rpartition(", ")[0]
            first = [f"{what}: {rows}.", *first[1:]]
        lines.update(dict.fromkeys([*first, *(line for more in others for line in more[1:])]))
    return list(lines)


def account_lines(account: Account) -> list[str]:
    """The account of what was read, as lines of text."""
    lines = [
        f"Read: {account.file} (sha256 {account.sha256[:16]}..., {account.format}), {count_text(account.rows, 'row')}."
    ]
    if account.left_out:
        lines.append(f"Left out by the question's conditions: {count_text(account.left_out, 'row')}.")
    for refusal in account.refused:
        places = f" (rows {', '.join(f'{row:,}' for row in refusal.rows)} ...)" if refusal.rows else ""
        lines.append(f"Refused: {count_text(refusal.count, 'row')}: {refusal.reason}{places}.")
    for column, values in account.values.items():
        lines.append(
            f"Taken as: {column}: " + "; ".join(f"{value} as {taken}" for value, taken in values.items()) + "."
        )
    lines += [f"Note: {note}" for note in account.notes]
    if account.unread:
        lines.append(f"Columns not read ({len(account.unread)}): {', '.join(account.unread)}.")
    return lines


__all__ = [
    "account_lines", "method_card", "progress_bar", "show_compared", "show_result", "show_scan", "show_summary",
    "working",
]  # fmt: skip
