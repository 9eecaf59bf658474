"""The `file` column of an iOS backup's Manifest.db: 200,000 small archives of one class, decoded all at once.

Every row is a binary property list of some 480 bytes, an archive of one MBFile. A general reader takes 50 microseconds
for each. But most rows differ in nothing but the values: the same objects stand in the same order, and only numbers, a
path and a digest differ. So one row of each layout is read in full, and becomes a template; numpy then checks, byte for
byte, which of the others have its layout, and gathers their numbers. Whatever has not, is read one by one.
"""

from __future__ import annotations

import plistlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.plists import Binary, read_plist
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

NUMBERS = {
    "size": "Size",
    "mode": "Mode",
    "owner": "UserID",
    "group": "GroupID",
    "inode": "InodeNumber",
    "protection_class": "ProtectionClass",
    "born": "Birth",
    "modified": "LastModified",
    "status_changed": "LastStatusChange",
}
LARGEST_ROW = 1 << 20
SLICE = 65_536  # rows at once: bounds the memory of the matrices
HEAD, TAIL = 128, 32  # bytes; the head holds the references of an MBFile, and none of its values
SHORTEST = HEAD + TAIL
MOST_OBJECTS = 256
FEWEST_ROWS = 8  # a layout of fewer rows is cheaper read one by one
MOST_TEMPLATES = 8  # of rows with equal heads
DIGEST = bytes([0x4F, 0x10, 20])  # marker of data, then its length: a SHA-1


def decode_files(blobs: pa.BinaryArray) -> pa.RecordBatch:
    """Decodes the file column of Manifest.db.

    Args:
        blobs: one archive of an MBFile a row.

    Returns:
        A batch of as many rows: size (bytes), mode, owner, group, inode, protection_class; born, modified and
        status_changed in seconds since 1970-01-01 UTC; all int64, null where missing, no number or beyond 64 bits, a
        real without its fraction. digest: hexadecimal; target of a link; null where missing. misread: the row is no
        archive of an MBFile that could be read, and everything else in it is null.
    """
    import pyarrow as pa

    rows = _Rows(blobs)
    for first in range(0, len(blobs), SLICE):
        rows.decode(first, min(first + SLICE, len(blobs)))
    columns = {name: pa.array(rows.numbers[name], mask=rows.missing[name]) for name in NUMBERS}
    columns["digest"] = rows.digests()
    columns["target"] = pa.array(rows.target, pa.string())
    columns["misread"] = pa.array(rows.misread)
    return pa.record_batch(columns)


@dataclass(frozen=True)
class _Template:
    """A layout: what a row must be, object for object, to have it.

    Attributes:
        sizes: bytes of every object; 0 for those that vary.
        runs: first object of each run of objects that do not vary -> their bytes.
        loose: objects that vary -> kind (high half of the marker): 1 number, 4 data, 5 and 6 text.
        numbers: our column -> the object with its value.
        digest: the object with the digest, or None.
    """

    sizes: list[int]
    runs: dict[int, bytes]
    loose: dict[int, int]
    numbers: dict[str, int]
    digest: int | None


