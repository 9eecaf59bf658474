"""Scans a phone: recognises what is given, asks every method of the area, writes tables, findings and the report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.extraction.phone import Phones, read_phones
from answerable.areas.devices.hosts import defang
from answerable.areas.devices.indicators.folder import open_indicators
from answerable.areas.devices.tables import PHONE
from answerable.case.files import lock, remove_partials, telling_of, write_whole
from answerable.case.pipeline import answer, command, make_question, results
from answerable.core.engine import SCRATCH, open_engine
from answerable.core.method import Method, methods
from answerable.errors import AnswerableError, NotIdentified
from answerable.report.build import build_report
from answerable.scanning.redacting import salt_of
from answerable.scanning.sharing import write_package
from answerable.scanning.telling import headline

if TYPE_CHECKING:
    from answerable.core.engine import Engine
    from answerable.core.result import Result
    from answerable.core.table import Table
    from answerable.scanning.consent import Consent

Progress = Callable[[int, int, str], None]
AREA = "devices."
_MEMORY = "700MB"
"""What the engine may hold at once, of ten million visits too; what is beyond goes to its scratch folder."""
MARK = ".scan"
"""A file that says that a folder is a scan's own; whoever holds its lock is at work there."""
_ORDER = {"indicators": -1, "across": 1, "coverage": 2, "timeline": 3}
"""Where a method stands in the report: strict matches first, then heuristics by name, then what was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What a scan found.

    Args:
        results: one for each question that could be asked.
        unanswered: why the others could not, by method.
        phones: what was read.
        report: path of the page.
        consent: the record that allowed it.
        headline: paragraphs that say what was found, what was not looked at, and whom to credit.
        feeds: name, date, SHA-256 and credit of each feed of indicators.
    """

    results: tuple[Result, ...]
    unanswered: Mapping[str, str]
    phones: Phones
    report: Path
    consent: Consent
    headline: tuple[str, ...] = ()
    feeds: tuple[Mapping[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """One object in the form of a question's: all findings, and coverage over all artefacts."""
        questions = [result.as_json() for result in self.results]
        coverage = next((one["coverage"] for one in questions if one["question"]["method"] == f"{AREA}coverage"), None)
        accounts = [one["account"] for one in questions]
        return {
            "question": {
                "method": "scan",
                "title": f"What is on {self.phones.path.name}",
                "consent": self.consent.as_json(),
            },
            "summary": list(self.headline),
            "feeds": [dict(feed) for feed in self.feeds],
            "findings": [finding for one in questions for finding in one["findings"]],
            "coverage": coverage or (questions[0]["coverage"] if questions else None),
            "account": [one for part in accounts for one in (part if isinstance(part, list) else [part])],
            "unanswered": dict(self.unanswered),
            "questions": [{name: one[name] for name in ("question", "coverage", "command")} for one in questions],
        }


def scan(
    path: Path,
    output: Path,
    consent: Consent,
    *,
    indicators: Path | None = None,
    password_file: str | None = None,
    private: bool = False,
    share: Path | None = None,
    progress: Progress | None = None,
) -> Scan:
    """Look at a phone with every method of the area, and write what was found.

    Args:
        path: a backup, a dump, an archive of logs, or a folder of several phones; opened for reading only.
        output: folder for the report, the findings and the tables; made where it is not there.
        consent: the record that allows it.
        indicators: a STIX bundle, or a folder of them; without it only heuristics are asked.
        password_file: file whose first line is the password of an encrypted backup.
        private: whether the report shows private content (texts, names, addresses of people).
        share: where to write the redacted package for a second opinion; the salt of its digests stays in `output`.
        progress: called with steps done, steps in all, and what comes next.

    Raises:
        AnswerableError: the path is nothing that is understood, the password is wrong, the output lies within the
            evidence, holds other files, or cannot be written. No new folder is left behind.
    """
    for place in (output, *([share] if share else [])):
        _check_apart(path, place)
    with _alone(output):
        found = _scan(path, output, consent, indicators, password_file, private, progress)
        if share is not None:
            write_package(found, share, salt_of(output))
        return found


def _scan(
    path: Path,
    output: Path,
    consent: Consent,
    indicators: Path | None,
    password_file: str | None,
    private: bool,
    progress: Progress | None,
) -> Scan:
    engine = open_engine("duckdb", {"memory_limit": _MEMORY}, scratch=output)
    engine.folder = output
    try:
        phones = read_phones(engine, path, password_file=password_file, progress=progress)
        exhibits = {PHONE: path, **({"indicators": indicators} if indicators else {})}
        words = {"password_file": password_file} if password_file else {}
        made, unanswered = _ask_all(exhibits, words, engine, progress)
        _drop_others(output / "phones", phones)
    finally:
        engine.close()
    if not made:
        raise AnswerableError("No question could be asked: " + " ".join(unanswered.values()))
    feeds = _feeds(indicators)
    told = headline(made, phones, feeds)
    report = build_report(
        [_shown(one, private) for one in made],
        output,
        title=f"What was looked for on {', '.join(one.device for one in phones.acquisitions[:3])}",
        summary="\n\n".join([*told, *_circumstances(phones, consent, unanswered, private)]),
        smallest_cell=1,
    )
    write_whole(output / "consent.toml", consent.toml().encode())
    return Scan(
        results=tuple(made), unanswered=unanswered, phones=phones, report=report, consent=consent,
        headline=tuple(told), feeds=feeds,
    )  # fmt: skip


def _feeds(indicators: Path | None) -> tuple[Mapping[str, str], ...]:
    """Name, date, SHA-256, number of indicators and credit of each feed."""
    if indicators is None:
        return ()
    known = open_indicators(indicators)
    return tuple(
        {
            "name": known.feed(name).name,
            "date": f"{bundle.newest:%Y-%m-%d}" if bundle.newest else "",
            "sha256": bundle.sha256,
            "indicators": f"{bundle.count}",
            "credit": known.feed(name).credits,
        }
        for name, bundle in known.bundles.items()
    )


def _check_apart(path: Path, output: Path) -> None:
    if path.is_dir() and output.resolve().is_relative_to(path.resolve()):
        raise AnswerableError(f"{output} lies within the evidence, where nothing is written. Choose another --output.")


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Hold the folder of a scan, without what a killed one left in it; a new folder goes where nothing comes of it."""
    is_new = not output.exists()
    if not is_new and (not output.is_dir() or (any(output.iterdir()) and not (output / MARK).exists())):
        raise AnswerableError(f"{output} is there and is not a scan's folder. Choose a new one with --output.")
    with telling_of(output / "report.html"):
        output.mkdir(parents=True, exist_ok=True)
        held = (output / MARK).open("ab")
    with held:
        try:
            lock(held, wait=False)
        except BlockingIOError:
            raise AnswerableError(f"Another scan is at work in {output}. Wait for its end; nothing was done.") from None
        remove_partials(output)
        for left in output.glob(f"{SCRATCH}*"):  # of a killed scan: it may hold what the evidence holds
            shutil.rmtree(left)
        try:
            yield
        except BaseException:
            if is_new:
                shutil.rmtree(output, ignore_errors=True)
            raise


def _ask_all(
    exhibits: Mapping[str, Path], words: Mapping[str, Any], engine: Engine, progress: Progress | None
) -> tuple[list[Result], dict[str, str]]:
    """Every method of the area that these exhibits can answer; the reasons of those that could not."""
    asked = list(_fitting(exhibits))
    answers, accounts, commands, unanswered = [], [], [], {}
    for done, (method, files) in enumerate(asked):
        if progress is not None:
            progress(done, len(asked), method.summary)
        question = make_question(method.name, words, there=files)
        try:
            answered, account = answer(question, files, engine)
        except NotIdentified as error:
            unanswered[method.name] = str(error)
            continue
        answers.append(answered)
        accounts.append(account)
        commands.append(command(question, list(dict.fromkeys(file.name for file in files.values()))))
    return results(answers, accounts, commands), unanswered


def _fitting(exhibits: Mapping[str, Path]) -> Iterator[tuple[Method, dict[str, Path]]]:
    def exhibit(table: Table) -> str:
        return table.exhibit or table.name

    for name, method in sorted(methods().items(), key=lambda item: (_ORDER.get(item[0].partition(".")[2], 0), item[0])):
        if name.startswith(AREA) and all(exhibit(table) in exhibits for table in method.needs):
            files = {table.name: exhibits[exhibit(table)] for table in method.reads if exhibit(table) in exhibits}
            if files and not any(parameter.required for parameter in method.parameters):
                yield method, files


def _drop_others(folder: Path, phones: Phones) -> None:
    """Remove what an earlier scan into the same folder left: its tables must not be taken for this one's."""
    kept = {path for paths in phones.tables.values() for path in paths}
    for path in sorted(folder.rglob("*.parquet")):
        if path not in kept:
            path.unlink()


def _shown(result: Result, private: bool) -> Result:
    """The result as the report shows it: private content only where that was asked for, and never a live address."""
    if not private:
        return result
    findings = [
        replace(one, observation=replace(one.observation, shown=defang(one.observation.value)))
        if one.observation is not None and one.observation.shown is not None
        else one
        for one in result.findings
    ]
    return replace(result, findings=tuple(findings))


def _circumstances(phones: Phones, consent: Consent, unanswered: Mapping[str, str], private: bool) -> list[str]:
    """What was looked at, by what consent, and what was not asked; who agreed is private."""
    kinds = "; ".join(
        f"{one.device}: {one.kind}{' (encrypted)' if one.encrypted else ''}, {one.platform} "
        f"{one.version or 'of unknown version'}" + (f", acquired {one.time:%Y-%m-%d %H:%M} UTC" if one.time else "")
        for one in phones.acquisitions
    )
    who = consent.who if private else "The owner of the phone, or who may agree for them,"
    agreed = f"{who} agreed on {consent.date} to: {consent.scope}. The record holds until {consent.until}."
    return [kinds + ".", agreed, *(f"Not asked: {name}: {why}" for name, why in unanswered.items())]


def fitting_methods(names: Sequence[str]) -> list[str]:
    """Names of the methods that a scan asks when it has these kinds of exhibits."""
    return [method.name for method, _ in _fitting({name: Path() for name in names})]
