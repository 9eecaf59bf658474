"""Reports that are cut, packed, renamed, forged or none at all: gaps with their reason, and what is there is read."""

import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.areas.devices.artefacts.dumpsys import battery, packages, sections
from answerable.areas.devices.artefacts.dumpsys import states as states_of
from answerable.areas.devices.extraction.phone import read_phones
from answerable.core.engine import open_engine

OF_SECTION = {
    "accessibility": ["dumpsys_accessibility"],
    "adb": ["dumpsys_adb"],
    "appops": ["dumpsys_appops"],
    "batterystats": ["dumpsys_battery_daily", "dumpsys_battery_history"],
    "dbinfo": ["dumpsys_databases"],
    "device_policy": ["dumpsys_device_policy"],
    "dropbox": ["dumpsys_dropbox"],
    "notification": ["dumpsys_notification_listeners"],
    "package": [
        "dumpsys_activities", "dumpsys_packages", "dumpsys_permissions", "dumpsys_receivers", "dumpsys_services",
    ],
    "platform_compat": ["dumpsys_platform_compat"],
    "settings": ["dumpsys_settings"],
    "MOUNTS": ["bugreport_mounts"],
    "PROCESSES AND THREADS": ["bugreport_processes"],
    "SYSTEM PROPERTIES": ["bugreport_properties"],
}  # fmt: skip
NEWER = {"adb", "dropbox", "platform_compat"}


def states(read):
    return {
        one.artefact.name: (one.coverage()["state"], one.coverage()["rows"])
        for one in read.phones.reads
        if one.artefact.name.startswith(("dumpsys", "bugreport"))
    }


@pytest.mark.parametrize("generation", ["android9", "android15"])
@pytest.mark.parametrize("section", OF_SECTION)
def test_without_a_section_its_coverage_changes_and_no_other(request, report, generation, section):
    source = request.getfixturevalue(generation)
    if section not in source.names:
        assert section == "MOUNTS" if generation == "android15" else section in NEWER
        return
    whole, less = states(report(source.text)), report(source.without(section))
    changed = {name for name, state in states(less).items() if state != whole[name]}
    assert changed == set(OF_SECTION[section])
    for name in changed:
        coverage = less.coverage(name)
        assert (coverage["state"], coverage["rows"]) == ("unreadable", 0)
        assert "the report has no section of" in coverage["reason"]


def test_every_section_that_is_read_is_known_here(android15, android9):
    others = {"SurfaceFlinger", "UPTIME", "SYSTEM LOG", "alarm", "APP SERVICES NON-PLATFORM", "STATSDSTATS"}
    assert set(android15.names) | set(android9.names) == {*OF_SECTION, *others}


def test_cut_within_a_section_the_rows_before_count(report, android15):
    text = android15.text[: android15.text.index("  Package [com.example.browser] (6a2b3c4)")]
    read = report(text)
    for name, rows in {"dumpsys_packages": 1, "dumpsys_permissions": 4, "dumpsys_receivers": 2}.items():
        coverage = read.coverage(name)
        assert (coverage["state"], coverage["rows"]) == ("partly read", rows)
        assert "the report is cut short" in coverage["reason"]
    assert "no section" in read.coverage("dumpsys_settings")["reason"]
    assert read.coverage("dumpsys_appops")["state"] == "read"


def test_cut_within_a_section_that_is_no_services(report, android15):
    read = report(android15.text[: android15.text.index("[ro.product.model]")])
    coverage = read.coverage("bugreport_properties")
    assert (coverage["state"], coverage["rows"]) == ("partly read", 3) and "cut short" in coverage["reason"]


@pytest.mark.parametrize(
    "line",
    [
        "*** SERVICE 'appops' DUMP TIMEOUT (10000ms) EXPIRED ***",
        "Error with service 'appops' while dumping: FAILED_TRANSACTION",
        "Can't find service: appops",
        "Permission Denial: can't dump AppOps service from pid=1, uid=2000",
    ],
)
def test_a_section_that_says_that_it_failed_is_a_gap(report, android15, line):
    before = "--------- 0.210s was the duration of dumpsys appops"
    coverage = report(android15.text.replace(before, f"{line}\n{before}")).coverage("dumpsys_appops")
    assert (coverage["state"], coverage["rows"]) == ("partly read", 8) and line in coverage["reason"]


def test_an_empty_section_and_one_of_unknown_form_are_gaps(report, android15):
    at = android15.text.index("Applications Database Info:")
    end = android15.text.index("--------- 0.030s was the duration of dumpsys dbinfo")
    for inside, reason in (("", "it is empty"), ("Something else altogether\n", "its form is not known")):
        read = report(android15.text[:at] + inside + android15.text[end:])
        assert read.coverage("dumpsys_databases")["state"] == "unreadable"
        assert reason in read.coverage("dumpsys_databases")["reason"]
    for name, old in (
        ("dumpsys_accessibility", "User state["), ("dumpsys_platform_compat", "ChangeId("),
        ("dumpsys_battery_history", "Battery History"), ("dumpsys_packages", "  Package ["),
    ):  # fmt: skip
        coverage = report(android15.text.replace(old, "Other words")).coverage(name)
        assert coverage["state"] == "unreadable" and coverage["rows"] == 0, name


