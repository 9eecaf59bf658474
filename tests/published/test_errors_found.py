"""Six errors in published results, each found by the plain command, without being told where."""

import pytest

from answerable.asking import ask


def observations(method, *files, **words):
    result = ask(method, list(files), **words)
    return [finding.observation for finding in result.findings if finding.observation is not None]


def written(tmp_path, text):
    file = tmp_path / "second.csv"
    file.write_text(text)
    return file


@pytest.mark.parametrize("with_inputs", [False, True])
def test_amsterdam_a_difference_takes_the_wrong_reference_and_nothing_else_is_raised(public_data, with_inputs):
    folder = public_data / "decisions"
    files = [folder / "amsterdam_published_cms_amsti.csv", folder / "amsterdam_slimmecheck_cells.csv"]
    (only,) = observations("decisions.recompute", *files[: 1 + with_inputs])
    assert only.strength == "strong"
    assert only.fields["column"] == "FDR_amsti_diff"
    assert only.fields["fits"] == "('FDR_unprivileged' - 'FPR_privileged') / 'FDR_privileged' x 100"
    assert only.fields["wrong_signs"] == 10
    assert len(only.fields["rows"]) == 22
    # Before the pilot and before reweighing, by gender: published +5.47, right -12.27.
    published, right = only.fields["rows"]["1"]
    assert (float(published), right) == (pytest.approx(5.47, abs=0.005), pytest.approx(-12.27, abs=0.005))


def test_amsterdam_every_rate_follows_from_the_cells(public_data):
    folder = public_data / "decisions"
    files = [folder / "amsterdam_published_cms_amsti.csv", folder / "amsterdam_slimmecheck_cells.csv"]
    looked_at = ask("decisions.recompute", files).coverage.looked_at
    names = [f"{name}_privileged" for name in ("group_size", "FP", "FPR", "FDR", "PRED_P")]
    assert [looked_at[f"{name} from the second table: rows recomputed that agree"] for name in names] == [
        16
    ] * 5  # the cells of the other data set are of its two halves


def test_sweden_a_bootstrap_without_spread(public_data):
    file = public_data / "decisions" / "sweden_degenerate_bootstrap_gender_first1000.csv"
    for method in ("decisions.recompute", "decisions.data_checks"):
        (only,) = observations(method, file)
        assert only.strength == "strong"
        assert "1,000 rows" in only.what
        assert "did not resample" in only.what


def test_sweden_an_error_of_simulation_for_a_standard_error_and_a_level_unstated(tmp_path):
    header = "metric,men,women,difference,low,high,se_difference"
    row = "precision,0.5202,0.4795,0.0407,0.0161,0.0652,0.0003"
    in_table = written(tmp_path, f"{header},replicates\n{row},10000\n")
    error, level = observations("decisions.recompute", in_table)
    assert error.fields["column"] == "se_difference"
    assert error.fields["recomputed"] == pytest.approx(0.0149, abs=0.00005)
    assert "1.96 standard deviations / the root of the number of replicates" in error.what
    assert level.fields["recomputed"] == "90 %"
    in_text = written(tmp_path, f"{header}\n{row}\n")
    assert len(observations("decisions.recompute", in_text, replicates=10_000)) == 2
    right = written(tmp_path, f"{header}\n{row.replace('0.0003', '0.0125')}\n")
    assert not observations("decisions.recompute", right)


def test_compas_everybody_after_a_day_is_a_recidivist(public_data):
    found = observations("decisions.data_checks", public_data / "decisions" / "compas_two_years_min.csv")
    windows = {one.fields["column"]: one for one in found if "time" in one.fields}
    assert set(windows) == {"two_year_recid", "is_recid"}
    only = windows["two_year_recid"]
    assert (only.fields["rows"], only.fields["boundary"], only.fields["side"]) == (998, "2014-04-01", "after")
    assert only.fields["share_elsewhere"] == pytest.approx(0.362, abs=0.0005)
    assert only.strength == "strong"


def test_sweden_a_label_of_one_arm_only(public_data):
    for name in ("gender", "income", "education"):
        found = observations("decisions.data_checks", public_data / "decisions" / f"sweden_vab2017_{name}.csv")
        (only,) = [one for one in found if "labels" in one.fields]
        assert only.fields["labels"] == {"Control Investigation": 759}
        assert (only.fields["arm"], only.fields["arm_value"]) == ("Selection Method", "High High Risk")
        assert only.strength == "strong"


