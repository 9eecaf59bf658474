"""A synthetic iOS backup with planted traces: python generate_backup.py FOLDER TRUTH INDICATORS [--visits N ...].

The unencrypted folder that Finder and iTunes write, with the tables of Safari's history, messages and data usage, the
same bytes for the same numbers and the same SQLite. Hosts are below the domains that RFC 2606 reserves, telephone
numbers those kept for fiction; planted are indicators of the STIX files. TRUTH, outside the folder, says what is where.
"""

import argparse
import hashlib
import json
import plistlib
import random
import sqlite3
import struct
from array import array
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backup_schema import DATA_USAGE, INSERTS, MANIFEST, MESSAGES, SAFARI

FEEDS = ("pegasus.stix2", "cytrox.stix2", "malware.stix2")
STEMS = (
    "news",
    "bank",
    "maps",
    "cloud",
    "video",
    "team",
    "rail",
    "shop",
    "city",
    "lake",
    "book",
    "mail",
    "farm",
    "wind",
)
ENDINGS = ("", "hub", "ly", "now", "base", "io", "x")
WORDS = tuple(stem + ending for stem in STEMS for ending in ENDINGS)
SAID = [
    "please",
    "call",
    "me",
    "later",
    "about",
    "the",
    "meeting",
    "we",
    "are",
    "waiting",
    "at",
    "the",
    "station",
    "thanks",
    "for",
    "your",
    "help",
    "all",
    "is",
    "well",
    "see",
    "you",
    "soon",
    "the",
    "parcel",
    "has",
    "moved",
    "to",
    "Monday",
    "confirm",
    "when",
    "you",
    "can",
    "this",
    "is",
    "about",
    "your",
    "appointment",
    "I",
    "will",
    "be",
    "there",
]
BEFORE, RESERVED = ("", "", "www.", "m.", "a.b."), ("example.com", "example.org", "example.net")
FIRST, SPAN = 600_000_000, 180_000_000  # seconds since 2001, and how many of them the phone was in use
EPOCH = 978_307_200  # of 2001 in Unix seconds
TAKEN = datetime(2025, 10, 20, 9, 30, tzinfo=UTC).replace(tzinfo=None)
SAFARI_AT = ("HomeDomain", "Library/Safari/History.db")
MESSAGES_AT = ("HomeDomain", "Library/SMS/sms.db")
USAGE_AT = ("WirelessDomain", "Library/Databases/DataUsage.sqlite")
REDIRECTS = ("fast to another host", "slow to another host", "fast to the same host", "fast, but from https", "fast to another host")  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """How much of each there is."""

    visits: int = 1_000_000
    messages: int = 500_000
    files: int = 200_000
    processes: int = 5_000
    redirects: int = 120
    seed: int = 20


@dataclass(frozen=True)
class Plant:
    """A trace, and the row it lies in."""

    where: str
    row: int | str
    value: str
    indicator: str
    rule: str
    should_match: bool = True