class _Rows:
    """The rows' bytes, and what was read of them so far."""

    def __init__(self, blobs: pa.BinaryArray) -> None:
        import numpy as np

        count = len(blobs)
        _, offsets, data = blobs.buffers()
        self._bytes = np.frombuffer(data if data is not None else b"", np.uint8)
        held = np.frombuffer(offsets, np.int32, count + 1, offset=4 * blobs.offset) if count else np.zeros(1, np.int32)
        self._starts = held[:-1].astype(np.int64)
        lengths = np.where(blobs.is_valid().to_numpy(zero_copy_only=False), np.diff(held), 0)
        self._ends = self._starts + lengths
        self.numbers = {name: np.zeros(count, np.int64) for name in NUMBERS}
        self.missing = {name: np.ones(count, np.bool_) for name in NUMBERS}
        self._digest, self._has_digest = np.zeros((count, 40), np.uint8), np.zeros(count, np.bool_)
        self._odd_digest: dict[int, str] = {}
        self.target = np.full(count, None, object)
        self.misread = np.zeros(count, np.bool_)

    def decode(self, first: int, last: int) -> None:
        """Decodes the rows from first to before last."""
        import numpy as np

        rows = np.arange(first, last)
        done = np.zeros(last - first, np.bool_)
        for bucket in self._buckets(rows):
            left = bucket
            for _ in range(MOST_TEMPLATES):
                if len(left) < FEWEST_ROWS or (template := _template(self._row(left[0]))) is None:
                    break
                alike = self._alike(left, template)
                done[left[alike] - first] = True
                left = left[~alike]
        for row in rows[~done].tolist():
            self._one(row)

    def _row(self, row: int) -> bytes:
        return self._bytes[self._starts[row] : self._ends[row]].tobytes()

    def _one(self, row: int) -> None:
        fields = _fields(self._row(row))
        if fields is None:
            self.misread[row] = True
            return
        for name, field in NUMBERS.items():
            if (number := _integer(fields.get(field))) is not None:
                self.numbers[name][row], self.missing[name][row] = number, False
        digest, target = fields.get("Digest"), fields.get("Target")
        if isinstance(digest, bytes):
            self._odd_digest[row] = digest.hex()
        self.target[row] = target if isinstance(target, str) else None

    def _windows(self, places: np.ndarray, size: int) -> np.ndarray:
        """So many bytes from each place, one row each."""
        import numpy as np

        shape = (len(self._bytes) - size + 1,)
        view: np.ndarray = np.ndarray(shape, f"V{size}", self._bytes, strides=(1,))
        taken: np.ndarray = view[places].view(np.uint8)
        return taken.reshape(len(places), size)

    def _buckets(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        """Rows that may share a layout: equal hashes of their heads and of their counts of objects."""
        import numpy as np

        rows = rows[self._ends[rows] - self._starts[rows] >= SHORTEST]
        if not len(rows):
            return
        heads = self._windows(self._starts[rows], HEAD).view(np.uint64)
        tails = self._windows(self._ends[rows] - TAIL, TAIL - 8).view(np.uint64)
        words = np.hstack([heads, tails])
        # Equal hashes of unequal rows do no harm: every byte is compared with the template.
        odd = np.random.default_rng(0).integers(1 << 62, size=words.shape[1], dtype=np.uint64) * 2 + 1
        mixed = (words * odd).sum(axis=1, dtype=np.uint64)
        order = np.argsort(mixed, kind="stable")
        cuts = np.flatnonzero(np.diff(mixed[order])) + 1
        for part in np.split(order, cuts):
            if len(part) >= FEWEST_ROWS:
                yield rows[part]

    def _alike(self, rows: np.ndarray, template: _Template) -> np.ndarray:
        """Which rows have the template's layout; their values are taken."""
        import numpy as np

        offsets, good = self._offsets(rows, len(template.sizes))
        sizes = np.diff(offsets, axis=1)
        for number, size in enumerate(template.sizes):
            good &= sizes[:, number] == size if size else sizes[:, number] > 0
        kept = np.flatnonzero(good)
        places = self._starts[rows[kept], None] + offsets[kept]
        sizes, good = sizes[kept], np.ones(len(kept), np.bool_)
        for first, held in template.runs.items():
            good &= (self._windows(places[:, first], len(held)) == np.frombuffer(held, np.uint8)).all(axis=1)
        for number, kind in template.loose.items():
            good &= _well_formed(self._windows(places[:, number], 4), sizes[:, number], kind)
        if template.digest is not None:
            good &= sizes[:, template.digest] == len(DIGEST) + 20
        kept, places = kept[good], places[good]
        self._take(rows[kept], places, template)
        alike = np.zeros(len(rows), np.bool_)
        alike[kept] = True
        return alike

    def _offsets(self, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Where each object starts and the last ends, in each row; and which rows' tables are as they must be."""
        import numpy as np

        tails = self._windows(self._ends[rows] - TAIL, TAIL)
        lengths = self._ends[rows] - self._starts[rows]
        width = int(tails[0, 6])
        table = tails[:, 24:].copy().view(">u8").ravel().astype(np.int64)
        good = (tails[:, :24] == tails[0, :24]).all(axis=1) & (table == lengths - TAIL - count * width) & (table > 8)
        raw = self._windows(self._starts[rows] + np.where(good, table, 0), count * width)
        starts = raw.view(f">u{width}").astype(np.int64)
        offsets = np.hstack([starts, np.where(good, table, 0)[:, None]])
        return offsets, good & (offsets[:, 0] == 8)

    def _take(self, rows: np.ndarray, places: np.ndarray, template: _Template) -> None:
        import numpy as np

        for name, number in template.numbers.items():
            held = self._windows(places[:, number], 9)
            words = held[:, 1:].copy().view(">u8").ravel().astype(np.uint64)
            width = np.uint64(1) << (held[:, 0] & 3).astype(np.uint64)
            # Numbers of one, two and four bytes have no sign, those of eight have.
            self.numbers[name][rows] = (words >> (np.uint64(64) - np.uint64(8) * width)).view(np.int64)
            self.missing[name][rows] = False
        if template.digest is not None:
            held = self._windows(places[:, template.digest] + len(DIGEST), 20)
            digits = np.frombuffer(b"0123456789abcdef", np.uint8)
            text = np.stack([digits[held >> 4], digits[held & 15]], axis=2)
            self._digest[rows], self._has_digest[rows] = text.reshape(len(rows), 40), True

    def digests(self) -> pa.Array:
        """The digests in hexadecimal; null where there is none."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        ends = np.cumsum(np.concatenate([[0], 40 * self._has_digest]), dtype=np.int32)
        held = pa.py_buffer(np.ascontiguousarray(self._digest[self._has_digest]))
        texts = pa.StringArray.from_buffers(len(self._has_digest), pa.py_buffer(ends), held)
        texts = pc.if_else(pa.array(self._has_digest), texts, pa.scalar(None, pa.string()))
        if not self._odd_digest:
            return texts
        odd = np.zeros(len(texts), np.bool_)
        odd[list(self._odd_digest)] = True
        values = [self._odd_digest[row] for row in sorted(self._odd_digest)]
        return pc.replace_with_mask(texts, pa.array(odd), pa.array(values, pa.string()))


def _well_formed(heads: np.ndarray, sizes: np.ndarray, kind: int) -> np.ndarray:
    """Which objects are of a kind, and exactly as long as their markers say."""
    import numpy as np

    low = heads[:, 0] & 15
    good: np.ndarray = heads[:, 0] >> 4 == kind
    if kind == 1:
        good &= (low <= 3) & (sizes == 1 + (1 << (low & 3).astype(np.int64)))
        return good
    unit = 2 if kind == 6 else 1
    one, two = heads[:, 1] == 0x10, heads[:, 1] == 0x11
    long = np.where(one, heads[:, 2].astype(np.int64), heads[:, 2].astype(np.int64) * 256 + heads[:, 3])
    length = np.where(low < 15, 1 + unit * low.astype(np.int64), np.where(one, 3, 4) + unit * long)
    good &= ((low < 15) | one | two) & (sizes == length)
    return good


def _fields(blob: bytes) -> dict[str, Any] | None:
    """The fields of an MBFile, its references resolved; None where it is none or cannot be read.

    Only what is asked for is resolved: a reference that leads nowhere costs its own field, not the row.
    """
    try:
        plist = read_plist(blob, limit=LARGEST_ROW)
        objects, root = plist["$objects"], plist["$top"]["root"]
        held = objects[root.data]
        if objects[held["$class"].data]["$classname"] != "MBFile":
            return None
        return {
            field: _resolved(objects, held[field]) for field in (*NUMBERS.values(), "Digest", "Target") if field in held
        }
    except (EvidenceError, LookupError, TypeError, AttributeError):
        return None


def _resolved(objects: list[Any], value: Any) -> Any:
    if isinstance(value, plistlib.UID):
        value = objects[value.data] if value.data < len(objects) else None
        if isinstance(value, dict):
            return value.get("NS.data")
    return value


def _integer(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = int(value)
    except (OverflowError, ValueError):  # infinite, or not a number
        return None
    return number if -(1 << 63) <= number < 1 << 63 else None


def _template(blob: bytes) -> _Template | None:
    """The layout of one row; None where rows like it must be read one by one."""
    fields = _fields(blob)
    if fields is None or "Target" in fields or not blob.startswith(b"bplist00"):
        return None
    held = Binary(blob)
    ends = [*held.offsets[1:], int.from_bytes(blob[-8:], "big")]
    sizes = [end - start for start, end in zip(held.offsets, ends, strict=True)]
    if min(sizes) < 1 or held.offsets[0] != 8 or len(sizes) > MOST_OBJECTS or blob[-26] > 2:
        return None
    values = _values(held)
    loose = _loose(held, values)
    kinds = {number: blob[held.offsets[number]] >> 4 for number in loose}
    numbers = {name: values[field] for name, field in NUMBERS.items() if field in values}
    digest = values.get("Digest")
    for field, kind, marker in [*((field, int, 1) for field in NUMBERS.values()), ("Digest", bytes, 4)]:
        if field not in fields and field not in values:
            continue
        if type(fields.get(field)) is not kind or kinds.get(values.get(field, -1)) != marker:
            return None  # a real, a reference into another class, or a value that is stored as part of something else
    runs: dict[int, bytes] = {}
    first = 0
    for number in range(len(sizes) + 1):
        if number == len(sizes) or number in loose:
            if number > first:
                runs[first] = blob[held.offsets[first] : ends[number - 1]]
            first = number + 1
    return _Template([0 if n in loose else size for n, size in enumerate(sizes)], runs, kinds, numbers, digest)


def _values(held: Binary) -> dict[str, int]:
    """Field of the MBFile -> the object that holds its value, through references of the archive."""

    def items(number: int) -> dict[str, int]:
        keys, refs = held.references(number)
        return {held.value(key): ref for key, ref in zip(keys, refs, strict=False)} if keys else {}

    top = items(held.top)
    objects = held.references(top["$objects"])[1]
    root = held.value(items(top["$top"])["root"])
    values = items(objects[root.data]) if isinstance(root, plistlib.UID) else {}
    for field, number in values.items():
        value = held.value(number)
        if field != "$class" and isinstance(value, plistlib.UID) and value.data < len(objects):
            number = objects[value.data]
            values[field] = items(number).get("NS.data", number)
    return values


def _loose(held: Binary, values: dict[str, int]) -> set[int]:
    """Objects that may vary within a layout: numbers, data and text that only the MBFile's fields refer to.

    An object that is also a key, or part of a class (equal objects are stored once), must be equal in every row.
    """
    fixed = {number for field, number in values.items() if field == "$class"}
    for number in range(len(held.offsets)):
        keys, refs = held.references(number)
        fixed.update(keys)
        names = {held.value(key): ref for key, ref in zip(keys, refs, strict=False)}
        if "$classname" in names:
            fixed.add(names["$classname"])
            fixed.update(held.references(names["$classes"])[1] if "$classes" in names else ())
        fixed.update(ref for name, ref in names.items() if name.startswith("$"))
    plain = {number for number in values.values() if type(held.value(number)) in (int, str, bytes)}
    return plain - fixed
