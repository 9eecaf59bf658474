"""devices.indicators: what on the phone published indicators of spyware name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from answerable.areas.devices.indicators.table import INDICATORS
from answerable.areas.devices.measures.common.covered import NEVER_CLEAN, coverage_of
from answerable.areas.devices.measures.common.traces import CLASSES, RIGHTS
from answerable.areas.devices.tables import ARTEFACTS, OBSERVABLES
from answerable.core.estimate import Answer
from answerable.core.method import method
from answerable.errors import NotIdentified

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Observation

LIMITS = (
    NEVER_CLEAN,
    "A page visited or a link received shows that the phone met something, not that it was infected.",
    "Indicators are published names: they can change hands, and a list can be wrong or out of date; each finding says "
    "which list names it, and since when.",
)


@method(
    "devices.indicators",
    reads=[OBSERVABLES, ARTEFACTS, INDICATORS],
    source="OASIS 2021, STIX 2.1; Amnesty International Security Lab 2021, Forensic Methodology Report",
    rights=RIGHTS,
)
def indicators(
    observables: ir.Table,
    artefacts: ir.Table,
    indicators: ir.Table,
    *,
    most: int = 1000,
    names_of_files: bool = True,
) -> Answer:
    """What on a phone is named by published indicators of spyware, each with its place, its time and all who list it.

    Matching is strict: a host equals a listed domain or is a sub-domain of it, at a dot; addresses are equal as
    addresses; paths are equal, or lie within a listed folder, by whole components; names of processes are equal as a
    whole; digests, certificates, e-mail addresses, apps, properties and profiles are equal. Only two rules are
    heuristics, and their findings are "indicated": a name of 15 or 16 letters with which a longer listed name begins
    (systems cut names short), and a file that bears the name of a listed process.

    Args:
        observables: what the phone holds that an indicator could name.
        artefacts: what was there to be looked at.
        indicators: the published indicators.
        most: rows named for one indicator in one table; what is beyond is counted in a finding of its own.
        names_of_files: whether files that bear the name of a listed process are named too.

    Raises:
        NotIdentified: there is no indicator at all.

    Source:
        OASIS, STIX Version 2.1, 2021. Amnesty International Security Lab, Forensic Methodology Report: How to catch
        NSO Group's Pegasus, 2021, for the kinds of traces.
    """
    from answerable.areas.devices.measures.indicators.matching import matches
    from answerable.areas.devices.measures.indicators.saying import observations
    from answerable.core.engine import collect

    known = collect(indicators.group_by("kind").agg(count=indicators.count()).order_by("kind"))
    if not known["kind"]:
        raise NotIdentified("There is no indicator to look for.", missing="a folder of STIX bundles with indicators.")
    found = matches(observables, indicators, dict(zip(known["kind"], known["count"], strict=True)), names_of_files)
    counted = sum(known["count"])
    return Answer(
        observations=tuple(sorted(observations(found, most), key=_weight)),
        coverage=coverage_of(artefacts),
        limits=LIMITS,
        looked_for=f"what {counted:,} published indicators name",
    )


def _weight(one: Observation) -> tuple[bool, int, bool, str]:
    """Strict matches before others; then by class, what weighs more first, and by time."""
    place = [*CLASSES, one.category].index(one.category)
    return one.strength != "strong", place, not one.time, one.time
