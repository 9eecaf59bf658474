"""A report of 50 MB: read in seconds, and in memory that does not grow with it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

CHILD = """
import sys, tempfile
from pathlib import Path
from answerable.areas.devices.extraction.phone import read_phones
from answerable.core.engine import open_engine

with tempfile.TemporaryDirectory() as folder:
    engine = open_engine("duckdb")
    engine.folder = Path(folder)
    phones = read_phones(engine, Path(sys.argv[1]))
    read = {one.artefact.name: one.coverage() for one in phones.reads}
    print(phones.acquisitions[0].time.isoformat())
    # Not ru_maxrss: that is at least what the process that started this one held.
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
    print(peak, *(read[name]["rows"] for name in ("dumpsys_packages", "dumpsys_appops", "dumpsys_battery_history")))
"""
LOG = "03-04 15:16:00.123  1000  1234  1240 I ExampleTag: what happened to com.example.app is told in a few words\n"


def large(text, logs, apps):
    """The text with so many bytes of logs and so many apps, as real reports have."""
    head, mark, tail = text.partition("--------- beginning of main\n")
    packages = "".join(
        f"  Package [com.example.app{n}] (5a2b3c4):\n    appId={n}\n    versionCode={n} minSdk=26 targetSdk=35\n"
        + "    requested permissions:\n"
        + "".join(f"      android.permission.P{p}\n" for p in range(40))
        for n in range(apps)
    )
    operations = "".join(
        f"  Uid u0a{n}:\n    Package com.example.app{n}:\n"
        + "".join(
            f"      OP_{p} (allow):\n        null=[\n          Access: [bg-s] 2026-03-03 08:09:10.111\n        ]\n"
            for p in range(20)
        )
        for n in range(apps)
    )
    tail = tail.replace("  Package [com.example.broken\n", packages)
    end = "--------- 0.210s was the duration of dumpsys appops"
    tail = tail.replace(end, operations + end)
    history = '  01-01 10:00:00.000 097 +wake_lock=u0a1:"*job*/com.example.app1/.Sync"\n' * (apps * 50)
    tail = tail.replace("\nPer-PID Stats", history + "\nPer-PID Stats", 1)
    return head + mark + LOG * (logs // len(LOG)) + tail


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc: the peak cannot be told")
@pytest.mark.parametrize("megabytes", [50])
def test_a_large_report(android15, tmp_path, megabytes):
    path = tmp_path / "bugreport-x.txt"
    path.write_text(large(android15.text, megabytes << 20, apps=400))
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", CHILD, path], check=True, capture_output=True, text=True, timeout=100)
    made, numbers = done.stdout.splitlines()
    # the time zone of the phone stands behind all the logs
    assert made == "2026-03-04T14:16:17+00:00"
    peak, *rows = map(int, numbers.split())
    assert rows == [402 + 1, 8_000 + 8, 20_000 + 8]
    assert peak < 500  # the libraries alone take some 200 MB
    assert time.monotonic() - begun < 60  # alone it takes some 4 seconds
