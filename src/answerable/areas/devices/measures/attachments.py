"""devices.attachments: files that came with messages and lie where attacks have left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from answerable.areas.devices.measures.common.rules import answer_of, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import ARTEFACTS, ATTACHMENTS
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "devices.attachments",
    reads=[ATTACHMENTS, ARTEFACTS],
    source="Marczak and others 2021, FORCEDENTRY, Citizen Lab, on attacks by way of files in messages",
    rights=RIGHTS,
)
def attachments(
    attachments: ir.Table,
    artefacts: ir.Table,
    *,
    folder: str = "/var/tmp/",
    ending: str = "-1",
    most: int = 200,
) -> Answer:
    """Files received with messages that lie in a folder for temporary files under a name that ends in -1.

    Args:
        attachments: files that came or went with messages.
        artefacts: what was there to be looked at.
        folder: folder of temporary files; /private before it counts for nothing.
        ending: how the name ends, with or without what follows a dot.
        most: files named; what is beyond is counted in the last finding.

    Raises:
        Nothing: without rows there is nothing to find, and coverage says so.

    Source:
        Marczak, B., and others, FORCEDENTRY, Citizen Lab, 2021, for attacks by way of files in messages. The folder and
        the ending are those that tools of the field look for; no text explains them.
    """
    path = attachments.path.fill_null("").re_replace("^/private/", "/")
    name = path.re_extract(r"([^/]+)$", 1).re_replace(r"\.[A-Za-z0-9]+$", "")
    received = attachments.filter(
        ~attachments.from_owner.fill_null(False),
        path.startswith(folder) & name.endswith(ending),
    )
    rule = told("attachments")["rules"]["temporary"]
    return answer_of(
        found(received, rule, by=["path"], most=most),
        artefacts,
        [ATTACHMENTS.name],
        f"received files in {folder} whose name ends in {ending}",
        "A file's place shows where it was put, not what it did.",
    )
