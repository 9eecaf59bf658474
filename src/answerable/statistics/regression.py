"""Logistic regression on cells, with errors from what independent units put into them, and what separation leaves."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.errors import NotIdentified

if TYPE_CHECKING:
    from answerable.statistics.design import Flags, Floats

_CERTAIN = 1e-6
_SHARE = 1e-7
_MOST_STEPS = 50
"""Rates of one in a million need about twenty; where terms foretell the event there is no last one."""


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A fitted logistic regression of cells.

    Args:
        terms: what each cell holds of each term, shape (C, P).
        event: whether a cell's rows have the event, shape (C,).
        weights: totals of the cells, shape (C,); 0 where a cell takes no part.
        kept: cells that take part and are not wholly foretold by the terms, shape (C,).
        coefficients: log odds by term, shape (P,); only those that are `identified` mean anything.
        identified: terms whose coefficient the cells determine, shape (P,).
        rates: fitted rate of each cell, shape (C,); 0 or 1 for those that the terms foretell.
        log_likelihood: of the rows.
    """

    terms: Floats
    event: Flags
    weights: Floats
    kept: Flags
    coefficients: Floats
    identified: Flags
    rates: Floats
    log_likelihood: float

    @cached_property
    def influence(self) -> Floats:
        """What one row of each cell adds to each coefficient, shape (P, C)."""
        working = self.weights * self.kept * self.rates * (1 - self.rates)
        scale = _scale(self.terms)
        scaled = self.terms / scale
        bread = np.linalg.pinv((scaled * working[:, None]).T @ scaled, hermitian=True) / np.outer(scale, scale)
        scores = (self.event - self.rates) * self.kept
        return np.asarray(bread @ (self.terms * scores[:, None]).T)

    @property
    def akaike(self) -> float:
        """Akaike's information criterion, of the rows taken one by one."""
        return 2 * int(np.linalg.matrix_rank(self.terms[self.kept] / _scale(self.terms))) - 2 * self.log_likelihood

    def marginal(self, term: int, others: Flags) -> tuple[tuple[float, float], Floats]:
        """Mean fitted rates of everybody, were all of the term's group, and were all of the reference.

        Cells of groups whose own coefficient is not identified take no part.

        Args:
            term: the group's.
            others: terms that say the group, shape (P,); 0 for all means the reference.

        Returns:
            The two mean rates, and what one row of each cell adds to each of them, shape (2, C).

        Source: average marginal effects, Williams 2012, Stata J. 12; with the mix of cases random, Binder 1983.
        """
        inside = self.kept & ~(self.terms[:, others & ~self.identified] != 0).any(axis=1)
        weights = self.weights * inside
        total = weights.sum()
        means, influences = [], []
        for value in (1.0, 0.0):
            moved = np.where(others, 0.0, self.terms)
            moved[:, term] = value
            rates = _expit(moved @ self.coefficients)
            mean = float(weights @ rates / total)
            slope = (weights * rates * (1 - rates)) @ moved / total
            means.append(mean)
            influences.append(slope @ self.influence + (rates - mean) * inside / total)
        return (means[0], means[1]), np.stack(influences)


def logistic(terms: Floats, event: Flags, weights: Floats) -> LogisticFit:
    """Logistic regression of an event on terms, by maximum likelihood on totals of cells.

    Where terms foretell the event of some cells without fail (separation), their coefficients have no finite estimate.
    Such cells are found by linear programming and set apart; the others determine the rest of the coefficients.

    Args:
        terms: shape (C, P), a column of ones among them.
        event: shape (C,).
        weights: shape (C,), 0 for cells that take no part.

    Raises:
        NotIdentified: the terms foretell every cell.

    Source: McCullagh & Nelder 1989, London, ch. 4; separation, Albert & Anderson 1984, Biometrika 71; Konis 2007,
        Oxford.
    """
    kept = weights > 0
    while True:
        if not kept.any():
            raise NotIdentified(
                "What is held constant foretells every decision, so that a regression has nothing left to compare.",
                missing="fewer things held constant, or more decisions.",
            )
        found, rates, likelihood = _fitted(terms[kept], event[kept], weights[kept])
        certain = np.minimum(rates, 1 - rates) < _CERTAIN
        apart = _separated(terms[kept], event[kept]) if certain.any() else np.zeros(int(kept.sum()), dtype=bool)
        if not apart.any():
            break
        kept[np.flatnonzero(kept)[apart]] = False
    every = event.astype(np.float64)
    every[kept] = rates
    identified = _identified(terms[kept])
    return LogisticFit(terms, event, weights, kept, found, identified, every, likelihood)


def _fitted(terms: Floats, event: Flags, weights: Floats) -> tuple[Floats, Floats, float]:
    """Coefficients, fitted rates, log likelihood."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    scale = _scale(terms)
    scaled = terms / scale
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of separation, which is looked for afterwards
        model = GLM(event.astype(np.float64), scaled, family=Binomial(), freq_weights=weights)
        result: Any = model.fit(maxiter=_MOST_STEPS, tol=1e-10, tol_criterion="params")
        found, likelihood = np.asarray(result.params), float(result.llf)
    return found / scale, _expit(scaled @ found), likelihood


def _separated(terms: Floats, event: Flags) -> Flags:
    """Cells whose event a combination of terms foretells, while it errs for no other cell."""
    from scipy.optimize import linprog

    scaled = terms / _scale(terms)
    signed = np.where(event, 1.0, -1.0)[:, None] * scaled
    rows, back = np.unique(signed.round(12), axis=0, return_inverse=True)
    found = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1), method="highs")
    if not found.success:
        raise NotIdentified(
            "Whether what is held constant foretells decisions without fail could not be found out.",
            missing="fewer things held constant.",
        )
    return np.asarray((rows @ found.x > _SHARE)[back.ravel()])


def _identified(terms: Floats) -> Flags:
    """Terms whose coefficient is not free to move against that of others."""
    scaled = terms / _scale(terms)
    _, singular, directions = np.linalg.svd(scaled.T @ scaled, hermitian=True)
    free = directions[singular <= singular.max() * 1e-12]
    return np.asarray(~(np.abs(free) > _SHARE**0.5).any(axis=0))


def _scale(terms: Floats) -> Floats:
    largest = np.abs(terms).max(axis=0)
    return np.where(largest > 0, largest, 1.0)


def _expit(values: Floats) -> Floats:
    from scipy.special import expit

    return np.asarray(expit(values))