def test_without_a_time_zone_local_times_stay_as_they_are(report, android15):
    read = report(android15.text.replace("[persist.sys.timezone]: [Europe/Berlin]\n", ""))
    row = read.rows("dumpsys_battery_daily")[0]
    assert row["time"] is None and row["time_raw"] == "2026-03-02-03-00-00"
    assert row["time_unit"] == "local time of the phone, zone not said"
    assert all(row["time"] is None and row["used"] is None for row in read.rows("dumpsys_appops"))
    # the time of a computer's last connection counts from 1970, and needs no zone
    assert read.coverage("dumpsys_adb")["first"] is not None


def everything(read):
    return {
        one.artefact.name: [
            {k: v for k, v in row.items() if k not in ("exhibit", "artefact", "device")}
            for row in read.rows(one.artefact.name)
        ]
        for one in read.phones.reads
    }


def test_lines_that_end_as_on_windows(report, android15):
    assert everything(report(android15.text.replace("\n", "\r\n"))) == everything(report(android15.text))


def test_packed_or_not_or_of_any_name(report, android15, tmp_path):
    from tests.areas.devices.artefacts.conftest import Phone

    whole = everything(report(android15.text))
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bugreport-x.txt", android15.text)
    alone = tmp_path / "what the phone wrote.txt"
    alone.write_text(android15.text)
    for path in (packed, alone):
        engine = open_engine("duckdb")
        phones = read_phones(engine, path)
        assert everything(Phone(phones)) == whole
        for one in phones.acquisitions:
            one.tree.close()
        engine.close()


def test_what_dumpstate_writes_beside_a_report_is_no_part_of_it(report, android15):
    log = b"dumpstate info: begin\n"
    whole = report(android15.text)
    read = report(android15.text, **{"dumpstate_log.txt": log, "dumpstate_board.txt": log})
    assert states(read) == states(whole)
    named = report(android15.text, **{"bugreport-x-dumpstate_log-1.txt": log})
    assert named.coverage("dumpsys_adb")["state"] == "read" and named.coverage("dumpsys_adb")["rows"] == 2
    assert [bool(account.notes) for account in named.accounts("dumpsys_adb")] == [True, False]


def test_the_dumps_of_androidqf(phone, android15, told):
    text = android15.text
    dumps = text[text.index("DUMP OF SERVICE accessibility") : text.rindex("------ 12.345s")]
    files = {
        "dumpsys.txt": ("Currently running services:\n  accessibility\n" + "-" * 79 + "\n" + dumps).encode(),
        "getprop.txt": b"[ro.build.version.release]: [15]\n[persist.sys.timezone]: [Europe/Berlin]\n",
        "packages.json": b"[]",
    }
    read = phone(files, kind="androidqf")
    whole = phone({"bugreport-x.txt": text.encode()}, kind="bugreport")
    for names in OF_SECTION.values():
        for name in names:
            if name.startswith("dumpsys"):
                rows = [{k: v for k, v in row.items() if k != "row"} for row in told(read, name)]
                assert rows == [{k: v for k, v in row.items() if k != "row"} for row in told(whole, name)]


def test_small_files_beside_the_report(report, android15, told):
    read = report(android15.text, **{"version.txt": b"2.0\n", "main_entry.txt": b"bugreport-x.txt"})
    rows = [(row["key"], row["value"]) for row in told(read, "bugreport_header")]
    assert ("version", "2.0") in rows and ("main entry", "bugreport-x.txt") in rows


HEADER = "-" * 79 + "\nDUMP OF SERVICE settings:\n"


@pytest.mark.parametrize(
    "forged",
    [
        HEADER,
        HEADER + "GLOBAL SETTINGS (user 0)\n_id:1 name:forged pkg:x value:1\n",
        HEADER + "--------- 0.1s was the duration of dumpsys settings, ending at: 2026-03-04 15:16:35\n",
        "--------- 0.1s was the duration of dumpsys package, ending at: 2026-03-04 15:16:35\n",
        "------ SYSTEM PROPERTIES (getprop) ------\n[forged]: [x]\n",
        "------ 0.1s was the duration of 'SYSTEM PROPERTIES' ------\n",
        "------ 0.1s was the duration of 'DUMPSYS' ------\n",
        "any text\n",
    ],
)
def test_an_app_that_writes_what_looks_like_a_section_hides_nothing(report, android15, told, forged):
    """The name of a version is the app's own text, and is written as it is, with its line ends."""
    whole = report(android15.text)
    read = report(android15.text.replace("versionName=1.1 beta\n", f"versionName=1.1 beta\n{forged}"))
    for name in (name for names in OF_SECTION.values() for name in names):
        rows = [{k: v for k, v in row.items() if k != "row"} for row in told(read, name)]
        assert rows == [{k: v for k, v in row.items() if k != "row"} for row in told(whole, name)], name


