"""The files of an iPhone's whole file system, as the acquisition lists them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from answerable.areas.devices.acquisition.finding import WHOLE
from answerable.areas.devices.artefacts.plist_values import real, whole
from answerable.areas.devices.artefacts.registry import IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import UNIX_SECONDS
from answerable.areas.devices.tables import DEVICE_FILES

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.tree import Entry
    from answerable.areas.devices.artefacts.source import Source

_AT_ONCE = 50_000
"""Files that are described at once: bounds the memory."""
_OF_THE_COPY = "Owner, mode and times are those of the copied files: whoever copied them may have changed them."


@artefact(
    "file_system",
    DEVICE_FILES,
    "the list of files that the phone holds",
    places={IOS_FILES: (WHOLE,)},
    expected={IOS_FILES: "always"},
    unit=UNIX_SECONDS,
)
def file_system(source: Source) -> Iterator[pa.RecordBatch]:
    """Files and links with what the acquisition says of them; a folder is there by the files that lie in it."""
    tree = source.acquisition.tree
    if "folder" in tree.format:
        source.notes.append(_OF_THE_COPY)
    entries = tree.entries()
    for first in range(0, len(entries), _AT_ONCE):
        yield _described(entries[first : first + _AT_ONCE])


def _described(entries: Sequence[Entry]) -> pa.RecordBatch:
    import pyarrow as pa

    listed = list(entries)
    modified = pa.array([real(one.modified) for one in listed], pa.float64())
    numbers = {
        name: pa.array([whole(getattr(one, field)) for one in listed], pa.int64())
        for name, field in {"size": "size", "mode": "mode", "owner": "owner", "group_number": "group"}.items()
    }
    return pa.RecordBatch.from_pydict(
        {
            "path": pa.array([f"/{one.path}" for one in listed], pa.string()),
            "relative_path": pa.array([one.stored for one in listed], pa.string()),
            "kind": pa.array(["link" if one.link else "file" for one in listed], pa.string()),
            "target": pa.array([one.target or None for one in listed], pa.string()),
            "time_raw": modified,
            "modified": modified,
            "present": pa.array([not one.link for one in listed], pa.bool_()),
            **numbers,
        }
    )
