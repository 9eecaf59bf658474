"""New York's stops of 2020 by precinct, and ProPublica's logistic regression of COMPAS (Larson et al. 2016)."""

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

import answerable


def by_name(result, **of):
    found = {}
    for finding in result.findings:
        if all(finding.estimate.of.get(column) == value for column, value in of.items()):
            found[finding.estimate.name] = finding.estimate
    return found


@pytest.fixture(scope="module")
def stops(public_data):
    race = "SUSPECT_RACE_DESCRIPTION"
    return answerable.ask(
        "decisions.conditional", public_data / "decisions" / "nyc_sqf2020_min.csv", decided="FRISKED_FLAG=Y",
        groups=race, controls="STOP_LOCATION_PRECINCT", reference={race: "WHITE"}, missing=["(null)"],
        independent=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def precincts(public_data):
    """Frisked and not by precinct, of Black and of white people: counted apart from all code of ours."""
    import csv

    with (public_data / "decisions" / "nyc_sqf2020_min.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    names = sorted({row["STOP_LOCATION_PRECINCT"] for row in rows})
    table = np.zeros((2, 2, len(names)))
    for row in rows:
        if row["SUSPECT_RACE_DESCRIPTION"] in {"BLACK", "WHITE"}:
            white, spared = int(row["SUSPECT_RACE_DESCRIPTION"] == "WHITE"), int(row["FRISKED_FLAG"] != "Y")
            table[white, spared, names.index(row["STOP_LOCATION_PRECINCT"])] += 1
    return table


def test_stops_in_new_york(stops):
    """Frisk rates 57.9 % and 38.4 %; crude odds ratio 2.21; within precincts 1.38 [1.16, 1.63]."""
    found = by_name(stops, SUSPECT_RACE_DESCRIPTION="BLACK")
    gap = found["selection_rate_gap"]
    assert f"{100 * gap.events / gap.n:.1f}" == "57.9"
    assert f"{100 * gap.counts[1] / gap.counts[0]:.1f}" == "38.4"
    hispanic = (
        by_name(stops, SUSPECT_RACE_DESCRIPTION="WHITE HISPANIC")["selection_rate_gap"],
        by_name(stops, SUSPECT_RACE_DESCRIPTION="BLACK HISPANIC")["selection_rate_gap"],
    )
    assert f"{100 * sum(one.events for one in hispanic) / sum(one.n for one in hispanic):.1f}" == "53.4"
    assert f"{found['selection_rate_crude_odds_ratio'].value:.2f}" == "2.21"
    odds = found["selection_rate_mantel_haenszel_odds_ratio"]
    assert f"{odds.value:.2f} {odds.low:.2f} {odds.high:.2f}" == "1.38 1.16 1.63"


def test_stops_equal_statsmodels(stops, precincts):
    table = StratifiedTable(precincts)
    found = by_name(stops, SUSPECT_RACE_DESCRIPTION="BLACK")
    odds = found["selection_rate_mantel_haenszel_odds_ratio"]
    assert odds.value == pytest.approx(table.oddsratio_pooled, rel=1e-9)
    assert (odds.low, odds.high) == pytest.approx(table.oddsratio_pooled_confint(), rel=1e-9)
    assert found["selection_rate_mantel_haenszel_ratio"].value == pytest.approx(table.riskratio_pooled, rel=1e-9)
    informative = (precincts.sum(axis=1) > 0).all(axis=0) & (precincts.sum(axis=0) > 0).all(axis=0)
    test = StratifiedTable(precincts[:, :, informative]).test_equal_odds(adjust=True)
    assert f"p = {test.pvalue:.2g}" in odds.interval
    share = found["selection_rate_share_with_counterpart"]
    both = (precincts.sum(axis=1) > 0).all(axis=0)
    assert (share.events, share.n) == (precincts[0][:, both].sum(), precincts[0].sum())


COEFFICIENTS = {
    "intercept": -1.52554, "race African-American": 0.47721, "sex Female": 0.22127, "age_cat Less than 25": 1.30839,
    "age_cat Greater than 45": -1.35563, "c_charge_degree M": -0.31124, "priors_count": 0.26895,
    "two_year_recid": 0.68586,
}  # fmt: skip
RISK_RATIOS = {"race African-American": 1.452841, "sex Female": 1.194798, "age_cat Less than 25": 2.49612}


def test_logistic_regression_of_compas(public_data):
    result = answerable.ask(
        "decisions.conditional", public_data / "decisions" / "compas_two_years_min.csv",
        decided="score_text=Medium,High", groups="race", reference={"race": "Caucasian"},
        controls=["sex", "age_cat", "c_charge_degree"], covariates=["priors_count", "two_year_recid"], person="id",
        where=["days_b_screening_arrest>=-30", "days_b_screening_arrest<=30", "c_charge_degree=F,M",
               "score_text=Low,Medium,High"],
        approaches=["regression"], every_term=True,
    )  # fmt: skip
    for term, published in COEFFICIENTS.items():
        found = by_name(result, term=term)["selection_rate_regression_coefficient"]
        assert found.value == pytest.approx(published, abs=6e-6), term
        assert found.n == found.units == 6172
    for term, published in RISK_RATIOS.items():
        found = by_name(result, term=term)["selection_rate_regression_risk_ratio_at_reference"]
        assert found.value == pytest.approx(published, abs=6e-6), term
    akaike = by_name(result)["selection_rate_regression_akaike"]
    assert f"{akaike.value:.1f}" == "6192.4"
    odds = by_name(result, race="African-American")["selection_rate_regression_odds_ratio"]
    assert odds.value == pytest.approx(np.exp(0.47721), abs=1e-5)
    # ProPublica prints a model-based standard error of 0.06935; the sandwich need not equal it, but is near.
    assert np.log(odds.high / odds.low) / 2 / 1.96 == pytest.approx(0.06935, rel=0.03)
