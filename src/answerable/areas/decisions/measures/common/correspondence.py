"""From cells of matched pairs to estimates: how far groups lie apart, and how far chance alone would bring them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from answerable.areas.decisions.measures.common.answers import LIMITS
from answerable.core.curve import ladder
from answerable.core.estimate import Answer, Coverage, Estimate, Point, Series
from answerable.core.words import count_text
from answerable.statistics.clustered import Clustered, Statistic, jackknife, jackknife_of
from answerable.statistics.matched import exact_p_value, exact_share, paired_difference

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.matched import Cells, Matched

UNSAID = (
    "Nobody said what is independent: name the column of the template, vacancy or employer that pairs share "
    "(--template COLUMN), or say that each pair is independent of the others (--independent)."
)
ONE = "All pairs share one template: how much the result changes from one to the next cannot be told."
NO_PAIR = "No matched pair has an answer from both sides."
SAME = "Templates (or pairs) do not differ from each other at all, so that chance cannot be told from them."
LEANS = "Without one of the templates (or names) this could not be computed: it rests on that one alone."
PAIR_LIMITS = (
    "A name, or whatever else stands for a group, says more than the group, such as class or age; the difference is "
    "that between the signals.",
    "The difference within pairs is net: pairs that favour one group and pairs that favour the other cancel out "
    "(Heckman & Siegelman 1993). It holds at the level of qualification of the templates; where what cannot be seen "
    "varies more in one group, it can be too large, too small or of the wrong sign (Neumark 2012).",
    "It holds for these templates, this system and this time. Answers of language models can change, in direction too, "
    "with the wording (arXiv 2406.10486).",
)
_MOST_POINTS = 200
Curve = tuple[tuple[float, float | None, float | None], ...]


class Compared:
    """The groups of matched pairs against the reference.

    Args:
        matched: the pairs.
        independent: whether each pair is independent of the others.
        favourable: whether a positive answer is good for the person.
        level: confidence level.
    """

    def __init__(self, matched: Matched, *, independent: bool, favourable: bool | None, level: float) -> None:
        self.matched, self.independent, self.level = matched, independent, level
        self.direction: Literal["good", "bad", "not stated"] = (
            "not stated" if favourable is None else "good" if favourable else "bad"
        )
        self.answers: Mapping[str, Cells] = {}
        self.numbers: Mapping[str, Cells] = {}
        self.controls: Mapping[str, Cells] = {}

    def rates(self, comparisons: Sequence[str]) -> list[Estimate]:
        """Differences and ratios of the rate of positive answers, and how often two answers differ."""
        self.answers, self.controls = self.matched.answers(), self.matched.controls()
        made = []
        for variant in self.matched.others:
            cells = self.answers.get(variant)
            for kind in comparisons:
                made.append(self._compared(variant, cells, kind))
            if self.independent:
                made.append(self._share(variant, cells))
        for variant, cells in self.answers.items():
            made.append(self._apart(f"{variant} with {self.matched.reference}", cells))
        for kind, cells in self.controls.items():
            made.append(self._apart(kind, cells))
            made += [self._beyond_noise(variant, mine, kind, cells) for variant, mine in self.answers.items()]
        return made

    def scores(self) -> list[Estimate]:
        """Mean differences of answered numbers."""
        self.numbers = self.matched.numbers()
        return [self._compared(variant, self.numbers.get(variant), "score") for variant in self.matched.others]

    def _compared(self, variant: str, cells: Cells | None, kind: str) -> Estimate:
        """A group against the reference: the difference or ratio of rates, or the difference of numbers."""
        score = kind == "score"
        given: dict[str, Any] = {
            "name": "score_difference" if score else f"positive_rate_{kind}",
            "label": "number answered in matched pairs" if score else "rate of positive answers in matched pairs",
            "of": {"group": variant},
            "against": {"group": self.matched.reference},
            "unit": {"score": "difference of numbers", "ratio": "ratio"}.get(kind, "difference of proportions"),
            "null": 1.0 if kind == "ratio" else 0.0,
            "level": self.level,
            "direction": "not stated" if score else self.direction,
        }
        if cells is None:
            return Estimate(**given, n=0, events=0, counts=(0, 0), reason=NO_PAIR)
        n, of, against = cells.n, float(cells.of.sum()), float(cells.against.sum())
        events = (0, 0) if score else (round(of), round(against))
        given |= {"n": n, "events": events[0], "counts": (n, events[1]), "between": (of / n, against / n)}
        if kind != "ratio":
            return Estimate(**given, value=(of - against) / n, **self._difference(cells, score=score))
        if not against:
            why = "The rate of the reference is 0, so there is no ratio to it; the difference is told instead."
            return Estimate(**given, reason=why)
        return Estimate(**given, value=of / against, **self._ratio(cells))

    def _difference(self, cells: Cells, *, score: bool) -> dict[str, Any]:
        """The interval of a mean difference within pairs."""
        if self.independent and not score and _single(cells):
            return self._tango(cells, cells.n)
        sums = np.stack([cells.pairs, cells.of, cells.against], axis=1)
        if self.independent and score:
            made = _paired_t(cells)
        else:
            made = self._jackknife(sums, cells, lambda s: (s[..., 1] - s[..., 2]) / s[..., 0])
        if made is not None and made.error == 0 and not score:
            return self._tango(cells, made.clusters[0])
        bound = math.inf if score else 1.0
        return self._interval(made, cells, null=0.0, ends=lambda end: min(max(end, -bound), bound))

    def _tango(self, cells: Cells, pairs: int) -> dict[str, Any]:
        """The score interval, as if there were so many pairs: all of them, or one for each of equal templates."""
        of, against = cells.of / cells.pairs, cells.against / cells.pairs
        first, second = (float((cells.pairs * one).sum()) for one in (of * (1 - against), against * (1 - of)))
        share = pairs / cells.n
        levels = ladder(self.level)
        if first + second:
            levels = _with(levels, math.erfc(abs(first - second) * share / math.sqrt(2 * (first + second) * share)))
        ends = paired_difference(first * share, second * share, pairs, levels)
        how = "score interval for matched pairs (Tango)"
        if pairs < cells.n:
            how += f", as if each of {pairs:,} templates had given one pair: they do not differ"
        return {"curve": _curve(levels, ends), "interval": how, **({"units": pairs} if self.independent else {})}

    def _ratio(self, cells: Cells) -> dict[str, Any]:
        sums = np.stack([cells.pairs, cells.of, cells.against], axis=1)
        if not cells.of.sum():
            return {"reason": "The group has no positive answer; the difference is told instead."}
        made = self._jackknife(sums, cells, lambda s: np.log(s[..., 1] / s[..., 2]))
        return self._interval(made, cells, null=0.0, ends=_exp)

    def _share(self, variant: str, cells: Cells | None) -> Estimate:
        """McNemar's exact test as the share of the discordant pairs that favour the group."""
        first = second = 0
        if cells is not None and _single(cells):
            of, against = cells.of > 0, cells.against > 0
            first, second = int(cells.pairs[of & ~against].sum()), int(cells.pairs[against & ~of].sum())
        n = first + second
        given: dict[str, Any] = {
            "name": "discordant_share",
            "label": "share of pairs with two different answers that were in favour",
            "of": {"group": variant},
            "unit": "proportion",
            "null": 0.5,
            "level": self.level,
            "direction": self.direction,
            "n": n,
            "events": first,
        }
        if not n:
            several = cells is not None and not _single(cells)
            why = "Members answered several times each." if several else "There is no pair whose two answers differ."
            return Estimate(**given, reason=why)
        levels = _with(ladder(self.level), exact_p_value(first, n))
        curve = _curve(levels, exact_share(first, n, levels))
        return Estimate(**given, value=first / n, curve=curve, units=n, interval="exact (McNemar, Clopper-Pearson)")

    def _apart(self, kind: str, cells: Cells) -> Estimate:
        """How often the two answers of a pair differ."""
        n, apart = cells.n, float(cells.apart.sum())
        made = self._jackknife(np.stack([cells.pairs, cells.apart], axis=1), cells, _logit, names=False)
        clusters = made.clusters[0] if made else self._clusters(cells)
        if clusters > 1 and (made is None or made.error == 0):
            # Clusters that do not differ count as one pair each: nothing shows that their pairs are independent.
            levels = ladder(self.level)
            ends = exact_share(apart / n * clusters, clusters, levels)
            how = "exact" if self.independent else "exact, as if each template had given one pair"
            rest: dict[str, Any] = {"curve": _curve(levels, ends), "interval": how}
        else:
            rest = self._interval(made, cells, null=None, ends=_expit)
        return Estimate(
            name="discordant_pairs",
            label="share of pairs with two different answers",
            of={"pairs of": kind},
            unit="proportion",
            level=self.level,
            n=n,
            events=round(apart),
            value=apart / n,
            **rest,
        )

    def _beyond_noise(self, variant: str, cells: Cells, kind: str, controls: Cells) -> Estimate:
        """How much more often answers differ between groups than within one."""
        zero, none = np.zeros_like(cells.pairs), np.zeros_like(controls.pairs)
        sums = np.concatenate(
            [
                np.stack([cells.pairs, cells.apart, zero, zero], axis=1),
                np.stack([none, none, controls.pairs, controls.apart], axis=1),
            ]
        )

        def statistic(s: Any) -> Any:
            return s[..., 1] / s[..., 0] - s[..., 3] / s[..., 2]

        both = {name: [*cells.labels[name], *ones] for name, ones in controls.labels.items()}
        made = None
        if "template" in both:
            made = jackknife(sums, [both["template"]], statistic)
        elif self.independent:
            times = np.concatenate([cells.pairs, controls.pairs])
            made = jackknife_of(sums / times[:, None], times, statistic)
        shares = [float(one.apart.sum()) / one.n for one in (cells, controls)]
        return Estimate(
            name="discordant_pairs_difference",
            label="share of pairs with two different answers",
            of={"pairs of": f"{variant} with {self.matched.reference}"},
            against={"pairs of": kind},
            unit="difference of proportions",
            null=0.0,
            level=self.level,
            n=cells.n,
            events=round(float(cells.apart.sum())),
            counts=(controls.n, round(float(controls.apart.sum()))),
            between=(shares[0], shares[1]),
            value=shares[0] - shares[1],
            **self._interval(made, cells, null=0.0, ends=lambda end: min(max(end, -1.0), 1.0)),
        )

    def _jackknife(self, sums: Any, cells: Cells, statistic: Statistic, *, names: bool = True) -> Clustered | None:
        if "template" in cells.labels:
            kinds = list(cells.labels.values()) if names else [cells.labels["template"]]
            return jackknife(sums, kinds, statistic)
        if self.independent:
            return jackknife_of(sums / cells.pairs[:, None], cells.pairs, statistic)
        return None

    def _clusters(self, cells: Cells) -> int:
        if "template" in cells.labels:
            return len(set(cells.labels["template"]))
        return cells.n if self.independent else 0

    def _interval(self, made: Clustered | None, cells: Cells, *, null: float | None, ends: Any) -> dict[str, Any]:
        """The curve of a clustered value, or the reason why there is none."""
        if made is None:
            clusters = self._clusters(cells)
            return {"reason": LEANS if clusters > 1 else ONE if clusters else UNSAID}
        if made.error == 0:
            return {"reason": SAME}
        levels = ladder(self.level) if null is None else _with(ladder(self.level), made.p_value(null))
        curve = _curve(levels, [(ends(low), ends(high)) for low, high in made.ends(levels)])
        if self.independent:
            return {"curve": curve, "interval": "t interval over independent pairs", "units": cells.n}
        crossed = " and the names" if len(made.clusters) > 1 else ""
        return {"curve": curve, "interval": f"jackknife over {made.clusters[0]:,} templates{crossed}, t interval"}