@pytest.mark.parametrize(
    "forged",
    [
        HEADER + "GLOBAL SETTINGS (user 0)\n_id:1 name:forged pkg:x value:1\n",
        "------ DUMPSYS (/system/bin/dumpsys) ------\n"
        + HEADER
        + "GLOBAL SETTINGS (user 0)\n_id:1 name:x pkg:x value:1\n",
    ],
)
def test_an_app_that_writes_a_section_of_a_service_adds_nothing(report, android15, told, forged):
    whole = report(android15.text)
    read = report(android15.text.replace("    nothing to tell\n", forged))
    assert told(read, "dumpsys_settings") == told(whole, "dumpsys_settings")
    assert "look like the start of another one" in read.accounts("dumpsys_settings")[0].notes[0]


def test_an_app_that_writes_the_end_of_a_section_that_has_none_takes_nothing_away(report, android15):
    end = "--------- 0.008s was the duration of dumpsys accessibility, ending at: 2026-03-04 15:16:30\n"
    text = android15.text.replace(end, "")
    assert states(report(text.replace("    nothing to tell\n", end))) == states(report(text))


def test_an_app_that_writes_a_heading_hides_no_other(report, android15, told):
    """A heading after an empty line ends the app's own entry, and the next ones are listed below it."""
    forged = "versionName=1.1 beta\n\nHidden system packages:\n"
    read = report(android15.text.replace("versionName=1.1 beta\n", forged))
    assert [row["app"] for row in told(read, "dumpsys_packages")] == [
        "com.example.notes", "com.example.browser", "com.example.browser",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 100_000, bytes(range(256)) * 1000, b"x" * 10_000_000, b"------ \n" * 10_000, b"\n" * 100_000],
)
def test_rubbish_under_the_name_of_a_report(report, data):
    head = b"=====\n== dumpstate: 2026-03-04 15:16:17\n=====\n"
    read = report(head + data)
    for name in (name for names in OF_SECTION.values() for name in names):
        assert read.coverage(name)["state"] == "unreadable", name


def test_lines_without_end_are_cut_and_counted(report, android15):
    endless = "x" * (3 * sections.LONGEST_LINE)
    read = report(android15.text.replace("CONFIG SETTINGS (user 0)\n", f"CONFIG SETTINGS (user 0)\n{endless}\n"))
    (account,) = read.accounts("dumpsys_settings")
    assert account.rows == 5
    line = int(android15.line("CONFIG SETTINGS")) + 1
    assert account.refused[f"lines longer than {sections.LONGEST_LINE:,} bytes, cut there"] == (1, [line])


@pytest.mark.parametrize(
    ("artefact", "place", "limit", "rows"),
    [
        ("dumpsys_accessibility", states_of, "MOST_SERVICES", 2),
        ("dumpsys_notification_listeners", states_of, "MOST_SERVICES", 1),
        ("dumpsys_permissions", packages, "MOST_PERMISSIONS", 3),
        ("dumpsys_packages", packages, "MOST_USERS", 3),
        ("dumpsys_battery_daily", battery, "MOST_CHANGES", 1),
    ],
)
def test_what_is_beyond_a_limit_is_counted(report, android15, monkeypatch, artefact, place, limit, rows):
    monkeypatch.setattr(place, limit, 1)
    read = report(android15.text)
    (account,) = read.accounts(artefact)
    assert account.rows == rows
    assert any("beyond 1" in reason for reason in account.refused)


def test_too_many_sections_are_refused(report, android15, monkeypatch):
    monkeypatch.setattr(sections, "MOST_SECTIONS", 5)
    coverage = report(android15.text).coverage("dumpsys_appops")
    assert coverage["state"] == "unreadable" and "more than 5 sections" in coverage["reason"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_done_to_a_report_it_is_read_or_a_gap(report, android15, data):
    text = android15.text.encode()
    start = data.draw(st.integers(min_value=200, max_value=len(text)))
    end = data.draw(st.integers(min_value=start, max_value=min(len(text), start + 3_000)))
    texts = [b"\n", b"\r", b"{", b"=" * 99, HEADER.encode()]
    put = data.draw(st.one_of(st.binary(max_size=50), st.sampled_from(texts)))
    read = report(text[:start] + put + text[end:])
    assert all(state in ("read", "partly read", "unreadable", "absent") for state, _ in states(read).values())
