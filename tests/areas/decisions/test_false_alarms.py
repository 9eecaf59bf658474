"""A question of a hundred comparisons among groups that do not differ says "shown" at most one time in twenty."""

import numpy as np
import pyarrow as pa
import pytest

from answerable.areas.decisions.measures.disparity import disparity
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge

QUESTIONS = 120
GROUPS = 26


def counts(random, size):
    """Decisions by group and outcome, all groups with the same chances, as one row for each cell."""
    rows = {"group": [], "decided": [], "outcome": [], "count": []}
    for group in range(GROUPS):
        cells = random.multinomial(random.integers(size // 2, size), [0.10, 0.05, 0.25, 0.60])
        for cell, count in enumerate(cells.tolist()):
            rows["group"].append(f"g{group:02}")
            rows["decided"].append(cell < 2)
            rows["outcome"].append(cell % 2 == 0)
            rows["count"].append(count)
    return pa.table({**rows, "count": pa.array(rows["count"], pa.int64())})


def says_shown(random, make_table, size, correction):
    table = make_table(counts(random, size))
    words = {"groups": ["group"], "metrics": ["selection_rate", "FNR"], "independent": True, "reference": "largest"}
    answer = disparity(table, **words, replicates=1000)
    assert len(answer.estimates) == 100
    findings = judge([Answered(Question(method="decisions.disparity", correction=correction), answer)])
    return any(finding.verdict == "shown" for finding in findings)


@pytest.mark.parametrize("size", [300, 3000])
def test_one_question_in_twenty_at_most(make_table, size):
    random = np.random.default_rng(20_261_122)
    alarms = sum(says_shown(random, make_table, size, "holm") for _ in range(QUESTIONS))
    # 5 % and three standard errors of the simulation
    assert alarms <= 0.05 * QUESTIONS + 3 * np.sqrt(0.05 * 0.95 * QUESTIONS)


def test_without_an_allowance_many_questions_would_raise_one(make_table):
    """The trap: a hundred comparisons, each judged as if it were the only one."""
    random = np.random.default_rng(20_261_122)
    assert sum(says_shown(random, make_table, 1000, "none") for _ in range(20)) > 5
