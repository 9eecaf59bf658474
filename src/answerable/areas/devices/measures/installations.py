"""devices.installations: apps that did not come from a store, and protections that were switched off."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.apps import from_elsewhere, known_apps
from answerable.areas.devices.measures.common.rules import answer_of, devices_of, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS, rows_of
from answerable.areas.devices.tables import APP_EVENTS, APP_FILES, APPS, ARTEFACTS
from answerable.core.engine import collect
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer, Observation

_REMOVED = ("downgraded", "uninstalled")
_MOST_FILES = 100_000
_WITH_STORE = "installed_apps"
"""The artefact of iOS that has the store's description of every app that came from there."""


@method(
    "devices.installations",
    reads=[APPS, APP_EVENTS, ARTEFACTS, APP_FILES],
    source="Google 2024, Android Security: unknown apps; Apple 2024, Platform Security: app code signing",
    rights=RIGHTS,
)
def installations(
    apps: ir.Table,
    app_events: ir.Table,
    artefacts: ir.Table,
    app_files: ir.Table | None = None,
    *,
    known: Sequence[str] = (),
    most: int = 500,
) -> Answer:
    """Apps that did not come from a store, protections that are disabled, apps removed or put back to older versions.

    Told apart are apps installed by way of a browser, by a computer over debugging or by hand, from stores of others,
    and by anything else that is not a known store. A package of the system that is disabled is named, and first of all
    those that protect the phone or bring its updates.

    Args:
        apps: apps of the phone.
        app_events: what happened to apps.
        artefacts: what was there to be looked at.
        app_files: files of apps; the digests of those of a named app are added to its finding, for a second opinion.
        known: apps that the owner installed and knows, which are left out.
        most: apps named of each kind; what is beyond is counted in the last finding.

    Raises:
        Nothing: without rows there is nothing to find, and coverage says so.

    Source:
        Google, Android Developers: alternative distribution and unknown apps, 2024. Apple, Platform Security, 2024, for
        how apps come onto an iPhone.
    """
    rules = told("installations")["rules"]
    foreign = apps.app.fill_null("").notin(list(known))
    android = devices_of(artefacts, "android")
    observations = [
        *_origins(from_elsewhere(apps.filter(foreign)), rules, android, most),
        *_disabled(apps.filter(foreign & apps.disabled.fill_null(False)), rules, most),
    ]
    storeless = apps.filter(
        foreign & (apps.source == _WITH_STORE) & ~apps.system.fill_null(False),
        (apps.installer.fill_null("") == "") & ~apps.app.fill_null("com.apple.").startswith("com.apple."),
    )
    observations += found(storeless, rules["without_store"], by=["app"], most=most)
    nameless = apps.filter((apps.app.fill_null("") == "") & (apps.path.fill_null("") != ""))
    observations += found(nameless, rules["without_name"], by=["path"], most=most)
    mine = app_events.filter(app_events.app.fill_null("").notin(list(known)))
    removed = mine.filter(mine.event.lower().isin(_REMOVED))
    observations += found(removed, rules["removed"], by=["app", "event", "time"], most=most)
    return answer_of(
        observations if app_files is None else _with_digests(observations, app_files),
        artefacts,
        [APPS.name, APP_EVENTS.name],
        "apps from elsewhere than stores, and protections that are disabled",
        "An app that did not come from a store is not for that reason spyware, and spyware has come from stores.",
    )


def _origins(apps: ir.Table, rules: Mapping[str, Any], android: Sequence[str], most: int) -> Iterator[Observation]:
    """Apps from elsewhere by who installed them; each falls under one rule."""
    lists, by = known_apps(), ["app", "installer"]
    nobody = apps.installer.fill_null("") == ""
    over_debugging = apps.installer.isin(lists["debugging"]) | (nobody & apps.device.isin(list(android)))
    rest = apps.filter(
        ~nobody & apps.installer.notin([*lists["debugging"], *lists["browsers"], *lists["other_stores"]])
    )
    yield from found(apps.filter(apps.installer.isin(lists["browsers"])), rules["by_browser"], by=by, most=most)
    yield from found(apps.filter(over_debugging), rules["by_debugging"], by=by, most=most)
    yield from found(apps.filter(apps.installer.isin(lists["other_stores"])), rules["by_other_store"], by=by, most=most)
    yield from found(rest, rules["by_unknown"], by=by, most=most)


def _disabled(apps: ir.Table, rules: Mapping[str, Any], most: int) -> Iterator[Observation]:
    protecting = apps.app.isin(known_apps()["protecting"])
    yield from found(apps.filter(protecting), rules["protection_disabled"], by=["app"], most=most)
    others = apps.filter(~protecting & apps.system.fill_null(False))
    yield from found(others, rules["system_disabled"], by=["app"], most=most)


def _with_digests(observations: Sequence[Observation], app_files: ir.Table) -> Iterator[Observation]:
    """The observations, each with the SHA-256 of the files of its app and of the certificates that signed them."""
    kinds = ("sha256", "certificate_sha256")
    named = sorted({one.value for one in observations if one.field == "app"})
    mine = app_files.filter(app_files.app.isin(named)).select("device", "app", *kinds).distinct()
    digests: dict[tuple[str, str], dict[str, set[str]]] = {}
    for row in rows_of(collect(mine.limit(_MOST_FILES))) if named else ():
        of = digests.setdefault((row["device"] or "", row["app"]), {kind: set() for kind in kinds})
        for kind in kinds:
            of[kind] |= {row[kind]} - {None}
    for one in observations:
        more = digests.get((one.fields["device"], one.value), {}) if one.field == "app" else {}
        found_ones = {kind: sorted(values) for kind, values in more.items() if values}
        yield dataclasses.replace(one, fields={**one.fields, **found_ones})
