"""devices.profiles: configuration profiles of an iPhone, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from answerable.areas.devices.measures.common.rules import answer_of, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import ARTEFACTS, CONFIGURATION_PROFILES, PROFILE_EVENTS
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "devices.profiles",
    reads=[CONFIGURATION_PROFILES, PROFILE_EVENTS, ARTEFACTS],
    source="Apple 2024, Device Management; Amnesty International 2021, indicators of Cytrox",
    rights=RIGHTS,
)
def profiles(
    configuration_profiles: ir.Table,
    profile_events: ir.Table,
    artefacts: ir.Table,
    *,
    known: Sequence[str] = (),
    most: int = 200,
) -> Answer:
    """Configuration profiles that are on a phone, what in them reaches far, and when profiles came and went.

    A profile can make an iPhone trust a certificate, send its traffic elsewhere, hide notifications or hand the phone
    to a server. Every profile is named, and beside it each of its payloads that can do so.

    Args:
        configuration_profiles: profiles and what is in them.
        profile_events: what happened to profiles.
        artefacts: what was there to be looked at.
        known: identifiers of profiles that the owner knows, which are left out.
        most: things named of each kind; what is beyond is counted in the last finding.

    Raises:
        Nothing: without rows there is nothing to find, and coverage says so.

    Source:
        Apple, Device Management, 2024, for what payloads do. Amnesty International Security Lab, indicators
        of Cytrox, 2021-12-16, which name a configuration profile.
    """
    import ibis

    data = told("profiles")
    rules, payloads = data["rules"], data["payloads"]
    mine = configuration_profiles.filter(configuration_profiles.profile.fill_null("").notin(list(known)))
    # A profile without an identifier goes by its UUID.
    named = mine.mutate(profile=mine.profile.nullif("").fill_null(mine.uuid)).filter(ibis._.profile.fill_null("") != "")
    observations = found(named, rules["installed"], by=["profile"], most=most)
    reasons = ibis.cases(*((named.payload == kind, ibis.literal(why)) for kind, why in payloads.items()), else_=None)
    far = named.mutate(why=reasons).filter(named.payload.isin(list(payloads)))
    observations += found(far, rules["payload"], by=["profile", "payload"], most=most)
    events = profile_events.filter(profile_events.profile.fill_null("").notin(list(known)))
    observations += found(events, rules["event"], by=["profile", "operation", "process", "time"], most=most)
    return answer_of(
        observations,
        artefacts,
        [CONFIGURATION_PROFILES.name, PROFILE_EVENTS.name],
        "configuration profiles",
        "A profile shows what the phone was told to do, not who told it.",
    )
