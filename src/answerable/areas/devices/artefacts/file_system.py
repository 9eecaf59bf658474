"""The files of an iPhone's whole file system, as the acquisition lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from answerable.areas.devices.acquisition.finding import WHOLE
from answerable.areas.devices.acquisition.tree import Entry
from answerable.areas.devices.artefacts.plist_values import real, whole
from answerable.areas.devices.artefacts.registry import IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import UNIX_SECONDS
from answerable.areas.devices.tables import DEVICE_FILES

if TYPE_CHECKING:
    import pyarrow as pa

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
    """Files and links, then folders, with what the acquisition says of them.

    A folder that the acquisition does not list by itself is there by what lies in it: nothing more is known of it.
    """
    tree = source.acquisition.tree
    if "folder" in tree.format:
        source.notes.append(_OF_THE_COPY)
    entries = tree.entries()
    for first in range(0, len(entries), _AT_ONCE):
        yield _described(list(entries[first : first + _AT_ONCE]))
    folders = tree.folders()
    for path in _above(chain(tree.index.paths, list(folders))) - folders.keys():
        folders[path] = Entry(path, path, 0)
    listed = [folders[path] for path in sorted(folders)]
    for first in range(0, len(listed), _AT_ONCE):
        yield _described(listed[first : first + _AT_ONCE], "folder")


def _above(paths: Iterable[str]) -> set[str]:
    """The folders that paths lie in, and those above them."""
    found: set[str] = set()
    for path in paths:
        above = path.rpartition("/")[0]
        while above and above not in found:
            found.add(above)
            above = above.rpartition("/")[0]
    return found


def _described(listed: Sequence[Entry], kind: str = "file") -> pa.RecordBatch:
    import pyarrow as pa

    modified = pa.array([real(one.modified) for one in listed], pa.float64())
    numbers = {
        name: pa.array([whole(getattr(one, field)) for one in listed], pa.int64())
        for name, field in {"size": "size", "mode": "mode", "owner": "owner", "group_number": "group"}.items()
    }
    return pa.RecordBatch.from_pydict(
        {
            "path": pa.array([f"/{one.path}" for one in listed], pa.string()),
            "relative_path": pa.array([one.stored for one in listed], pa.string()),
            "kind": pa.array(["link" if one.link else kind for one in listed], pa.string()),
            "target": pa.array([one.target or None for one in listed], pa.string()),
            "time_raw": modified,
            "modified": modified,
            "present": pa.array([not one.link for one in listed], pa.bool_()),
            **numbers,
        }
    )
