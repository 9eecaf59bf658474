"""A backup of a phone: the whole check, beside MVT's on the same backup and the bare SQLite scan."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.backups import Backup, backup, checked, feeds, scan, size
from bench.harness import DATA, Run, peak, run, spread, work, worker
from bench.page import Section
from bench.peers import environment

VISITS = 1_000_000
OURS = {
    "safari": "visits history_visits",
    "sms": "messages message",
    "datausage": "usages ZLIVEUSAGE",
    "manifest": "device_files Files",
}
THEIRS = {"safari": "safari_history", "sms": "sms", "datausage": "datausage", "manifest": "manifest"}


def section() -> Section:
    made = Section("A phone with a million visits")
    command, phone = environment("mvt").parent / "mvt-ios", backup(VISITS)
    evidence, planted = phone.bytes, phone.planted
    rows = planted["rows"]
    made.say(
        f"An unencrypted iOS backup of {evidence / 1e6:,.0f} MB, made by `bench/workers/generate_backup.py`: "
        f"{rows['safari']:,} visits to {planted['sizes']['items']:,} addresses on {planted['sizes']['hosts']:,} hosts, "
        f"{rows['sms']:,} messages, {rows['manifest']:,} files in its list, {rows['datausage']:,} rows of data usage; "
        f"{len(planted['plants'])} planted traces. Both are given Amnesty's feeds {', '.join(planted['sizes']['stix'])} "
        "and run as whole commands, without network; processor seconds are user and system."
    )
    with tempfile.TemporaryDirectory(dir=DATA) as scratch:
        outputs = [Path(scratch) / f"scan{number}" for number in range(3)]
        bare = [_bare(phone) for _ in range(2)]
        ours = [scan(phone, outputs[0])]
        theirs = run(worker("peer_mvt", command, phone.folder, feeds(), phone.truth)).data
        parts = []
        for output in outputs[1:]:
            ours.append(scan(phone, output))
            bare.append(_bare(phone))
            parts.append(run(worker("read_and_match", phone.folder, feeds())).data)
        found = [checked(phone, output) for output in outputs]
        written = size(outputs[-1])
    _costs(made, evidence, ours, written, theirs, bare, parts)
    _found(made, planted, found, theirs)
    return made


def _bare(phone: Backup) -> dict[str, Any]:
    return run(worker("bare_backup", phone.folder)).data


def _costs(
    made: Section, evidence: int, ours: Sequence[Run], written: int, theirs: dict[str, Any],
    bare: list[dict[str, Any]], parts: list[dict[str, Any]],
) -> None:  # fmt: skip
    """Seconds, memory and bytes of both, and the goals on them."""
    within, given = (statistics.median(one[name] for one in bare) for name in ("within", "rows"))
    mine = work(ours)
    read, match = (statistics.median(one[name] for one in parts) for name in ("read", "match"))
    made.table(
        ["", "processor, s", "times ours", "seconds", "peak, MB", "written, MB", "of the evidence"],
        [
            (
                "`answerable scan`", spread([one.work for one in ours]), 1, spread([one.seconds for one in ours]),
                f"{peak(ours):,.0f}", f"{written / 1e6:,.0f}", f"{written / evidence:.2f}",
            ),
            (
                f"MVT {theirs['version']}", f"{theirs['work']:.1f}", f"{theirs['work'] / mine:.1f}",
                f"{theirs['seconds']:.1f}", f"{theirs['megabytes']:,.0f}", f"{theirs['bytes'] / 1e6:,.0f}",
                f"{theirs['bytes'] / evidence:.2f}",
            ),
            ("of ours, reading", spread([one["read"] for one in parts]), f"{read / mine:.2f}", "", "", "", ""),
            ("of ours, matching", spread([one["match"] for one in parts]), f"{match / mine:.2f}", "", "", "", ""),
            ("bare scan within SQLite", spread([one["within"] for one in bare]), f"{within / mine:.2f}", "", "", "", ""),
            ("bare scan, rows to Python", spread([one["rows"] for one in bare]), f"{given / mine:.2f}", "", "", "", ""),
        ],
    )  # fmt: skip
    made.goal(
        theirs["work"] / mine >= 15, f"at least 15 times less processor time than MVT ({theirs['work'] / mine:.1f})."
    )
    made.goal(
        read + match <= 10 * within,
        "reading every artefact to declared rows, with hosts and links, and matching them cost at most 10 times the bare "
        f"scan within SQLite ({(read + match) / within:.1f}; {(read + match) / given:.1f} times the scan that gives its "
        f"rows to Python). The whole command, which also takes digests, writes tables, asks all other questions and "
        f"writes a report, costs {mine / within:.1f} times the scan within SQLite.",
    )
    made.goal(
        peak(ours) <= 1200, f"at most 1.2 GB at the peak ({peak(ours):,.0f} MB; MVT {theirs['megabytes']:,.0f} MB)."
    )
    made.goal(
        written <= evidence / 5,
        f"writes at most a fifth of the evidence ({written / evidence:.2f}; MVT {theirs['bytes'] / evidence:.2f}).",
    )


def _found(made: Section, planted: dict[str, Any], found: list[dict[str, Any]], theirs: dict[str, Any]) -> None:
    """Plants, redirects and records of both, and the goals on them."""
    mine, plants = found[0], len(planted["plants"])
    redirects = mine["observations"].get("devices.redirects", 0)
    rows = [
        ("planted traces at their rows", plants, mine["found"], theirs["found"]),
        ("matches of nothing planted", 0, len(mine["others"]), theirs["others"]),
        ("matches without a time", "", mine["untimed"], theirs["untimed"]),
        (
            "fast redirects to another host",
            planted["safari_fast_cross_host_http_redirects"],
            redirects,
            theirs["redirects"],
        ),
    ]
    records = {where: mine["records"].get(name, 0) for where, name in OURS.items()}
    # MVT's list of data usage also holds an entry of its own for every process number that is missing.
    missing = theirs["alerts"].get("datausage|LOW", 0)
    others = {where: theirs["records"][name] - (where == "datausage") * missing for where, name in THEIRS.items()}
    rows += [(f"records, {where}", f"{number:,}", f"{records[where]:,}", f"{others[where]:,}") for where, number in planted["rows"].items()]  # fmt: skip
    made.table(["", "made", "`answerable scan`", "MVT"], rows)
    made.say(f"MVT misses {', '.join(_defanged(value) for value in theirs['missed']) or 'none'}.")
    made.goal(mine["found"] == plants, f"all {plants} planted traces are found at their rows ({mine['found']}).")
    made.goal(not mine["others"] and not mine["negatives"], "nothing else is matched, and none of what must not be.")
    made.goal(
        redirects == planted["safari_fast_cross_host_http_redirects"] == theirs["redirects"],
        "fast redirects are counted as made and as MVT counts them.",
    )
    made.goal(records == planted["rows"] == others, "as many records of every artefact as were made, and as MVT has.")
    made.goal(
        len({one["digest"] for one in found}) == 1,
        "three runs gave the same answer and the same tables, byte for byte.",
    )


def _defanged(address: str) -> str:
    return address.replace(".", "[.]").replace("http", "hxxp", 1)
