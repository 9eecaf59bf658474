"""Synthetic evidence: iOS backups, encrypted or not, and adb backups, written from the documented formats."""

import hashlib
import io
import os
import plistlib
import sqlite3
import struct
import tarfile
import zlib

import pytest

ROUNDS = 7  # of PBKDF2: the phones' ten million would only keep the tests busy
CLASS = 3


@pytest.fixture
def scratch(tmp_path_factory):
    """A scratch folder, which is told apart from the evidence."""
    return tmp_path_factory.mktemp("scratch")


def file_id(domain, path):
    return hashlib.sha1(f"{domain}-{path}".encode()).hexdigest()


def pad(data):
    count = 16 - len(data) % 16
    return data + bytes([count]) * count


def cbc(data, key, iv=bytes(16)):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def tlv(tag, value):
    data = struct.pack(">L", value) if isinstance(value, int) else value
    return tag + struct.pack(">L", len(data)) + data


class Keys:
    """The keybag of a backup, as its format is documented: class keys wrapped by a key that the password gives."""

    def __init__(self, password):
        from cryptography.hazmat.primitives.keywrap import aes_key_wrap

        self.wrap = aes_key_wrap
        self.classes = {number: os.urandom(32) for number in (1, 2, CLASS, 4)}
        salt, salt2 = os.urandom(20), os.urandom(20)
        first = hashlib.pbkdf2_hmac("sha256", password.encode(), salt2, ROUNDS, 32)
        self.password_key = hashlib.pbkdf2_hmac("sha1", first, salt, ROUNDS + 1, 32)
        head = [(b"VERS", 5), (b"TYPE", 1), (b"UUID", os.urandom(16)), (b"HMCK", os.urandom(40)), (b"WRAP", 0),
                (b"SALT", salt), (b"ITER", ROUNDS + 1), (b"DPWT", 0), (b"DPIC", ROUNDS), (b"DPSL", salt2)]  # fmt: skip
        self.blob = b"".join(tlv(*pair) for pair in head)
        for number, key in self.classes.items():
            wrapped = aes_key_wrap(self.password_key, key)
            for pair in ((b"UUID", os.urandom(16)), (b"CLAS", number), (b"WRAP", 2), (b"KTYP", 0), (b"WPKY", wrapped)):
                self.blob += tlv(*pair)

    def wrapped(self, key, number=CLASS):
        return struct.pack("<l", number) + self.wrap(self.classes.get(number, bytes(32)), key)


def record(path, size, wrapped=None, number=CLASS):
    """The archive MBFile of a row of the manifest."""
    uid = plistlib.UID
    fields = {"$class": uid(3), "RelativePath": uid(2), "Size": size, "ProtectionClass": number, "Mode": 0o100644,
              "LastModified": 1_680_000_000, "Birth": 1_680_000_000, "InodeNumber": 1, "Flags": 0}  # fmt: skip
    objects = ["$null", fields, path, {"$classname": "MBFile", "$classes": ["MBFile", "NSObject"]}]
    if wrapped:
        fields["EncryptionKey"] = uid(4)
        objects += [{"$class": uid(5), "NS.data": wrapped}, {"$classname": "NSMutableData", "$classes": ["NSData"]}]
    archive = {"$version": 100000, "$archiver": "NSKeyedArchiver", "$top": {"root": uid(1)}, "$objects": objects}
    return plistlib.dumps(archive, fmt=plistlib.FMT_BINARY)


def write_manifest(path, rows):
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB)"
        )
        database.executemany("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", rows)
    database.close()


INFO = {"Product Version": "17.4.1", "Product Type": "iPhone14,5", "Build Version": "21E236", "Serial Number": "SERIAL"}


@pytest.fixture
def make_backup(tmp_path):
    """A function that writes a backup: files {(domain, path): bytes}, further rows of its manifest, a password."""

    def make(name, files, rows=(), info=INFO, password=None, classes=None, spoil=None, flat=False):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        keys, listed = Keys(password) if password else None, []
        for (domain, path), data in files.items():
            identifier, wrapped, size = file_id(domain, path), None, len(data)
            number = (classes or {}).get((domain, path), CLASS)
            if keys:
                key = os.urandom(32)
                data, wrapped = cbc(pad(data), key) if data else b"", keys.wrapped(key, number)
            place = folder if flat else folder / identifier[:2]
            place.mkdir(exist_ok=True)
            (place / identifier).write_bytes(data)
            listed.append((identifier, domain, path, 1, record(path, size, wrapped, number)))
        write_manifest(folder / "Manifest.db", [*listed, *rows])
        plist = {"IsEncrypted": bool(keys), "Version": "10.0"}
        if keys:
            if spoil:
                keys.blob = spoil(keys.blob)
            key = os.urandom(32)
            manifest = folder / "Manifest.db"
            manifest.write_bytes(cbc(pad(manifest.read_bytes()), key))
            plist |= {"BackupKeyBag": keys.blob, "ManifestKey": keys.wrapped(key)}
        (folder / "Manifest.plist").write_bytes(plistlib.dumps(plist, fmt=plistlib.FMT_BINARY))
        (folder / "Info.plist").write_bytes(plistlib.dumps(info))
        return folder

    return make


def adb_header(version, compressed, password, key, iv):
    lines = [b"ANDROID BACKUP", b"%d" % version, b"%d" % compressed]
    if password is None:
        return b"\n".join([*lines, b"none", b""])
    salt, salt2, user_iv = os.urandom(64), os.urandom(64), os.urandom(16)
    # Java widens a byte to a character with its sign; version 1 took the low eight bits of it, later ones its UTF-8
    characters = "".join(chr(byte if byte < 128 else 0xFF00 + byte) for byte in key)
    encode = (lambda text: bytes(ord(one) & 255 for one in text)) if version == 1 else (lambda text: text.encode())
    checksum = hashlib.pbkdf2_hmac("sha1", encode(characters), salt2, ROUNDS, 32)
    fields = b"".join(bytes([len(one)]) + one for one in (iv, key, checksum))
    blob = cbc(pad(fields), hashlib.pbkdf2_hmac("sha1", encode(password), salt, ROUNDS, 32), user_iv)
    hexes = [one.hex().upper().encode() for one in (salt, salt2, user_iv, blob)]
    return b"\n".join([*lines, b"AES-256", *hexes[:2], b"%d" % ROUNDS, *hexes[2:], b""])


@pytest.fixture
def make_adb_backup(tmp_path):
    """A function that writes a .ab file: files {path: bytes}, version, whether deflated, password."""

    def make(name, files, version=5, compressed=True, password=None):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path, data in files.items():
                member = tarfile.TarInfo(path)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        data, key, iv = packed.getvalue(), bytes(range(240, 256)) + os.urandom(16), os.urandom(16)
        data = zlib.compress(data) if compressed else data
        header = adb_header(version, compressed, password, key, iv)
        (tmp_path / name).write_bytes(header + (cbc(pad(data), key, iv) if password is not None else data))
        return tmp_path / name

    return make
