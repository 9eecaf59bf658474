"""Pages of a table in an SQLite file, checked and taken apart many at a time.

SQLite gives rows one by one and ends at the first damaged page. Here the leaves of a table's tree are read in order, a
few megabytes at a time, and every byte of a page must belong to its header, a cell, a free block or a counted
fragment, as `PRAGMA quick_check` demands it: a page that breaks this is told, and the rows of all others are given.

Source: SQLite, Database File Format (sqlite.org/fileformat2.html), sections 1.3, 1.6 and 2.1.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import bool_, int64, uint8
    from numpy.typing import NDArray

    Bytes = NDArray[uint8]
    Numbers = NDArray[int64]
    Flags = NDArray[bool_]

INTERIOR, LEAF = 5, 13
GROUP_BYTES = 2 << 20, 24 << 20  # of pages that are taken apart at once
GROUP_ROWS = 65_536  # about; more do not fit into a processor's cache, fewer cost more for each
DEEPEST = 40
SMALLEST_CELL = 4
LARGEST_CELL = 256 << 20
PADDING = 16  # bytes after the last page, so that a number that runs past the end is looked at and refused
_SAMPLE = 32
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of some pages, in the order of their row numbers.

    Args:
        buffer: the bytes of the pages, and `PADDING`.
        rowid: row numbers.
        start: where in the buffer each record begins.
        local: how many of its bytes stand there.
        size: how many it has in all; the others stand in overflow pages.
    """

    buffer: Bytes
    rowid: Numbers
    start: Numbers
    local: Numbers
    size: Numbers


class Pages:
    """An SQLite file as its pages.

    Args:
        file: descriptor, opened for reading.
        header: the first 100 bytes of the file.

    Attributes:
        utf8: whether texts are UTF-8.
    """

    def __init__(self, file: int, header: bytes) -> None:
        import numpy as np

        self._file = file
        size = int.from_bytes(header[16:18], "big")
        self.page_size = 65_536 if size == 1 else size
        self.usable = self.page_size - header[20]
        self.utf8 = int.from_bytes(header[56:60], "big") in (0, 1)
        self.count = os.fstat(file).st_size // self.page_size
        self._buffer: Bytes = np.empty(0, dtype=np.uint8)

    def read(self, numbers: Numbers) -> Bytes:
        """Pages one after the other, and `PADDING`; runs of neighbours are read at once.

        The next call overwrites them: new room for each would cost as much as the reading.
        """
        import numpy as np

        size, length = self.page_size, len(numbers) * self.page_size
        if len(self._buffer) < length + PADDING:
            self._buffer = np.empty(length + PADDING, dtype=np.uint8)
        buffer = self._buffer[: length + PADDING]
        buffer[length:] = 0
        view = memoryview(buffer.data)
        first = 0
        for end in [*(np.flatnonzero(np.diff(numbers) != 1) + 1).tolist(), len(numbers)]:
            if end > first:
                there = os.preadv(self._file, [view[first * size : end * size]], (int(numbers[first]) - 1) * size)
                buffer[first * size + there : end * size] = 0  # where the file has become shorter meanwhile
            first = end
        return buffer

    def page(self, number: int) -> bytes:
        """One page; shorter where the file ends within it, empty where it has none such."""
        return os.pread(self._file, self.page_size, (number - 1) * self.page_size) if number > 0 else b""


