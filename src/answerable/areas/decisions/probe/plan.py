"""The plan of a probe: probe.toml, one file that a person can read, checked before anything is sent."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from answerable.areas.decisions.probe.responses import Response
from answerable.areas.decisions.probe.targets import Target, read_target
from answerable.areas.decisions.probe.templates import (
    LONGEST,
    Filling,
    check_slots,
    read_templates,
    read_text,
    read_variants,
)
from answerable.core.signature import parameters, parse_all
from answerable.errors import ParameterError, nearest

_TABLES = ("templates", "variants", "slots", "controls", "target", "response", "pace")


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is sent, apart from the texts.

    Args:
        title: what the probe is about, in plain words.
        reference: the group that the others are compared with, a name in [variants].
        pairs: matched pairs for every template.
        repeats: how often every pair is asked.
        seed: of the random order and of the random choice of names.
        favourable: whether yes is good for the person.
    """

    title: str
    reference: str
    pairs: int = 20
    repeats: int = 1
    seed: int = 1
    favourable: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Controls:
    """Pairs whose two members belong to one group: they measure what differs by chance alone.

    Args:
        same_name: pairs for every template that ask the same text twice.
        same_group: pairs for every template with two names of one group.
    """

    same_name: int = 5
    same_group: int = 5


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast, and how patiently; it may be changed when a probe is taken up again.

    Args:
        calls_per_second: at most so many calls are begun in a second, repeated ones too.
        concurrency: at most so many calls are under way at once.
        timeout: seconds after which a call has failed.
        retries: how often a failed call is repeated.
        wait: seconds before the first repetition; doubled before each further one, to at most 60.
    """

    calls_per_second: float = 1.0
    concurrency: int = 1
    timeout: float = 60.0
    retries: int = 4
    wait: float = 1.0


@dataclass(frozen=True)
class Plan:
    """A probe as it was planned: all that it depends on, with nothing secret in it.

    Args:
        design, controls, pace: numbers and names.
        templates: texts with {slots}, by name.
        variants: groups with what fills the slots for each.
        slots: further slots with their values, filled alike within a pair.
        target: what is asked. response: how its response becomes a decision.
    """

    design: Design
    controls: Controls
    pace: Pace
    templates: Mapping[str, str]
    variants: Mapping[str, tuple[Filling, ...]]
    slots: Mapping[str, tuple[str, ...]]
    target: Target
    response: Response
    asked: Mapping[str, Any] = field(repr=False)
    """The plan as plain data, files taken in, without the pace."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that the answers depend on; the pace is no part of it."""
        return digest_of(self.asked)


def digest_of(data: Any) -> str:
    """SHA-256 of plain data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Args:
        path: probe.toml; files that it names are looked for beside it.

    Raises:
        ParameterError: it is not as it must be; the message names the entry and says what to do.
    """
    place, folder = path.name, path.parent
    try:
        data = tomllib.loads(read_text(path, place))
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{place} is not TOML: {error}.") from error
    tables = {name: data.pop(name, {}) for name in _TABLES}
    for name in data:
        if isinstance(data[name], Mapping):
            raise ParameterError(f"{place} has no table [{name}]. {nearest(name, _TABLES)}")
    design = Design(**parse_all(parameters(Design), data, of=place))
    templates = read_templates(tables["templates"], folder, place)
    variants = read_variants(tables["variants"], folder, place)
    slots = _slots(tables["slots"], place)
    check_slots(templates, frozenset(next(iter(variants.values()))[0]), slots, place)
    target, at = read_target(tables["target"], folder, place)
    response = Response(**{"at": at, **_given(Response, tables["response"], f"[response] of {place}")})
    controls = Controls(**_given(Controls, tables["controls"], f"[controls] of {place}"))
    asked = {
        **asdict(design),
        "templates": templates,
        "variants": {group: list(map(dict, ones)) for group, ones in variants.items()},
        "slots": {name: list(values) for name, values in slots.items()},
        "controls": asdict(controls),
        "target": tables["target"],
        "response": asdict(response),
    }
    pace = Pace(**_given(Pace, tables["pace"], f"[pace] of {place}"))
    made = Plan(design, controls, pace, templates, variants, slots, target, response, asked)
    _check(made, place)
    return made


def _given(kind: Any, given: Any, place: str) -> dict[str, Any]:
    """The fields that a table states, parsed as the class declares them."""
    if not isinstance(given, Mapping):
        raise ParameterError(f"{place} is a table.")
    parsed = parse_all(parameters(kind), given, of=place)
    return {name: value for name, value in parsed.items() if name in given}


def _slots(given: Any, place: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, Mapping):
        raise ParameterError(f"{place}: [slots] is a table of lists, as job = ['nurse', 'clerk'].")
    for name, values in given.items():
        if not isinstance(values, list) or not values:
            raise ParameterError(f"{place}: [slots] {name} is a list of texts.")
    return {name: tuple(map(str, values)) for name, values in given.items()}


def _check(plan: Plan, place: str) -> None:
    """What one entry cannot know of another."""
    design, controls, pace = plan.design, plan.controls, plan.pace
    if design.reference not in plan.variants:
        raise ParameterError(
            f"{place}: the reference {design.reference!r} is no group. {nearest(design.reference, plan.variants)}"
        )
    least = {"pairs": (design.pairs, 1), "repeats": (design.repeats, 1), "concurrency": (pace.concurrency, 1)}
    least |= {
        "same_name": (controls.same_name, 0),
        "same_group": (controls.same_group, 0),
        "retries": (pace.retries, 0),
    }
    for name, (number, lowest) in least.items():
        if number < lowest:
            raise ParameterError(f"{place}: {name} is at least {lowest}, not {number}.")
    if pace.calls_per_second <= 0 or pace.timeout <= 0 or pace.wait < 0:
        raise ParameterError(f"{place}: calls_per_second and timeout are above 0, and wait is not below 0.")
    if controls.same_group and all(len(ones) < 2 for ones in plan.variants.values()):
        raise ParameterError(
            f"{place}: pairs within a group need two names in a group. Give more names, or say same_group = 0."
        )
    if len(json.dumps(plan.asked, ensure_ascii=False).encode()) > 4 * LONGEST:
        raise ParameterError(f"{place}: templates and names together are longer than {4 * LONGEST:,} bytes.")
    plan.response.check(place)
    for name in [*plan.templates, *plan.variants]:
        if re.search(r"[\x00-\x1f]", name):
            raise ParameterError(f"{place}: {name!r} holds a sign that cannot be shown; name it otherwise.")
