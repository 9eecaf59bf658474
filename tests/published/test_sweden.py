"""The bootstrap of the Swedish parental-benefit audit (Lighthouse Reports and Svenska Dagbladet 2024).

The publication resamples both samples (cases that the system selected, cases drawn at random), 10,000 times. With the
population of 977,730 divided among the groups as the random sample is, and its error rate standing for the
population's, the shares of a group are TP = flagged with errors / N, FP = flagged without / N, FN = error rate - TP,
TN = 1 - error rate - FP.
"""

import numpy as np
import pytest

import answerable
from answerable.statistics.design import Design

POPULATION = 977_730
FILES = {  # file, column, values of the first group
    "gender": ("sweden_vab2017_gender.csv", "Gender", lambda value: value == "M"),
    "income": ("sweden_vab2017_income.csv", "Income", lambda value: int(value) < 290_000),
    "education": ("sweden_vab2017_education.csv", "Education", lambda value: bool(value) and float(value) <= 3),
}
PRECISION = {  # first group, second group, difference with 5 % and 95 %, as published
    "gender": (0.5202, 0.4795, 0.0407, 0.0161, 0.0652),
    "income": (0.5133, 0.4715, 0.0417, 0.0189, 0.0647),
    "education": (0.5094, 0.4318, 0.0777, 0.0499, 0.1052),
}
WITHIN = 0.001


@pytest.fixture(scope="module")
def folder(public_data):
    return public_data / "decisions"


def counts(folder, name):
    """Counts by sample (selected, random), group (first, second) and error (no, yes)."""
    import csv

    file, column, first = FILES[name]
    found = np.zeros((2, 2, 2), dtype=int)
    with (folder / file).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            place = (
                int(row["Selection Method"] == "Random"),
                int(not first(row[column])),
                int(row["Result"] != "No Errors Found"),
            )
            found[place] += 1
    return found


@pytest.fixture(scope="module")
def resampled(folder):
    """For each attribute: precision, false positive rate and false negative rate of both groups, 10,000 times."""
    found = {}
    for name in FILES:
        cells = counts(folder, name)
        selected, chance = (
            Design.independent(cells[sample].ravel()).replicates(10_000, seed).reshape(-1, 2, 2).astype(float)
            for sample, seed in ((0, 42), (1, 43))
        )
        size = POPULATION * chance.sum(axis=2) / chance.sum(axis=(1, 2))[:, None]
        rate = chance[:, :, 1] / chance.sum(axis=2)
        tp, fp = selected[:, :, 1] / size, selected[:, :, 0] / size
        fn, tn = rate - tp, 1 - rate - fp
        found[name] = {"precision": tp / (tp + fp), "fpr": fp / (fp + tn), "fnr": fn / (fn + tp)}
    return found


@pytest.mark.parametrize("name", FILES)
def test_precision(resampled, name):
    precision = resampled[name]["precision"]
    difference = precision[:, 0] - precision[:, 1]
    ours = (*precision.mean(axis=0), difference.mean(), *np.quantile(difference, [0.05, 0.95]))
    assert ours == pytest.approx(PRECISION[name], abs=WITHIN)


def test_precision_of_women_and_men(resampled):
    men, women = resampled["gender"]["precision"].T
    assert np.quantile(men, [0.05, 0.95]) == pytest.approx([0.4997, 0.5403], abs=WITHIN)
    assert np.quantile(women, [0.05, 0.95]) == pytest.approx([0.4655, 0.4933], abs=WITHIN)


def test_false_positive_and_false_negative_rates(resampled):
    published = {"gender": (0.0026, 0.0046), "income": (0.0079, 0.0025), "education": (0.0058, 0.0018)}
    for name, rates in published.items():
        # Tighter than 0.001: the rates themselves are that small.
        assert resampled[name]["fpr"].mean(axis=0) == pytest.approx(rates, abs=0.0001)
    men, women = resampled["gender"]["fpr"].T
    ours = ((men - women).mean(), *np.quantile(men - women, [0.05, 0.95]))
    assert ours == pytest.approx((-0.0020, -0.0025, -0.0015), abs=0.0001)
    assert resampled["gender"]["fnr"].mean(axis=0) == pytest.approx((0.9933, 0.9897), abs=0.0001)


def test_implied_shares_of_the_population(folder):
    cells = counts(folder, "gender")
    size = POPULATION * cells[1].sum(axis=1) / cells[1].sum()
    rate = cells[1][:, 1] / cells[1].sum(axis=1)
    tp, fp = cells[0][:, 1] / size, cells[0][:, 0] / size
    men, women = np.array([tp, fp, 1 - rate - fp, rate - tp]).T
    assert men == pytest.approx([0.0019996927, 0.0018437213, 0.6981562787, 0.2980003073], abs=2e-8)
    assert women == pytest.approx([0.0030009322, 0.0032581550, 0.7037265128, 0.2900144000], abs=2e-8)


def test_the_same_from_the_command(folder):
    """Men's and women's precision and its difference as anybody asks for it, at the published level of 90 %."""
    words = {
        "decided": "Selection Method='High Risk','High High Risk','Follow-up Control'/Random",
        "outcome": "Result='Errors Found','Control Investigation','No Control Investigation'/'No Errors Found'",
        "groups": "Gender",
        "metrics": "PPV",
        "independent": True,
        "level": 0.90,
        "interval": "bootstrap",
    }
    file = folder / FILES["gender"][0]
    rates = answerable.ask("decisions.rates", file, **words)
    men = next(f.estimate for f in rates.findings if f.estimate.of == {"Gender": "M"})
    assert (men.value, men.low, men.high) == pytest.approx((0.5202, 0.4997, 0.5403), abs=WITHIN)
    assert "bootstrap" in men.interval and "10,000" in men.interval
    gap = answerable.ask("decisions.disparity", file, reference={"Gender": "K"}, comparisons="difference", **words)
    one = gap.findings[0].estimate
    assert (one.value, one.low, one.high) == pytest.approx(PRECISION["gender"][2:], abs=WITHIN)
