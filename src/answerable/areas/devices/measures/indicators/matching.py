"""Matches observables with indicators: one equi-join for each rule, on distinct values, then back to the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from answerable.areas.devices.measures.common.rules import any_of
from answerable.areas.devices.measures.common.traces import rows_of
from answerable.core.engine import collect, keep

if TYPE_CHECKING:
    import ibis.expr.types as ir

How = Literal[
    "equal", "sub-domain or equal", "same address of a page", "path or within", "name of file", "cut short",
    "file named as process",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """Which observables are compared with which indicators, and how."""

    observed: str
    listed: str
    how: How

    @property
    def is_same(self) -> bool:
        """Whether values of one kind are compared with each other as they are."""
        return self.how == "equal" and self.observed == self.listed


SAME = (
    "app", "certificate_md5", "certificate_sha1", "certificate_sha256", "configuration_profile", "email", "md5",
    "process", "property", "sha1", "sha256",
)  # fmt: skip
RULES = (
    Rule("host", "domain", "sub-domain or equal"),
    Rule("host", "address", "equal"),
    Rule("url", "url", "same address of a page"),
    *(Rule(kind, kind, "equal") for kind in SAME),
    Rule("process", "app", "equal"),  # Android names the process of an app as its package
    Rule("process", "process", "cut short"),
    Rule("path", "file_path", "path or within"),
    Rule("path", "file_name", "name of file"),
    Rule("path", "process", "file named as process"),
)
"""Every comparison that is made."""

_CUT = (15, 16)
"""Lengths at which Linux and Darwin cut names of processes short (TASK_COMM_LEN 16 with its NUL, MAXCOMLEN 16)."""
_MOST_NAMED = 2000
"""Matched values that are written into the question for their rows; beyond them they are joined."""
_EXACT_CASE = {"process", "path", "host"}
"""Kinds whose letters keep their case; hosts come in one spelling."""


def matches(
    observables: ir.Table, indicators: ir.Table, known: Mapping[str, int], names_of_files: bool
) -> dict[str, list[Any]]:
    """Rows of observables with the indicators that name them.

    Args:
        observables: what an indicator could name.
        indicators: the published indicators.
        known: how many indicators there are of each kind.
        names_of_files: whether to apply the rule of files named as processes.

    Returns:
        The columns of the observables and, for each indicator that names them, its own, and `how` it does; in an order
        of their own.
    """
    import ibis

    rules = [rule for rule in RULES if rule.listed in known and (names_of_files or rule.how != "file named as process")]
    wanted = sorted({rule.observed for rule in rules})
    values = keep(
        observables.filter(observables.kind.isin(wanted) & (observables.value != "")).select("kind", "value").distinct()
    )
    listed = keep(indicators.filter(~indicators.revoked.fill_null(False)).select("kind", "normal", "labels").distinct())
    lengths = listed.select("kind", "labels", rooted=listed.normal.startswith("/")).distinct()
    labels: dict[str, list[tuple[int, bool]]] = {}
    for one in rows_of(collect(lengths.order_by("kind", "labels", "rooted"))):
        labels.setdefault(one["kind"], []).append((one["labels"] or 1, one["rooted"]))
    branches = list(_same(sorted(rule.listed for rule in rules if rule.is_same), values, listed))
    branches += [
        branch
        for rule in rules
        if not rule.is_same
        for branch in (
            _pages(rule, observables, values, listed)
            if rule.how == "same address of a page"
            else _branches(rule, values, listed, labels.get(rule.listed, []))
        )
    ]
    if not branches:
        return {}
    pairs = keep((branches[0] if len(branches) == 1 else ibis.union(*branches)).distinct())
    matched = collect(pairs.select(kind="found_kind", value="value").distinct().limit(_MOST_NAMED + 1))
    if not matched["value"]:
        return {}
    if len(matched["value"]) <= _MOST_NAMED:
        observables = observables.filter(_one_of(observables, matched))
    return collect(_with_rows(observables, indicators, pairs))


def _one_of(observables: ir.Table, matched: Mapping[str, list[Any]]) -> Any:
    """Whether a row holds one of the matched values: written out, so that the engine skips columns of other kinds."""
    values: dict[str, list[str]] = {}
    for kind, value in sorted(zip(matched["kind"], matched["value"], strict=True)):
        values.setdefault(kind, []).append(value)
    return any_of((observables.kind == kind) & observables.value.isin(some) for kind, some in values.items())


def _with_rows(observables: ir.Table, indicators: ir.Table, pairs: ir.Table) -> ir.Table:
    rows = observables.rename(found_kind="kind").join(pairs, ["found_kind", "value"])
    about = indicators.select(
        "indicator", "family", "feed", "feed_file", "feed_sha256", "feed_date", "reference", "credit", "note",
        "valid_from", "valid_until",
        listed_kind="kind", normal="normal", listed="value", revoked=indicators.revoked.fill_null(False),
    )  # fmt: skip
    joined = rows.join(about.filter(~about.revoked).drop("revoked"), ["listed_kind", "normal"]).distinct()
    return joined.order_by(
        [
            "device", "exhibit", "artefact", "table", "row", "holds", "value", "field", "how", "listed_kind", "listed",
            "family", "feed", "indicator",
        ]
    )  # fmt: skip


def _same(kinds: Sequence[str], values: ir.Table, listed: ir.Table) -> Iterator[ir.Table]:
    """Pairs of equal values of the same kind, for all such kinds at once."""
    import ibis

    if not kinds:
        return
    mine = values.filter(values.kind.isin(kinds))
    exact = mine.kind.isin([kind for kind in kinds if kind in _EXACT_CASE])
    mine = mine.mutate(key=ibis.ifelse(exact, mine.value, mine.value.lower()))
    theirs = listed.filter(listed.kind.isin(kinds)).select("kind", "normal", key="normal")
    joined = mine.join(theirs, ["kind", "key"])
    yield joined.select(
        found_kind=joined.kind, value=joined.value, listed_kind=joined.kind, normal=joined.normal,
        how=ibis.literal("equal"),
    )  # fmt: skip


def _branches(rule: Rule, values: ir.Table, listed: ir.Table, labels: Sequence[tuple[int, bool]]) -> Iterator[ir.Table]:
    """Pairs of observed values and listed ones, by the rule."""
    import ibis

    mine = values.filter(values.kind == rule.observed)
    theirs = listed.filter(listed.kind == rule.listed)
    keys: list[tuple[Any, Any]] = []  # expression over mine, condition on theirs
    if rule.how == "equal":
        keys.append((mine.value if rule.observed in _EXACT_CASE and rule.listed != "app" else mine.value.lower(), None))
    elif rule.how == "sub-domain or equal":
        keys += [
            (mine.value.re_extract(rf"((?:[^.]+\.){{{count - 1}}}[^.]+)$", 1), theirs.labels == count)
            for count, _ in labels
        ]
    elif rule.how == "path or within":
        for count, rooted in labels:
            yield _paths(rule, mine, theirs, count, rooted)
        return
    elif rule.how in ("name of file", "file named as process"):
        keys.append((mine.value.re_extract(r"([^/]+)$", 1), None))
    else:
        for length in _CUT:
            cut = mine.filter(mine.value.length() == length)
            longer = theirs.filter(theirs.normal.length() > length).mutate(key=theirs.normal.substr(0, length))
            yield _pairs(rule, cut.select(value=cut.value, key=cut.value), longer)
        return
    for key, condition in keys:
        chosen = theirs if condition is None else theirs.filter(condition)
        yield _pairs(rule, mine.select(value=mine.value, key=key), chosen.mutate(key=ibis._.normal))


def _pages(rule: Rule, observables: ir.Table, values: ir.Table, listed: ir.Table) -> Iterator[ir.Table]:
    """Addresses of pages in their one spelling; only those on the host of a listed one are looked at one by one."""
    import ibis

    from answerable.areas.devices.hosts import normal_url, url_host

    theirs = listed.filter(listed.kind == rule.listed)
    known = set(collect(theirs.select("normal").distinct())["normal"])
    hosts = sorted({host.name for url in known if (host := url_host(url)) is not None})
    near = observables.filter((observables.kind == "host") & observables.value.isin(hosts)).select("found").distinct()
    same = sorted((url, normal) for url in collect(near)["found"] if url and (normal := normal_url(url)) in known)
    if same:
        mine = values.filter((values.kind == rule.observed) & values.value.isin([url for url, _ in same]))
        key = mine.value.cases(*same, else_="")
        yield _pairs(rule, mine.select(value=mine.value, key=key), theirs.mutate(key=ibis._.normal))


def _paths(rule: Rule, mine: ir.Table, theirs: ir.Table, count: int, rooted: bool) -> ir.Table:
    """Absolute paths, or folders, from the root; relative ones as the last components."""
    import ibis

    within = rf"^((?:/[^/]+){{{count}}})(?:/|$)" if rooted else rf"(?:^|/)([^/]+(?:/[^/]+){{{count - 1}}})$"
    chosen = theirs.filter((theirs.labels == count) & (theirs.normal.startswith("/") == rooted))
    key = mine.value.re_extract(within, 1)
    return _pairs(rule, mine.select(value=mine.value, key=key), chosen.mutate(key=ibis._.normal))


def _pairs(rule: Rule, mine: ir.Table, theirs: ir.Table) -> ir.Table:
    import ibis

    # What has no such part has the key "": left out among the listed, for the engine would work out keys twice else.
    joined = mine.join(theirs.filter(theirs.key != "").select("key", "normal"), "key")
    return joined.select(
        found_kind=ibis.literal(rule.observed),
        value=joined.value,
        listed_kind=ibis.literal(rule.listed),
        normal=joined.normal,
        how=ibis.literal(rule.how),
    )
