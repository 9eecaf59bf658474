"""devices.threat_notices: messages with which Apple warns people whom spyware targets."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.rules import answer_of, any_of, folded, found, told
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import ARTEFACTS, MESSAGES
from answerable.core.engine import keep
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "devices.threat_notices",
    reads=[MESSAGES, ARTEFACTS],
    source="Apple Support 2021 and later, About Apple threat notifications and protecting against mercenary spyware",
    rights=RIGHTS,
)
def threat_notices(messages: ir.Table, artefacts: ir.Table, *, most: int = 200) -> Answer:
    """Messages with which Apple warns people whom it believes to be targeted by spyware.

    A message counts by its sender, or by words that such warnings use; messages that the phone's owner wrote are left
    out. What the message says stays in the case.

    Args:
        messages: messages of the phone.
        artefacts: what was there to be looked at.
        most: messages named of each kind; what is beyond is counted in the last finding.

    Raises:
        Nothing: without rows there is nothing to find, and coverage says so.

    Source:
        Apple Support, About Apple threat notifications and protecting against mercenary spyware, 2021 and later.
        Amnesty International, Apple threat notifications: What they mean and what you can do, 2024.
    """
    data = told("threat_notices")
    received = keep(_likely(messages.filter(~messages.from_owner.fill_null(False)), data))
    by_apple = folded(received.sender).re_replace("^mailto:", "").isin(data["senders"]).fill_null(False)
    text = (received.text.fill_null("") + " " + received.subject.fill_null("")).lower().re_replace(r"\s+", " ")
    said = any_of(_all(text.contains(word) for word in words) for words in data["wordings"])
    by = ["exhibit", "artefact", "table", "row"]
    observations = found(received.filter(by_apple), data["rules"]["sender"], by=by, most=most)
    observations += found(received.filter(said & ~by_apple), data["rules"]["wording"], by=by, most=most)
    return answer_of(
        observations,
        artefacts,
        [MESSAGES.name],
        "warnings by Apple of an attack with spyware",
        "A warning is sent because of an attempt that Apple saw; it does not show that the phone was infected.",
        "Warnings that came by e-mail or on Apple's page are not among the messages of a phone.",
    )


def _likely(messages: ir.Table, data: Mapping[str, Any]) -> ir.Table:
    """Messages that hold the first words of a wording, or a sender: one look at each text leaves out nearly all."""
    words = {words[0] for words in data["wordings"]}
    wording = "(?i)" + "|".join(sorted(re.escape(word).replace(r"\ ", r"\s+") for word in words))
    said = any_of(messages[column].fill_null("").re_search(wording) for column in ("text", "subject"))
    sent = any_of(messages.sender.fill_null("").lower().contains(sender) for sender in data["senders"])
    return messages.filter(said | sent)


def _all(conditions: Any) -> Any:
    return functools.reduce(operator.and_, conditions)
