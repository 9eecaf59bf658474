"""Encrypted iOS backups: opened with their password and decrypted file by file, in memory or into the scratch folder.

The password unlocks the keybag of Manifest.plist (PBKDF2 twice), the keybag's class keys unwrap the key of Manifest.db
and one key for each file, each file is AES in CBC mode. All of that is done by the parts of iphone-backup-decrypt; its
own door is not used, for it keeps the decrypted Manifest.db in the system's folder for temporary files.
"""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import struct
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from answerable.areas.devices.acquisition.ios_backup import BackupTree
from answerable.areas.devices.acquisition.particulars import dictionary
from answerable.areas.devices.acquisition.passwords import PasswordNeeded, WrongPassword
from answerable.areas.devices.acquisition.tree import LARGEST_FILE, Entry, Tree, why
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from iphone_backup_decrypt.utils import BackupKeyBag

IN_MEMORY = 1 << 26  # bytes up to which a file is decrypted in memory
LARGEST_RECORD = 100_000  # bytes of a file's record in the manifest; they have one to three thousand
_DAMAGED = "Copy the backup again, or make another one."


def open_backup(inner: Tree, folder: str = "", *, encrypted: bool, password: str | None = None) -> BackupTree:
    """Opens an iOS backup, encrypted or not.

    Args:
        inner: the folder or archive; to be closed on its own.
        folder: the backup's folder in it, "" for the root.
        encrypted: what its Manifest.plist says.
        password: of an encrypted one.

    Raises:
        PasswordNeeded, WrongPassword: it is encrypted.
        EvidenceError: its manifest or its keybag cannot be read.
    """
    if not encrypted:
        return BackupTree(inner, folder)
    name = folder or inner.root
    if password is None:
        raise PasswordNeeded(name)
    start = f"{folder}/" if folder else ""
    notes: list[str] = []
    plist = dictionary(inner, f"{start}Manifest.plist", notes)
    if notes:
        raise EvidenceError(f"Its Manifest.plist cannot be read: {notes[0]}.", file=name)
    keybag, lacking = unlocked(plist.get("BackupKeyBag"), password, name)
    key = _manifest_key(keybag, plist.get("ManifestKey"), name)
    manifest = _decrypted_manifest(inner, f"{start}Manifest.db", key, name)
    try:
        tree = EncryptedBackup(inner, folder, keybag, manifest)
    except BaseException:
        manifest.unlink(missing_ok=True)
        raise
    if lacking:
        classes = ", ".join(map(str, lacking))
        tree.notes.append(f"protection classes whose keys cannot be unlocked, nor their files: {classes}")
    return tree


def unlocked(data: object, password: str, name: str | Path) -> tuple[BackupKeyBag, list[int]]:
    """The keybag of a backup, unlocked.

    Args:
        data: BackupKeyBag of Manifest.plist.
        password: the backup's password.
        name: what to call the backup in messages.

    Returns:
        the keybag, and the protection classes whose keys are damaged.

    Raises:
        WrongPassword: no key is unlocked by it.
        EvidenceError: the keybag is damaged.
    """
    from iphone_backup_decrypt.utils import BackupKeyBag

    if not isinstance(data, bytes):
        raise EvidenceError("Its Manifest.plist holds no keybag.", file=name, mend=_DAMAGED)
    try:
        keybag = BackupKeyBag(data)
        wrapped = {key: said[b"WPKY"] for key, said in keybag.classes_data.items() if b"WPKY" in said}
        if keybag.unlock_with_passphrase(password.encode("utf-8", "surrogatepass")):
            keys = keybag.classes_keys
        else:  # the wrong password, or one damaged key among good ones
            keys = _unwrapped(keybag.passphrase_key, wrapped)
    except Exception as error:  # a damaged keybag leads the library to any error
        problem = f"Its keybag is damaged or of a layout before iOS 10.2 ({type(error).__name__})."
        raise EvidenceError(problem, file=name, mend=_DAMAGED) from error
    if not wrapped:
        raise EvidenceError("Its keybag holds no keys.", file=name, mend=_DAMAGED)
    if not keys:
        raise WrongPassword(name)
    keybag.classes_keys, keybag.unlocked = keys, True
    return keybag, sorted(set(wrapped) - set(keys), key=str)  # a damaged class is no number


def _unwrapped(password_key: bytes, wrapped: dict[int, bytes]) -> dict[int, bytes]:
    """The class keys that the password unlocks."""
    from iphone_backup_decrypt.utils import aes_unwrap

    keys: dict[int, bytes] = {}
    for protection_class, key in wrapped.items():
        with contextlib.suppress(ValueError):
            keys[protection_class] = aes_unwrap(key_encryption_key=password_key, wrapped_key=key)
    return keys


