"""Environments of their own for peers, whose versions of pandas and numpy are not this project's: .venv-bench/PEER."""

import json
import subprocess
import sys
from pathlib import Path

from bench.harness import ROOT

PLACE = ROOT / ".venv-bench"
NEEDS = {
    "fairlearn": ["fairlearn>=0.15,<0.16", "pyarrow"],
    "aequitas": ["aequitas>=1.1,<1.2", "pyarrow"],
    "aif360": ["aif360>=0.6,<0.7", "pyarrow"],
    "tfma": ["tensorflow-model-analysis>=0.52,<0.53"],
    "mvt": ["mvt==2026.10.26"],  # its licence is not open source: run as a program, never imported
}


def environment(peer: str, *, limit: float = 900) -> Path:
    """The Python of a peer's environment, made once.

    Raises:
        RuntimeError: it could not be installed within `limit` seconds.
    """
    folder = PLACE / peer
    python, stamp = folder / "bin" / "python", folder / "installed"
    if stamp.exists() and stamp.read_text() == json.dumps(NEEDS[peer]):
        return python
    PLACE.mkdir(exist_ok=True)
    (PLACE / ".gitignore").write_text("*\n")
    print(f"... installing {peer} into {folder.relative_to(ROOT)}", file=sys.stderr, flush=True)
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=limit)
        subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True, timeout=limit)
        subprocess.run([*pip, *NEEDS[peer]], check=True, timeout=limit)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"{peer} could not be installed: {error}") from error
    stamp.write_text(json.dumps(NEEDS[peer]))
    return python
