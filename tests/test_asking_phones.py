"""A phone is asked from the command line and from Python: one path for all its tables."""

import json
import shutil
from pathlib import Path

import pytest

import answerable
from answerable.cli import main
from answerable.errors import AnswerableError, EvidenceError, NotIdentified, ParameterError


@pytest.fixture(scope="module")
def devices(public_data):
    return public_data / "devices"


@pytest.fixture(scope="module")
def archive(devices, tmp_path_factory):
    backup = devices / "ios_synthetic" / "backup"
    return Path(shutil.make_archive(str(tmp_path_factory.mktemp("packed") / "phone"), "zip", backup.parent, "backup"))


def statements(result):
    return {(one.statement, one.observation.row) for one in result.findings}


def test_a_folder_and_its_archive_give_the_same_answers(devices, archive):
    lists = devices / "stix_amnesty"
    folder = answerable.ask("devices.indicators", [devices / "ios_synthetic" / "backup", lists])
    assert statements(answerable.ask("devices.indicators", [archive, lists])) == statements(folder)
    plants = json.loads((devices / "ios_synthetic" / "truth.json").read_text())["plants"]
    assert len(folder.findings) == len(plants)


def test_an_archive_of_lists_answers_as_their_folder(devices, archive, tmp_path):
    packed = shutil.make_archive(str(tmp_path / "lists"), "zip", devices, "stix_amnesty")
    of_folder = answerable.ask("devices.indicators", [archive, devices / "stix_amnesty"])
    assert statements(answerable.ask("devices.indicators", [archive, packed])) == statements(of_folder)


def test_what_is_read_is_said_once_for_each_exhibit(archive, capsys):
    assert main(["ask", "devices.redirects", str(archive)]) == 0
    printed = capsys.readouterr().out.splitlines()
    (read,) = [line for line in printed if line.startswith("Read: ")]
    assert "visits 3,000 rows, artefacts 6" in read
    assert len(printed) == len(set(printed))
    assert not [line for line in printed if "://" in line]


def test_several_phones_in_one_folder(devices, tmp_path):
    for name in ("one", "two"):
        shutil.copytree(devices / "ios_synthetic" / "backup", tmp_path / "phones" / name)
    found = answerable.ask("devices.across", tmp_path / "phones").findings
    assert found
    assert {one.verdict for one in found} == {"indicated"}


def test_one_phone_shares_nothing_and_the_message_says_what_would_answer(archive):
    with pytest.raises(NotIdentified, match="acquisitions of more phones in one folder"):
        answerable.ask("devices.across", archive)


def test_a_phone_without_lists_is_told_what_is_missing(archive):
    with pytest.raises(ParameterError, match="files, in this order: phone, indicators"):
        answerable.ask("devices.indicators", archive)


def test_too_many_files(archive):
    with pytest.raises(ParameterError, match=r"takes the file of: phone\. 2 files were given"):
        answerable.ask("devices.redirects", [archive, archive])


def test_what_is_no_phone_is_told_by_what_it_holds(devices):
    with pytest.raises(EvidenceError, match=r"not recognised\. Found: folder with .*cytrox\.stix2"):
        answerable.ask("devices.redirects", devices / "stix_amnesty")


def test_a_password_file_that_is_not_there(archive, tmp_path):
    with pytest.raises(AnswerableError, match=r"word\.txt: The file of the password cannot be read"):
        answerable.ask("devices.redirects", archive, password_file=str(tmp_path / "word.txt"))


@pytest.mark.parametrize(
    ("method", "told"),
    [("devices.across", "a folder of several phones"), ("devices.indicators", "INDICATORS: a STIX")],
)
def test_the_help_says_what_the_files_are(method, told, capsys):
    with pytest.raises(SystemExit):
        main(["ask", method, "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert told in printed
    assert "CSV" not in printed


def test_a_case_of_a_phone_from_the_command_line(devices, archive, tmp_path, capsys):
    case = str(tmp_path / "case")
    lists = shutil.make_archive(str(tmp_path / "lists"), "zip", devices, "stix_amnesty")
    assert main(["new", case]) == 0
    assert main(["add", case, str(archive), "--lawful-basis", "the owner agreed on 2026-11-22"]) == 0
    assert main(["ask", "devices.indicators", str(archive), lists, "--save", case]) == 0
    assert main(["run", case]) == 0
    assert "devices.indicators: 23 shown" in capsys.readouterr().out
    before = (Path(case) / "findings.json").read_bytes()
    assert main(["run", case]) == 0
    assert (Path(case) / "findings.json").read_bytes() == before
    assert main(["report", case]) == 0
    page = (Path(case) / "report" / "report.html").read_text()
    assert "poweredlock[.]com" in page
    assert "poweredlock.com" not in page
