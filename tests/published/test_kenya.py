"""Kenya's means test (Lighthouse Reports 2026): Fisher's exact stars, and how many survive the number of tests."""

import csv

import pytest

from answerable.core.multiplicity import adjust
from answerable.statistics.exact import fisher

STARS = ((0.01, "***"), (0.05, "**"), (0.1, "*"), (1.1, "insig"))


@pytest.fixture(scope="module")
def groups(public_data):
    file = public_data / "decisions" / "kenya_pmt_group_fairness_kchs.csv"
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def p_values(groups):
    """Two-sided p-values of the exclusion error of each group against everybody else."""
    excluded, included = 523, 820  # FN and TP of all
    tables = [(int(row["FN"]), int(row["TP"]), excluded - int(row["FN"]), included - int(row["TP"])) for row in groups]
    return [float(p) for p in fisher(*zip(*tables, strict=True))]


def test_the_stars(groups, p_values):
    ours = [next(star for limit, star in STARS if p < limit) for p in p_values]
    differ = [row["Attribute"] for row, star in zip(groups, ours, strict=True) if row["Exclusion Sig"] != star]
    assert len(groups) == 102
    assert sum(star != "insig" for star in ours) == 65
    assert len(differ) == 1, "one published star is not what the published counts give"


def test_how_many_survive_the_number_of_tests(p_values):
    survive = {
        how: sum(p < 0.05 for p in adjust(p_values, how))
        for how in ("none", "benjamini-hochberg", "benjamini-yekutieli", "holm")
    }
    assert survive == {"none": 55, "benjamini-hochberg": 46, "benjamini-yekutieli": 35, "holm": 28}
