"""The declared table of decisions about people."""

from __future__ import annotations

from answerable.core.table import Column, Table

DECISIONS = Table(
    name="decisions",
    meaning="one decision about one person",
    columns={
        "decided": Column(
            "boolean", "whether the decision went the way that is asked about (flagged, denied, released)"
        ),
        "outcome": Column(
            "boolean", "whether what the decision was about turned out to be so (error found, reoffended)"
        ),
        "person": Column("identifier", "who the decision is about; decisions about one person are not independent"),
        "score": Column("float64", "number on which the decision rests"),
        "weight": Column("float64", "how many decisions of the population the row stands for"),
        "count": Column("int64", "how many equal decisions the row stands for", "decisions"),
        "arm": Column("string", "how the case came to be looked at (random sample, selected by the system)"),
        "time": Column("timestamp", "when the decision was taken", "UTC"),
        "stratum": Column("string", "within which cases are comparable (precinct, year, office)"),
    },
    repeated={
        "group": Column("string", "a protected attribute of the person, under its own name"),
        "control": Column("string", "a category that cases must share to be comparable, under its own name"),
        "covariate": Column("float64", "a number that a regression holds constant, under its own name"),
    },
)
