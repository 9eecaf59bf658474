"""Matched rows as observations: what was found, who lists it, how it could be forged or harmless."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.hosts import defang
from answerable.areas.devices.measures.common.traces import observed, rows_of, time_text, traces
from answerable.core.words import count_text

if TYPE_CHECKING:
    from answerable.core.estimate import Observation, Strength

_HEURISTICS = {
    "cut short": "The name may have been cut short by the system: a listed name begins with it.",
    "file named as process": "The file bears the name of a listed process, which many harmless files could.",
}
_LIVE = {"host", "url", "email"}
"""Kinds of values that lead somewhere and are written so that nobody follows them."""
_PRIVATE = {"email"}
_PLACE = ("device", "exhibit", "artefact", "table", "row", "holds", "value")


def observations(found: Mapping[str, Sequence[Any]], most: int) -> Iterator[Observation]:
    """An observation for each matched value of a row, with all who list it; beyond `most` of a value they are counted.

    Args:
        found: columns of matched rows, a line for each indicator that names one.
        most: observations of one listed value in one table.
    """
    said: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for _, lines in itertools.groupby(rows_of(found), key=lambda row: tuple(row[name] or "" for name in _PLACE)):
        group = list(lines)
        key = (group[0]["holds"], group[0]["normal"])
        said[key] = said.get(key, 0) + 1
        if said[key] <= most:
            yield _observation(group)
        else:
            last[key] = group
    for key, group in last.items():
        yield _observation(group, further=said[key] - most)


def _observation(group: Sequence[Mapping[str, Any]], further: int = 0) -> Observation:
    row = group[0]
    trace = traces()[row["holds"]]
    shown = defang(row["found"]) if row["found_kind"] in _LIVE else row["found"]
    hows = sorted({one["how"] for one in group})
    strict = [how for how in hows if how not in _HEURISTICS]
    strength: Strength = "strong" if strict else "heuristic"
    families = sorted({one["family"] or "an unnamed family" for one in group})
    feeds = sorted({one["feed"] or "" for one in group})
    saying = trace.sayings.get(_form(row), trace.saying)
    what = f"{saying.format(shown=shown, row=row['row'])}{_listed(row, families, feeds)}"
    if further:
        what = f"{count_text(further, 'more row')} like this, the last of them: {what}"
    return observed(
        row,
        what=f"{what} {' '.join(_HEURISTICS[how] for how in hows if not strict)}".strip(),
        category=trace.category,
        field=row["field"],
        value=row["found"],
        shown=shown if shown != row["found"] else None,
        strength=strength,
        matched=_matched(group, families, feeds, hows),
        forgeable=trace.forgeable,
        benign=" ".join([trace.benign, *_dates(group)]),
        fields={"holds": row["holds"], **({"further_rows": further} if further else {})},
    )


def _form(row: Mapping[str, Any]) -> str:
    """Which words fit the value: by its kind, or "name" for a host that stands in the name of a file."""
    if row["found_kind"] == "host" and "_" in row["found"] and "://" not in row["found"]:
        return "name"
    return str(row["found_kind"]).partition("_")[0]


def _listed(row: Mapping[str, Any], families: Sequence[str], feeds: Sequence[str]) -> str:
    listed = defang(row["listed"]) if row["listed_kind"] in ("domain", "address", "url", "email") else row["listed"]
    kind = row["listed_kind"].replace("_", " ")
    return f". The {kind} {listed} is listed for {' and '.join(families)} ({', '.join(feeds)})."


def _matched(
    group: Sequence[Mapping[str, Any]], families: Sequence[str], feeds: Sequence[str], hows: Sequence[str]
) -> dict[str, Any]:
    row = group[0]
    live = row["listed_kind"] in ("domain", "address", "url", "email")
    references, notes = (sorted({one[name] for one in group if one[name]}) for name in ("reference", "note"))
    starts = [time_text(one["valid_from"])[:10] for one in group if one["valid_from"] is not None]
    return {
        "kind": row["listed_kind"],
        "value": row["listed"],
        "shown": defang(row["listed"]) if live else row["listed"],
        "families": list(families),
        "feed": ", ".join(sorted({one["feed_file"] or one["feed"] or "" for one in group})),
        "how": ", ".join(hows),
        "indicators": sorted({one["indicator"] for one in group}),
        "feeds": [
            {"name": name, "sha256": sha256, "date": time_text(date), "credit": credit or ""}
            for name, sha256, date, credit in sorted(
                {(one["feed"], one["feed_sha256"], one["feed_date"], one["credit"]) for one in group},
                key=lambda feed: tuple(map(str, feed)),
            )
        ],
        **({"since": min(starts)} if starts else {}),
        **({"notes": notes} if notes else {}),
        **({"references": references} if references else {}),
    }


def _dates(group: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the dates of the lists say of a row with a time."""
    when = group[0]["time"]
    starts = [one["valid_from"] for one in group if one["valid_from"] is not None]
    ends = [one["valid_until"] for one in group if one["valid_until"] is not None]
    told = []
    if when is not None and ends and max(ends) < when:
        told.append(f"The list holds it valid until {max(ends).date()} only, before this row's time.")
    if when is not None and starts and when < min(starts):
        told.append(f"The list names it since {min(starts).date()}, after this row's time.")
    return told
