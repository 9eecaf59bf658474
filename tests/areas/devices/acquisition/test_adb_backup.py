"""adb backups of every version, plain, deflated and encrypted, made here by the documented format."""

import itertools

import pytest

from answerable.areas.devices.acquisition.adb_backup import master_key, read_header
from answerable.areas.devices.acquisition.passwords import PasswordNeeded, WrongPassword
from answerable.areas.devices.acquisition.recognise import open_acquisitions
from answerable.errors import EvidenceError

FILES = {
    "apps/com.android.providers.telephony/_manifest": b"1\n",
    "apps/com.android.providers.telephony/d_f/000000_sms_backup": b"content" * 5000,
    "shared/0/../../climbs": b"out",
}


@pytest.mark.parametrize(
    ("version", "compressed", "password"), list(itertools.product(range(1, 6), (False, True), (None, "päss", "1234")))
)
def test_every_version_is_read(make_adb_backup, scratch, version, compressed, password):
    path = make_adb_backup("phone.ab", FILES, version, compressed, password)
    (one,) = open_acquisitions(path, scratch, password=password)
    assert (one.kind, one.platform, one.device, one.encrypted) == (
        "adb backup",
        "android",
        "phone",
        password is not None,
    )
    assert one.facts["Backup Format"] == str(version)
    (entry,) = one.tree.find("apps/*/d_f/*_sms_backup")
    assert one.tree.read(entry, 100_000) == b"content" * 5000
    assert not one.tree.find("**/climbs") and any("climb" in note for note in one.notes)
    one.tree.close()
    assert not list(scratch.iterdir())


def test_passwords(make_adb_backup, scratch):
    path = make_adb_backup("phone.ab", FILES, password="right")
    with pytest.raises(PasswordNeeded):
        open_acquisitions(path, scratch)
    with pytest.raises(WrongPassword, match="password does not open it"):
        open_acquisitions(path, scratch, password="wrong")
    assert not list(scratch.iterdir())


@pytest.mark.parametrize(("said", "true"), [(1, 1), (1, 2), (2, 1), (2, 2)])
def test_either_way_of_making_characters_of_bytes_is_tried(make_adb_backup, said, true):
    data = make_adb_backup("phone.ab", FILES, true, True, "päss").read_bytes()
    data = data.replace(b"ANDROID BACKUP\n%d\n" % true, b"ANDROID BACKUP\n%d\n" % said)
    assert master_key(read_header(data, "phone.ab"), "päss")


def test_the_checksum_tells_whether_the_key_is_right(make_adb_backup):
    lines = make_adb_backup("phone.ab", FILES, 3, True, "right").read_bytes().split(b"\n", 9)
    assert master_key(read_header(b"\n".join(lines), "phone.ab"), "right")
    lines[5] = lines[5][:-2] + (b"00" if lines[5][-2:] != b"00" else b"01")  # the salt of the checksum
    assert master_key(read_header(b"\n".join(lines), "phone.ab"), "right") is None


@pytest.mark.parametrize("password", [None, "right"])
def test_what_is_cut_short_is_read_as_far_as_it_goes(make_adb_backup, scratch, password):
    files = {f"apps/a/{number}": bytes(range(256)) * 40 for number in range(30)}
    path = make_adb_backup("phone.ab", files, 5, False, password)
    path.write_bytes(path.read_bytes()[:200_000])
    (one,) = open_acquisitions(path, scratch, password=password)
    assert one.tree.read(one.tree.entry("apps/a/0"), 20_000) == files["apps/a/0"]
    assert len(one.tree.entries()) < 30 and any("cut short" in note for note in one.notes)
    one.tree.close()


def test_deflated_data_that_break_off_are_noted(make_adb_backup, scratch):
    import os

    path = make_adb_backup("phone.ab", {"apps/a/0": b"first", "apps/a/1": os.urandom(300_000)}, 5, True)
    path.write_bytes(path.read_bytes()[:150_000])
    (one,) = open_acquisitions(path, scratch)
    assert one.tree.read(one.tree.entry("apps/a/0"), 100) == b"first"
    with pytest.raises(EvidenceError, match="cut short"):
        one.tree.read(one.tree.entry("apps/a/1"), 1 << 20)
    assert any("cut short" in note for note in one.notes)
    one.tree.close()


@pytest.mark.parametrize(
    "header",
    [
        b"ANDROID BACKUP\n6\n1\nnone\n",
        b"ANDROID BACKUP\n0\n1\nnone\n",
        b"ANDROID BACKUP\n5\n2\nnone\n",
        b"ANDROID BACKUP\n5\n1\nAES-512\n",
        b"ANDROID BACKUP\n5\n1\nAES-256\n00\n00\n10000\n00\n",
        b"ANDROID BACKUP\n5\n1\nAES-256\n00\n00\n99999999999\n00\n00\n",
        b"ANDROID BACKUP\n5\n1\nAES-256\nzz\n00\n10\n00\n00\n",
        b"ANDROID BACKUP\n5\n1",
    ],
)
def test_damaged_headers_are_told(tmp_path, scratch, header):
    path = tmp_path / "phone.ab"
    path.write_bytes(header)
    with pytest.raises(EvidenceError, match="header"):
        open_acquisitions(path, scratch, password="right")


@pytest.mark.parametrize("blob", ["00" * 16, "00" * 5, "", "ff" * 96])
def test_a_damaged_key_is_a_wrong_password(tmp_path, scratch, blob):
    path = tmp_path / "phone.ab"
    path.write_bytes(f"ANDROID BACKUP\n5\n1\nAES-256\n00\n00\n10\n{'00' * 16}\n{blob}\n".encode() + bytes(64))
    with pytest.raises(WrongPassword):
        open_acquisitions(path, scratch, password="right")


def test_a_bomb_is_refused(make_adb_backup, scratch):
    path = make_adb_backup("phone.ab", {"apps/a/zeros": bytes(150_000_000)})
    assert path.stat().st_size < 300_000
    with pytest.raises(EvidenceError, match="bomb"):
        open_acquisitions(path, scratch)
    assert not list(scratch.iterdir())
