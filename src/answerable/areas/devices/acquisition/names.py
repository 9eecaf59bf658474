"""Names from hostile acquisitions: read as logical paths or refused with a reason, and told in notes without harm."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from pathlib import PurePosixPath

LONGEST_NAME = 4096  # PATH_MAX of the phones' own systems


def logical_path(name: str) -> tuple[str, str]:
    """Reads a name of a member as a logical path.

    Absolute names are taken as lying under the root: nothing is ever written by a member's name, so reading them is
    safe, and tools that dump phones write them.

    Returns:
        the logical path and "", or "" and the reason why the name is refused.
    """
    if _is_plain(name):
        return name, ""
    if "\0" in name:
        return "", "names with a NUL byte"
    if "\\" in name:
        return "", "names with a backslash"
    if len(name) > LONGEST_NAME:
        return "", f"names longer than {LONGEST_NAME:,} characters"
    if re.match(r"/*[A-Za-z]:(/|$)", name):
        return "", "names with a drive letter"
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        return "", "names that climb out with '..'"
    return printable("/".join(parts)), "" if parts else "empty names"


def _is_plain(name: str) -> bool:
    """Whether a quick look tells that a name is a logical path as it is: nearly all are, and there are many."""
    return (
        name.isascii()
        and 0 < len(name) <= LONGEST_NAME
        and name[0] not in "/."
        and ":" not in name[1:2]
        and "./" not in name
        and "//" not in name
        and "\\" not in name
        and "\0" not in name
        and not name.endswith(("/", "/.", "/.."))
    )


def printable(name: str) -> str:
    """A name without the lone surrogates that stand for bytes that are no UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return name


class Refusals:
    """Counts what was refused, by reason, with a few examples."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def add(self, reason: str, name: str) -> None:
        """Counts one name for a reason."""
        self._counts[reason] += 1
        examples = self._examples.setdefault(reason, [])
        if len(examples) < 3:
            examples.append(printable(name)[:120].encode("unicode_escape").decode())

    def notes(self) -> list[str]:
        """One sentence for each reason."""
        return [
            f"{reason}: {count:,} ({', '.join(self._examples[reason])}{', ...' if count > 3 else ''})"
            for reason, count in sorted(self._counts.items())
        ]


def case_collisions(paths: Collection[str]) -> list[str]:
    """A note where paths differ by case alone: copied to some disks, one of them would have been lost."""
    lost = len(paths) - len({path.casefold() for path in paths})
    return [f"names that differ from another by case alone: {lost:,}"] if lost else []


def stem(name: str) -> str:
    """The name of an archive or folder without its folders and its endings."""
    return re.sub(r"(?i)(\.(zip|tar|tgz|gz|bz2|xz|ab|txt|json|ndjson|jsonl))+$", "", PurePosixPath(name).name)
