"""devices.shutdown_delays: programs that a phone waited for when it shut down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from answerable.areas.devices.measures.common.rules import answer_of, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import ARTEFACTS, SHUTDOWNS
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer

_SHUTDOWN = ("exhibit", "artefact", "shutdown")


@method(
    "devices.shutdown_delays",
    reads=[SHUTDOWNS, ARTEFACTS],
    source="Yamout 2024, A lightweight method to detect potential iOS malware, Kaspersky Securelist",
    rights=RIGHTS,
)
def shutdown_delays(
    shutdowns: ir.Table,
    artefacts: ir.Table,
    *,
    rounds: int = 3,
    folders: Sequence[str] = ("/private/var/db/", "/private/var/tmp/"),
    most: int = 1000,
) -> Answer:
    """Programs that delayed a shutdown of the phone again and again, or that ran from folders for data.

    When an iPhone is restarted it waits for what does not stop, and notes each round what is "still there". Known
    spyware was seen there, in folders that hold data.

    Args:
        shutdowns: what was still there at each shutdown.
        artefacts: what was there to be looked at.
        rounds: how often a shutdown must have waited for a program, at least.
        folders: folders from which programs hardly ever run; /var is /private/var.
        most: programs named of each kind; what is beyond is counted in the last finding.

    Raises:
        ParameterError: rounds is below 1.

    Source:
        Yamout, M., A lightweight method to detect potential iOS malware, Kaspersky, Securelist, 2024-01-16: three
        notices or more, and the folders of Pegasus, Reign and Predator.
    """
    import ibis

    if rounds < 1:
        raise ParameterError(f"rounds takes a number from 1, not {rounds}.")
    rules = told("shutdown_delays")["rules"]
    keys = [*_SHUTDOWN, "path", "number"]
    delayed = _waited(shutdowns, ["device", *keys]).filter(ibis._.waited >= rounds)
    observations = found(delayed, rules["delayed"], by=keys, most=most)
    path = shutdowns.path.re_replace("^/var/", "/private/var/")
    within = shutdowns.filter(ibis.or_(ibis.literal(False), *(path.startswith(folder) for folder in folders)))
    observations += found(within, rules["folder"], by=["path"], most=most)
    return answer_of(
        observations,
        artefacts,
        [SHUTDOWNS.name],
        f"programs that a shutdown waited for {rounds} times, or that ran from folders for data",
        "Only a restart writes the log: a phone that was rarely restarted says little.",
    )


def _waited(shutdowns: ir.Table, keys: Sequence[str]) -> ir.Table:
    """Programs with how often a shutdown waited for them: as the row says, or by the rows where each is one notice."""
    import ibis

    rows = shutdowns.filter(shutdowns.path.fill_null("") != "").distinct()
    within = ibis.window(group_by=list(keys))
    return rows.mutate(waited=ibis.greatest(rows.rounds.max().over(within).fill_null(0), rows.count().over(within)))
