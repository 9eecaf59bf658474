"""ProPublica's truth tables of COMPAS, to the digit (Larson et al. 2016, How we analyzed the COMPAS algorithm)."""

import pytest

import answerable

TABLES = {  # race: TN, FP, FN, TP; None for everybody
    None: (2681, 1282, 1216, 2035),
    "African-American": (990, 805, 532, 1369),
    "Caucasian": (1139, 349, 461, 505),
}
PRINTED = {
    None: ("32.35", "37.40", "0.61"),
    "African-American": ("44.85", "27.99", "0.63"),
    "Caucasian": ("23.45", "47.72", "0.59"),
}
HIGH = {"African-American": ("15.82", "61.02"), "Caucasian": ("5.44", "79.81")}


@pytest.fixture(scope="module")
def compas(public_data):
    return public_data / "decisions" / "compas_two_years_min.csv"


def ask(file, decided):
    words = {"outcome": "two_year_recid=1", "groups": "race", "person": "id", "interval": "wilson"}
    result = answerable.ask("decisions.rates", file, decided=decided, **words)
    found = {}
    for finding in result.findings:
        found[finding.estimate.name, finding.estimate.of.get("race")] = finding.estimate
    return found


def test_truth_tables(compas):
    found = ask(compas, "score_text=Medium,High")
    for race, (tn, fp, fn, tp) in TABLES.items():
        assert (found["false_positive_rate", race].events, found["false_positive_rate", race].n) == (fp, fp + tn)
        assert (found["false_negative_rate", race].events, found["false_negative_rate", race].n) == (fn, fn + tp)
        assert (found["positive_predictive_value", race].events, found["positive_predictive_value", race].n) == (
            tp,
            tp + fp,
        )
        printed = (
            f"{100 * found['false_positive_rate', race].value:.2f}",
            f"{100 * found['false_negative_rate', race].value:.2f}",
            f"{found['positive_predictive_value', race].value:.2f}",
        )
        assert printed == PRINTED[race]


def test_high_only(compas):
    found = ask(compas, "score_text=High")
    for race, (positive, negative) in HIGH.items():
        assert f"{100 * found['false_positive_rate', race].value:.2f}" == positive
        assert f"{100 * found['false_negative_rate', race].value:.2f}" == negative
