"""devices.system_age: systems whose last security patches were old when the phone was acquired."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.rules import Rule, distinct, told
from answerable.areas.devices.measures.common.traces import RIGHTS, observed, rows_of
from answerable.areas.devices.tables import ARTEFACTS, DEVICE_FILES, PLACE, PROPERTIES
from answerable.core.engine import collect
from answerable.core.estimate import Answer, Coverage
from answerable.core.method import method
from answerable.errors import NotIdentified, ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Observation

_PATCHES = "ro.build.version.security_patch"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){0,3}")
_LIMITS = (
    "An old system is open to attacks that are known; it does not show that there was one.",
    "Most phones in use are not up to date: of itself this says nothing of spyware.",
)


@method(
    "devices.system_age",
    reads=[ARTEFACTS, PROPERTIES],
    source="Android Open Source Project, Android Security Bulletins, 2015 ff.; Apple Support, Apple security releases",
    rights=RIGHTS,
)
def system_age(artefacts: ir.Table, properties: ir.Table, *, months: int = 6, on: str | None = None) -> Answer:
    """Systems whose security patches were older than some months when the phone was acquired.

    The age is counted up to the time of the acquisition, never up to today: the same evidence gives the same answer.
    For Android it is that of the patches that the phone names, for iOS that of its version by a dated list, where a
    newer version had been released by then. Where the acquisition does not say when it was made, it was not before the
    newest time of a file on the phone: a system that was too old by then is named, any other cannot be told.

    Args:
        artefacts: what was there to be looked at, with the system's version and the time of the acquisition.
        properties: properties of the system, for Android.
        months: age in calendar months beyond which a system is named.
        on: day up to which the age is counted (ISO 8601), where the acquisition does not tell its own.

    Raises:
        NotIdentified: there is no phone. One whose age cannot be told is a gap of the coverage.
        ParameterError: on is no day, or months is below 1.

    Source:
        Android Open Source Project, Android Security Bulletins (monthly since 2015), for security patch levels. Apple
        Support, Apple security releases, for the days of iOS versions.
    """
    if months < 1:
        raise ParameterError(f"months takes a number from 1, not {months}.")
    day = None if on is None else _day(on)
    if on is not None and day is None:
        raise ParameterError(f"on takes a day such as 2025-10-20, not {on!r}.")
    phones = _phones(artefacts)
    if not phones:
        raise NotIdentified("There is no phone.", missing="an acquisition of a phone.")
    patches = _patches(properties)
    observations: list[Observation] = []
    missing: dict[str, str] = {}
    for device, phone in phones.items():
        when = day or phone["acquired"]
        found = _judged(phone, patches.get(device), when or phone["newest"], months)
        if when is None and not found:
            found = "the acquisition does not say when it was made"
        if isinstance(found, str):
            missing[device or "the phone"] = found
        else:
            observations += found
    return Answer(
        observations=distinct(observations),
        coverage=Coverage(looked_at={"phones": len(phones) - len(missing)}, missing=missing, complete=not missing),
        limits=_LIMITS,
        looked_for=f"systems whose security patches were more than {months} months old",
    )


def _phones(artefacts: ir.Table) -> dict[str, dict[str, Any]]:
    """For each phone its platform, version, the last day on which it was acquired, and the newest of a file on it."""
    columns = ["device", "platform", "version", "acquired", "newest"]
    phones: dict[str, dict[str, Any]] = {}
    rows = sorted(
        rows_of(collect(_dated(artefacts).select(columns).distinct())), key=lambda row: [str(row[c]) for c in columns]
    )
    for row in rows:
        unknown = {"device": row["device"] or "", "acquired": None, "newest": None}
        phone = phones.setdefault(row["device"] or "", unknown)
        phone["platform"] = row["platform"] or phone.get("platform")
        phone["version"] = row["version"] or phone.get("version")
        for name in ("acquired", "newest"):
            if row[name] is not None:
                phone[name] = max(filter(None, [phone[name], row[name].date()]))
    return phones


def _dated(artefacts: ir.Table) -> ir.Table:
    """The artefacts, of lists of files with the newest time in them."""
    import ibis

    files = artefacts.holds == DEVICE_FILES.name
    return artefacts.mutate(newest=ibis.cases((files, artefacts["last"]), else_=None))


def _patches(properties: ir.Table) -> dict[str, dict[str, Any]]:
    """For each phone the row that names its security patches."""
    named = properties.filter(properties.name == _PATCHES).select(*PLACE, "value").distinct()
    rows = sorted(rows_of(collect(named.limit(10_000))), key=lambda row: [str(value) for value in row.values()])
    return {row["device"] or "": row for row in reversed(rows) if _day(row["value"])}


def _judged(
    phone: Mapping[str, Any], patch: Mapping[str, Any] | None, when: date | None, months: int
) -> list[Observation] | str:
    """The finding on one phone, none, or why there can be none."""
    if phone["platform"] not in ("android", "ios"):
        return "its system is not known"
    if when is None:
        return "the acquisition does not say when it was made"
    rules = told("system_age")["rules"]
    if phone["platform"] == "android":
        if patch is None:
            return f"the property {_PATCHES} was not found"
        of = _day(patch["value"])
        assert of is not None
        return [_said(patch, rules["patches"], when, months, {})] if _older(of, when, months) else []
    version = _parts(phone["version"] or "")
    released = ios_versions()
    last_listed = date.fromisoformat(told("ios_versions")["as_of"])
    if version > max(released) and not _older(last_listed, when, months):
        return []  # it came after all that are listed, so it is younger than the end of the list
    if version not in released:
        return f"iOS {phone['version'] or 'of an unknown version'} is not in the list of {last_listed}"
    newer = max((one for one, day in released.items() if day <= when), default=version)
    if newer <= version or not _older(released[version], when, months):
        return []
    words = {"released": released[version], "newer": _text(newer), "newer_released": released[newer]}
    place = dict.fromkeys(PLACE) | {"device": phone["device"], "version": phone["version"]}
    return [_said(place, rules["version"], when, months, words)]


def _said(row: Mapping[str, Any], rule: Rule, when: date, months: int, words: Mapping[str, Any]) -> Observation:
    what = rule.saying.format(**{rule.field: row[rule.field]}, months=months, day=when, **words)
    return observed(
        row,
        what=what,
        category=rule.category,
        field=rule.field,
        value=row[rule.field],
        strength=rule.strength,
        forgeable=rule.forgeable,
        benign=rule.benign,
        fields={"rule": rule.name, "counted_to": when.isoformat()},
    )


def _older(of: date, when: date, months: int) -> bool:
    """Whether a day lies more than so many calendar months before another."""
    years, month = divmod(of.month - 1 + months, 12)
    if of.year + years > date.max.year:
        return False
    last = calendar.monthrange(of.year + years, month + 1)[1]
    return date(of.year + years, month + 1, min(of.day, last)) < when


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text and _DAY.fullmatch(text) else None
    except ValueError:
        return None


@cache
def ios_versions() -> Mapping[tuple[int, ...], date]:
    """Versions of iOS with the day of their release, as far as the dated list goes."""
    return {_parts(version): date.fromisoformat(day) for version, day in told("ios_versions")["released"].items()}


def _parts(version: str) -> tuple[int, ...]:
    """A version as numbers that compare; 17.0 is 17."""
    if not _VERSION.fullmatch(version):
        return ()
    parts = [int(part) for part in version.split(".")]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return tuple(parts)


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version if len(version) > 1 else (*version, 0)))
