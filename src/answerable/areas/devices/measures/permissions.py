"""devices.permissions: apps that may listen, look, read or act, and that are no known part of the phone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.apps import from_elsewhere, known_apps, of_system
from answerable.areas.devices.measures.common.rules import answer_of, any_of, devices_of, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import APPS, ARTEFACTS, COMPONENTS, LOCATION_CLIENTS, PERMISSIONS, SETTINGS
from answerable.core.engine import keep, without_rows
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer, Observation

_ALLOWED = ("allow", "allowed", "foreground", "granted", "limited")
_READS = (PERMISSIONS, COMPONENTS, LOCATION_CLIENTS, APPS, SETTINGS)
_OWNERS = ("device owner", "profile owner")
_SWITCHED_ON = {
    "enabled_accessibility_services": "accessibility",
    "enabled_notification_listeners": "listener",
}
"""Settings of Android that list components which are on, separated by colons, with the rule that they fall under."""


@method(
    "devices.permissions",
    reads=[*_READS, ARTEFACTS],
    source="Android Open Source Project 2024, AppOpsManager and AccessibilityService; Apple 2024, Platform Security",
    rights=RIGHTS,
)
def permissions(
    permissions: ir.Table,
    components: ir.Table,
    location_clients: ir.Table,
    apps: ir.Table,
    settings: ir.Table,
    artefacts: ir.Table,
    *,
    known: Sequence[str] = (),
    most: int = 200,
) -> Answer:
    """Apps that may listen, look, read or act for their user, and that are no known part of the phone.

    On Android: accessibility services, device administrators and readers of notifications that are not the system's
    own; apps that may install others; and what apps from elsewhere than stores may do. On iOS: programs that may use
    microphone, camera or place and are neither Apple's nor an app that is on the phone, and programs that asked for the
    place from folders where none belong. Part of the system is an app that the phone says came with it; where the phone
    lists no app of that name, its name decides.

    Args:
        permissions: what apps may do, or did.
        components: parts of apps.
        location_clients: programs that asked where the phone is.
        apps: apps, with where they came from.
        settings: settings, which list services that are switched on.
        artefacts: what was there to be looked at.
        known: apps that the owner installed and knows, which are left out.
        most: things named of each kind; what is beyond is counted in the last finding.

    Raises:
        Nothing: without rows there is nothing to find, and coverage says so.

    Source:
        Android Open Source Project, reference of AppOpsManager, AccessibilityService and DevicePolicyManager, 2024.
        Apple, Platform Security, 2024, for what asks before it uses sensors.
    """
    data = told("permissions")
    android, ios = devices_of(artefacts, "android"), devices_of(artefacts, "ios")
    own = apps.filter(apps.system.fill_null(False)).select("device", "app").distinct()
    listed = apps.select("device", "app").distinct()
    foreign = permissions.filter(
        permissions.app.fill_null("").notin(["", *known]), permissions.decision.lower().isin(_ALLOWED)
    )
    observations = [
        *_android(foreign.filter(foreign.device.isin(android)), apps, own, data, most),
        *_services(_components(components, settings), own, listed, known, data["rules"], most),
        *_ios(foreign.filter(foreign.device.isin(ios)), listed, data, most),
        *_places(location_clients, data, most),
    ]
    return answer_of(
        observations,
        artefacts,
        [table.name for table in _READS],
        "apps that may listen, look, read or act, and are no known part of the phone",
        "That an app may do something does not show that it did, or for whom.",
    )


def _android(
    allowed: ir.Table, apps: ir.Table, own: ir.Table, data: Mapping[str, Any], most: int
) -> Iterator[Observation]:
    """Risky operations of apps from elsewhere, and of any app those that are always named."""
    by = ["app", "permission"]
    short = allowed.mutate(permission=allowed.permission.re_extract(r"([^.]+)$", 1).upper())
    asked = short.filter(short.permission.isin(list(data["always"])), short.app.notin(known_apps()["stores"]))
    always = _foreign(asked, own, apps.select("device", "app").distinct())
    yield from found(_may(always, data["always"]), data["rules"]["always"], by=by, most=most)
    sources = from_elsewhere(apps).select("device", "app").distinct()
    others = {name: may for name, may in data["risky"].items() if name not in data["always"]}
    risky = short.filter(short.permission.isin(list(others))).semi_join(sources, ["device", "app"])
    yield from found(_may(risky, others), data["rules"]["elsewhere"], by=by, most=most)


def _may(rows: ir.Table, listed: Mapping[str, str]) -> ir.Table:
    import ibis

    said = ((rows.permission == name, ibis.literal(may)) for name, may in listed.items())
    return rows.mutate(may=ibis.cases(*said, else_=None))


def _components(components: ir.Table, settings: ir.Table) -> ir.Table:
    """Components with the rule that they may fall under: by their kind, or by the setting that switches them on."""
    import ibis

    kind = components.kind.fill_null("").lower()
    rule = ibis.cases(
        (kind.contains("accessibility"), ibis.literal("accessibility")),
        (kind.contains("administrator") | kind.isin(_OWNERS), ibis.literal("administrator")),
        (kind.contains("notification listener"), ibis.literal("listener")),
        else_=None,
    )
    place = [name for name in settings.columns if name not in ("namespace", "key", "value")]
    on = components.filter(components.enabled.fill_null(True)).mutate(rule=rule)
    switched = settings.filter(settings.key.isin(list(_SWITCHED_ON)) & settings.value.fill_null("").contains("/"))
    # re_split, for split means a pattern on Spark (docs/decisions).
    parts = switched.mutate(component=switched.value.re_split(r"[:]").unnest())
    named = parts.mutate(
        app=parts.component.re_extract(r"^([^/]+)", 1),
        rule=ibis.cases(*((parts.key == key, ibis.literal(name)) for key, name in _SWITCHED_ON.items()), else_=None),
    )
    columns = [*place, "app", "component", "rule"]
    return ibis.union(on.select(columns), named.select(columns))


def _foreign(rows: ir.Table, own: ir.Table, listed: ir.Table) -> ir.Table:
    """Rows of apps that did not come with the system; of apps that the phone does not list, by their name."""
    others = rows.anti_join(own, ["device", "app"])
    unlisted = others.anti_join(listed, ["device", "app"]).filter(lambda rows: ~of_system(rows.app))
    return others.semi_join(listed, ["device", "app"]).union(unlisted)


def _services(
    components: ir.Table, own: ir.Table, listed: ir.Table, known: Sequence[str], rules: Mapping[str, Any], most: int
) -> Iterator[Observation]:
    """Components of apps that are not the system's, each kind by its rule."""
    components = keep(components)
    if without_rows(components):
        return
    foreign = _foreign(components.filter(components.app.fill_null("").notin(["", *known])), own, listed)
    for name in ("accessibility", "administrator", "listener"):
        yield from found(foreign.filter(foreign.rule == name), rules[name], by=["app"], most=most)


