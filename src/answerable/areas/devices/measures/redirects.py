"""devices.redirects: pages asked for without encryption that led at once to another host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.rules import answer_of, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import ARTEFACTS, PLACE, REDIRECTIONS, VISITS
from answerable.core.engine import keep, without_rows
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer

_HISTORY = ("device", "exhibit", "artefact", "source")
"""What tells one history from another: numbers of visits mean something within one only."""
_FILE = ("device", "artefact", "source")
"""The same, without the digest that follows from it."""

_ENDS = ("row", "redirect_destination", "redirect_source")
"""Numbers of visits at one end of a redirect or the other."""


@method(
    "devices.redirects",
    reads=[VISITS, ARTEFACTS, REDIRECTIONS],
    source="Amnesty International 2019, Morocco: Human Rights Defenders Targeted with NSO Group's Spyware",
    rights=RIGHTS,
)
def redirects(
    visits: ir.Table,
    artefacts: ir.Table,
    redirections: ir.Table | None = None,
    *,
    within: float = 1.0,
    webkit: bool = False,
    most: int = 1000,
) -> Answer:
    """Pages asked for without encryption that led to another host faster than a person could have.

    Who controls the network can answer an unencrypted request in the place of the site, and send the browser to where
    spyware waits. Such a page leaves a visit to http://..., redirected at once to a host that has nothing to do with
    it. Two hosts belong together where they are equal, or one is a sub-domain of the other; a leading "www." counts for
    nothing. Which names are sold to different people (co.uk) is not asked: sister hosts (a.example.org,
    b.example.org) count as two.

    Args:
        visits: the visits, with the visit that each was redirected to or came from.
        artefacts: what was there to be looked at.
        redirections: redirections that WebKit noted, which have neither moment nor speed.
        within: seconds; the second page was opened less than these after the first.
        webkit: whether WebKit's redirections between two hosts are named too: on any phone there are many.
        most: redirections named; what is beyond is counted in the last finding.

    Raises:
        ParameterError: within is not above 0.

    Source:
        Amnesty International, Morocco: Human Rights Defenders Targeted with NSO Group's Spyware, 2019, for redirects by
        injection on the network. Marczak and others, Bad Traffic, Citizen Lab, 2018, for the same at an operator.
    """
    if within <= 0:
        raise ParameterError(f"within takes seconds above 0, not {within:g}.")
    rules = told("redirects")["rules"]
    observations = found(_fast(visits, within), rules["fast"], by=[*_HISTORY, "row"], most=most)
    if webkit and redirections is not None:
        between = redirections.filter(_apart(redirections.origin_host, redirections.destination_host))
        observations += found(between, rules["webkit"], by=["origin_host", "destination_host"], most=most)
    return answer_of(
        observations,
        artefacts,
        [VISITS.name, *([REDIRECTIONS.name] if webkit else [])],
        f"pages without encryption that led to another host within {within:g} s",
        "A redirect shows where the browser was led, not that anything was installed.",
    )


def _fast(visits: ir.Table, within: float) -> ir.Table:
    """Visits to http:// that were redirected to another host in time, each with where it led and how fast."""
    import ibis

    ends = _ends(visits.select(*PLACE, "url", "host", *_ENDS[1:]))
    first = ends.filter(ends.url.lower().startswith("http://"))
    then = ends.select(
        *_FILE,
        next_row="row",
        source_row="redirect_source",
        next_time="time",
        destination_host="host",
    )
    # One equi-join for each way in which the pair may be kept: which of them a browser writes differs.
    forward = first.join(then, [*_FILE, first.redirect_destination == then.next_row])
    backward = first.join(then, [*_FILE, first.row == then.source_row])
    columns = [*ends.columns, "next_time", "destination_host"]
    pairs = ibis.union(forward.select(*columns), backward.select(*columns), distinct=True)
    measured = pairs.mutate(microseconds=pairs.next_time.delta(pairs.time, unit="microsecond"))
    fast = measured.filter(
        (measured.microseconds >= 0) & (measured.microseconds < round(within * 1e6)),
        _apart(measured.host, measured.destination_host),
    )
    return fast.mutate(seconds=_text(fast.microseconds))


def _ends(visits: ir.Table) -> ir.Table:
    """Visits at one end of a redirect: few, and left by their numbers alone before histories are compared."""
    import ibis

    moved = keep(visits.filter(visits.redirect_destination.notnull() | visits.redirect_source.notnull()).select(*_ENDS))
    if without_rows(moved):
        return visits.limit(0)
    numbers = ibis.union(*(moved.select(number=name) for name in _ENDS)).distinct()
    ends = visits.semi_join(numbers, visits.row == numbers.number)
    return keep(ends.filter(ends.host.notnull() & ends.time.notnull()))


def _text(microseconds: Any) -> Any:
    """Microseconds as seconds with two places, rounded down: the same text on every engine."""
    hundredths = (microseconds // 10_000).cast("int64")
    return (hundredths // 100).cast("int64").cast("string") + "." + (hundredths % 100).cast("string").lpad(2, "0")


def _apart(one: Any, other: Any) -> Any:
    """Whether two hosts do not belong together."""
    one, other = (host.re_replace(r"^www\.", "") for host in (one, other))
    return (one != other) & ~one.endswith("." + other) & ~other.endswith("." + one)
