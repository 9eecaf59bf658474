"""devices.attachments: the folder and the ending, each on both sides."""

import pytest


@pytest.mark.parametrize(
    ("path", "from_owner", "fires"),
    [
        ("/var/tmp/com.apple.messages/IMG-1.gif", False, True),
        ("/private/var/tmp/x-1", False, True),
        ("/private/var/tmp/x-1", None, True),
        ("/private/var/tmp/x-1", True, False),
        ("/var/tmp/x-11.gif", False, False),
        ("/var/tmp/x-1/y.gif", False, False),
        ("~/Library/SMS/Attachments/x-1.gif", False, False),
        ("/var/tmpx/x-1.gif", False, False),
        (None, False, False),
    ],
)
def test_files(ask, path, from_owner, fires):
    rows = [{"path": path, "from_owner": from_owner}]
    found = ask("devices.attachments", {"attachments": rows * 2}).observations
    assert [one.value for one in found] == ([path] if fires else [])
    assert {(one.category, one.strength) for one in found} <= {("contact attempt", "heuristic")}


def test_folder_and_ending_may_be_chosen(ask):
    tables = {"attachments": [{"path": "/tmp/a_x.bin"}]}
    assert not ask("devices.attachments", tables).observations
    assert ask("devices.attachments", tables, folder="/tmp/", ending="_x").observations
