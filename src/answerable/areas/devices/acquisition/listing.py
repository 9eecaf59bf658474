"""Names of millions of files with their identifiers, sorted in Arrow: looked up without an object for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from answerable.areas.devices.acquisition.finding import PathIndex, expression

if TYPE_CHECKING:
    import pyarrow as pa


class Listing(Mapping[str, str]):
    """Logical path -> identifier.

    Args:
        paths: the paths, in any order; of two that are equal the last one counts.
        identifiers: as many identifiers.
    """

    def __init__(self, paths: pa.Array, identifiers: pa.Array) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        order = pc.sort_indices(paths)  # stable: what was listed later stays later
        paths, identifiers = paths.take(order), identifiers.take(order)
        self.same = 0
        if len(paths) > 1:
            last = pa.concat_arrays([pc.not_equal(paths[:-1], paths[1:]), pa.array([True])])
            self.same = len(paths) - last.true_count
            if self.same:
                paths, identifiers = paths.filter(last), identifiers.filter(last)
        self.paths, self.identifiers = paths, identifiers

    def filter(self, mask: pa.Array) -> Listing:
        """The files for which the mask is true, in the order that they have."""
        chosen = Listing.__new__(Listing)
        chosen.paths, chosen.identifiers, chosen.same = self.paths.filter(mask), self.identifiers.filter(mask), 0
        return chosen

    def place(self, path: str) -> int:
        """Where a path stands among the sorted ones; -1 where it does not."""
        low = self._bound(path.encode("utf-8", "surrogatepass"))
        return low if low < len(self.paths) and self.paths[low].as_py() == path else -1

    def beginning(self, start: str) -> pa.Array:
        """The paths that begin with a text, sorted."""
        text = start.encode("utf-8", "surrogatepass")
        low, high = self._bound(text), self._bound(text + b"\xff")  # no UTF-8 has this byte
        return self.paths[low:high]

    def _bound(self, wanted: bytes) -> int:
        """How many paths stand before these bytes, by which Arrow sorts."""
        low, high = 0, len(self.paths)
        while low < high:
            middle = (low + high) // 2
            if self.paths[middle].as_buffer().to_pybytes() < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def __getitem__(self, path: str) -> str:
        if (place := self.place(path)) < 0:
            raise KeyError(path)
        return str(self.identifiers[place])

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self.place(path) >= 0

    def __iter__(self) -> Iterator[str]:
        return (path.as_py() for path in self.paths)

    def __len__(self) -> int:
        return len(self.paths)


class ListedPaths(PathIndex):
    """The paths of a listing, found by exact path or by a pattern in one pass over all of them."""

    def __init__(self, listing: Listing) -> None:
        super().__init__(listing)
        self._listing = listing

    @cached_property
    def paths(self) -> list[str]:
        """All paths, sorted."""
        found: list[str] = self._listing.paths.to_pylist()
        return found

    def match(self, pattern: str) -> list[str]:
        """Finds the paths that fit a pattern, sorted; see `PathIndex.match`."""
        import pyarrow.compute as pc

        if "*" not in pattern:
            return [pattern] if pattern in self._listing else []
        rarest = max(re.split(r"[*/]+", pattern), key=len)
        near = self._listing.beginning(pattern[: pattern.index("*")])
        near = near.filter(pc.match_substring(near, rarest))
        fits = expression(pattern).fullmatch
        return [path for path in near.to_pylist() if fits(path)]
