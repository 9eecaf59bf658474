"""The splitter: offsets and numbers of lines are right wherever the pieces in which a text is read end."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.areas.devices.artefacts.dumpsys import sections
from answerable.areas.devices.artefacts.dumpsys.reading import Clock, _clock, component, duration
from answerable.areas.devices.artefacts.dumpsys.sections import split


@pytest.fixture
def lay(tmp_path):
    def write(text):
        path = tmp_path / "report.txt"
        path.write_bytes(text.encode())
        return path

    return write


BEGINS = re.compile(r"DUMP OF SERVICE (?:CRITICAL )?(\w+):|------ (?![\d.]+s was)(.+?)(?: \(.*\))? ------")


def expected(text):
    """Number of the line and content of each section, found simply."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if said := BEGINS.fullmatch(line):
            found.append((said[1] or said[2], number))
    return found


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 1000, 1 << 22])
def test_sections_are_the_same_however_the_text_is_read(lay, android15, monkeypatch, chunk):
    monkeypatch.setattr(sections, "_CHUNK", chunk)
    found = split(lay(android15.text), "x")
    assert [(one.name, one.line) for one in found.known] == expected(android15.text)
    lines = android15.text.split("\n")
    for section in found.known:
        for number, line in found.lines(section):
            if number != section.line:
                assert line == lines[number - 1]


def test_ends_priorities_and_commands(lay, android15):
    found = split(lay(android15.text), "x")
    (surface,) = found.services("SurfaceFlinger")
    assert surface.ended == "2026-03-04 15:16:18" and surface.whole
    (properties,) = found.titled(re.compile(r"\(getprop\)"))
    assert (properties.name, properties.command) == ("SYSTEM PROPERTIES", "getprop")
    assert found.start().startswith("=====") and "DUMPSYS" not in found.start()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from([
            "a", "", "------ A (b) ------", "DUMP OF SERVICE s:", "DUMP OF SERVICE HIGH t:", "x" * 5000,
            "--------- 0.1s was the duration of dumpsys s, ending at: 2026-01-01 00:00:00",
            "--------- 0.1s was the duration of dumpsys t", "------ 0.1s was the duration of 'A' ------",
            "------ ------",
        ]),
        max_size=40,
    ),
    st.integers(min_value=1, max_value=300),
)  # fmt: skip
def test_sections_of_any_lines_lie_one_after_the_other(lay, lines, chunk):
    path = lay("\n".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sections, "_CHUNK", chunk)
        found = split(path, "x")
    whole = split(path, "x")
    assert found == whole
    place = 0
    for one in found.known:
        assert place <= one.start <= one.end <= found.size
        names = (f"DUMP OF SERVICE {one.name}:", f"DUMP OF SERVICE HIGH {one.name}:", f"------ {one.name} (b) ------")
        assert lines[one.line - 1] in names
        place = one.end


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+1d2h3m4s5ms", 93784.005), ("-5ms", -0.005), ("+2m0s", 120), ("0", 0), ("+12h", 43200), ("nothing", None),
        ("", None), ("+99999999999d", None),
    ],
)  # fmt: skip
def test_durations(text, seconds):
    length = duration(text)
    assert (None if length is None else length.total_seconds()) == seconds


@pytest.mark.parametrize(
    ("zone", "text", "utc"),
    [
        ("Europe/Berlin", "2026-07-01 12:00:00", "2026-07-01T10:00:00+00:00"),
        ("Europe/Berlin", "2026-01-01-12-00-00-250", "2026-01-01T11:00:00.250000+00:00"),
        ("", "2026-01-01 12:00:00", None),
        ("", "2026-01-01 12:00:00.123456789+0530", "2026-01-01T06:30:00.123456+00:00"),
        ("", "2026-01-01T12:00:00Z", "2026-01-01T12:00:00+00:00"),
        ("../../etc/passwd", "2026-01-01 12:00:00", None),
        ("Europe/Nowhere", "2026-01-01 12:00:00", None),
        ("Europe/Berlin", "1970-01-01 01:00:00", None),
        ("Europe/Berlin", "2026-13-01 12:00:00", None),
        ("Europe/Berlin", "2026-01-01 12:00:00-0300", "2026-01-01T15:00:00+00:00"),
        ("Europe/Berlin", "9999-12-31 23:59:59-2359", None),
    ],
)
def test_clocks(zone, text, utc):
    time = _clock(zone).utc(text)
    assert (time.isoformat() if time else None) == utc


def test_a_clock_without_a_zone_says_so():
    assert Clock(None, "").unit == "local time of the phone, zone not said"
    assert Clock(None, "").at("") == {}


def test_names_of_components():
    assert component("com.example/.Main") == ("com.example", "com.example.Main")
    assert component("{com.example/other.Main}") == ("com.example", "other.Main")
    assert component("nothing") == component("a b/c") == component("/c") == ("", "")
