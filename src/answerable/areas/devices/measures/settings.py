"""devices.settings: settings that matter to the safety of a phone and are not at their safe value."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.rules import answer_of, folded, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import ARTEFACTS, SETTINGS
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer, Observation

_ON, _OFF = ("1", "true", "yes"), ("0", "false", "no")


@method(
    "devices.settings",
    reads=[SETTINGS, ARTEFACTS],
    source="Android Open Source Project 2024, android.provider.Settings; Apple Support 2022, About Lockdown Mode",
    rights=RIGHTS,
)
def settings(settings: ir.Table, artefacts: ir.Table, *, leave_out: Sequence[str] = (), most: int = 200) -> Answer:
    """Settings of the phone that make it less safe, and whether Lockdown Mode was on.

    What is compared is a dated list of settings with their safe values, each with its reason and source. A setting that
    the phone does not hold has the system's own value; nothing is said of it.

    Args:
        settings: settings of the phone.
        artefacts: what was there to be looked at.
        leave_out: keys of settings that are left out, as adb_enabled where the acquisition itself switched it on.
        most: settings named; what is beyond is counted in the last finding.

    Raises:
        Nothing: without rows there is nothing to find, and coverage says so.

    Source:
        Android Open Source Project, reference of android.provider.Settings, 2024. Apple Support, About Lockdown Mode,
        2022.
    """
    data = told("settings")
    rules = data["rules"]
    listed = {one["key"]: one for one in data["setting"] if one["key"] not in leave_out}
    observations = list(_unsafe(settings, listed, rules["unsafe"], most))
    switch = settings.filter(settings.key == data["lockdown"]["key"])
    for values, rule in ((_ON, "lockdown_on"), (_OFF, "lockdown_off")):
        state = switch.filter(folded(switch.value).isin(values))
        observations += found(state, rules[rule], by=["key"], most=most)
    return answer_of(
        observations,
        artefacts,
        [SETTINGS.name],
        "settings that make the phone less safe",
        "A setting shows how the phone stood when it was acquired, not who changed it, or when.",
    )


def _unsafe(settings: ir.Table, listed: Mapping[str, Mapping[str, Any]], rule: Any, most: int) -> Iterator[Observation]:
    """Listed settings at another value than a safe one, with the reason and the source of each."""
    import ibis

    if not listed:
        return
    value = folded(settings.value)
    risky = [(settings.key == key) & value.notin(one["safe"]) for key, one in listed.items()]
    said = zip(risky, (ibis.literal(one["why"]) for one in listed.values()), strict=True)
    named = settings.mutate(why=ibis.cases(*said, else_=None))
    chosen = named.filter(named.why.notnull() & named.value.notnull())
    for one in found(chosen, rule, by=["namespace", "key", "value"], most=most, keep=["key"]):
        yield _explained(one, listed[one.fields["key"]])


def _explained(one: Observation, setting: Mapping[str, Any]) -> Observation:
    matched = {"kind": "setting", "value": setting["key"], "safe": setting["safe"], "source": setting["source"]}
    benign = " ".join(filter(None, [setting.get("benign", ""), one.benign]))
    return dataclasses.replace(one, matched=matched, benign=benign)
