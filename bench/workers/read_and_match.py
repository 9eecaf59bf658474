"""What a scan takes to read a backup and to match it, without writing: python read_and_match.py BACKUP INDICATORS.

Reading: every artefact to declared rows, with times, hosts and links, that are then thrown away. Matching: the question
`devices.indicators` over the tables that a reading before it wrote, which is not counted. Prints JSON.
"""

import contextlib
import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from answerable.areas.devices.acquisition.recognise import open_acquisitions
from answerable.areas.devices.artefacts.registry import artefacts
from answerable.areas.devices.artefacts.source import Source
from answerable.areas.devices.extraction.parts import rows_of
from answerable.areas.devices.extraction.phone import read_phones
from answerable.areas.devices.tables import PHONE
from answerable.case.pipeline import answer, make_question
from answerable.core.engine import open_engine
from answerable.core.method import methods
from answerable.errors import EvidenceError

LOADED = ("ibis", "pandas", "pyarrow.compute", "pyarrow.parquet")
"""What both need: loading libraries is neither reading nor matching, and is done before the clock starts."""


def read(backup: Path, scratch: Path) -> int:
    """Read every artefact of the backup; how many rows there were."""
    count = 0
    for acquisition in open_acquisitions(backup, scratch):
        for artefact in artefacts():
            for pattern in artefact.places.get(acquisition.kind, ()):
                for entry in acquisition.tree.find(pattern):
                    with contextlib.suppress(EvidenceError):  # a gap: the app's version lacks it
                        for _, rows in rows_of(Source(acquisition, entry, scratch), artefact, ""):
                            count += rows.num_rows
        acquisition.tree.close()
    return count


def main() -> None:
    backup, indicators = Path(sys.argv[1]), Path(sys.argv[2])
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # as the command line does
    for name in LOADED:
        importlib.import_module(name)
    method = methods()["devices.indicators"]
    with tempfile.TemporaryDirectory() as scratch:
        began = time.process_time()
        rows = read(backup, Path(scratch))
        reading = time.process_time() - began
        engine = open_engine("duckdb", {"memory_limit": "700MB"}, scratch=Path(scratch))
        read_phones(engine, backup)
        files = {table.name: indicators if table.exhibit != PHONE else backup for table in method.reads}
        began = time.process_time()
        answered, _ = answer(make_question(method.name, {}, there=files), files, engine)
        matching = time.process_time() - began
        engine.close()
    print(json.dumps({"read": reading, "match": matching, "rows": rows, "matches": len(answered.answer.observations)}))


if __name__ == "__main__":
    main()
