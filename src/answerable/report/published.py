"""Published figures beside ours, as a report shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A published figure beside ours.

    Args:
        what: what the figure is.
        source: who published it.
        published: as it was printed. ours: printed with as many digits; "" where there is none.
        comparison: "same", "differs" or "cannot tell".
        because: why it differs, where that is known and is shown.
        holds: whether it is the same, or differs as is explained.
        finding: id of our finding; "" where it is a count of findings.
        verdict: of our finding.
    """

    what: str
    source: str
    published: str
    ours: str
    comparison: str
    because: str
    holds: bool
    finding: str = ""
    verdict: str = ""
