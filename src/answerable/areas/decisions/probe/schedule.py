"""The calls of a probe: pairs drawn, controls added, all in one random order that the seed fixes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from answerable.areas.decisions.probe.templates import NAME, Filling, fill

if TYPE_CHECKING:
    from answerable.areas.decisions.probe.plan import Plan

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Call:
    """One prompt to be answered once.

    Args:
        template: name of the template. pair: the pair it belongs to. member: which of the pair, from 1.
        repeat: which repetition of the pair, from 1.
        variant: the group. name: what stands for it. control: whether the pair lies within one group.
        prompt: the text that is sent.
    """

    template: str
    pair: str
    member: int
    repeat: int
    variant: str
    name: str
    control: bool
    prompt: str

    @property
    def key(self) -> str:
        """What tells the call from all others of its probe."""
        return f"{self.pair} repeat {self.repeat} member {self.member}"


def schedule(plan: Plan) -> list[Call]:
    """Every call of a plan in the order in which they are made; the same for the same plan.

    A pair has a member of every group. Names are drawn without returning them until all have been used, anew for each
    template; the other slots are filled alike within a pair.
    """
    calls = [
        Call(template, pair, member, repeat, variant, _name(filling), control, fill(text, {**same, **filling}))
        for template, text in plan.templates.items()
        for pair, control, same, members in _pairs(plan, template)
        for repeat in range(1, plan.design.repeats + 1)
        for member, (variant, filling) in enumerate(members, 1)
    ]
    random.Random(f"{plan.design.seed} order").shuffle(calls)
    return calls


def _pairs(plan: Plan, template: str) -> Iterator[tuple[str, bool, Filling, list[tuple[str, Filling]]]]:
    """The pairs of a template: id, whether a control, what all members share, and its members as (group, filling)."""
    rng = random.Random(f"{plan.design.seed} template {template}")
    names = {group: _drawn(ones, rng) for group, ones in plan.variants.items()}
    same = {slot: _drawn(values, rng) for slot, values in plan.slots.items()}

    def shared() -> Filling:
        return {slot: next(values) for slot, values in same.items()}

    for number in range(1, plan.design.pairs + 1):
        yield f"{template} {number}", False, shared(), [(group, next(ones)) for group, ones in names.items()]
    several = {group: ones for group, ones in plan.variants.items() if len(ones) > 1}
    for kind, count, groups in (
        ("name", plan.controls.same_name, plan.variants),
        ("group", plan.controls.same_group, several),
    ):
        turn = _drawn(list(groups), rng)
        for number in range(1, count + 1):
            group = next(turn)
            two = [next(names[group])] * 2 if kind == "name" else rng.sample(list(groups[group]), 2)
            yield f"{template} same {kind} {number}", True, shared(), [(group, one) for one in two]


def _drawn(values: Sequence[_Value], rng: random.Random) -> Iterator[_Value]:
    """Values in random order, each once before any comes again."""
    while True:
        yield from rng.sample(list(values), len(values))


def _name(filling: Mapping[str, str]) -> str:
    return filling.get(NAME) or ", ".join(filling[slot] for slot in sorted(filling))
