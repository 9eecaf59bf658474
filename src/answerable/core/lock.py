"""Locks between processes: a file that one of them holds."""

from __future__ import annotations

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def lock(stream: IO[bytes], *, wait: bool) -> None:
        """Hold the file for this process alone until it is closed; BlockingIOError when another holds it."""
        # A byte far beyond the end: Windows keeps others from reading the very bytes that are locked.
        position = stream.tell()
        stream.seek(1 << 40)
        try:
            while True:
                try:
                    msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
                    return
                except OSError as error:
                    if not wait:
                        raise BlockingIOError from error
        finally:
            stream.seek(position)

else:
    import fcntl

    def lock(stream: IO[bytes], *, wait: bool) -> None:
        """Hold the file for this process alone until it is closed; BlockingIOError when another holds it.

        The system itself drops the lock of a process that dies, so there are no stale ones.
        """
        fcntl.flock(stream, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
