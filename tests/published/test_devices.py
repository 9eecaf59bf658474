"""Counts of records beside those of the reference tool, where both read the same artefact."""

import json

import pytest


@pytest.fixture(scope="module")
def counted(public_data, tmp_path_factory):
    """Rows of each kind of artefact of the synthetic backup, and what its truth says."""
    from answerable.areas.devices.extraction.phone import read_phones
    from answerable.core.engine import open_engine

    folder = public_data / "devices" / "ios_synthetic"
    engine = open_engine("duckdb")
    engine.folder = tmp_path_factory.mktemp("counted")
    phones = read_phones(engine, folder / "backup")
    engine.close()
    theirs = json.loads((folder / "mvt_2026_10_26_result.json").read_text())["records"]
    truth = json.loads((folder / "truth.json").read_text())
    return {one.artefact.name: one.coverage() for one in phones.reads}, theirs, truth


@pytest.mark.parametrize(
    ("artefact", "module"), [("safari_history", "safari_history"), ("sms", "sms"), ("manifest", "manifest")]
)
def test_as_many_records_as_the_reference_tool(counted, artefact, module):
    coverage, theirs, _ = counted
    assert coverage[artefact]["state"] == "read"
    assert coverage[artefact]["refused"] == 0
    assert coverage[artefact]["rows"] == theirs[module]


def test_of_data_usage_every_row_and_not_the_entries_that_it_adds_for_missing_numbers(counted):
    coverage, theirs, truth = counted
    added = truth["datausage"]["holes"] + len(truth["datausage"]["usage_without_process"])
    assert (added, theirs["datausage"]) == (9, 891)
    assert coverage["data_usage"]["rows"] == theirs["datausage"] - added == 882
