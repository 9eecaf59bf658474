"""Getting a file from the network: by https only, also when redirected, and never more than was agreed.

Only commands whose names say that they fetch come here.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Progress = Callable[[int, int, str], None]
"""Told the bytes that are there, the bytes in all (0 where unknown), and what they are of."""
_BLOCK = 1 << 16
_SECONDS = 30  # that a server may be silent
_HERE = {"127.0.0.1", "localhost", "::1"}


class NotFetched(OSError):
    """What was asked for is not given over https, or is more than was agreed, or took too long."""


def transfer(
    address: str, part: Path, *, progress: Progress, what: str, most: int, seconds: float | None = None
) -> None:
    """Bring what lies at an address into a file, going on after the bytes that the file holds already.

    Args:
        address: https; http only on this machine.
        part: the file; what came stays in it when the transfer breaks off.
        progress: told of every block.
        what: name of the file, for `progress`.
        most: bytes at most.
        seconds: that it may take in all; None for as long as it likes.

    Raises:
        OSError: it could not be brought whole.
    """
    try:
        _must_be_safe(address)
        _transfer(address, part, progress, what, most, seconds)
    except (HTTPException, ValueError) as error:  # an answer that is not HTTP, an address that is none
        raise NotFetched(f"what answers is not as it must be ({type(error).__name__}: {error})") from error


def _transfer(address: str, part: Path, progress: Progress, what: str, most: int, seconds: float | None) -> None:
    until = None if seconds is None else time.monotonic() + seconds
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        answer = urllib.request.build_opener(_SafeRedirects).open(request, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # nothing lies beyond what is there already
            return
        raise
    with answer:
        if done and answer.status != 206:
            done = 0  # the server sends all of it again
        length = int(answer.headers.get("Content-Length") or 0)
        total = done + length if length else 0
        if total > most:
            raise NotFetched(f"it has {total:,} bytes, more than the {most:,} that are taken")
        with part.open("ab" if done else "wb") as stream:
            while block := answer.read(_BLOCK):
                done += len(block)
                if done > most:
                    raise NotFetched(f"more than {most:,} bytes came")
                if until is not None and time.monotonic() > until:
                    raise NotFetched(f"it took longer than {seconds:.0f} seconds")
                stream.write(block)
                progress(done, total, what)
    if total and done < total:
        raise NotFetched(f"the connection ended after {done:,} of {total:,} bytes")


def _must_be_safe(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        raise NotFetched(f"{address} is not https, so nobody could vouch for what comes")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.startswith("https:") and req.type == "https":
            raise NotFetched(f"it leads to {newurl}, which is not https")
        _must_be_safe(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