def answer_of(compared: Compared, estimates: Sequence[Estimate]) -> Answer:
    """The answer: with a series of the templates, what was looked at, what was missing, and the limits."""
    matched = compared.matched
    main = {**compared.numbers, **compared.answers}
    looked_at = {"rows": matched.rows + matched.skipped, "matched pairs": sum(cells.n for cells in main.values())}
    looked_at["control pairs"] = sum(cells.n for cells in compared.controls.values())
    templates = {name for cells in main.values() for name in cells.labels.get("template", ())}
    if templates:
        looked_at["templates"] = len(templates)
    missing = _missing(matched, main)
    by_template = {variant: _by_template(cells) for variant, cells in main.items() if "template" in cells.labels}
    return Answer(
        estimates=tuple(estimates),
        coverage=Coverage(looked_at=looked_at, missing=missing, complete=not missing),
        limits=(LIMITS[0], *PAIR_LIMITS, *_own_limits(compared, main, by_template)),
        series=tuple(_series(compared, variant, found) for variant, found in by_template.items()),
    )


def _missing(matched: Matched, main: Mapping[str, Cells]) -> dict[str, str]:
    """What could not be used, group by group: answers that are missing more often for one group are a finding too."""
    gaps = {}
    for variant, one in matched.variants.items():
        if lost := one["asked"] - one["answered"]:
            gaps[f"group {variant}"] = f"{lost:,} of {count_text(one['asked'], 'member')} gave no answer"
        elif one["unread"]:
            gaps[f"group {variant}"] = f"{count_text(one['unread'], 'attempt')} without an answer, then asked again"
    for variant, asked in matched.asked().items():
        whole = main[variant].n if variant in main else 0
        if whole < asked:
            gaps[f"pairs of {variant} with {matched.reference}"] = (
                f"{asked - whole:,} of {asked:,} lack an answer on one side and are left out"
            )
    if matched.skipped:
        gaps["rows"] = f"{count_text(matched.skipped, 'row')} without group, pair or template left out"
    return gaps


