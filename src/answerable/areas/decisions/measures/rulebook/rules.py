"""Numeric rules about decisions as dated data: the files of the rule book, and files of the same form that users give.

A file has an `as_of` day and `[[rules]]`. `Rule` describes the form; the files of areas/decisions/rules are examples.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import date
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.errors import AnswerableError, ParameterError, nearest

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

STATISTICS = ("selection ratio", "scoring ratio", "standard deviations", "representation", "yield")
KINDS = ("ratio", "difference", "standard deviations")
_LIMIT = {"kind": str, "at_least": float, "at_most": float, "above": float, "below": float}


@dataclass(frozen=True, slots=True)
class Limit:
    """Between which values a number must lie for the rule to be met.

    Args:
        kind: what is compared: a ratio, a difference of proportions, or standard deviations.
        at_least, at_most: the ends, where a number that lies on them still meets the rule.
        above, below: the ends, where it no longer does.
    """

    kind: str
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None

    def met(self, number: Fraction | float) -> bool:
        """Whether a number meets the rule; a fraction of counts is compared exactly."""
        exact = isinstance(number, Fraction)
        slack = 0 if exact else 1e-9
        low, high = _end(self.at_least, exact), _end(self.at_most, exact)
        over, under = _end(self.above, exact), _end(self.below, exact)
        return bool(
            (low is None or number >= low - slack)
            and (high is None or number <= high + slack)
            and (over is None or number > over + slack)
            and (under is None or number < under - slack)
        )

    def nearest_end(self, number: float) -> float:
        """The end of the limit on the side of a number."""
        none = 1.0 if self.kind == "ratio" else 0.0
        low, high = (
            self.at_least if self.above is None else self.above,
            self.at_most if self.below is None else self.below,
        )
        chosen = high if low is None or (high is not None and number > none) else low
        assert chosen is not None
        return chosen

    @property
    def text(self) -> str:
        """The limit in words."""
        ends = {"at least": self.at_least, "at most": self.at_most, "above": self.above, "below": self.below}
        return " and ".join(f"{word} {_shown(end, self.kind)}" for word, end in ends.items() if end is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One numeric rule.

    Args:
        id: how a question names it, as four-fifths.
        title: how a sentence names it.
        authority: who set it.
        version: which text of it.
        source: where that stands.
        statistic: what is compared: a selection ratio (rates of the favourable decision, each group over the group
            with the highest), a scoring ratio (the same of scores above the median of all), standard deviations
            (between a group's selections and those expected), representation (a group's share among the decided and
            among the others), yield (its share among the decided and among the decided with the outcome).
        limits: between which values the numbers must lie; none where the rule sets none.
        in_force: from when; None where it never was law.
        provision: id in the catalogue of rights; empty where it has none.
        least_share: categories below this share of the rows may be left out of the ratios.
        combinations: whether the rule asks for combinations of several columns.
        notes: weaknesses and conditions, as sentences.
        origin: the file, with its digest where a user gave it.
    """

    id: str
    title: str
    authority: str
    version: str
    source: str
    statistic: str
    limits: tuple[Limit, ...]
    in_force: date | None = None
    provision: str = ""
    least_share: float = 0.0
    combinations: bool = False
    notes: tuple[str, ...] = ()
    origin: str = ""


@cache
def book() -> Mapping[str, Rule]:
    """Every rule of the rule book by its id.

    Raises:
        AnswerableError: a data file is not as it must be; the message names file and rule.
    """
    folder = files("answerable.areas.decisions") / "rules"
    found: dict[str, Rule] = {}
    for path in sorted(folder.iterdir(), key=lambda one: one.name):
        if path.name.endswith(".toml"):
            for rule in read_rules(path):
                if rule.id in found:
                    raise AnswerableError(f"{path.name}, {rule.id}: the id occurs twice.")
                found[rule.id] = rule
    return found


def find_rules(names: Sequence[str]) -> list[Rule]:
    """The rules of those names; a name that ends in .toml is a file of rules.

    Raises:
        ParameterError: there is no such rule (the nearest are offered) or file; none is named.
        AnswerableError: a file is not as it must be.
    """
    found: list[Rule] = []
    for name in names:
        if name.endswith(".toml"):
            if not Path(name).is_file():
                raise ParameterError(f"rules: there is no file {name}.")
            found += read_rules(Path(name))
        elif name in book():
            found.append(book()[name])
        else:
            raise ParameterError(f"rules: there is no rule {name!r}. {nearest(name, book(), most=6)}")
    if not found:
        raise ParameterError(f"rules takes at least one of: {', '.join(book())}; or a file of rules (.toml).")
    if len({rule.id for rule in found}) < len(found):
        raise ParameterError("rules: the same rule is named twice.")
    return found


