"""What the terminal and the page show of a scan: sentences first, facts by class with time and place, lists to read."""

import datetime

import pytest

from answerable.scanning.consent import consent_of
from answerable.scanning.scan import scan
from answerable.terminal import show_scan

CONSENT = consent_of(
    {"who": "the owner", "scope": "traces of spyware", "date": "2026-11-01", "until": "2026-12-31"},
    datetime.date(2026, 11, 22),
    "record",
)


@pytest.fixture(scope="module")
def android(public_data, tmp_path_factory):
    devices = public_data / "devices"
    return scan(
        devices / "androidqf_synthetic",
        tmp_path_factory.mktemp("shown") / "out",
        CONSENT,
        indicators=devices / "stix_amnesty",
    )


def test_the_terminal_begins_with_the_sentences_and_groups_facts_by_class(android, capsys):
    show_scan(android)
    text = capsys.readouterr().out
    assert text.startswith("Published lists name 1 process (execution), 2 files or certificates of apps")
    assert text.index("\nexecution\n") < text.index("\npersistence\n") < text.index("CANNOT TELL")
    assert "is listed for NoviSpy (NoviSpy in Serbia). [2023-09-18 " in text
    assert "; files, row /sdcard/Download/update.apk]" in text
    assert "Read: " not in text  # what was looked at is in the report, and where everything is asked for
    show_scan(android, everything=True)
    assert "devices.coverage" in capsys.readouterr().out


def test_the_command_says_where_the_package_lies_and_where_its_salt_stays(android, tmp_path, capsys):
    from answerable.cli import main

    consent, share = tmp_path / "consent.toml", tmp_path / "package.zip"
    consent.write_text(CONSENT.toml())
    words = ["--consent", str(consent), "--output", str(tmp_path / "out"), "--share", str(share)]
    assert main(["scan", str(android.phones.path), *words]) == 0
    text = capsys.readouterr().out
    assert f"The redacted package: {share.resolve()}." in text and share.is_file()
    assert text.startswith("No list of indicators was given")
    assert (tmp_path / "out" / "salt.txt").is_file()


def test_the_page_credits_the_lists_and_shows_them_to_be_read(android):
    page = android.report.read_text()
    assert "Amnesty International Security Lab (CC-BY)" in page
    assert "<dt>Listed</dt><dd>app <bdi>com.gu.activity</bdi>, for NoviSpy, since 2024-" in page
    assert "<dt>By</dt><dd>NoviSpy in Serbia, of 2024-12-13; Amnesty International Security Lab (CC-BY)" in page
    assert '<p class="panel">Execution</p>' in page and '<p class="panel">Persistence</p>' in page
    assert "families =" not in page and "execution" in page
