"""Android's adb backups (.ab), versions 1 to 5: a few lines of header, then a tar, deflated and encrypted as they say.

Encrypted ones hold a random master key, encrypted by a key that PBKDF2 makes of the password, and a checksum by which
the password is known to be right. Java's PBKDF2 takes characters, not bytes: the checksum is made of the master key
with each byte widened, sign and all, to a character; version 1 then used the low eight bits of each, later ones UTF-8.

Source: Android Open Source Project, BackupManagerService and utils/PasswordUtils (Android 4 to 14); Elenkov 2012,
"Unpacking Android backups".
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from answerable.areas.devices.acquisition.archives import TarTree, until_broken
from answerable.areas.devices.acquisition.passwords import PasswordNeeded, WrongPassword
from answerable.areas.devices.acquisition.tree import BROKEN, CHUNK, Entry, Tree, into_scratch, why
from answerable.errors import EvidenceError

MAGIC = b"ANDROID BACKUP"
NEWEST = 5
MOST_ROUNDS = 10_000_000  # Android writes 10,000; more would only keep a machine busy
_LONGEST_HEADER = 4096


@dataclass(frozen=True, slots=True)
class Header:
    """The lines before the data.

    Args:
        version: 1 to 5.
        compressed: whether the tar is deflated.
        keys: None where it is not encrypted, else the five lines of the encryption: the user's salt, the salt of
            the checksum, the rounds of PBKDF2, the user's IV, the encrypted master key.
        offset: where the data begin, in bytes.
    """

    version: int
    compressed: bool
    keys: tuple[bytes, bytes, int, bytes, bytes] | None
    offset: int

    @property
    def encrypted(self) -> bool:
        """Whether the data are encrypted."""
        return self.keys is not None


def read_header(start: bytes, name: str) -> Header:
    """Reads the header of an adb backup.

    Args:
        start: its first bytes, 4,096 of them or all.
        name: what to call the file in messages.

    Raises:
        EvidenceError: it is no header of a version that is understood.
    """
    lines = start[:_LONGEST_HEADER].split(b"\n", 9)
    try:
        magic, version, compressed, encryption = lines[:4]
        number = int(version) if version.isdigit() else 0
        count = {b"none": 4, b"AES-256": 9}[encryption]
        if magic != MAGIC or not 1 <= number <= NEWEST or compressed not in (b"0", b"1") or len(lines) <= count:
            raise ValueError
        keys = _keys(lines[4:9]) if count == 9 else None
    except (ValueError, KeyError) as error:
        problem = f"Its header is not one of an adb backup of version 1 to {NEWEST}, or is cut short."
        raise EvidenceError(problem, file=name) from error
    return Header(number, compressed == b"1", keys, sum(len(line) + 1 for line in lines[:count]))


def _keys(lines: list[bytes]) -> tuple[bytes, bytes, int, bytes, bytes]:
    salt, checksum_salt, rounds, iv, blob = lines
    count = int(rounds)
    if not 1 <= count <= MOST_ROUNDS:
        raise ValueError
    return (
        *(bytes.fromhex(line.decode("ascii")) for line in (salt, checksum_salt)),
        count,
        *(bytes.fromhex(line.decode("ascii")) for line in (iv, blob)),
    )  # type: ignore[return-value]


def _utf8(characters: str) -> bytes:
    return characters.encode("utf-8", "surrogatepass")


def _eight_bits(characters: str) -> bytes:
    return bytes(ord(character) & 0xFF for character in characters)


def master_key(header: Header, password: str) -> tuple[bytes, bytes] | None:
    """The key and IV of the data; None where the password does not fit or the header is damaged."""
    if header.keys is None:
        return None
    for encode in (_utf8, _eight_bits):  # the version should tell which; the checksum does
        if found := _unlocked(header.keys, password, encode):
            return found
    return None


def _unlocked(
    keys: tuple[bytes, bytes, int, bytes, bytes], password: str, encode: Callable[[str], bytes]
) -> tuple[bytes, bytes] | None:
    salt, checksum_salt, rounds, iv, blob = keys
    user_key = hashlib.pbkdf2_hmac("sha1", encode(password), salt, rounds, 32)
    try:
        plain = b"".join(_decrypted(iter([blob]), user_key, iv))
    except ValueError:  # what comes out has no padding: another key
        return None
    fields = []
    while plain:
        fields.append(plain[1 : 1 + plain[0]])
        plain = plain[1 + plain[0] :]
    if len(fields) != 3 or len(fields[0]) != 16 or len(fields[1]) != 32:
        return None
    widened = "".join(chr(byte if byte < 0x80 else 0xFF00 | byte) for byte in fields[1])
    checksum = hashlib.pbkdf2_hmac("sha1", encode(widened), checksum_salt, rounds, 32)
    return (fields[1], fields[0]) if hmac.compare_digest(checksum, fields[2]) else None


def _decrypted(chunks: Iterator[bytes], key: bytes, iv: bytes) -> Iterator[bytes]:
    """AES-256 in CBC mode with PKCS#7 padding."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.padding import PKCS7

    decryptor, unpadder = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor(), PKCS7(128).unpadder()
    for chunk in chunks:
        yield unpadder.update(decryptor.update(chunk))
    yield unpadder.update(decryptor.finalize()) + unpadder.finalize()


def _inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for chunk in chunks:
        waiting = chunk
        while waiting and not inflater.eof:
            yield inflater.decompress(waiting, CHUNK)
            waiting = inflater.unconsumed_tail
    yield inflater.flush()
    if not inflater.eof:
        raise EOFError("the deflated data end too early")


def open_adb_backup(inner: Tree, entry: Entry, *, password: str | None = None) -> Tree:
    """Opens an adb backup as the tree of its tar: "apps/<package>/...", "shared/...".

    The tar is written into the scratch folder, decrypted, and erased when the tree is closed.

    Args:
        inner: the tree that holds it; to be closed on its own.
        entry: the .ab file.
        password: of an encrypted one.

    Raises:
        PasswordNeeded, WrongPassword: it is encrypted.
        EvidenceError: its header cannot be read, or it would grow beyond the limits.
    """
    try:
        with inner.open(entry) as stream:
            header = read_header(stream.read(_LONGEST_HEADER), entry.stored)
        key = _key(header, password, entry)
        cut: list[str] = []
        with inner.open(entry) as stream:
            stream.read(header.offset)
            data = until_broken(_data(stream, header, key), cut)
            plain, _ = into_scratch(data, inner.scratch, entry.stored, compressed=entry.size)
    except BROKEN as error:
        raise EvidenceError(f"It cannot be read: {why(error)}.", file=entry.stored) from error
    tree = TarTree(inner.root / entry.stored, inner.scratch, plain, temporary=True)
    tree.format = "encrypted adb backup" if header.encrypted else "adb backup"
    tree.notes += cut
    tree.keep(inner.shared())
    return tree


def _key(header: Header, password: str | None, entry: Entry) -> tuple[bytes, bytes] | None:
    if header.keys is None:
        return None
    if password is None:
        raise PasswordNeeded(entry.stored)
    if (key := master_key(header, password)) is None:
        raise WrongPassword(entry.stored)
    return key


def _data(stream: BinaryIO, header: Header, key: tuple[bytes, bytes] | None) -> Iterator[bytes]:
    chunks = iter(lambda: stream.read(1 << 16), b"")
    if key:
        chunks = (chunk for chunk in _decrypted(chunks, *key) if chunk)
    return (chunk for chunk in (_inflated(chunks) if header.compressed else chunks) if chunk)
