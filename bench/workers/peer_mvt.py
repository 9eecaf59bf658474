"""MVT's whole check of a backup: python peer_mvt.py COMMAND BACKUP INDICATORS TRUTH [OUTPUT]; prints JSON.

COMMAND is MVT's own program in its own environment. Seconds, memory and bytes are those of that program alone, from its
start to its end; what it wrote is read afterwards.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from backup_plants import FEEDS

MODULES = {"safari": "safari_history", "sms": "sms", "datausage": "datausage", "manifest": "manifest"}
ROWS = {"safari": "visit_id", "sms": "ROWID", "datausage": "proc_id", "manifest": "file_id"}
RUNS = 1 if sys.platform == "darwin" else 1024


def records(file: Path) -> int:
    """How many records a list of MVT's holds: read line by line, as one is larger than what memory should hold."""
    with file.open(encoding="utf-8") as lines:
        return sum(line.startswith("    {") for line in lines)


def found(alerts: list[dict[str, Any]], truth: dict[str, Any]) -> dict[str, Any]:
    """Which plants MVT names at their rows, and which of its matches are no plants."""
    places = {module: where for where, module in MODULES.items()}
    named = {
        (places[one["module"]], one["event"].get(ROWS[places[one["module"]]]))
        for one in alerts if one["matched_indicator"] and one["module"] in places
    }  # fmt: skip
    plants = {(one["where"], one["row"]): one["value"] for one in truth["plants"]}
    return {
        "plants": len(plants), "found": len(named & plants.keys()), "others": len(named - plants.keys()),
        "missed": sorted(plants[one] for one in plants.keys() - named),
    }  # fmt: skip


def check(command: str, backup: str, indicators: Path, output: Path, home: Path) -> dict[str, float]:
    """Run MVT without network and outside the user's own settings; its seconds and memory."""
    options = [part for feed in FEEDS for part in ("--iocs", str(indicators / feed))]
    settings = {
        "MVT_NETWORK_ACCESS_ALLOWED": "false",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_DATA_HOME": str(home),
    }
    began = time.perf_counter()
    process = subprocess.run(
        [command, "check-backup", *options, "--output", str(output), backup],
        env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    seconds, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(process.stderr[-2000:])
    return {"seconds": seconds, "work": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / RUNS}


def main() -> None:
    command, backup, indicators, truth = sys.argv[1:5]
    with tempfile.TemporaryDirectory() as scratch:
        output, home = Path(sys.argv[5] if len(sys.argv) > 5 else f"{scratch}/output"), Path(scratch) / "home"
        home.mkdir()
        measured = check(command, backup, Path(indicators), output, home)
        alerts = json.loads((output / "alerts.json").read_text(encoding="utf-8"))
        levels = Counter(f"{one['module']}|{one['level']}" for one in alerts)
        files = {file.name: file.stat().st_size for file in sorted(output.rglob("*")) if file.is_file()}
        result = {
            **measured,
            "version": json.loads((output / "info.json").read_text(encoding="utf-8"))["mvt_version"],
            "bytes": sum(files.values()),
            "files": files,
            "records": {module: records(output / f"{module}.json") for module in MODULES.values()},
            "alerts": dict(sorted(levels.items())),
            "redirects": levels["safari_history|MEDIUM"],
            "untimed": sum(not one["event_time"] for one in alerts),
            **found(alerts, json.loads(Path(truth).read_text(encoding="utf-8"))),
        }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