class Planted:
    """Draws indicators of the feeds, none twice, and remembers what was planted where."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(f"plants {seed}")
        self.plants: list[Plant] = []
        self.negatives: list[dict[str, str]] = []
        kinds: dict[str, set[str]] = {}
        for feed in FEEDS:
            for item in json.loads((folder / feed).read_text(encoding="utf-8"))["objects"]:
                if item["type"] == "indicator":
                    kind, _, value = item["pattern"].strip("[]").partition("=")
                    kinds.setdefault(kind.strip(), set()).add(value.strip(" '"))
        hosts = kinds["domain-name:value"]
        self.pools = {
            "registrable": sorted(host for host in hosts if host.count(".") == 1 and host.islower()),
            "sub-domain": sorted(host for host in hosts if _is_below(host) and host.split(".", 1)[1] not in hosts),
            "process": sorted(name for name in kinds["process:name"] if len(name) < 15 and "." not in name),
            "file": sorted(kinds["file:name"]),
        }

    def draw(self, pool: str) -> str:
        """An indicator that no other plant has."""
        return self.pools[pool].pop(self.random.randrange(len(self.pools[pool])))

    def put(self, where: str, row: int | str, value: str, indicator: str, rule: str) -> str:
        """Remember a plant; gives its value."""
        self.plants.append(Plant(where, row, value, indicator, rule))
        return value

    def visits(self) -> list[tuple[str, str, str]]:
        """Addresses to be visited: value, indicator, rule; without a rule where nothing must match."""
        drawn = [self.draw("registrable") for _ in range(13)]
        below = self.draw("sub-domain")
        made = [(f"https://{host}/a1", host, "exact host") for host in drawn[:4]]
        made += [(f"https://cdn.{host}/x?y=1", host, "sub-domain of a registrable indicator") for host in drawn[4:7]]
        return [
            *made,
            (f"https://{drawn[7]}:8443/p", drawn[7], "exact host with a port"),
            (f"https://{drawn[8].upper()}/UP", drawn[8], "upper-case host"),
            (f"https://user:pw@{drawn[9]}/auth", drawn[9], "credentials before the host"),
            (f"https://{below}/deep", below, "exact host, indicator is itself a sub-domain"),
            (f"https://x1.{below}/deeper", below, "sub-domain of an indicator that is itself a sub-domain"),
            (f"https://not{drawn[10]}/", drawn[10], ""),
            (f"https://{drawn[11]}.example.org/", drawn[11], ""),
            (f"https://search.example.org/?q={drawn[12]}", drawn[12], ""),
        ]


def _is_below(host: str) -> bool:
    """Whether a host is a sub-domain of a name that somebody can register: co.uk and its like are short."""
    labels = host.split(".")
    return len(labels) == 3 and len(labels[1]) > 3 and labels[0] != "www"


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


@dataclass
class History:
    """Safari's history, streamed: visits first, which count how often each item was visited."""

    sizes: Sizes
    planted: Planted

    def __post_init__(self) -> None:
        self.items = max(self.sizes.visits // 2, 20)
        self.hosts = max(self.sizes.visits // 15, 100)
        self.times = array("L", bytes(array("L").itemsize * (self.items + 1)))
        self.special = self.planted.visits()
        self.random = random.Random(f"history {self.sizes.seed}")
        self.fast = 0

    def visits(self) -> Iterator[tuple[object, ...]]:
        """Rows of history_visits."""
        drawn = self.random.sample(range(1, self.sizes.visits // 2), len(self.special) + self.sizes.redirects)
        at = {2 * place: number for number, place in enumerate(drawn)}  # a redirect takes two visits in a row
        step, rest = SPAN / self.sizes.visits, None
        for visit in range(1, self.sizes.visits + 1):
            now = FIRST + step * (visit + 0.5 * self.random.random())
            number, pair = at.get(visit), (None, None)
            if rest:
                (item, now), pair, rest = rest, (visit - 1, None), None
            elif number is None:
                half = visit // 2  # every other visit is the first of its item
                item = 1 + int(self.random.random() ** 2 * half) if visit % 2 else half
            elif number < len(self.special):
                item = self.items + 1 + number
                self._remember(visit, number)
            else:
                item, target, delay = self._redirect(REDIRECTS[number % len(REDIRECTS)])
                pair, rest = (None, visit + 1), (target, now + delay)
            if item <= self.items:
                self.times[item] += 1
            yield visit, item, now, f"{WORDS[item % 98]} page", *pair

    def _remember(self, visit: int, number: int) -> None:
        value, indicator, rule = self.special[number]
        if rule:
            self.planted.put("safari", visit, value, indicator, rule)
        else:
            self.planted.negatives.append({"where": "safari", "value": value})

    def _redirect(self, kind: str) -> tuple[int, int, float]:
        """The items of a redirect, from and to, and the seconds between."""
        item = 18 * self.random.randint(1, self.items // 18) + (kind == "fast, but from https")
        mine, target = host_at(item, self.hosts, self.sizes.seed), item
        if kind != "fast to the same host":
            while target % 18 == 0 or host_at(target, self.hosts, self.sizes.seed) % 3 == mine % 3:
                target = self.random.randint(1, self.items)
        self.fast += kind == "fast to another host"
        return item, target, 5.0 if kind.startswith("slow") else 0.05

    def entries(self) -> Iterator[tuple[object, ...]]:
        """Rows of history_items."""
        for item in range(1, self.items + 1):
            times = self.times[item]
            yield item, address(item, self.hosts, self.sizes.seed), times, struct.pack("<I", times), times * 100
        for number, (value, _, _) in enumerate(self.special, self.items + 1):
            yield number, value, 1, struct.pack("<I", 1), 100


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


def messages(sizes: Sizes, planted: Planted, hosts: int) -> Iterator[tuple[object, ...]]:
    """Rows of message: some 15 % with a link."""
    chance = random.Random(f"messages {sizes.seed}")
    at = set(chance.sample(range(1, sizes.messages + 1), 6))
    step = SPAN * 1_000_000_000 // sizes.messages
    for row in range(1, sizes.messages + 1):
        start, words = chance.randrange(len(SAID)), 2 + int(chance.random() ** 2 * 20)
        text = " ".join((SAID * 2)[start : start + words])
        if row in at:
            host = planted.draw("registrable")
            link = f"https://{host}/{mixed(row, 7) % 0xFFFFF:05x}"
            text += f" {planted.put('sms', row, link, host, 'exact host in a message link')}"
        elif chance.random() < 0.15:
            text += f" {address(chance.randint(1, sizes.visits), hosts, sizes.seed)}"
        mine, date = int(chance.random() < 1 / 3), FIRST * 1_000_000_000 + step * row + chance.randrange(step)
        guid = "{:08X}-{:04X}-{:04X}-{:04X}-{:012X}".format(*map(chance.getrandbits, (32, 16, 16, 16, 48)))
        handle = chance.randint(1, 800)
        read = date + 10_000_000_000 if chance.random() < 0.5 else 0
        service = "iMessage" if (handle - 1) % 3 else "SMS"
        yield row, guid, text, handle, attributed(text), service, date, read, mine


def processes(
    sizes: Sizes, planted: Planted
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]], dict[str, Any]]:
    """Rows of ZPROCESS and ZLIVEUSAGE, and which process ids are missing there."""
    chance = random.Random(f"processes {sizes.seed}")
    drawn = chance.sample(range(10, sizes.processes), sizes.processes // 50 + sizes.processes // 100 + 3)
    at, alone, holes = (
        set(drawn[:3]),
        set(drawn[3 : 3 + sizes.processes // 100]),
        set(drawn[3 + sizes.processes // 100 :]),
    )
    known, usage = [], []
    for row in range(1, sizes.processes + 1):
        first = FIRST + 1000 * row
        if row in at:
            name = planted.draw("process")
            known.append(
                (row, first, first + 500, None, planted.put("datausage", row, name, name, "exact process name"))
            )
        elif row not in alone | holes:
            bundle = f"com.{chance.choice(WORDS)}.{chance.choice(WORDS)}{row}"
            known.append((row, first, first + 500, bundle, f"{chance.choice(WORDS)}d{row}/{bundle}"))
        if row not in holes:
            for kind in range(3):
                amounts = float(chance.randrange(10_000_000)), float(chance.randrange(1_000_000))
                usage.append((len(usage) + 1, kind, row, first + kind, *amounts))
    return known, usage, {"holes": len(holes), "usage_without_process": sorted(alone)}


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


def name_of(domain: str, path: str) -> str:
    """The name of a file in a backup: the SHA-1 of its domain and path."""
    return hashlib.sha1(f"{domain}-{path}".encode(), usedforsecurity=False).hexdigest()


def manifest(folder: Path, sizes: Sizes, planted: Planted) -> Iterator[tuple[object, ...]]:
    """Rows of Files: the three databases, two plants, and names whose files are not there."""
    host, name = planted.draw("registrable"), planted.draw("file")
    named = f"Library/WebKit/WebsiteData/LocalStorage/https_{host}_0.localstorage"
    known = [SAFARI_AT, MESSAGES_AT, USAGE_AT]
    known += [("AppDomain-com.apple.mobilesafari", named), ("HomeDomain", f"Library/Preferences/{name}")]
    rules = {3: (host, "host inside a file name split on underscore"), 4: (name, "file name")}
    archive = Archive()
    for number in range(sizes.files + 2):
        bits = mixed(number, sizes.seed + 2)
        if number < len(known):
            domain, path = known[number]
        else:
            words = [WORDS[(bits >> (7 * place)) % 98] for place in range(6)]
            domain = ("HomeDomain", "MediaDomain", "CameraRollDomain", f"AppDomain-com.{words[0]}.app")[bits % 4]
            path = f"Library/{words[1]}/{words[2]}_{words[3]}/{words[4]}-{number}.{('db', 'png', 'plist', 'json')[bits // 4 % 4]}"
        row, folders = name_of(domain, path), number >= len(known) and bits % 25 < 6
        if number in rules:
            planted.put("manifest", row, path, *rules[number])
        place = folder / row[:2] / row
        size = place.stat().st_size if number < 3 else 0 if folders else bits >> 44
        birth = EPOCH + FIRST + (bits >> 16) % SPAN
        stamps = (birth, 501, 1000 + number, birth + 60, birth + 90, 0o40755 if folders else 0o100644, size, 501)
        yield row, domain, path, 2 if folders else 1, archive.file(path, *stamps)


def database(
    place: Path, schema: str, *tables: tuple[str, Iterator[tuple[object, ...]] | list[tuple[object, ...]]]
) -> None:
    """Make a database: its tables, then its rows as they come, then what the schema puts after them."""
    place.parent.mkdir(parents=True, exist_ok=True)
    before, _, after = schema.partition("-- after\n")
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;")
        connection.executescript(before)
        for name, rows in tables:
            connection.execute("BEGIN")
            connection.executemany(INSERTS[name], rows)
            connection.execute("COMMIT")
        connection.executescript(after)


def property_lists(folder: Path) -> None:
    """Info.plist, Manifest.plist and Status.plist."""
    zeros = "0" * 40
    info = {
        "Build Version": "20F66", "Device Name": "synthetic", "Display Name": "synthetic", "GUID": zeros[:32],
        "Installed Applications": [], "Last Backup Date": TAKEN, "Product Type": "iPhone12,1", "Product Version": "16.5",
        "Serial Number": "X", "Target Identifier": zeros, "Unique Identifier": zeros, "iTunes Version": "12.5",
    }  # fmt: skip
    status = {"BackupState": "new", "Date": TAKEN, "IsFullBackup": True, "SnapshotState": "finished", "Version": "3.3"}
    (folder / "Info.plist").write_bytes(plistlib.dumps(info))
    kept = {"IsEncrypted": False, "Version": "10.0", "Date": TAKEN, "WasPasscodeSet": True}
    (folder / "Manifest.plist").write_bytes(plistlib.dumps(kept, fmt=plistlib.FMT_BINARY))
    (folder / "Status.plist").write_bytes(plistlib.dumps(status, fmt=plistlib.FMT_BINARY))


def generate(folder: Path, indicators: Path, sizes: Sizes) -> dict[str, Any]:
    """Make a backup in an empty folder; gives its truth."""
    folder.mkdir(parents=True)
    planted = Planted(indicators, sizes.seed)
    safari, sms, usage = (folder / name_of(*at)[:2] / name_of(*at) for at in (SAFARI_AT, MESSAGES_AT, USAGE_AT))
    history = History(sizes, planted)
    database(safari, SAFARI, ("history_visits", history.visits()), ("history_items", history.entries()))
    database(sms, MESSAGES, ("handle", handles()), ("message", messages(sizes, planted, history.hosts)))
    known, used, missing = processes(sizes, planted)
    database(usage, DATA_USAGE, ("ZPROCESS", known), ("ZLIVEUSAGE", used))
    database(folder / "Manifest.db", MANIFEST, ("Files", manifest(folder, sizes, planted)))
    property_lists(folder)
    rows = {"safari": sizes.visits, "sms": sizes.messages, "datausage": len(used), "manifest": sizes.files + 2}
    return {
        "seed": sizes.seed, "sizes": {"stix": list(FEEDS), "items": history.items, "hosts": history.hosts, **asdict(sizes)},
        "plants": [asdict(plant) for plant in planted.plants], "negatives": planted.negatives, "rows": rows,
        "safari_fast_cross_host_http_redirects": history.fast, "datausage": missing,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("folder", "truth", "indicators"):
        parser.add_argument(name, type=Path)
    for name, value in asdict(Sizes()).items():
        parser.add_argument(f"--{name}", type=int, default=value)
    given = vars(parser.parse_args())
    folder, truth, indicators = (given.pop(name) for name in ("folder", "truth", "indicators"))
    made = generate(folder, indicators, Sizes(**given))
    truth.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
