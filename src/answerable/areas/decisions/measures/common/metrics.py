"""The metrics of decisions, each as a fraction of cells: which decisions and outcomes stand above and below the line.

A cell is known by (decided, outcome), each True, False or None where the evidence does not say. Definitions and names
follow
Verma & Rubin 2018, "Fairness definitions explained", FairWare, Gothenburg.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Group = tuple[str, ...]
Kind = tuple[bool | None, bool | None]
MISSING = "(missing)"
YES, NO, KNOWN, ANY = (True,), (False,), (True, False), (True, False, None)
States = tuple[bool | None, ...]


def group_of(values: Iterable[Any]) -> Group:
    """The values of the group columns as a group; a missing value is a group of its own, stated as such."""
    return tuple(MISSING if value is None else str(value) for value in values)


@dataclass(frozen=True, slots=True)
class Metric:
    """A fraction of cells.

    Args:
        name: the field's term.
        label: the same in plain words.
        above: decisions and outcomes above the line. below: those below it.
        event: whether the event is the decision itself (1), its absence (-1), or neither (0): from it and from whether
            the decision is good for the person follows whether the event is.
    """

    name: str
    label: str
    above: tuple[tuple[States, States], ...]
    below: tuple[States, States]
    event: Literal[1, 0, -1] = 0

    @property
    def needs_outcome(self) -> bool:
        """Whether it can be known only where outcomes are."""
        return self.below[1] is not ANY

    @property
    def needs_decision(self) -> bool:
        """Whether it can be known only where decisions are."""
        return self.below[0] is not ANY

    def is_above(self, kind: Kind) -> bool:
        """Whether a cell stands above the line."""
        return any(kind[0] in decided and kind[1] in outcome for decided, outcome in self.above)

    def is_below(self, kind: Kind) -> bool:
        """Whether a cell stands below the line."""
        return kind[0] in self.below[0] and kind[1] in self.below[1]


def _metric(
    name: str, words: str, above: tuple[States, States], below: tuple[States, States], event: Literal[1, 0, -1] = 0
) -> Metric:
    return Metric(name, f"{name.replace('_', ' ')} ({words})", (above,), below, event)


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _metric("selection_rate", "share with the decision", (YES, ANY), (KNOWN, ANY), 1),
        _metric("base_rate", "share with the outcome", (ANY, YES), (ANY, KNOWN)),
        _metric("true_positive_rate", "decided, of those with the outcome", (YES, YES), (KNOWN, YES), 1),
        _metric("false_positive_rate", "decided, of those without the outcome", (YES, NO), (KNOWN, NO), 1),
        _metric("true_negative_rate", "not decided, of those without the outcome", (NO, NO), (KNOWN, NO), -1),
        _metric("false_negative_rate", "not decided, of those with the outcome", (NO, YES), (KNOWN, YES), -1),
        _metric("positive_predictive_value", "with the outcome, of those decided", (YES, YES), (YES, KNOWN)),
        _metric("false_discovery_rate", "without the outcome, of those decided", (YES, NO), (YES, KNOWN)),
        _metric("negative_predictive_value", "without the outcome, of those not decided", (NO, NO), (NO, KNOWN)),
        _metric("false_omission_rate", "with the outcome, of those not decided", (NO, YES), (NO, KNOWN)),
        Metric("accuracy", "accuracy (decision and outcome agree)", ((YES, YES), (NO, NO)), (KNOWN, KNOWN)),
    )
}
"""Every metric by name. Calibration is the base rate within bands of the score."""

ALIASES = {
    "tpr": "true_positive_rate", "recall": "true_positive_rate", "sensitivity": "true_positive_rate",
    "fpr": "false_positive_rate", "tnr": "true_negative_rate", "specificity": "true_negative_rate",
    "fnr": "false_negative_rate", "ppv": "positive_predictive_value", "precision": "positive_predictive_value",
    "fdr": "false_discovery_rate", "npv": "negative_predictive_value", "for": "false_omission_rate",
    "selection": "selection_rate", "prevalence": "base_rate",
}  # fmt: skip
"""Names that people also use."""

USUAL = tuple(name for name in METRICS if name not in {"true_negative_rate", "false_omission_rate"})
"""What is computed where no metrics are named. The two left out are 1 minus another one."""
