"""Phones in a case: one exhibit, one entry, the owner's consent, and nothing private in what is published."""

import importlib.util
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from answerable.areas.devices.tables import PHONE, TABLES
from answerable.case.folder import Case
from answerable.case.pipeline import files_of, make_question
from answerable.case.plan import parse_plan
from answerable.case.run import OF_PEOPLE
from answerable.cli import main
from answerable.core.method import find_method, methods
from answerable.core.signature import parameters
from answerable.core.table import reader_of
from answerable.errors import CaseError, ParameterError
from answerable.report.case import report_case

DEVICES = Path(__file__).parent.parent / "areas" / "devices"
LISTED = "listed-host.example.org"
PRIVATE = "meet me at the harbour"
NUMBER = "+1-555-0142"
CONSENT = "the owner agreed on 2026-11-22 to a search for spyware, until 2027-05-22"
SMS = """
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT, handle_id INTEGER DEFAULT 0, subject TEXT,
  service TEXT, date INTEGER, is_from_me INTEGER DEFAULT 0);
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, country TEXT, service TEXT NOT NULL);
"""
HISTORY = f"""
CREATE TABLE history_items (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, visit_count INTEGER);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY AUTOINCREMENT, history_item INTEGER NOT NULL, visit_time REAL,
  title TEXT, redirect_source INTEGER NULL UNIQUE, redirect_destination INTEGER NULL UNIQUE);
INSERT INTO history_items VALUES (1, 'http://plain.example.net/', 1), (2, 'https://{LISTED}/a', 1);
INSERT INTO history_visits VALUES (1, 1, 600000000.0, 'a', NULL, 2), (2, 2, 600000000.1, 'b', 1, NULL);
"""


def load(name):
    spec = importlib.util.spec_from_file_location(Path(name).stem, DEVICES / name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def specimens():
    return load("specimens.py")


def packed(archive, folder):
    """A folder as a zip, the same bytes for the same files."""
    with zipfile.ZipFile(archive, "w") as made:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                made.writestr(zipfile.ZipInfo(path.relative_to(folder.parent).as_posix()), path.read_bytes())
    return archive


def bundle(path, *patterns):
    path.parent.mkdir(exist_ok=True)
    objects = [{"type": "malware", "id": "malware--1", "name": "Example"}]
    for number, pattern in enumerate(patterns):
        one = f"indicator--{number}"
        objects.append({"type": "indicator", "id": one, "pattern": pattern, "valid_from": "2020-01-01T00:00:00Z"})
        between = {"source_ref": one, "target_ref": "malware--1", "relationship_type": "indicates"}
        objects.append({"type": "relationship", "id": f"relationship--{number}", **between})
    path.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}))
    return path


@pytest.fixture
def phone(specimens, tmp_path):
    message = {"text": f"{PRIVATE}: https://{LISTED}/b", "handle_id": 1, "service": "SMS", "date": 6 * 10**17}
    sms = specimens.database(SMS, message=[message], handle=[{"id": NUMBER, "service": "SMS"}])
    files = {"HomeDomain/Library/SMS/sms.db": sms, specimens.SAFARI: specimens.database(HISTORY)}
    return packed(tmp_path / "phone.zip", specimens.lay(tmp_path / "backup", files))


@pytest.fixture
def indicators(tmp_path):
    bundle(tmp_path / "lists" / "one.stix2", f"[domain-name:value='{LISTED}']")
    bundle(tmp_path / "lists" / "two.stix2", "[domain-name:value='other.example.org']")
    return packed(tmp_path / "lists.zip", tmp_path / "lists")


@pytest.fixture
def case(tmp_path, phone, indicators):
    """A case that asks a phone two questions, with the consent of its owner."""
    made = Case.new(tmp_path / "case", title="A phone", investigators=["A. Investigator"])
    made.add(phone, lawful_basis=CONSENT)
    made.save("devices.indicators", {}, [phone, indicators], looked=False)
    made.save("devices.redirects", {}, phone, looked=False)
    return made


def written(case):
    return (case.path / "findings.json").read_bytes()


def test_a_phone_is_one_entry_whatever_is_asked_of_it(case):
    text = (case.path / "case.toml").read_text()
    assert text.count("[[table]]") == 2
    assert [(table.name, table.kind) for table in case.plan.tables] == [("phone", PHONE), ("indicators", "indicators")]
    assert case.plan.questions[1].tables.keys() == {table.name for table in find_method("devices.redirects").reads}


def test_it_answers_and_a_second_run_is_the_same_bytes(case):
    found = {result.question.method: result.findings for result in case.run()}
    assert {one.verdict for one in found["devices.indicators"]} == {"shown"}
    assert len(found["devices.indicators"]) == 2
    assert any(one.verdict == "indicated" for one in found["devices.redirects"])
    before = written(case)
    case.run()
    assert written(case) == before
    # Nothing of it is kept: it is made again, to the same bytes.
    for path in (case.path / "derived" / "answers").iterdir():
        path.unlink()
    case.run()
    assert written(case) == before


def test_a_question_in_a_case_is_the_question_that_was_asked(case, phone):
    from answerable import ask

    assert ask("devices.redirects", phone).question.digest == case.plan.questions[1].question.digest


def test_without_consent_nothing_is_looked_at(case):
    plan = case.path / "case.toml"
    ledger = (case.path / "ledger.jsonl").read_bytes()
    plan.write_text(plan.read_text().replace(CONSENT, " "))
    with pytest.raises(CaseError, match=r"phone\.zip, key lawful_basis: a phone is looked at only with its owner's"):
        case.run()
    assert (case.path / "ledger.jsonl").read_bytes() == ledger
    assert not (case.path / "findings.json").exists()
    assert not (case.path / "derived" / "tables").exists()
    plan.write_text(plan.read_text().replace('lawful_basis = " "', f'lawful_basis = "{CONSENT}"'))
    assert len(case.run()) == 2


def test_lists_of_indicators_need_nobodys_consent(case):
    assert [one.lawful_basis for one in case.plan.exhibits] == [CONSENT, ""]
    assert PHONE in OF_PEOPLE
    assert len(case.run()) == 2


@pytest.mark.parametrize("name", ["phone.zip", "lists.zip"])
def test_a_changed_exhibit_is_refused(case, name):
    case.run()
    exhibit = case.path / "exhibits" / name
    exhibit.chmod(0o644)
    exhibit.write_bytes(exhibit.read_bytes() + b"\0")
    with pytest.raises(CaseError, match=f"{name}.*not what it was"):
        case.run()


def test_the_report_defangs_hosts_and_shows_nothing_private(case):
    report = report_case(case.path).parent
    shown = b"".join(path.read_bytes() for path in sorted(report.iterdir()))
    assert LISTED.replace(".", "[.]").encode() in shown
    for private in (LISTED, PRIVATE, NUMBER, "plain.example.net"):
        assert private.encode() not in shown


def test_small_counts_of_one_phone_are_told(case):
    report = report_case(case.path)
    page = report.read_text()
    assert "fewer than" not in page
    assert "To protect people" not in page
    (data,) = json.loads((report.parent / "findings.json").read_text())["questions"][1:]
    assert data["coverage"]["looked_at"]["pages that Safari visited (safari_history)"] == 2


def test_the_example_of_the_documentation_is_right():
    text = (Path(__file__).parents[2] / "docs" / "case.md").read_text(encoding="utf-8")
    example = text.partition("## A phone in a case")[2].partition("```toml\n")[2].partition("```")[0]
    without = example.replace('table = ["phone", "indicators"]', "")
    assert without != example
    whole, short = (parse_plan(f'[case]\ntitle = "x"\n{one}').questions[0].exhibits for one in (example, without))
    assert whole == short
    assert {exhibit.name for exhibit in whole.values()} == {"phone.zip", "indicators.zip"}


OLD = """
[case]
title = "A phone"
[[exhibit]]
path = "exhibits/a.zip"
[[exhibit]]
path = "exhibits/b.zip"
[[exhibit]]
path = "exhibits/lists.zip"
[[table]]
is = "visits"
from = "a.zip"
[[table]]
is = "artefacts"
from = "a.zip"
"""


def test_entries_for_single_tables_stay_valid():
    plan = parse_plan(f'{OLD}[[question]]\nmethod = "devices.redirects"\n')
    assert plan.questions[0].tables.keys() == {"visits", "artefacts"}


def test_a_phone_needs_no_naming_while_it_is_the_only_one():
    plan = parse_plan(
        '[case]\ntitle = "x"\n[[exhibit]]\npath = "exhibits/a.zip"\n[[table]]\nis = "phone"\nfrom = "a.zip"\n'
        '[[table]]\nname = "locked"\nfrom = "phone"\npassword_file = "word.txt"\n'
        '[[question]]\nmethod = "devices.redirects"\n[[question]]\nmethod = "devices.redirects"\ntable = "locked"\n'
    )
    plain, locked = (one.question.mapping for one in plan.questions)
    assert plain == {"visits": {}, "artefacts": {}, "redirections": {}}
    assert locked == {name: {"password_file": "word.txt"} for name in plain}


def test_one_phone_is_never_read_out_of_two_exhibits():
    text = f'{OLD}[[table]]\nis = "phone"\nfrom = "b.zip"\n[[question]]\nmethod = "devices.redirects"\n'
    assert parse_plan(f'{text}table = "phone"\n').questions[0].exhibits["visits"].name == "b.zip"
    for mixed in (f"{text}", f'{text}table = ["visits", "phone"]\n'):
        with pytest.raises(CaseError, match=r"one phone out of several exhibits: a\.zip, b\.zip.*key table"):
            parse_plan(mixed.replace('[[table]]\nis = "artefacts"\nfrom = "a.zip"\n', ""))


def test_several_phones_are_told_apart():
    text = OLD[: OLD.index("[[table]]")] + "".join(
        f'[[table]]\nname = "{name}"\nis = "phone"\nfrom = "{name}.zip"\n' for name in "ab"
    )
    with pytest.raises(CaseError, match="several tables could be meant: a, b"):
        parse_plan(f'{text}[[question]]\nmethod = "devices.redirects"\n')
    plan = parse_plan(f'{text}[[question]]\nmethod = "devices.redirects"\ntable = "b"\n')
    assert {exhibit.name for exhibit in plan.questions[0].exhibits.values()} == {"b.zip"}


def test_readers_of_a_phone_take_the_same_words():
    methods()
    assert len({parameters(reader_of(table)) for table in TABLES}) == 1


def test_one_file_is_never_both_a_phone_and_a_list(phone):
    with pytest.raises(ParameterError, match=r"takes files, in this order: phone, indicators\. 1 file was given"):
        files_of(find_method("devices.indicators"), phone)


def test_a_folder_is_told_how_it_becomes_an_exhibit(case, tmp_path, monkeypatch, capsys):
    import shlex
    import subprocess

    folder = tmp_path / "a phone"
    (tmp_path / "backup").rename(folder)
    before = sorted((path.name, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    assert main(["add", str(case.path), str(folder)]) == 2
    told = capsys.readouterr().err
    command = told.partition("archive: ")[2].partition(" && ")[0]
    monkeypatch.chdir(tmp_path)
    subprocess.run(shlex.split(command), check=True)
    assert sorted((path.name, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before
    assert tarfile.is_tarfile("a phone.tar")
    case.add("a phone.tar", lawful_basis=CONSENT)
    case.save("devices.redirects", {}, "a phone.tar", looked=False)
    found = {result.command: result.findings for result in case.run()}
    assert len(found) == 3
    one, other = (mine for command, mine in found.items() if "redirects" in command)
    assert [finding.statement for finding in one] == [finding.statement for finding in other]


@pytest.fixture
def locked(tmp_path):
    """An encrypted backup, and the file of its password."""
    make = load("acquisition/conftest.py").make_backup.__wrapped__(tmp_path)
    folder = make("locked", {("HomeDomain", "Library/Safari/History.db"): b"no database"}, password=PRIVATE)
    word = tmp_path / "outside" / "word.txt"
    word.parent.mkdir()
    word.write_text(f"{PRIVATE}\n")
    return packed(tmp_path / "locked.zip", folder), word


def test_no_file_of_a_case_holds_a_password(tmp_path, locked):
    archive, word = locked
    case = Case.new(tmp_path / "case", title="A phone")
    case.add(archive, lawful_basis=CONSENT)
    case.save("devices.coverage", {"password_file": str(word)}, archive)
    assert len(case.run()) == 1
    report = report_case(case.path).parent
    files = [path for path in case.path.rglob("*") if path.is_file()]
    assert any(str(word).encode() in path.read_bytes() for path in files)
    assert not [path for path in files if PRIVATE.encode() in path.read_bytes()]
    # Where it lies on this machine is told to nobody, and is no part of what was asked.
    told = [case.path / "findings.json", *report.iterdir()]
    assert not [path for path in told if str(word.parent).encode() in path.read_bytes()]
    elsewhere = make_question("devices.coverage", {"password_file": f"/elsewhere/{word.name}"})
    assert elsewhere.digest == case.questions[0].digest


def test_a_wrong_password_leaves_the_question_open_and_says_why(tmp_path, locked):
    archive, word = locked
    case = Case.new(tmp_path / "case", title="A phone")
    case.add(archive, lawful_basis=CONSENT)
    case.save("devices.coverage", {}, archive)
    with pytest.raises(CaseError, match=r"It is encrypted.*--password-file"):
        case.run()
    word.write_text("another\n")
    case.save("devices.coverage", {"password_file": str(word)}, archive)
    with pytest.raises(CaseError, match="does not open it"):
        case.run()
    assert "another" not in written(case).decode()