def _ios(allowed: ir.Table, listed: ir.Table, data: Mapping[str, Any], most: int) -> Iterator[Observation]:
    """Programs that may use sensors, by path in odd places or by a name that no app on the phone has."""
    path = allowed.app.startswith("/")
    placed = any_of(allowed.app.startswith(place) for place in data["places"]["ios"])
    asked = allowed.filter(allowed.permission.isin(list(data["ios"])))
    odd = asked.filter(path & ~placed)
    # Apps can be told to be gone only where the phone's apps are listed at all.
    phones = listed.filter(listed.app.fill_null("") != "").select("device").distinct()
    named = asked.filter(~path & ~asked.app.startswith("com.apple.")).semi_join(phones, "device")
    gone = named.anti_join(listed, ["device", "app"])
    by = ["app", "permission"]
    yield from found(_may(odd.union(gone), data["ios"]), data["rules"]["unknown_program"], by=by, most=most)


def _places(clients: ir.Table, data: Mapping[str, Any], most: int) -> Iterator[Observation]:
    path = clients.executable.fill_null("")
    placed = any_of(path.startswith(place) for place in data["places"]["ios"])
    odd = clients.filter(path.startswith("/") & ~placed)
    yield from found(odd, data["rules"]["unknown_place"], by=["executable"], most=most)
