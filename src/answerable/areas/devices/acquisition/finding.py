"""Logical paths by exact path or by pattern, quick on hundreds of thousands of them."""

from __future__ import annotations

import bisect
import re
from collections.abc import Collection
from functools import cached_property, lru_cache

WHOLE = "."
"""The path that stands for the list of all files, in views: artefacts that are about the files themselves lie there."""


@lru_cache(maxsize=1024)
def expression(pattern: str) -> re.Pattern[str]:
    """A pattern of paths as a regular expression."""
    parts = pattern.split("/")
    written = ""
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if part == "**":
            written += "(?:[^/]+/)*" + ("[^/]+" if last else "")
        else:
            written += "[^/]*".join(map(re.escape, part.split("*"))) + ("" if last else "/")
    return re.compile(written)


class PathIndex:
    """Logical paths, found by exact path or by a pattern.

    Args:
        known: the paths; a dict serves as it is and is not copied.
    """

    def __init__(self, known: Collection[str]) -> None:
        self.known = known

    @cached_property
    def paths(self) -> list[str]:
        """All paths, sorted."""
        return sorted(self.known)

    @cached_property
    def _named(self) -> dict[str, list[str]]:
        named: dict[str, list[str]] = {}
        for path in self.paths:
            named.setdefault(path.rpartition("/")[2], []).append(path)
        return named

    def match(self, pattern: str) -> list[str]:
        """Finds the paths that fit a pattern, sorted.

        Args:
            pattern: "*" stands for any characters within a component, "**" for any number of components; all else,
                also "?" and "[", stands for itself.
        """
        if "*" not in pattern:
            return [pattern] if pattern in self.known else []
        name = pattern.rpartition("/")[2]
        if "*" not in name:
            near = self._named.get(name, [])
        else:
            start = pattern[: pattern.index("*")]
            low = bisect.bisect_left(self.paths, start)
            near = self.paths[low : bisect.bisect_right(self.paths, start + "\U0010ffff")] if start else self.paths
        fits = expression(pattern).fullmatch
        rarest = max(re.split(r"[*/]+", pattern), key=len)  # a look for plain text costs a hundredth of an expression
        return [path for path in near if rarest in path and fits(path)]