class TableTree:
    """The tree of pages of one table.

    Args:
        pages: the file. root: number of its first page.

    Attributes:
        damage: what is wrong with its pages, in words; the first of it, and how many times in all.
    """

    def __init__(self, pages: Pages, root: int) -> None:
        self._pages, self._root = pages, root
        self._met = bytearray(pages.count + 1)
        self._told: list[str] = []
        self._problems = 0

    @property
    def damage(self) -> str:
        """What is wrong with the pages; empty where nothing is."""
        more = self._problems - len(self._told)
        return "; ".join(self._told) + (f"; and {more:,} more" if more else "")

    def holds_rows(self) -> bool:
        """Whether its first page is one of a table of rows, and not of an index, as WITHOUT ROWID makes it."""
        return self._pages.page(self._root)[:1] in (bytes([INTERIOR]), bytes([LEAF]))

    def tell(self, problem: str, page: int | None = None) -> None:
        """Note what is wrong, and with which page."""
        self._problems += 1
        if len(self._told) < _MOST_TOLD:
            self._told.append(problem if page is None else f"page {page:,}: {problem}")

    def cells(self) -> Iterator[Cells]:
        """All rows, some pages at a time; what is damaged is told in `damage` and left out."""
        leaves, bounds = self._leaves()
        fewest, most = (max(1, size // self._pages.page_size) for size in GROUP_BYTES)
        last, first, count = -(1 << 63) - 1, 0, fewest
        while first < len(leaves):
            cells = self._taken_apart(leaves[first : first + count], bounds[first : first + count + 1], last)
            first += count
            if rows := len(cells.rowid):
                last = max(last, int(cells.rowid.max()))
                yield cells
            count = min(max(fewest, count * GROUP_ROWS // max(rows, 1)), most)

    def _leaves(self) -> tuple[Numbers, Numbers]:
        """Numbers of the leaves in their order, and the row numbers that lie between them (n + 1)."""
        import numpy as np

        ends = np.iinfo(np.int64)
        level, bounds = self._there(np.array([self._root], np.int64), np.array([ends.min, ends.max], np.int64))
        for _ in range(DEEPEST):
            sample = level[:: max(1, len(level) // _SAMPLE)]
            kinds = [self._pages.page(number)[:1] for number in sample.tolist()]
            if kinds.count(bytes([INTERIOR])) <= kinds.count(bytes([LEAF])):
                return level, bounds
            below, keys = [np.empty(0, np.int64)], [bounds[:1]]
            for number, end in zip(level.tolist(), bounds[1:].tolist(), strict=True):
                children, between = self._children(number)
                below.append(children)
                keys.append(np.append(between, end) if len(children) else between)
            level, bounds = self._there(np.concatenate(below), np.concatenate(keys))
        self.tell(f"its tree is deeper than {DEEPEST} levels", self._root)
        return np.empty(0, np.int64), np.empty(0, np.int64)

    def _there(self, numbers: Numbers, bounds: Numbers) -> tuple[Numbers, Numbers]:
        """Those pages that the file holds whole, each once; the others are told."""
        import numpy as np

        keep = np.ones(len(numbers), dtype=bool)
        for place, number in enumerate(numbers.tolist()):
            if not 1 < number <= self._pages.count:
                self.tell("the file does not hold it whole", number)
            elif self._met[number]:
                self.tell("two places lead to it", number)
            else:
                self._met[number] = 1
                continue
            keep[place] = False
        return numbers[keep], np.append(bounds[:-1][keep], bounds[-1])

    def _children(self, number: int) -> tuple[Numbers, Numbers]:
        """The pages below an interior one, and the row numbers between them (one less)."""
        import numpy as np

        none = np.empty(0, np.int64)
        data = self._pages.read(np.array([number], np.int64))
        usable = self._pages.usable
        count, content = int(_u16(data, 3)), int(_u16(data, 5)) or 65_536
        if data[0] != INTERIOR or 12 + 2 * count > content or content > usable:
            self.tell("it is not a page of this table's tree", number)
            return none, none
        at = _u16(data, 12 + 2 * np.arange(count, dtype=np.int64)).astype(np.int64)
        inside = (at >= content) & (at <= usable - 5)
        keys, end = varint(data, np.where(inside, at, 0) + 4)
        inside &= end <= usable
        children = np.where(inside, _u32(data, np.where(inside, at, 0)), 0)
        taken = int((end - at)[inside].sum()) + int(_free(data, np.zeros(1, np.int64), usable)[0]) + int(data[7])
        if not inside.all() or content + taken != usable:
            self.tell("its cells do not fill it", number)
        elif (keys[1:] <= keys[:-1]).any():
            self.tell("its row numbers are not in order", number)
        return np.append(children, _u32(data, 8)).astype(np.int64), keys

    def _taken_apart(self, numbers: Numbers, bounds: Numbers, last: int) -> Cells:
        """The cells of leaves; what is wrong with a page is told, and a cell that lies outside of it left out."""
        import numpy as np

        pages, size, usable = self._pages, self._pages.page_size, self._pages.usable
        buffer = pages.read(numbers)
        base = np.arange(len(numbers), dtype=np.int64) * size
        count = _u16(buffer, base + 3).astype(np.int64)
        content = _u16(buffer, base + 5).astype(np.int64)
        content[content == 0] = 65_536
        is_leaf = (buffer[base] == LEAF) & (8 + 2 * count <= content) & (content <= usable)
        for number in numbers[~is_leaf].tolist():
            self.tell("it is not a page of this table's rows", number)
        count[~is_leaf] = 0
        page = np.repeat(np.arange(len(numbers)), count)
        nth = np.arange(len(page), dtype=np.int64) - np.repeat(np.cumsum(count) - count, count)
        pointer = _u16(buffer, base[page] + 8 + 2 * nth).astype(np.int64)
        sound = (pointer >= content[page]) & (pointer <= usable - SMALLEST_CELL)
        place = base[page] + np.where(sound, pointer, 0)
        total, after = varint(buffer, place)
        rowid, start = varint(buffer, after)
        sound &= (total >= 0) & (total <= LARGEST_CELL)
        local = _local(np.where(sound, total, 0), usable)
        end = start + local + np.where(local < total, 4, 0)
        sound &= end <= base[page] + usable
        taken = np.where(sound, np.maximum(end - place, SMALLEST_CELL), 0)
        filled = np.bincount(page, taken, len(numbers)).astype(np.int64)
        filled += _free(buffer, base, usable) + buffer[base + 7] + content
        wrong = is_leaf & (filled != usable)
        wrong[page[~sound]] = True
        wrong[page[_overlapping(place, taken)]] = True
        for number in numbers[wrong].tolist():
            self.tell("its cells do not fill it", number)
        self._check_order(numbers, page[sound], rowid[sound], bounds, last)
        return Cells(buffer, rowid[sound], start[sound], local[sound], total[sound])

    def _check_order(self, numbers: Numbers, page: Numbers, rowid: Numbers, bounds: Numbers, last: int) -> None:
        import numpy as np

        wrong = np.zeros(len(rowid), dtype=bool)
        wrong[:1] = rowid[:1] <= last
        wrong[1:] = rowid[1:] <= rowid[:-1]  # a difference could be too large for a number
        wrong |= (rowid <= bounds[page]) & (bounds[page] != np.iinfo(np.int64).min) | (rowid > bounds[page + 1])
        for number in np.unique(numbers[page[wrong]]).tolist():
            self.tell("its row numbers are not in order", number)

    def assembled(self, cells: Cells, which: Numbers) -> tuple[Cells, Flags]:
        """The cells with the records of some whole, from their overflow pages; where one is damaged, False."""
        import numpy as np

        whole = np.ones(len(cells.rowid), dtype=bool)
        starts, local = cells.start.copy(), cells.local.copy()
        parts, held = [], len(cells.buffer)
        for row in which.tolist():
            record = self._record(cells, row)
            if record is None:
                whole[row] = False
                continue
            starts[row], local[row] = held, len(record)
            parts.append(np.frombuffer(record, np.uint8))
            held += len(record)
        parts.append(np.zeros(PADDING, np.uint8))
        return Cells(np.concatenate([cells.buffer, *parts]), cells.rowid, starts, local, cells.size), whole

    def _record(self, cells: Cells, row: int) -> bytes | None:
        start, local, size = int(cells.start[row]), int(cells.local[row]), int(cells.size[row])
        parts, missing = [cells.buffer[start : start + local].tobytes()], size - local
        following = int.from_bytes(cells.buffer[start + local : start + local + 4].tobytes(), "big")
        while missing > 0:
            data = self._pages.page(following)
            if following < 2 or len(data) < self._pages.page_size or self._met[following]:
                self.tell(f"it should continue row {int(cells.rowid[row]):,}", following)
                return None
            self._met[following] = 1
            parts.append(data[4 : min(self._pages.usable, 4 + missing)])
            missing -= len(parts[-1])
            following = int.from_bytes(data[:4], "big")
        return b"".join(parts)


def varint(buffer: Bytes, at: Numbers) -> tuple[Numbers, Numbers]:
    """Numbers of one to nine bytes, and where each ends."""
    import numpy as np

    first = buffer[at]
    value, end = first.astype(np.int64), at + 1
    longer = np.flatnonzero(first >= 128)
    if len(longer):
        value[longer] &= 127
    for nth in range(1, 9):
        if not len(longer):
            break
        byte = buffer[np.minimum(at[longer] + nth, len(buffer) - 1)]
        bits, kept = (8, byte) if nth == 8 else (7, byte & 127)
        value[longer] = (value[longer] << bits) | kept
        end[longer] += 1
        longer = longer[byte >= 128] if nth < 8 else longer[:0]
    return value, end


def _u16(buffer: Bytes, at: Numbers | int) -> Numbers:
    import numpy as np

    return (buffer[at].astype(np.int64) << 8) | buffer[at + 1]


def _u32(buffer: Bytes, at: Numbers | int) -> Numbers:
    return (_u16(buffer, at) << 16) | _u16(buffer, at + 2)


def _local(size: Numbers, usable: int) -> Numbers:
    """How many bytes of a record stand in its leaf."""
    import numpy as np

    most, least = usable - 35, (usable - 12) * 32 // 255 - 23
    kept = least + (size - least) % (usable - 4)
    return np.where(size <= most, size, np.where(kept <= most, kept, least))


def _free(buffer: Bytes, base: Numbers, usable: int) -> Numbers:
    """Bytes in the free blocks of each page; a chain that is broken counts more than a page has."""
    import numpy as np

    total, at = np.zeros(len(base), np.int64), _u16(buffer, base + 1).astype(np.int64)
    while len(going := np.flatnonzero(at)):
        here = base[going] + np.minimum(at[going], usable - 4)
        size, following = _u16(buffer, here + 2), _u16(buffer, here)
        broken = (at[going] + size > usable) | ((following != 0) & (following < at[going] + size + 4)) | (size < 4)
        total[going] += np.where(broken, usable + 1, size)
        at[going] = np.where(broken, 0, following)
    return total


def _overlapping(place: Numbers, taken: Numbers) -> Numbers:
    """Which cells run into the next one of the buffer."""
    import numpy as np

    order = np.argsort(place, kind="stable")
    ends = place[order] + taken[order]
    return order[:-1][ends[:-1] > place[order][1:]] if len(order) else order
