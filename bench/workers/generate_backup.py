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

from backup_plants import FEEDS, Planted
from backup_schema import DATA_USAGE, INSERTS, MANIFEST, MESSAGES, SAFARI
from backup_values import WORDS, Archive, address, attributed, handles, host_at, mixed

SAID = (
    "please", "call", "me", "later", "about", "the", "meeting", "we", "are", "waiting", "at", "the", "station",
    "thanks", "for", "your", "help", "all", "is", "well", "see", "you", "soon", "the", "parcel", "has", "moved", "to",
    "Monday", "confirm", "when", "you", "can", "this", "is", "about", "your", "appointment", "I", "will", "be", "there",
)  # fmt: skip
FIRST, SPAN = 600_000_000, 180_000_000  # seconds since 2001, and how many of them the phone was in use
EPOCH = 978_307_200  # of 2001 in Unix seconds
TAKEN = datetime(2025, 10, 20, 9, 30, tzinfo=UTC).replace(tzinfo=None)
SAFARI_AT = ("HomeDomain", "Library/Safari/History.db")
MESSAGES_AT = ("HomeDomain", "Library/SMS/sms.db")
USAGE_AT = ("WirelessDomain", "Library/Databases/DataUsage.sqlite")
REDIRECTS = (
    "fast to another host", "slow to another host", "fast to the same host", "fast, but from https",
    "fast to another host",
)  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """How much of each there is."""

    visits: int = 1_000_000
    messages: int = 500_000
    files: int = 200_000
    processes: int = 5_000
    redirects: int = 120
    seed: int = 20


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
