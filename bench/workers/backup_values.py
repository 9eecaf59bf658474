"""What the rows of a synthetic backup hold, each following from the row's number alone."""

import plistlib
import struct
from collections.abc import Iterator

STEMS = (
    "news", "bank", "maps", "cloud", "video", "team", "rail", "shop", "city", "lake", "book", "mail", "farm", "wind",
)  # fmt: skip
ENDINGS = ("", "hub", "ly", "now", "base", "io", "x")
WORDS = tuple(stem + ending for stem in STEMS for ending in ENDINGS)
BEFORE, RESERVED = ("", "", "www.", "m.", "a.b."), ("example.com", "example.org", "example.net")


def mixed(number: int, salt: int) -> int:
    """64 bits that follow from a number: what the row of that number holds, without a row before it (SplitMix64)."""
    value = (number * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    return value ^ (value >> 29)


def host_of(number: int) -> str:
    """The host of a number; neighbours lie in different registrable domains."""
    bits = mixed(number, 1)
    name = f"{BEFORE[bits % 5]}{WORDS[bits // 8 % 98]}{WORDS[bits // 1024 % 98]}{number}"
    return f"{name}.{RESERVED[number % 3]}"


def address(item: int, hosts: int, seed: int) -> str:
    """The address of a history item: every 18th by http."""
    bits = mixed(item, seed)
    path = f"{WORDS[bits // 16 % 98]}-{item}"
    for more in range(bits % 3):
        path += f"/{WORDS[(bits >> (20 + 8 * more)) % 98]}-{(bits >> (14 + more)) % 1_000_000}"
    query = f"?q={bits >> 38}" if bits % 5 < 2 else ""
    return f"{'https' if item % 18 else 'http'}://{host_of(host_at(item, hosts, seed))}/{path}{query}"


def host_at(item: int, hosts: int, seed: int) -> int:
    """The number of an item's host: a few hosts have many items."""
    share = mixed(item, seed + 1) / 2**64
    return int(hosts * share * share)


def handles() -> Iterator[tuple[object, ...]]:
    """Rows of handle: the numbers 555-0100 to 555-0199 of eight area codes, kept for fiction."""
    areas = (202, 303, 404, 505, 606, 707, 808, 909)
    for number in range(800):
        service = "iMessage" if number % 3 else "SMS"
        yield number + 1, f"+1{areas[number // 100]}55501{number % 100:02}", "us", service


def attributed(text: str) -> bytes:
    """A text as messages keep it a second time: an NSAttributedString of one part, as a typedstream."""
    said = text.encode()
    length = bytes([len(said)]) if len(said) < 128 else b"\x81" + struct.pack("<H", len(said))
    letters = bytes([len(text)]) if len(text) < 128 else b"\x81" + struct.pack("<H", len(text))
    return (
        b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\x00\x84\x84\x08NSObject\x00\x85\x92"
        b"\x84\x84\x84\x08NSString\x01\x94\x84\x01+" + length + said + b"\x86\x84\x02iI\x01" + letters + b"\x92\x84\x84"
        b"\x84\x0cNSDictionary\x00\x94\x84\x01i\x01\x92\x84\x96\x96\x1d__kIMMessagePartAttributeName\x86\x92\x84\x84\x84"
        b"\x08NSNumber\x00\x84\x84\x07NSValue\x00\x94\x84\x01*\x84\x99\x99\x00\x86\x86\x86"
    )


class Archive:
    """MBFile objects as NSKeyedArchiver keeps them: plistlib lays one out for each length of path, rows fill it in."""

    NUMBERS = ("Birth", "GroupID", "InodeNumber", "LastModified", "LastStatusChange", "Mode", "Size", "UserID")

    def __init__(self) -> None:
        self.layouts: dict[int, tuple[bytes, list[int], int]] = {}

    def layout(self, length: int) -> tuple[bytes, list[int], int]:
        """A property list for paths of `length` ASCII characters, and where its numbers and its path begin."""
        if length not in self.layouts:
            marks = {name: 0x7F000001 + 257 * number for number, name in enumerate(self.NUMBERS)}
            root = {
                "$class": plistlib.UID(3),
                "Flags": 0,
                "ProtectionClass": 3,
                "RelativePath": plistlib.UID(2),
                **marks,
            }
            kind = {"$classes": ["MBFile", "NSObject"], "$classname": "MBFile"}
            whole = {
                "$version": 100000, "$archiver": "NSKeyedArchiver", "$top": {"root": plistlib.UID(1)},
                "$objects": ["$null", root, "~" * length, kind],
            }  # fmt: skip
            data = plistlib.dumps(whole, fmt=plistlib.FMT_BINARY)
            places = [data.index(struct.pack(">I", mark)) for mark in marks.values()]
            self.layouts[length] = data, places, data.index(b"~" * length)
        return self.layouts[length]

    def file(self, path: str, *numbers: int) -> bytes:
        """The property list of a file, its numbers in the order of NUMBERS."""
        data, places, begins = self.layout(len(path))
        made = bytearray(data)
        made[begins : begins + len(path)] = path.encode("ascii")
        for place, number in zip(places, numbers, strict=True):
            struct.pack_into(">I", made, place, number)
        return bytes(made)
