"""What androidqf notes of an Android system: whether its access rules are enforced, its environment, its services."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.androidqf import SETTING, text_of
from answerable.areas.devices.artefacts.registry import ANDROIDQF, artefact
from answerable.areas.devices.artefacts.source import MEGABYTE
from answerable.areas.devices.tables import COMPONENTS, SETTINGS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

_SERVICE = re.compile(r"(\d{1,9})\s+(\S+): \[(.*)\]\s*")
_FOUND = re.compile(r"Found \d+ services:\s*")


@artefact(
    "androidqf_selinux", SETTINGS, "whether the system's access rules are enforced",
    places={ANDROIDQF: ("selinux.txt", "selinux.json")}, section="selinux",
)  # fmt: skip
def selinux(source: Source) -> Iterator[Mapping[str, Any]]:
    """The state of SELinux, as `getenforce` prints it or under a name; the row is the name of the setting."""
    if source.path.endswith(".json"):
        told = source.json()
        for name, value in (told if isinstance(told, dict) else {"mode": told}).items():
            if (text := text_of(value)) is not None:
                key = text_of(name) or "mode"
                yield {"row": key, "namespace": "selinux", "key": key, "value": text}
            else:
                source.refuse("a value that is no text")
        return
    text = source.text(MEGABYTE).strip()
    if "\n" in text or not re.fullmatch(r"[A-Za-z]+", text):
        raise EvidenceError("it does not hold the one word that getenforce prints.", file=source.path)
    yield {"row": "mode", "namespace": "selinux", "key": "mode", "value": text}


@artefact(
    "androidqf_environment", SETTINGS, "environment of the shell", places={ANDROIDQF: ("env.txt",)}, section="env",
)  # fmt: skip
def environment(source: Source) -> Iterator[Mapping[str, Any]]:
    """Variables of the shell's environment; the row is the variable."""
    for number, line in enumerate(source.text().splitlines(), start=1):
        if match := SETTING.fullmatch(line):
            yield {"row": match[1], "namespace": "environment", "key": match[1], "value": match[2]}
        elif line.strip():
            source.refuse("a line that is no variable", number)


@artefact(
    "androidqf_services", COMPONENTS, "services of the system", places={ANDROIDQF: ("services.txt",)},
    section="services",
)  # fmt: skip
def services(source: Source) -> Iterator[Mapping[str, Any]]:
    """Services that the system knows, with the interface of each; the row is the service."""
    for number, line in enumerate(source.text().splitlines(), start=1):
        if match := _SERVICE.fullmatch(line):
            yield {"row": match[2], "component": match[2], "kind": "system service", "action": match[3] or None}
        elif line.strip() and not _FOUND.fullmatch(line):
            source.refuse("a line that is no service", number)
