"""devices.across: what several phones of one case share, the rarest first."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.apps import of_system
from answerable.areas.devices.measures.common.covered import NEVER_CLEAN, UNKNOWN_RATE, coverage_of
from answerable.areas.devices.measures.common.rules import any_of, told
from answerable.areas.devices.measures.common.traces import RIGHTS, observed, rows_of, traces
from answerable.areas.devices.tables import ARTEFACTS, OBSERVABLES, PLACE
from answerable.core.engine import collect, keep
from answerable.core.estimate import Answer
from answerable.core.method import method
from answerable.core.words import count_text
from answerable.errors import NotIdentified, ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Observation

_KINDS = ("app", "certificate_sha256", "configuration_profile", "email", "host", "sha256")
_LIMITS = (
    NEVER_CLEAN,
    "People who know each other share senders, pages and apps; that two phones share something is no trace of itself.",
    UNKNOWN_RATE,
)


@method(
    "devices.across",
    reads=[OBSERVABLES, ARTEFACTS],
    source="Marczak & Scott-Railton 2016, The Million Dollar Dissident, Citizen Lab, on shared infrastructure",
    rights=RIGHTS,
)
def across(
    observables: ir.Table,
    artefacts: ir.Table,
    *,
    phones: int = 2,
    kinds: Sequence[str] = _KINDS,
    common: Sequence[str] = (),
    share: float = 0.5,
    many: int = 10,
    salt: str = "",
    most: int = 200,
) -> Answer:
    """Senders, hosts, apps, certificates and files that several phones share, the rarest first.

    Whoever attacks a group often uses the same sender, host or app against several of its members. Named is each value
    that at least so many phones hold, by how few of them do. Left out are hosts that most phones meet (a dated list,
    and yours), parts of the system by their names, and, where there are many phones, what more than a share of them
    have.

    Args:
        observables: what the phones hold.
        artefacts: what was there to be looked at; its phones are those that are compared.
        phones: how many phones hold a value at least.
        kinds: kinds of values that are compared, as host, email, app, sha256, certificate_sha256.
        common: more values to leave out; a host stands for its sub-domains too.
        share: where there are many phones, what more than this share of them hold is left out.
        many: how many phones are many.
        salt: a secret of the case; with it the values that stay in the case are published as keyed digests, so that
            two reports on one case can be compared.
        most: values named.

    Raises:
        NotIdentified: there are fewer phones than `phones`.
        ParameterError: phones is below 2, or share is not within 0 and 1.

    Source:
        Marczak, B., and Scott-Railton, J., The Million Dollar Dissident, Citizen Lab, 2016, for targets that were found
        by what they share.
    """
    if phones < 2 or not 0 < share <= 1:
        raise ParameterError("phones takes a number from 2, and share one above 0 and not above 1.")
    known = collect(artefacts.filter(artefacts.device.notnull()).select("device").distinct())["device"]
    if len(known) < phones:
        raise NotIdentified(
            f"There is {count_text(len(known), 'phone')}; what {phones} share cannot be looked for.",
            missing="acquisitions of more phones in one folder.",
        )
    highest = max(phones, int(share * len(known))) if len(known) >= many else len(known)
    shared = _shared(observables, list(kinds), list(common), phones, highest, most)
    places = _places(observables, shared)
    return Answer(
        observations=tuple(_observation(group, salt, place) for place, group in enumerate(places, start=1)),
        coverage=coverage_of(artefacts),
        limits=_LIMITS,
        looked_for=f"what {phones} or more of {count_text(len(known), 'phone')} share",
    )


def _shared(
    observables: ir.Table, kinds: Sequence[str], common: Sequence[str], phones: int, highest: int, most: int
) -> ir.Table:
    """Values with the number of phones that hold them, the rarest first: one pass, then a join with the lists."""
    held = observables.filter(observables.kind.isin(kinds), observables.value.fill_null("") != "")
    named = held.filter(~((held.kind == "app") & of_system(held.value)), held.value.notin(common))
    counted = named.group_by("kind", "value").agg(phones=named.device.nunique())
    several = counted.filter((counted.phones >= phones) & (counted.phones <= highest))
    usual = _within(several.value, [*told("across")["common_hosts"], *common])
    rare = several.filter((several.kind != "host") | ~usual)
    return keep(rare.order_by(["phones", "kind", "value"]).limit(most))


def _within(host: Any, listed: Sequence[str]) -> Any:
    """Whether a host is one of those listed or a sub-domain of one: by as many of its last labels."""
    by_labels: dict[int, list[str]] = {}
    for one in listed:
        name = one.lower().strip(".")
        by_labels.setdefault(name.count(".") + 1, []).append(name)
    return any_of(
        host.re_extract(rf"((?:[^.]+\.){{{count - 1}}}[^.]+)$", 1).isin(names) for count, names in by_labels.items()
    )


def _places(observables: ir.Table, shared: ir.Table) -> list[list[dict[str, Any]]]:
    """For each shared value its first place on each phone, with the number of its rows there."""
    import ibis

    columns = [*PLACE, "holds", "field", "kind", "value"]
    # The join comes first: it leaves few rows to be told apart.
    rows = observables.select(columns).join(shared, ["kind", "value"]).filter(ibis._.device.notnull()).distinct()
    order = [key for name in ("time", *columns) for key in (rows[name].isnull(), rows[name])]
    within = ibis.window(group_by=["kind", "value", "device"], order_by=order)
    numbered = rows.mutate(
        place=ibis.row_number().over(within),
        rows=rows.count().over(ibis.window(group_by=["kind", "value", "device"])),
    )
    first = numbered.filter(numbered.place == 0).drop("place").order_by(["phones", "kind", "value", "device"])
    found = rows_of(collect(first))
    return [list(group) for _, group in itertools.groupby(found, key=lambda row: (row["kind"], row["value"]))]


def _observation(group: Sequence[Mapping[str, Any]], salt: str, place: int) -> Observation:
    """What is said of one value that several phones share; its place is the earliest of all."""
    row = min(group, key=lambda one: (one["time"] is None, str(one["time"]), one["device"]))
    data, trace = told("across"), traces().get(row["holds"])
    kind = data["kinds"].get(row["kind"], row["kind"])
    public = row["kind"] in data["public"]
    shown = row["value"] if public else _hidden(row["value"], salt)
    named = row["value"] if public else shown or f"no. {place}"
    rows, devices = sum(one["rows"] for one in group), [one["device"] for one in group]
    return observed(
        row,
        what=f"{count_text(len(group), 'phone')} share the {kind} {named} ({count_text(rows, 'row')}).",
        category=trace.category if trace else "exposure",
        field=row["field"] or "",
        value=row["value"],
        shown=None if public else shown,
        strength="heuristic",
        forgeable=trace.forgeable if trace else "",
        benign="People who know each other share it as well.",
        fields={
            "kind": row["kind"],
            "holds": row["holds"] or "",
            "rows": rows,
            "devices": devices,
        },
    )


def _hidden(value: str, salt: str) -> str:
    """A keyed digest of a value that stays in the case; nothing where there is no key, which would give it away."""
    return hmac.new(salt.encode(), value.encode(), hashlib.sha256).hexdigest()[:16] if salt else ""
