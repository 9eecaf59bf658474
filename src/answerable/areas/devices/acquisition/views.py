"""A part of a tree as a tree of its own: below a folder, or with its paths told in one way."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from answerable.areas.devices.acquisition.finding import PathIndex
from answerable.areas.devices.acquisition.tree import Entry, Tree


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
        self.index = PathIndex(names)

    def inner(self, entry: Entry) -> Entry:
        """The same file in the other tree."""
        return self._inner.entry(self._names[entry.path])

    def entry(self, path: str) -> Entry:
        found = self._inner.entry(self._names[path])
        return Entry(path, found.stored, found.size, found.link)

    def open(self, entry: Entry) -> BinaryIO:
        return self._inner.open(self.inner(entry))

    def _extract(self, entry: Entry) -> Path:
        return self._inner.place(self.inner(entry))

    def stamp(self, entry: Entry) -> object:
        return self._inner.stamp(self.inner(entry))

    def digest(self, entry: Entry) -> str:
        return self._inner.digest(self.inner(entry))


def below(tree: Tree, folder: str) -> Tree:
    """What lies below a folder of a tree, under paths relative to it; the tree itself where the folder is ""."""
    if not folder:
        return tree.shared()
    start = folder + "/"
    return View(tree, {path[len(start) :]: path for path in tree.index.match(start + "**")})
