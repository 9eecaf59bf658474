"""From the text of a response to a decision or a number: a JSON pointer, then regular expressions."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from answerable.errors import ParameterError


class Unreadable(Exception):
    """A response from which no decision or number can be read; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read from a response: a decision, a number, or both."""

    decided: bool | None = None
    number: float | None = None


@dataclass(frozen=True, kw_only=True)
class Response:
    """How a response becomes a decision or a number.

    Args:
        at: JSON pointer to the text within a response that is JSON, as /choices/0/message/content; the whole response
            where there is none.
        yes: regular expression that is found in the text of a positive decision.
        no: regular expression that is found in the text of a negative decision; what fits both or neither is no answer.
        number: regular expression whose first group, or whole, is a number.
        at_least: numbers from here on are positive decisions.
    """

    at: str | None = None
    yes: str | None = None
    no: str | None = None
    number: str | None = None
    at_least: float | None = None

    @property
    def decides(self) -> bool:
        """Whether a decision is read."""
        return self.yes is not None or self.at_least is not None

    def check(self, place: str) -> None:
        """Refuse rules that do not say how to read a response.

        Raises:
            ParameterError: what is missing, or which expression is none.
        """
        if (self.yes is None) != (self.no is None):
            raise ParameterError(
                f"{place}: [response] takes yes and no together: without the other, a refusal to answer would count."
            )
        if self.yes is None and self.number is None:
            raise ParameterError(f"{place}: [response] says how to read an answer: yes and no, or number.")
        if self.at_least is not None and (self.number is None or self.yes is not None):
            raise ParameterError(f"{place}: [response] at_least goes with number, and without yes and no.")
        if self.at and not self.at.startswith("/"):
            raise ParameterError(f"{place}: [response] at is a JSON pointer, which begins with a slash, as /answer.")
        for name in ("yes", "no", "number"):
            try:
                re.compile(getattr(self, name) or "")
            except re.error as error:
                raise ParameterError(f"{place}: [response] {name} is no regular expression: {error}.") from error

    def read(self, response: str) -> Read:
        """The decision or number in a response.

        Raises:
            Unreadable: there is none, or it is not clear.
        """
        text = response if not self.at else _text(pointed(response, self.at))
        number = self._number(text) if self.number is not None else None
        if self.yes is None or self.no is None:
            decided = None if self.at_least is None or number is None else number >= self.at_least
            return Read(decided=decided, number=number)
        yes, no = (re.search(expression, text) is not None for expression in (self.yes, self.no))
        if yes == no:
            raise Unreadable(f"{'both yes and no' if yes else 'neither yes nor no'} is found in the response")
        return Read(decided=yes, number=number)

    def _number(self, text: str) -> float:
        found = re.search(self.number or "", text)
        if found is None:
            raise Unreadable("no number is found in the response")
        shown = found[1] if found.re.groups else found[0]
        try:
            number = float(shown)
        except (TypeError, ValueError):
            raise Unreadable(f"{shown!r} is no number") from None
        if not math.isfinite(number):
            raise Unreadable(f"{shown!r} is no finite number")
        return number


def pointed(response: str, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901).

    Raises:
        Unreadable: the response is no JSON, or has nothing there.
    """
    try:
        value = json.loads(response)
    except (ValueError, RecursionError):
        raise Unreadable("the response is not JSON") from None
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise Unreadable(f"the response has nothing at {pointer}")
    return value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise Unreadable("the response is null there")
    return json.dumps(value, ensure_ascii=False)