def _manifest_key(keybag: BackupKeyBag, wrapped: object, name: str | Path) -> bytes:
    if not isinstance(wrapped, bytes) or len(wrapped) != 44:
        raise EvidenceError("Its Manifest.plist holds no key of the manifest.", file=name, mend=_DAMAGED)
    try:
        key: bytes = keybag.unwrap_key_for_class(struct.unpack("<l", wrapped[:4])[0], wrapped[4:])
    except ValueError as error:
        raise EvidenceError("The key of its manifest cannot be unwrapped.", file=name, mend=_DAMAGED) from error
    return key


def _decrypted_manifest(inner: Tree, path: str, key: bytes, name: str | Path) -> Path:
    if not inner.index.match(path):
        raise EvidenceError("It has no Manifest.db.", file=name, mend=_DAMAGED)
    return decrypt(inner, inner.entry(path), key)


def decrypt(inner: Tree, entry: Entry, key: bytes) -> Path:
    """Decrypts a file into the scratch folder, mode 0600.

    Raises:
        EvidenceError: it is too large, cut short, or what comes out is not what went in.
    """
    from iphone_backup_decrypt.utils import aes_decrypt_chunked

    if entry.size > LARGEST_FILE:
        raise EvidenceError(f"It has {entry.size:,} bytes, too many to be decrypted.", file=entry.stored)
    source = inner.place(entry)
    handle, name = tempfile.mkstemp(prefix="decrypted-", dir=inner.scratch)
    os.close(handle)
    try:
        if entry.size:
            aes_decrypt_chunked(in_filename=str(source), key=key, out_filepath=name)
    except BaseException as error:
        Path(name).unlink(missing_ok=True)
        if isinstance(error, (OSError, ValueError)):
            raise EvidenceError(f"It cannot be decrypted: {why(error)}.", file=entry.stored) from error
        raise
    return Path(name)


class EncryptedBackup(BackupTree):
    """The files of an encrypted iOS backup; sizes and digests are those of the encrypted files as they are stored.

    Args:
        inner: the folder or archive.
        folder: the backup's folder in it, "" for the root.
        keybag: unlocked.
        manifest: the decrypted Manifest.db in the scratch folder; erased when the tree is closed.
    """

    def __init__(self, inner: Tree, folder: str, keybag: BackupKeyBag, manifest: Path) -> None:
        super().__init__(inner, folder, manifest=manifest)
        self.format = f"encrypted {self.format}"
        self._keybag, self._manifest = keybag, manifest
        self._database = sqlite3.connect(f"{manifest.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        self._made.append(manifest)
        self._placed["Manifest.db"] = manifest

    def _key(self, entry: Entry) -> bytes | None:
        """The key of a file; None where it is not encrypted."""
        from iphone_backup_decrypt.utils import FilePlist

        identifier = self.identifier(entry)
        if not identifier:
            return None
        sql = "SELECT file FROM Files WHERE fileID = ? AND typeof(file) = 'blob' AND length(file) <= ?"
        try:
            found = self._database.execute(sql, (identifier, LARGEST_RECORD)).fetchone()
            record: Any = FilePlist(found[0])
            wrapped, protection_class = record.encryption_key, record.protection_class
            if wrapped is None:
                return None
            known = protection_class in self._keybag.classes_keys
            if known:
                key: bytes = self._keybag.unwrap_key_for_class(protection_class, wrapped)
                return key
        except Exception as error:  # a damaged record leads the library to any error
            problem = f"Its record in the manifest holds no usable key ({type(error).__name__})."
            raise EvidenceError(problem, file=entry.stored) from error
        raise EvidenceError(
            f"The key of its protection class {protection_class!r:.20} is not there.", file=entry.stored
        )

    def open(self, entry: Entry) -> BinaryIO:
        if entry.path in self._placed:
            return self._placed[entry.path].open("rb")
        if (key := self._key(entry)) is None:
            return super().open(entry)
        if entry.size > IN_MEMORY:
            return self.place(entry).open("rb")
        from iphone_backup_decrypt.utils import aes_decrypt_cbc, remove_cbc_padding

        data = self._inner.read(self.inner(entry), IN_MEMORY)
        return io.BytesIO(remove_cbc_padding(aes_decrypt_cbc(data=data, key=key)) if data else b"")

    def _extract(self, entry: Entry) -> Path:
        if (key := self._key(entry)) is None:
            return super()._extract(entry)
        path = decrypt(self._inner, self.inner(entry), key)
        self._made.append(path)
        return path

    def _whole(self, entry: Entry, count: int) -> None:
        """What is decrypted is shorter than what is stored; its padding tells whether it is whole."""

    def _close(self) -> None:
        self._database.close()
        super()._close()