def read_rules(path: Traversable) -> list[Rule]:
    """The rules of a TOML file.

    Raises:
        AnswerableError: it is no TOML, has an unknown key, lacks one, or holds one of the wrong type.
    """
    data = path.read_bytes()
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise AnswerableError(
            f"{path.name}: not readable as TOML: {problem}. Mend the file at that place."
        ) from problem
    _refuse_unknown(content, ("as_of", "rules"), path.name)
    if not isinstance(content.get("rules"), list) or not content["rules"]:
        raise AnswerableError(f"{path.name}: it holds no rule; each begins with a line [[rules]].")
    origin = f"{path.name} (sha256 {hashlib.sha256(data).hexdigest()[:16]})"
    return [
        _rule(entry, f"{path.name}, {_name(entry, place)}", origin) for place, entry in enumerate(content["rules"], 1)
    ]


def _rule(entry: Mapping[str, Any], place: str, origin: str) -> Rule:
    known = {one.name: one for one in fields(Rule) if one.name != "origin"}
    _refuse_unknown(entry, tuple(known), place)
    wanted = {"limits": list, "notes": list, "in_force": date, "least_share": float, "combinations": bool}
    for name, one in known.items():
        if name not in entry:
            if one.default is MISSING:
                raise AnswerableError(f"{place}: {name} is missing. Write it as in the rule book's own files.")
            continue
        _check_type(entry[name], wanted.get(name, str), f"{place}, {name}")
    if entry["statistic"] not in STATISTICS:
        offer = nearest(entry["statistic"], STATISTICS)
        raise AnswerableError(f"{place}: there is no statistic {entry['statistic']!r}. {offer}")
    if not 0 <= entry.get("least_share", 0.0) < 1:
        raise AnswerableError(f"{place}: least_share is a share from 0 to below 1, as 0.02.")
    given = {**entry, "limits": tuple(_limits(entry, place)), "notes": tuple(map(str, entry.get("notes", ())))}
    return Rule(**given, origin=origin)


def _limits(entry: Mapping[str, Any], place: str) -> Iterator[Limit]:
    of_statistic = {"standard deviations": {"standard deviations"}}.get(entry["statistic"], {"ratio", "difference"})
    for number, limit in enumerate(entry["limits"], 1):
        where = f"{place}, limit {number}"
        if not isinstance(limit, Mapping):
            raise AnswerableError(f'{where}: it is written as {{ kind = "ratio", at_least = 0.8 }}.')
        _refuse_unknown(limit, tuple(_LIMIT), where)
        for key, value in limit.items():
            _check_type(value, _LIMIT[key], f"{where}, {key}")
        if limit.get("kind") not in of_statistic:
            raise AnswerableError(f"{where}: the kind is one of: {', '.join(sorted(of_statistic))}.")
        lows, highs = {"at_least", "above"} & set(limit), {"at_most", "below"} & set(limit)
        if len(lows) > 1 or len(highs) > 1 or not lows | highs:
            raise AnswerableError(f"{where}: say at_least or above, at_most or below, or one of each side.")
        yield Limit(**limit)


def _check_type(value: Any, wanted: type, place: str) -> None:
    fits = type(value) in (int, float) if wanted is float else type(value) is wanted
    if not fits or value == "":
        kind = {str: "text", float: "a number", list: "a list", date: "a date (1978-09-25)", bool: "true or false"}[
            wanted
        ]
        raise AnswerableError(f"{place}: this must be {kind}, not {value!r}.")


def _refuse_unknown(table: Mapping[str, Any], known: Sequence[str], place: str) -> None:
    for key in table:
        if key not in known:
            raise AnswerableError(f"{place}: unknown key {key!r}. {nearest(key, known)}")


def _name(entry: Mapping[str, Any], place: int) -> str:
    return f"rule {entry.get('id', place)}"


def _end(value: float | None, exact: bool) -> Any:
    return value if value is None or not exact else Fraction(str(value))


def _shown(value: float, kind: str) -> str:
    return f"{100 * value:g} points" if kind == "difference" else f"{value:g}"
