"""Joins in memory: every key gets its row, whatever the order and the gaps of the keys, in one piece or in many."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.areas.devices.artefacts import lookup
from answerable.areas.devices.artefacts.lookup import Lookup

KEYS = st.one_of(st.integers(-20, 40), st.integers(-(2**63), 2**63 - 1), st.none())


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.lists(KEYS, max_size=8), min_size=1, max_size=5),
    asked=st.lists(KEYS, max_size=12),
    together=st.integers(1, 20),
)
def test_each_key_gets_the_first_row_that_has_it(rows, asked, together):
    batches, known, number = [], {}, 0
    for keys in rows:
        values = [f"v{number + place}" for place in range(len(keys))]
        number += len(keys)
        batches.append(pa.record_batch([pa.array(keys, pa.int64()), pa.array(values, pa.string())], ["key", "value"]))
        for key, value in zip(keys, values, strict=True):
            known.setdefault(key, value)
    known.pop(None, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup, "_TOGETHER", together)
        found = Lookup(iter(batches), "key")
        found.add("twice", lambda piece: pa.array([value * 2 for value in piece["value"].to_pylist()], pa.string()))
        columns = found.of(pa.array(asked, pa.int64()))
    assert columns["value"].to_pylist() == [known.get(key) for key in asked]
    assert columns["twice"].to_pylist() == [known[key] * 2 if key in known else None for key in asked]
