"""Rows as their table declares them: places, times, hosts, links; what does not fit is refused by itself."""

from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.areas.devices.artefacts.registry import Artefact
from answerable.areas.devices.artefacts.source import Source
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.extraction.rows import derived_rows, gathered_rows, placed
from answerable.areas.devices.tables import DEVICE_FILES, LINKS, MESSAGES, VISITS


def source():
    entry = SimpleNamespace(path="HomeDomain/x", stored="ab/abc", size=1)
    return Source(SimpleNamespace(device="phone", kind="ios backup"), entry, None)


def artefact(table, unit=MAC_SECONDS):
    return Artefact(
        name="made", table=table, meaning="", places={}, expected={}, versions=(None, None), section="rows", unit=unit,
        parse=lambda given: iter(()),
    )  # fmt: skip


def test_place_time_and_hosts_are_added():
    batch = pa.record_batch(
        {"row": ["7"], "time_raw": pa.array([0.5], pa.float64()), "url": ["https://User@Sub.Example.org:8443/a"]}
    )
    (row,) = placed(batch, artefact(VISITS), source(), "ab" * 32, 0).to_pylist()
    assert (row["device"], row["artefact"], row["source"], row["table"]) == ("phone", "ab/abc", "made", "rows")
    assert (row["row"], row["exhibit"], row["host"]) == ("7", "ab" * 32, "sub.example.org")
    assert row["time"].isoformat() == "2001-01-01T00:00:00.500000+00:00"
    assert (row["time_raw"], row["time_unit"]) == ("0.5", MAC_SECONDS)
    assert set(row) == set(VISITS.arrow().names)


def test_rows_without_a_key_are_numbered_through_the_file():
    batch = pa.record_batch({"url": ["https://a.example.org/", "https://b.example.org/"]})
    assert placed(batch, artefact(VISITS), source(), "", 10).column("row").to_pylist() == ["11", "12"]


def test_links_in_texts_and_hosts_in_names_stand_where_their_rows_stand():
    texts = pa.record_batch({"row": ["3", "4"], "text": ["see https://a.example.org/x and b", "nothing here"]})
    (made,) = derived_rows(MESSAGES, placed(texts, artefact(MESSAGES), source(), "", 0))
    table, rows = made
    assert table is LINKS
    (link,) = rows.to_pylist()
    assert (link["row"], link["host"], link["within"], link["field"]) == ("3", "a.example.org", "messages", "text")
    names = pa.record_batch({"row": ["1"], "path": ["d/https_a.example.org_0.localstorage"], "relative_path": ["x"]})
    ((table, rows),) = derived_rows(DEVICE_FILES, placed(names, artefact(DEVICE_FILES), source(), "", 0))
    assert (table.name, rows.column("host").to_pylist()) == ("addresses", ["a.example.org"])


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=3), st.just("\ud800"), st.text(max_size=5),
    st.lists(st.none(), max_size=1), st.datetimes(), st.dates(),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["url", "title", "synced", "time", "time_raw"]), VALUES), min_size=1, max_size=6
    )
)
def test_whatever_a_parser_gives_every_row_is_taken_or_refused(given_rows):
    mine = source()
    rows = [{**row, "row": number} for number, row in enumerate(given_rows, 1)]
    batch = gathered_rows(rows, VISITS, mine)
    refused = sum(count for count, _ in mine.refusals.values())
    assert batch.num_rows + refused == len(rows)
    assert placed(batch, artefact(VISITS), mine, "", 0).num_rows == batch.num_rows


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_good_rows_stay_whole_beside_bad_ones(kept):
    mine = source()
    rows = [{"row": n, "url": "https://a.example.org/"} for n in range(kept)] + [{"row": 9, "url": b"\xff"}]
    assert gathered_rows(rows, VISITS, mine).num_rows == kept
    assert mine.refusals == {"a value does not fit its column": (1, [9])}
