"""Kenya's means test (Lighthouse Reports 2026): Fisher's exact stars, and how many survive the number of tests."""

import csv

import pytest

from answerable.asking import ask
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


def test_the_one_star_that_differs_follows_from_the_totals_of_another_split(groups, public_data):
    """The urban-rural split adds up to 529 poor households missed of 1,343, every other one to 523."""
    (row,) = [row for row in groups if row["Group"] == "Nr Rooms" and row["Attribute"] == "2"]
    missed, found = int(row["FN"]), int(row["TP"])
    against = [float(*fisher([missed], [found], [fn - missed], [1343 - fn - found])) for fn in (523, 529)]
    assert [next(star for limit, star in STARS if p < limit) for p in against] == ["**", "*"]
    assert row["Exclusion Sig"] == "*"
    assert row["Ref Exclusion Error (FNR)"] == f"{100 * (529 - missed) / (1343 - missed - found):.2f}"
    result = ask("decisions.recompute", public_data / "decisions" / "kenya_pmt_group_fairness_kchs.csv")
    (said,) = [finding.statement for finding in result.findings if "'Exclusion Sig': '*'" in finding.statement]
    assert "Group 'Urban Rural Classification' adds up to it is right (p = 0.0604)" in said


def test_a_wrong_star_that_no_totals_explain_is_left_without_an_excuse(public_data, tmp_path):
    lines = (public_data / "decisions" / "kenya_pmt_group_fairness_kchs.csv").read_text(encoding="utf-8").splitlines()
    assert ",insig," in lines[1]
    lines[1] = lines[1].replace(",insig,", ",***,")
    file = tmp_path / "changed.csv"
    file.write_text("\n".join(lines) + "\n")
    result = ask("decisions.recompute", file)
    (said,) = [finding.statement for finding in result.findings if "'Exclusion Sig': '***'" in finding.statement]
    assert "adds up to it is right" not in said
    assert result.coverage.looked_at["Exclusion Sig: rows that agree by these or by another split's totals"] == 101


def test_the_command_counts_the_stars_and_those_that_remain(public_data):
    result = ask("decisions.recompute", public_data / "decisions" / "kenya_pmt_group_fairness_kchs.csv")
    looked_at = result.coverage.looked_at
    names = ("a mark by the recomputed test", *(f"p below 0.05{how}" for how in
             ("", ", benjamini-hochberg", ", benjamini-yekutieli", ", holm")))  # fmt: skip
    assert [looked_at[f"Exclusion Sig: rows with {name}"] for name in names] == [65, 55, 46, 35, 28]
    assert looked_at["Exclusion Sig: rows that agree by these or by another split's totals"] == 102
    assert any("28 by Holm" in limit for limit in result.findings[0].limits)


def test_scipy_and_statsmodels_count_the_same(groups):
    from scipy.stats import fisher_exact
    from statsmodels.stats.multitest import multipletests

    p = []
    for row in groups:
        missed, found = int(row["FN"]), int(row["TP"])
        p.append(fisher_exact([[missed, found], [523 - missed, 820 - found]])[1])
    remain = [int(sum(multipletests(p, 0.05, how)[1] < 0.05)) for how in ("fdr_bh", "fdr_by", "holm")]
    assert (sum(one < 0.1 for one in p), sum(one < 0.05 for one in p), *remain) == (65, 55, 46, 35, 28)


def test_how_many_survive_the_number_of_tests(p_values):
    survive = {
        how: sum(p < 0.05 for p in adjust(p_values, how))
        for how in ("none", "benjamini-hochberg", "benjamini-yekutieli", "holm")
    }
    assert survive == {"none": 55, "benjamini-hochberg": 46, "benjamini-yekutieli": 35, "holm": 28}
