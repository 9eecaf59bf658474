"""The declared tables: decisions about people, what was published about them, and files of records as they are."""

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
        "since": Column(
            "timestamp", "when the new procedure began where the decision was taken; empty where it has not", "UTC"
        ),
        "surname": Column("string", "family name of the person, to be looked up in a table of surnames"),
        "residence": Column("string", "where the person lives, to be looked up in a table of places"),
        "stratum": Column("string", "within which cases are comparable (precinct, year, office)"),
        "row_number": Column("int64", "row of the file, 1 for the first after the header; only where it is asked for"),
    },
    repeated={
        "group": Column("string", "a protected attribute of the person, under its own name"),
        "control": Column("string", "a category that cases must share to be comparable, under its own name"),
        "covariate": Column("float64", "a number that a regression holds constant, under its own name"),
        "probability": Column(
            "float64", "probability that the person is of a group, under the name of the group", "probability"
        ),
    },
)

_PRINTED = {
    "exhibit": Column("string", "SHA-256 of the file"),
    "row": Column("int64", "row of the file, 1 for the first after the header"),
    "place": Column("int64", "place of the column in the file, 1 for the first"),
    "column": Column("string", "name of the column, as printed"),
    "text": Column("string", "the entry, as printed"),
    "number": Column("float64", "the number that the entry says; none where it says none"),
}
FIGURES = Table(name="figures", meaning="one entry of a published table", columns=_PRINTED)
INPUTS = Table(
    name="inputs", meaning="one entry of a table that the published one can be held against", columns=_PRINTED
)
RAW_ROWS = Table(
    name="raw_rows",
    meaning="one row of a file, with every column as text",
    columns={
        "exhibit": Column("string", "SHA-256 of the file"),
        "row": Column("int64", "row of the file, 1 for the first after the header"),
    },
    repeated={"field": Column("string", "a column of the file as text, under its own name")},
)

SPECIFIED = Table(
    name="specified_decisions",
    meaning="one decision about one person, with what every way of counting says of it",
    columns={
        "person": DECISIONS.columns["person"],
        "weight": DECISIONS.columns["weight"],
        "count": DECISIONS.columns["count"],
    },
    repeated={
        "group": DECISIONS.repeated["group"],
        "label": Column("boolean", "whether the outcome turned out to be so, by one rule; named by its condition"),
        "decision": Column("boolean", "whether the decision went that way, by one rule or cut-off"),
        "exclusion": Column("boolean", "whether the row is among those that may be left out"),
        "arm": Column("boolean", "whether the row is among the cases that may be looked at alone"),
    },
)

SURNAMES = Table(
    name="surnames",
    meaning="one family name, with the shares of the groups among the people who bear it",
    columns={"listed_surname": Column("string", "the family name")},
    required=frozenset({"listed_surname"}),
    repeated={
        "surname_probability": Column(
            "float64", "share of a group among the bearers of the name, under the name of the group", "probability"
        )
    },
)

PLACES = Table(
    name="places",
    meaning="one place, with how many people of each group live there",
    columns={"listed_place": Column("string", "the place, as the decisions name it")},
    required=frozenset({"listed_place"}),
    repeated={
        "place_amount": Column(
            "float64",
            "people of a group who live there, or their share of all people of the group, under its name",
            "people",
        )
    },
)

PAIRS = Table(
    name="pairs",
    meaning="one answer to one member of a matched pair: a prompt, or an application",
    columns={
        "pair": Column("identifier", "the pair: its members differ only in the group that they stand for"),
        "template": Column("identifier", "the text, vacancy or employer that pairs share; what is independent"),
        "variant": Column("string", "the group that the member stands for"),
        "name": Column("identifier", "the name, or whatever else stands for the group"),
        "member": Column("identifier", "which member of its pair, where several stand for one group"),
        "decided": Column("boolean", "whether the answer was positive; empty where none could be read"),
        "score": Column("float64", "the number that was answered"),
        "control": Column("boolean", "whether the pair lies within one group, to measure what differs by chance"),
        "repeat": Column("int64", "which repetition of the pair"),
    },
    required=frozenset({"variant"}),
)

CELLS = Table(
    name="cells",
    meaning="one count of a published table, some of which are hidden",
    columns={
        "decided": DECISIONS.columns["decided"],
        "outcome": DECISIONS.columns["outcome"],
        "count": Column("int64", "how many decisions were counted; empty where that is hidden", "decisions"),
        "hidden": Column("boolean", "whether the count is hidden, because it or a neighbour is small"),
    },
    required=frozenset({"count"}),
    repeated={"group": DECISIONS.repeated["group"], "control": DECISIONS.repeated["control"]},
)
