"""A part of a tree as a tree of its own: below a folder, or with its paths told in one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from answerable.areas.devices.acquisition.finding import WHOLE, PathIndex
from answerable.areas.devices.acquisition.tree import Entry, Tree


class _Index(PathIndex):
    """Paths, and WHOLE for the list of them."""

    def match(self, pattern: str) -> list[str]:
        return [WHOLE] if pattern == WHOLE else super().match(pattern)


class View(Tree):
    """Files of another tree under other logical paths; what is stored stays where it is. Both are to be closed.

    Args:
        inner: the other tree.
        names: logical path -> path in the other tree.
        format: what to call it; the other tree's by default.
    """

    def __init__(self, inner: Tree, names: Mapping[str, str], format: str = "") -> None:
        super().__init__(inner.root, inner.scratch, format or inner.format)
        self._inner, self._names = inner, names
        self.newest = inner.newest
        self.keep(inner.shared())
        self.index = _Index(names)

    def inner(self, entry: Entry) -> Entry:
        """The same file in the other tree."""
        return self._inner.entry(self._names[entry.path])

    def entry(self, path: str) -> Entry:
        if path == WHOLE:
            return Entry(WHOLE, WHOLE, 0)
        found = self._inner.entry(self._names[path])
        return found if found.path == path else replace(found, path=path)

    def folders(self) -> dict[str, Entry]:
        # A folder is told in the way of the files that lie in it, or in the nearest folder above it.
        known: dict[str, str] = {}
        for path, other in self._names.items():
            while "/" in path and "/" in other and (parent := other.rpartition("/")[0]) not in known:
                path, other = path.rpartition("/")[0], parent
                if path.rpartition("/")[2] != parent.rpartition("/")[2]:
                    break
                known[parent] = path
        found = {}
        for other, entry in self._inner.folders().items():
            above = other
            while above and above not in known:
                above = above.rpartition("/")[0]
            if above:
                path = known[above] + other[len(above) :]
                found[path] = replace(entry, path=path)
        return dict(sorted(found.items()))

    def open(self, entry: Entry) -> BinaryIO:
        return self._inner.open(self.inner(entry))

    def _extract(self, entry: Entry) -> Path:
        return self._inner.place(self.inner(entry))

    def stamp(self, entry: Entry) -> object:
        return super().stamp(entry) if entry.path == WHOLE else self._inner.stamp(self.inner(entry))

    def digest(self, entry: Entry) -> str:
        return super().digest(entry) if entry.path == WHOLE else self._inner.digest(self.inner(entry))


def below(tree: Tree, folder: str) -> Tree:
    """What lies below a folder of a tree, under paths relative to it; the tree itself where the folder is ""."""
    if not folder:
        return tree.shared()
    start = folder + "/"
    return View(tree, {path[len(start) :]: path for path in tree.index.match(start + "**")})
