"""devices.tampering: what a phone as it is sold does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.rules import answer_of, any_of, devices_of, folded, found, told, valued
from answerable.areas.devices.measures.common.traces import RIGHTS
from answerable.areas.devices.tables import (
    ADB_KEYS,
    APPS,
    ARTEFACTS,
    DEVICE_FILES,
    IDENTITIES,
    MOUNTS,
    PROPERTIES,
    SETTINGS,
)
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer, Observation

_LOOSE = ("disabled", "permissive")
_READS = (DEVICE_FILES, MOUNTS, PROPERTIES, SETTINGS, ADB_KEYS, IDENTITIES, APPS)


@method(
    "devices.tampering",
    reads=[*_READS, ARTEFACTS],
    source="Android Open Source Project 2024, Verified Boot and SELinux; Amnesty International Security Lab 2021",
    rights=RIGHTS,
)
def tampering(
    device_files: ir.Table,
    mounts: ir.Table,
    properties: ir.Table,
    settings: ir.Table,
    adb_keys: ir.Table,
    identities: ir.Table,
    apps: ir.Table,
    artefacts: ir.Table,
    *,
    folders: Sequence[str] = (),
    most: int = 200,
) -> Answer:
    """What a phone as it is sold does not have: rights taken, protections off, programs where none belong.

    Looked for are programs and apps that hand out all rights, files that only opened phones have, programs in folders
    where anybody with a shell may write, a system that is mounted to be written, other odd mounts, properties of
    unlocked or altered systems, access rules not enforced, computers that may debug the phone, and addresses that the
    identity service was asked about with NUL bytes in them. Settings are left to devices.settings.

    Args:
        device_files: files of the phone.
        mounts: mounted file systems.
        properties: properties of the system.
        settings: settings, for the state of SELinux where it is told so.
        adb_keys: computers that may debug the phone.
        identities: addresses that the identity service was asked about.
        apps: apps.
        artefacts: what was there to be looked at.
        folders: more folders in which a program is out of place, each with its last slash.
        most: things named of each kind; what is beyond is counted in the last finding.

    Raises:
        Nothing: without rows there is nothing to find, and coverage says so.

    Source:
        Android Open Source Project, documentation of Verified Boot and of Security-Enhanced Linux, 2024. Amnesty
        International Security Lab, Forensic Methodology Report, 2021, for identity look-ups as traces.
    """
    data = told("tampering")
    nul = identities.filter(identities.address.re_search(r"\x00"))
    android = device_files.filter(device_files.device.isin(devices_of(artefacts, "android")))
    observations = [
        *_programs(android, data, folders, most),
        *_opened(device_files, data, most),
        *found(apps.filter(apps.app.isin(data["root_apps"])), data["rules"]["root_app"], by=["app"], most=most),
        *_mounted(mounts, data, most),
        *_system(properties, settings, data, most),
        *found(
            adb_keys.filter(adb_keys.fingerprint.fill_null(adb_keys.key).notnull()),
            data["rules"]["debugging_computer"],
            by=["fingerprint"],
            most=most,
        ),
        *found(nul, data["rules"]["nul_address"], by=["address"], most=most),
    ]
    return answer_of(
        observations,
        artefacts,
        [table.name for table in _READS],
        "programs, mounts and properties that phones as sold do not have",
        "Most phones that were opened were opened by their owners; most spyware leaves none of this.",
    )


def _programs(files: ir.Table, data: Mapping[str, Any], more: Sequence[str], most: int) -> Iterator[Observation]:
    """Programs that hand out rights, and programs where anybody may write."""
    path = files.path.fill_null("")
    named = path.re_extract(r"([^/]+)$", 1).lower().isin(data["root_programs"])
    file = files.kind.fill_null("file") == "file"
    yield from found(files.filter(named & file), data["rules"]["root_program"], by=["path"], most=most)
    within = any_of(path.startswith(folder) for folder in (*data["writable"], *more))
    runs = (files.mode.fill_null(0) & 0o111) != 0
    yield from found(files.filter(within & runs & file), data["rules"]["executable"], by=["path"], most=most)


def _opened(files: ir.Table, data: Mapping[str, Any], most: int) -> Iterator[Observation]:
    """Folders and files of opened phones, each once however much lies within."""
    import ibis

    # One expression for all of them: each would have to be looked for in every path of the phone.
    roots = "|".join(re.escape(root.removeprefix("/")) for root in data["opened"])
    root = files.path.fill_null("").re_extract(f"^/?({roots})(?:/|$)", 1)
    rows = files.mutate(root=ibis.cases((root != "", ibis.literal("/") + root), else_=None))
    yield from found(rows.filter(rows.root.notnull()), data["rules"]["opened"], by=["root"], most=most)


def _mounted(mounts: ir.Table, data: Mapping[str, Any], most: int) -> Iterator[Observation]:
    """A system that can be written; data that may bring rights or devices; something laid over the system."""
    point, options, kind = (mounts[name].fill_null("") for name in ("point", "options", "type"))
    system = any_of((point == root) | point.startswith(f"{root}/") for root in data["system"])
    whole = point.isin([*data["system"], "/"]) & kind.notin(["rootfs", "tmpfs", "ramfs"])
    written = whole & _has(options, "rw")
    yield from found(mounts.filter(written), data["rules"]["system_writable"], by=["point", "options"], most=most)
    loose = (point == "/data") & ~(_has(options, "nosuid") & _has(options, "nodev"))
    laid = system & kind.isin(["tmpfs", "overlay", "overlayfs", "ramfs"]) & _has(options, "rw")
    magic = mounts.what.fill_null("").lower().contains("magisk") | point.lower().contains("magisk")
    odd = mounts.filter((loose | laid | magic) & ~written)
    yield from found(odd, data["rules"]["mount"], by=["what", "point", "options"], most=most)


def _has(options: Any, word: str) -> Any:
    return options.re_search(rf"(^|[,\s]){word}([,\s]|$)")


def _system(properties: ir.Table, settings: ir.Table, data: Mapping[str, Any], most: int) -> Iterator[Observation]:
    """Properties and access rules of altered systems."""
    listed = {(name, value): one["why"] for name, one in data["properties"].items() for value in one["values"]}
    yield from found(
        valued(properties, "name", "value", listed), data["rules"]["property"], by=["name", "value"], most=most
    )
    about = settings.key.lower().contains("selinux") | settings.namespace.lower().contains("selinux")
    loose = settings.filter(about & folded(settings.value).isin(_LOOSE))
    yield from found(loose, data["rules"]["selinux"], by=["namespace", "key"], most=most)
