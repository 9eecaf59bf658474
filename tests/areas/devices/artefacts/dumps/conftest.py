"""Reports of two generations of Android, written here in the layout that dumpstate gives them, read as a scan does."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
KEY = base64.b64encode(b"\x40\0\0\0" + bytes(range(256)) * 2 + b"\1\0\1\0").decode()
FINGERPRINT = hashlib.md5(base64.b64decode(KEY)).digest().hex(":").upper()
PLACE = {"device", "exhibit", "artefact", "source", "table", "time_raw", "time_unit"}


class Report:
    """The text of a report, by its sections."""

    def __init__(self, name):
        text = (HERE / name).read_text(encoding="utf-8")
        self.text = text.replace("@KEY@", KEY).replace("@FINGERPRINT@", FINGERPRINT)

    def line(self, start):
        """The number of the line that begins so, from 1; there is one."""
        (number,) = [n for n, line in enumerate(self.text.splitlines(), 1) if line.lstrip().startswith(start)]
        return str(number)

    @property
    def names(self):
        """Services and titles of its sections."""
        services = re.findall(r"^DUMP OF SERVICE (?:CRITICAL )?(\S+):$", self.text, re.M)
        return services + re.findall(r"^------ (?!DUMPSYS|[\d.]+s)(.+?) \(.*\) ------$", self.text, re.M)

    def without(self, name):
        """The text without a section."""
        service = rf"(?ms)^-{{79}}\nDUMP OF SERVICE (?:CRITICAL )?{re.escape(name)}:$.*?duration of dumpsys.*?\n"
        title = rf"(?ms)^------ {re.escape(name)} \(.*?(?=^------ (?!\d)|^====)"
        text = re.sub(service, "", self.text)
        text = text if text != self.text else re.sub(title, "", self.text)
        assert text != self.text
        return text


@pytest.fixture
def android15():
    return Report("android15.txt")


@pytest.fixture
def android9():
    return Report("android9.txt")


@pytest.fixture
def key():
    """The key of a computer, and its fingerprint."""
    return KEY, FINGERPRINT


@pytest.fixture
def report(phone):
    """A function that reads a report: its text, and files beside it."""

    def read(text, name="bugreport-x.txt", **files):
        data = text.encode() if isinstance(text, str) else text
        return phone({name: data, **files}, kind="bugreport")

    return read


@pytest.fixture
def told():
    """A function that gives the rows of an artefact without their places, and without what is not known."""

    def rows(read, artefact):
        found = read.rows(artefact)
        return [{k: v for k, v in row.items() if v is not None and k not in PLACE} for row in found]

    return rows