def test_kenya_two_files_differ_on_one_split(public_data, tmp_path):
    file = public_data / "decisions" / "kenya_pmt_group_fairness_kchs.csv"
    # The file of confusion matrices: rural 400 of 929 excluded (43.06 %), urban 123 of 414.
    second = written(tmp_path, "Split,TP,FN\nRural,529,400\nUrban,291,123\n")
    found = [one for one in observations("decisions.recompute", file, second) if "second_row" in one.fields]
    assert {(one.fields["column"], one.fields["published"], one.fields["recomputed"]) for one in found} == {
        ("FN", "406", 400),
        ("TP", "523", 529),
    }
    assert {one.row for one in found} == {101}


def test_kenya_the_same_shows_within_the_one_file(public_data):
    """The split adds up to other counts than eight splits of the same people; one more split is compared with it."""
    found = observations("decisions.recompute", public_data / "decisions" / "kenya_pmt_group_fairness_kchs.csv")
    strong = [one for one in found if one.strength == "strong"]
    assert [one.fields["column"] for one in strong] == ["TP, FP, TN, FN", "Exclusion Sig"]
    assert strong[0].fields["published"] == {"TP": 814, "FP": 332, "TN": 1719, "FN": 529}
    assert strong[0].fields["recomputed"] == {"TP": 820, "FP": 335, "TN": 1716, "FN": 523}
    assert {one.fields["column"] for one in found if one.strength == "heuristic"} == {
        "Ref Exclusion Error (FNR)",
        "Ref Inclusion Error (FPR)",
        "Precision_Ref",
    }
    assert all("all with Group 'Nr Rooms'" in one.what for one in found if one.strength == "heuristic")


def test_kenya_every_rate_of_a_group_and_101_of_102_stars_are_right(public_data):
    file = public_data / "decisions" / "kenya_pmt_group_fairness_kchs.csv"
    looked_at = ask("decisions.recompute", file).coverage.looked_at
    agree = {name.removesuffix(": rows recomputed that agree"): rows for name, rows in looked_at.items()}
    assert agree["Exclusion Sig"] == 101
    names = ("N", "Group Exclusion Error (FNR)", "Exclusion Ratio", "Group Inclusion Error (FPR)", "Recall_Group")
    assert [agree[name] for name in names] == [102] * 5
    assert agree["Actual Poverty Share"] == agree["Predicted Poverty Share"] == agree["Precision_Group"] == 102


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("amsterdam_published_cms_amsti", []),
        ("amsterdam_slimmecheck_cells", ["Value"]),  # suppressed counts, written as 0
        ("compas_two_years_min", ["days_b_screening_arrest", "is_recid", "two_year_recid"]),
        ("kenya_pmt_group_fairness_kchs", ["Model", "Ref_Group"]),  # one value each
        ("nyc_sqf2020_min", ["SUSPECT_RACE_DESCRIPTION", "SUSPECT_SEX", "YEAR2"]),  # "(null)"; one year
        ("sweden_vab2017_gender_2dec", ["Result", "Risk Score", "Risk Score"]),  # a blank, and by arm
    ],
)
def test_what_data_checks_raise_on_each_file_and_nothing_else(public_data, name, columns):
    found = observations("decisions.data_checks", public_data / "decisions" / f"{name}.csv")
    assert sorted(one.fields["column"] for one in found) == columns


def test_what_is_found_is_drawn(public_data):
    folder = public_data / "decisions"
    printed, right = ask("decisions.recompute", folder / "amsterdam_published_cms_amsti.csv").series
    assert (printed.name, right.name, len(printed.points), len(right.points)) == ("printed", "recomputed", 22, 22)
    assert (printed.points[0].value, right.points[0].value) == (
        pytest.approx(5.466, abs=1e-3),
        pytest.approx(-12.267, abs=1e-3),
    )
    drawn = ask("decisions.data_checks", folder / "compas_two_years_min.csv").series
    (one,) = [one for one in drawn if "two_year_recid" in one.label]
    assert one.marks == {"all alike beyond": "2014-04-01"}
    assert all(point.value == 1 for point in one.points if point.x > "2014-04-01")
    assert all(point.value < 0.6 for point in one.points if point.x < "2014-04-01")
    arms = {one.label: one for one in ask("decisions.data_checks", folder / "sweden_vab2017_gender.csv").series}
    shares = {point.x: point.value for point in arms["share with Result 'Control Investigation'"].points}
    assert [arm for arm, share in shares.items() if share] == ["High High Risk"]
