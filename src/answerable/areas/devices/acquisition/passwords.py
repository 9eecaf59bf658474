"""What is said of passwords: that one is needed, or that it does not fit."""

from __future__ import annotations

from pathlib import Path

from answerable.errors import EvidenceError

LONGEST_PASSWORD = 4096
_HOW = "Write the password that was chosen when it was made into a file, and name that file: --password-file FILE."


class PasswordNeeded(EvidenceError):
    """The acquisition is encrypted, and no password was given."""

    def __init__(self, file: str | Path) -> None:
        super().__init__("It is encrypted.", file=file, mend=_HOW)


class WrongPassword(EvidenceError):
    """The password does not open the acquisition."""

    def __init__(self, file: str | Path) -> None:
        super().__init__("The password does not open it.", file=file, mend="It is the one chosen when it was made.")


def read_password(file: Path) -> str:
    """Reads a password: the first line of a file, without its line end.

    Raises:
        EvidenceError: there is no such file, its first line is empty or too long, or it is no UTF-8.
    """
    try:
        with file.open("rb") as lines:
            line = lines.readline(LONGEST_PASSWORD + 2)
        password = line.rstrip(b"\r\n").decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EvidenceError("The file of the password cannot be read as text.", file=file) from error
    if not password or len(line) > LONGEST_PASSWORD + 1:
        raise EvidenceError("Its first line holds no password.", file=file)
    return password
