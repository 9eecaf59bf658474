"""devices.crashes: crashes of what runs with rights of the system, or takes in what others send."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from answerable.areas.devices.measures.common.rules import answer_of, folded, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import ARTEFACTS, CRASHES
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "devices.crashes",
    reads=[CRASHES, ARTEFACTS],
    source="Amnesty International Security Lab 2021, Forensic Methodology Report; Android Open Source Project 2024",
    rights=RIGHTS,
)
def crashes(
    crashes: ir.Table,
    artefacts: ir.Table,
    *,
    programs: Sequence[str] = (),
    most: int = 200,
) -> Answer:
    """Crashes of programs with rights of the system, and of those that take in what others send.

    An attack that fails can make the program crash that it was aimed at: what shows pages, plays media, or takes in
    messages. One finding is made for each program, with the number of its crashes.

    Args:
        crashes: crashes and kills of processes.
        artefacts: what was there to be looked at.
        programs: more programs whose crashes are named.
        most: programs named of each kind; what is beyond is counted in the last finding.

    Raises:
        Nothing: without rows there is nothing to find, and coverage says so.

    Source:
        Amnesty International Security Lab, Forensic Methodology Report, 2021, for crashes among the traces of attacks.
        Android Open Source Project, documentation of tombstones and of user numbers, 2024.
    """
    data = told("crashes")
    user = folded(crashes.user.fill_null("")).re_replace(r"^uid[ :=]*", "")
    name = crashes.process.fill_null("").re_extract(r"([^/]+)$", 1)
    listed = name.isin([*data["programs"], *programs])
    privileged = user.isin(data["users"])
    observations = found(crashes.filter(listed), data["rules"]["exposed"], by=["process"], most=most)
    observations += found(
        crashes.filter(privileged & ~listed), data["rules"]["privileged"], by=["process", "user"], most=most
    )
    return answer_of(
        observations,
        artefacts,
        [CRASHES.name],
        "crashes of what runs with rights of the system or takes in what others send",
        "A crash shows that a program failed, not why.",
    )