def _by_template(cells: Cells) -> dict[str, tuple[float, int]]:
    """Difference and number of pairs of each template."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for template, pairs, apart in zip(cells.labels["template"], cells.pairs, cells.of - cells.against, strict=True):
        sums[template][0] += float(apart)
        sums[template][1] += float(pairs)
    return {template: (apart / pairs, int(pairs)) for template, (apart, pairs) in sorted(sums.items())}


def _own_limits(
    compared: Compared, main: Mapping[str, Cells], by_template: Mapping[str, Mapping[str, tuple[float, int]]]
) -> list[str]:
    """Limits that this very evidence has."""
    said = []
    for variant, found in by_template.items():
        values = [value for value, _ in found.values()]
        overall = sum(value * pairs for value, pairs in found.values())
        against = sum(value * overall < 0 for value in values)
        if against:
            said.append(
                f"In {against:,} of {len(values):,} templates the difference of {variant} goes the other way than in "
                "all together."
            )
    if few := _few(main):
        said.append(f"The intervals rest on {few}: they are as wide as so few ask for.")
    if by_template and not compared.matched.names:
        said.append("The intervals hold for the names that were used, not for other names of the groups.")
    for variant, cells in main.items():
        if any(len(set(names)) == 1 for kind, names in cells.labels.items() if kind != "template"):
            said.append(f"One name alone stands for {variant} or for {compared.matched.reference}: it may be the name.")
    if by_template and not compared.controls:
        said.append("There are no pairs within one group, so how often answers differ by chance alone is not known.")
    return said


def _few(main: Mapping[str, Cells]) -> str:
    """What there are fewer than ten of, so that intervals are wide: "6 templates and 3 names of a group"."""
    words = {"template": "templates", "name": "names of a group", "name_against": "names of the reference"}
    found = []
    for kind, plural in words.items():
        counts = [len(set(cells.labels[kind])) for cells in main.values() if kind in cells.labels]
        if 1 < min(counts, default=0) < 10:
            found.append(f"{min(counts)} {plural}")
    return " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


def _series(compared: Compared, variant: str, found: Mapping[str, tuple[float, int]]) -> Series:
    answers = variant in compared.answers
    most = list(found.items())[:_MOST_POINTS]
    return Series(
        name="difference_by_template",
        label="difference of the rate of positive answers" if answers else "difference of the number answered",
        of={"group": variant},
        against={"group": compared.matched.reference},
        unit="difference of proportions" if answers else "difference of numbers",
        null=0.0,
        axis="template",
        axis_unit="name",
        joined=False,
        level=compared.level,
        points=tuple(Point(x=template, value=value, n=pairs) for template, (value, pairs) in most),
    )


def _single(cells: Cells) -> bool:
    """Whether every member gave one answer, or the same every time."""
    rates = np.concatenate([cells.of, cells.against]) / np.concatenate([cells.pairs, cells.pairs])
    return bool(np.all((rates == 0) | (rates == 1)))


def _paired_t(cells: Cells) -> Clustered | None:
    n, total = cells.n, float((cells.of - cells.against).sum())
    if n < 2:
        return None
    variance = max(float(cells.squares.sum()) - total**2 / n, 0.0) / (n - 1)
    return Clustered(total / n, math.sqrt(variance / n), n - 1, (n,))


def _with(levels: Sequence[float], p: float) -> tuple[float, ...]:
    """The levels with the one at which the interval just reaches the null value, so that the curve gives this p."""
    own = 1 - p
    near = any(abs(own - level) < 1e-9 for level in levels)
    return tuple(levels) if near or not 0 < own < levels[-1] else tuple(sorted([*levels, own]))


def _curve(levels: Sequence[float], ends: Sequence[tuple[float, float]]) -> Curve:
    def end(one: float) -> float | None:
        return one if math.isfinite(one) else None

    return tuple((level, end(low), end(high)) for level, (low, high) in zip(levels, ends, strict=True))


def _logit(sums: Any) -> Any:
    share = sums[..., 1] / sums[..., 0]
    return np.log(share / (1 - share))


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf
