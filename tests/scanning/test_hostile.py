"""A scan of what is hostile, damaged, locked, half or interrupted: a clear message or a gap, and never a crash."""

import importlib.util
import io
import itertools
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location(
    "specimens", Path(__file__).parents[1] / "areas" / "devices" / "specimens.py"
)
specimens = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(specimens)
make_backup = specimens.load("acquisition/conftest.py").make_backup
SAFARI, SMS = specimens.SAFARI, "HomeDomain/Library/SMS/sms.db"
PASSWORD = "correct horse battery"


@pytest.fixture
def run(tmp_path):
    """A function that runs the command in a process of its own, and gives its exit code, output and errors."""
    consent = tmp_path / "consent.toml"
    consent.write_text('who = "the owner"\nscope = "traces"\ndate = 2026-11-01\nuntil = 2999-01-01\n', encoding="utf-8")

    def start(path, *more, out="out", **how):
        words = [sys.executable, "-m", "answerable", "scan", os.fsencode(path), "--consent", str(consent)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([*words, "--output", str(tmp_path / out), *more], cwd=tmp_path, **pipes | how)

    def ran(path, *more, **how):
        process = start(path, *more, **how)
        told, said = (text.decode() for text in process.communicate(timeout=120))
        assert "Traceback" not in said, said
        return process.returncode, told, said

    ran.start = start
    return ran


def coverage(told):
    """What a scan's JSON says was missing, and the sentences of its findings on coverage."""
    data = json.loads(told)
    said = [one["statement"] for one in data["findings"] if one["method"] == "devices.coverage"]
    return data["coverage"]["missing"], said


def everything(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("given", "message"), [(None, "It is encrypted."), ("wrong", "The password does not open it.")]
)
def test_without_the_right_password_it_says_so_and_writes_nothing(run, make_backup, tmp_path, given, message):
    backup = make_backup(
        "locked", {("HomeDomain", "Library/Safari/History.db"): specimens.history(5)}, password=PASSWORD
    )
    word = tmp_path / "word"
    word.write_text(f"{given}\n", encoding="utf-8")
    before = specimens.tree_state(backup)
    code, told, said = run(backup, *(["--password-file", str(word)] if given else []))
    assert code == 2
    assert message in said
    assert told == ""
    assert not (tmp_path / "out").exists()
    assert specimens.tree_state(backup) == before


def test_the_password_stands_nowhere(run, make_backup, tmp_path):
    backup = make_backup(
        "locked", {("HomeDomain", "Library/Safari/History.db"): specimens.history(5)}, password=PASSWORD
    )
    (tmp_path / "word").write_text(f"{PASSWORD}\n", encoding="utf-8")
    code, told, said = run(backup, "--password-file", str(tmp_path / "word"), "--json")
    assert code == 0, said
    assert "5 rows" in " ".join(coverage(told)[1])
    assert PASSWORD not in told + said
    for name, data in everything(tmp_path / "out").items():
        assert PASSWORD.encode() not in data, name
        assert not data.startswith(b"SQLite format 3"), name


def test_damage_is_told_with_its_reason_in_the_findings_on_coverage(run, tmp_path):
    whole = specimens.history(2_000)
    profile = "HomeDomain/Library/Safari/Profiles/P/History.db"
    backup = specimens.lay(
        tmp_path / "phone",
        {SAFARI: whole[:-9_000], profile: b"", SMS: b"no database"},
        absent=["HomeDomain/Library/x"],
    )
    before = specimens.tree_state(backup)
    code, told, said = run(backup, "--json")
    assert code == 0, said
    missing, sentences = coverage(told)
    missing = {name.rpartition("(")[2].rstrip(")"): why for name, why in missing.items()}
    assert "is damaged" in missing["safari_history"]
    assert "The file is empty" in missing["safari_history"]
    assert "not an SQLite database" in missing["sms"]
    assert any(one.startswith("Read in part only") and "(safari_history)" in one for one in sentences)
    assert any(one.startswith("Could not be read") and "(sms)" in one for one in sentences)
    verdicts = {one["method"]: one["verdict"] for one in json.loads(told)["findings"]}
    assert verdicts["devices.redirects"] == "cannot tell"
    assert specimens.tree_state(backup) == before


def test_half_a_backup_is_read_and_what_is_absent_is_named(run, tmp_path):
    backup = specimens.lay(tmp_path / "phone", {SAFARI: specimens.history(5)}, absent=[SMS])
    code, told, said = run(backup, "--json")
    assert code == 0, said
    assert any("(sms)" in name and "backup is incomplete" in why for name, why in coverage(told)[0].items())


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_members_that_climb_out_are_named_and_nothing_is_written_there(run, tmp_path):
    files = specimens.ROOTS["ios file system"] | {"private/var/mobile/Library/Safari/History.db": specimens.history(3)}
    climbing = {"../../escaped.db": b"x", "/etc/escaped": b"x", "a/../../escaped2": b"x", "C:\\escaped3": b"x"}
    path = zipped(tmp_path / "dump.zip", files | climbing)
    code, told, said = run(path, "--json")
    assert code == 0, said
    assert "climb out" in told
    assert not list(tmp_path.rglob("*escaped*"))
    assert any("(safari_history), 3 rows" in one for one in coverage(told)[1])


def test_a_bomb_and_archives_in_archives_end(run, tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive, archive.open("x", "w") as member:
        for _ in range(150):
            member.write(bytes(1 << 20))
    nested = bomb.getvalue()
    for number in range(30):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            member = tarfile.TarInfo(f"inner{number}.tar.gz")
            member.size = len(nested)
            archive.addfile(member, io.BytesIO(nested))
        nested = packed.getvalue()
    (tmp_path / "nested.tar.gz").write_bytes(nested)
    code, _, said = run(tmp_path / "nested.tar.gz")
    assert code == 2
    assert "not recognised" in said
    with zipfile.ZipFile(tmp_path / "dump.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("private/var/mobile/x", b"x")
        with archive.open("private/var/mobile/Library/Safari/History.db", "w") as member:
            member.write(b"SQLite format 3\0")
            for _ in range(150):
                member.write(bytes(1 << 20))
    code, told, said = run(tmp_path / "dump.zip", "--json", out="out2")
    assert code == 0, said
    assert any("(safari_history)" in name and "bomb" in why for name, why in coverage(told)[0].items())


@pytest.mark.parametrize("what", ["empty folder", "noise", "pipe", "nothing", "empty", "folder that holds itself"])
def test_what_is_no_phone_is_refused_with_words(run, tmp_path, what):
    path = tmp_path / "thing"
    if what == "empty folder":
        path.mkdir()
    elif what == "noise":
        path.write_bytes(random.Random(5).randbytes(50_000))
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "empty":
        path.touch()
    elif what == "folder that holds itself":
        path.mkdir()
        (path / "again").symlink_to(path)
    code, told, said = run(path)
    assert code == 2
    assert said.strip().startswith("answerable: ")
    assert told == ""
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [b"phone\xff\xfe", b"a\nb\x1b[2J", "…\u202e<script>".encode(), b"'; --", b"x" * 250])
def test_evidence_of_an_odd_name_is_read(run, tmp_path, name):
    backup = specimens.lay(tmp_path / os.fsdecode(name), {SAFARI: specimens.history(3)})
    code, told, said = run(backup, "--json")
    assert code == 0, said
    assert any("(safari_history), 3 rows" in one for one in coverage(told)[1])
    assert "\x1b" not in told.replace("\\u001b", "")
    assert json.loads((tmp_path / "out" / "findings.json").read_bytes())
    assert b"<script>alert" not in (tmp_path / "out" / "report.html").read_bytes()


@pytest.mark.parametrize("most", [0, 3_000, 100_000])
def test_a_full_disk_is_told_and_leaves_nothing(run, tmp_path, most):
    backup = specimens.lay(tmp_path / "phone", {SAFARI: specimens.history(20_000)})

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    code, told, said = run(backup, preexec_fn=limit)
    assert code == 2, said
    assert "cannot be written" in said
    assert told == ""
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_not_a_scans_folder_is_left_alone(run, tmp_path):
    backup = specimens.lay(tmp_path / "phone", {SAFARI: specimens.history(3)})
    own = tmp_path / "out" / "phones" / "my.parquet"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"mine")
    code, _, said = run(backup)
    assert code == 2
    assert "is not a scan's folder" in said
    assert everything(tmp_path / "out") == {"phones/my.parquet": b"mine"}


def test_a_scan_that_is_killed_at_any_moment_is_made_good_by_the_next(run, tmp_path):
    backup = specimens.lay(tmp_path / "phone", {SAFARI: specimens.history(30_000), SMS: b"no database"})
    started = time.monotonic()
    assert run(backup, out="whole")[0] == 0
    took = time.monotonic() - started
    whole, numbers = everything(tmp_path / "whole"), random.Random()
    killed = 0
    for _ in range(6):
        process = run.start(backup, out="killed")
        time.sleep(took * numbers.uniform(0.3, 1.0))
        process.kill()
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
    assert killed
    assert run(backup, out="killed")[0] == 0
    assert everything(tmp_path / "killed") == whole
    assert not [
        path
        for path in (tmp_path / "killed").rglob("*")
        if path.is_dir() and path.name.startswith((".", "answerable-"))
    ]


def test_two_scans_never_share_a_folder(run, tmp_path):
    from answerable.core.lock import lock

    backup = specimens.lay(tmp_path / "phone", {SAFARI: specimens.history(3)})
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".scan").open("ab") as held:
        lock(held, wait=False)
        code, _, said = run(backup)
    assert code == 2
    assert "Another scan is at work" in said
    assert list(everything(tmp_path / "out")) == [".scan"]
    assert run(backup)[0] == 0


def test_a_scan_of_another_phone_into_the_same_folder_keeps_nothing_of_the_first(run, tmp_path):
    one = specimens.lay(tmp_path / "one", {SAFARI: specimens.history(30)})
    two = specimens.lay(tmp_path / "two", {SAFARI: specimens.history(3, start=500)})
    assert run(one)[0] == 0
    assert run(two)[0] == 0
    assert run(two, out="fresh")[0] == 0
    assert everything(tmp_path / "out") == everything(tmp_path / "fresh")


def test_a_phone_that_is_written_to_while_it_is_read_is_a_gap_or_a_whole(run, tmp_path):
    backup = specimens.lay(tmp_path / "phone", {SAFARI: specimens.history(2_000)})
    place, versions = backup / specimens.stored(SAFARI), [specimens.history(2_000), specimens.history(500)]
    with run.start(backup, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        for data in itertools.cycle(versions):
            if process.poll() is not None:
                break
            shutil.copyfile(_kept(tmp_path, data), place)
            time.sleep(0.01)
    assert process.returncode == 0
    (said,) = [
        one["statement"]
        for question in json.loads((tmp_path / "out" / "findings.json").read_text())["questions"]
        for one in question["findings"]
        if question["question"]["method"] == "devices.coverage" and "(safari_history)" in one["statement"]
    ]
    assert said.startswith(("Read: ", "Read in part only", "Could not be read"))


def _kept(folder, data):
    path = folder / f"version{len(data)}"
    if not path.exists():
        path.write_bytes(data)
    return path
