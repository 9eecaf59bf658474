"""The consent record: whose phone, what may be looked at, agreed when, until when. No scan without one."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from answerable.errors import AnswerableError, nearest

QUESTIONS = {
    "who": "Who agreed to this check (the phone's owner, or who may agree for them)",
    "scope": "What they agreed to (as: look for traces of spyware in a backup; nothing else is read out)",
    "date": "On what date they agreed (as 2026-11-22)",
    "until": "Until what date the copy may be kept and looked at",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the phone's owner agreed to.

    Args:
        who: who agreed.
        scope: to what.
        date: when. until: how long it holds.
    """

    who: str
    scope: str
    date: datetime.date
    until: datetime.date

    def as_json(self) -> dict[str, str]:
        """Plain data; dates as ISO 8601."""
        return {name: str(value) for name, value in asdict(self).items()}

    def toml(self) -> str:
        """The record as the file that `--consent` takes."""
        lines = [f'{name} = "{_escaped(str(value))}"' for name, value in (("who", self.who), ("scope", self.scope))]
        return "\n".join([*lines, f"date = {self.date}", f"until = {self.until}"]) + "\n"


def read_consent(path: Path, today: datetime.date) -> Consent:
    """The consent record of a TOML file.

    Raises:
        AnswerableError: it cannot be read, lacks an entry, or has run out.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise AnswerableError(f"{path.name}: the consent record cannot be read: {error}. {_how()}") from error
    return consent_of(given, today, path.name)


def ask_consent(ask: Callable[[str], str], today: datetime.date) -> Consent:
    """The consent record, question by question.

    Args:
        ask: puts a question to a person and gives the answer.
        today: the date against which it is checked.
    """
    return consent_of({name: ask(f"{text}: ").strip() for name, text in QUESTIONS.items()}, today, "The consent record")


def consent_of(given: Mapping[str, object], today: datetime.date, name: str) -> Consent:
    """The record from what was given; refused where it says too little, or no longer holds."""
    for key in given:
        if key not in QUESTIONS:
            raise AnswerableError(f"{name}: there is no entry {key!r}. {nearest(key, QUESTIONS)}")
    for key, text in QUESTIONS.items():
        if not str(given.get(key, "")).strip():
            raise AnswerableError(f"{name}: {key} is missing: {text}. Without consent no phone is looked at. {_how()}")
    dates = {key: _date(given[key], f"{name}: {key}") for key in ("date", "until")}
    if dates["date"] > today:
        raise AnswerableError(f"{name}: the date of consent, {dates['date']}, lies in the future. Correct it.")
    if dates["until"] < today:
        raise AnswerableError(f"{name}: consent ran out on {dates['until']}. Ask for it anew, or erase the copy.")
    return Consent(who=str(given["who"]).strip(), scope=str(given["scope"]).strip(), **dates)


def _date(value: object, place: str) -> datetime.date:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value).strip())
    except ValueError:
        raise AnswerableError(f"{place}: {value!r} is not a date. Write it as 2026-11-22.") from None


def _how() -> str:
    return "Write a file with the lines who, scope, date and until, and name it with --consent FILE."


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
