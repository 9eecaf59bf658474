"""Traces to plant into a synthetic backup, drawn from public feeds of indicators."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

FEEDS = ("pegasus.stix2", "cytrox.stix2", "malware.stix2")


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
