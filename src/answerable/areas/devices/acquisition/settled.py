"""Files of a hostile SQLite database, made ready: checked, and with their log or journal settled in a copy."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

from answerable.errors import EvidenceError

MAGIC = b"SQLite format 3\x00"
JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
WAL_MAGICS = (bytes.fromhex("377f0682"), bytes.fromhex("377f0683"))
WAL_HEADER = 32
REFUSALS = (sqlite3.Error, UnicodeDecodeError)  # the second where SQLite's message quotes bytes that are not UTF-8
LARGEST_CELL = 256 << 20
LARGEST_STATEMENT = 256 << 10  # bytes of one CREATE statement
MOST_COLUMNS = 2_000
SCHEMA_STEPS = 2_000_000  # steps of SQLite's machine that one statement on the schema may take


def settled(path: Path, scratch: Path, wal: Path | None, limit: int, notes: list[str], stack: ExitStack) -> Path:
    """The file to read: the evidence itself, or a copy in scratch with its log or journal settled.

    Args:
        path: the database.
        scratch: an existing folder for the copy.
        wal: its write-ahead log where that has another name.
        limit: the largest size of database and log, bytes.
        notes: gets a sentence on what was done.
        stack: erases the copy when it is closed.

    Raises:
        EvidenceError: the file is no SQLite database, or too large, or the log cannot be settled.

    Source: SQLite, Database File Format (sqlite.org/fileformat2.html), sections 3 (journal) and 4 (write-ahead log).
    """
    _check(path, limit)
    log = wal or path.with_name(f"{path.name}-wal")
    journal = path.with_name(f"{path.name}-journal")
    if _starts(log, WAL_MAGICS) and log.stat().st_size > WAL_HEADER:
        side, name = log, "database.sqlite-wal"
    elif _starts(journal, (JOURNAL_MAGIC,)):
        if _names_another(journal):
            notes.append(
                "Its rollback journal belongs to a transaction over several databases, and is not applied: "
                "the database is read as it stands."
            )
            return path
        side, name = journal, "database.sqlite-journal"
    else:
        if log.is_file() and log.stat().st_size:
            notes.append("What lies beside it as a write-ahead log is none, and is not applied.")
        return path
    _check_room(path, side, scratch, limit)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=scratch)))
    shutil.copyfile(path, folder / "database.sqlite")
    shutil.copyfile(side, folder / name)
    _settle(folder / "database.sqlite", path, notes, is_log=side is log)
    _check(folder / "database.sqlite", limit)
    return folder / "database.sqlite"


def cut_short(path: Path) -> str:
    """A sentence on how much is missing, where the file is shorter than its header says; else empty."""
    size, header = path.stat().st_size, _read(path, 100)
    page = _page_size(header)
    # The count of pages is only kept up by the version of SQLite that also writes "version-valid-for".
    pages = int.from_bytes(header[28:32], "big") if header[24:28] == header[92:96] else 0
    whole = max(pages * page, -(-size // page) * page)
    return f"The file is cut short: {size:,} of {whole:,} bytes." if size < whole else ""


def _check(path: Path, limit: int) -> None:
    def refuse(problem: str, mend: str) -> EvidenceError:
        return EvidenceError(problem, file=path, mend=mend)

    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise refuse("It is not a file.", "Give the database itself.")
        header = _read(path, 100)
    except OSError as error:
        raise refuse(f"It cannot be read: {error.strerror}.", "Check its place and rights.") from error
    if not header:
        raise refuse("The file is empty.", "Acquire it again.")
    if len(header) < 100 or not header.startswith(MAGIC):
        raise refuse("It is not an SQLite database, or an encrypted one.", "Decrypt it first, or acquire it again.")
    page = _page_size(header)
    if page < 512 or page > 65_536 or page & (page - 1):
        raise refuse(f"Its header tells a page size of {page} bytes, which does not exist.", "Acquire it again.")
    if facts.st_size > limit:
        raise refuse(f"It has {facts.st_size:,} bytes; the limit is {limit:,}.", "Raise the limit if that is its size.")


def _check_room(path: Path, side: Path, scratch: Path, limit: int) -> None:
    size = path.stat().st_size + side.stat().st_size
    if size > limit:
        raise EvidenceError(
            f"With its log it has {size:,} bytes; the limit is {limit:,}.", file=path, mend="Raise the limit."
        )
    if size * 2 > (free := shutil.disk_usage(scratch).free):
        raise EvidenceError(
            f"Its log must be settled in a copy of {size:,} bytes, and scratch has {free:,} free.",
            file=path,
            mend="Make room.",
        )


def _settle(copy: Path, path: Path, notes: list[str], *, is_log: bool) -> None:
    """Lets SQLite itself apply the log, or roll back, in the copy."""
    what = "write-ahead log" if is_log else "rollback journal"
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            guard(connection)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # this rolls a hot journal back
            frames = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[2]
    except REFUSALS as error:
        raise EvidenceError(f"Its {what} cannot be applied: {error}.", file=path, mend="Acquire both again.") from error
    if not is_log:
        notes.append("A transaction that its rollback journal tells of was not finished: it was rolled back in a copy.")
    elif frames > 0:
        notes.append(f"{frames:,} pages of its write-ahead log were applied in a copy.")
    else:
        notes.append("Its write-ahead log holds no finished transaction of this database: nothing was applied.")


def guard(connection: sqlite3.Connection) -> None:
    """Limits what the schema of a hostile file can cost; its functions and virtual tables are not trusted."""
    for what, most in (
        (sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_CELL),
        (sqlite3.SQLITE_LIMIT_SQL_LENGTH, LARGEST_STATEMENT),
        (sqlite3.SQLITE_LIMIT_COLUMN, MOST_COLUMNS),
        (sqlite3.SQLITE_LIMIT_ATTACHED, 0),
    ):
        connection.setlimit(what, most)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.set_progress_handler(lambda: 1, SCHEMA_STEPS)


def _starts(path: Path, with_one_of: tuple[bytes, ...]) -> bool:
    return path.is_file() and _read(path, 8).startswith(with_one_of)


def _names_another(journal: Path) -> bool:
    """Whether the journal ends with the name of another: SQLite would read, and even delete, the file of that name."""
    with journal.open("rb") as file:
        file.seek(max(0, journal.stat().st_size - len(JOURNAL_MAGIC)))
        return file.read() == JOURNAL_MAGIC


def _read(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _page_size(header: bytes) -> int:
    page = int.from_bytes(header[16:18], "big")
    return 65_536 if page == 1 else page
