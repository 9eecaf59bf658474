"""devices.invitations: entries of the calendar like those by which spyware came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from answerable.areas.devices.measures.common.rules import answer_of, folded, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import ARTEFACTS, CALENDAR_ENTRIES
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "devices.invitations",
    reads=[CALENDAR_ENTRIES, ARTEFACTS],
    source="Marczak and others 2023, Sweet QuaDreams, Citizen Lab",
    rights=RIGHTS,
)
def invitations(calendar_entries: ir.Table, artefacts: ir.Table, *, days: int = 1, most: int = 200) -> Answer:
    """Invitations like those by which QuaDream's spyware came: by their words, or to a time that had passed.

    An invitation to a time in the past is taken into the calendar of an iPhone without a notice. QuaDream's had the
    title "Meeting" and the text "Notes". What an entry says, and who sent it, stays in the case.

    Args:
        calendar_entries: entries of calendars.
        artefacts: what was there to be looked at.
        days: how many days, at least, an invitation was made after its beginning.
        most: entries named of each kind; what is beyond is counted in the last finding.

    Raises:
        ParameterError: days is below 1.

    Source:
        Marczak, B., and others, Sweet QuaDreams: A First Look at Spyware Vendor QuaDream's Exploits, Victims, and
        Customers, Citizen Lab, 2023.
    """
    if days < 1:
        raise ParameterError(f"days takes a number from 1, not {days}.")
    data, by = told("invitations"), ["exhibit", "artefact", "table", "row"]
    summary, description = (folded(calendar_entries[name]) == data[name].lower() for name in ("summary", "description"))
    published = calendar_entries.filter(summary & description)
    invited = calendar_entries.filter(
        calendar_entries.organiser.fill_null("") != "",
        calendar_entries.begins.notnull() & calendar_entries.created.notnull(),
    )
    late = invited.mutate(days=invited.created.delta(invited.begins, unit="second") // 86_400)
    observations = found(published, data["rules"]["published"], by=by, most=most)
    observations += found(late.filter(late.days >= days), data["rules"]["past"], by=by, most=most)
    return answer_of(
        observations,
        artefacts,
        [CALENDAR_ENTRIES.name],
        "invitations like those by which spyware came",
        "An invitation shows that somebody sent it, not that anything came with it.",
        "The spyware of 2021 removed its invitations; that there is none shows little.",
    )
