"""Peers beside this project, in one run on the same data: python -m bench [SECTION ...]."""

import argparse
import compileall
import importlib
import sys

from bench.harness import ROOT, load
from bench.page import facts, write

SECTIONS = {
    "scan": "10 million rows against one bare GROUP BY",
    "peers": "fairlearn, AIF360 and aequitas at 1 million rows, each in an environment of its own",
    "clusters": "10 million decisions of 3 million people, resampled by person",
    "specifications": "a specification curve of 1 million rows",
    "growth": "1, 10 and 100 million rows",
    "startup": "help, import and list",
    "reading": "CSV against DuckDB's own reader",
    "coverage": "how often the intervals hold the true value",
    "thresholds": "the threshold test on 500 simulated sets of stops",
    "tfma": "TensorFlow Model Analysis: a group against everybody",
    "devices": "a backup of a phone with 1 million visits, beside MVT and the bare SQLite scan",
    "phones": "backups of 10,000 to 10 million visits",
}
APART = {
    "coverage": "many minutes of simulation",
    "thresholds": "minutes of sampling",
    "tfma": "an install of 3 GB",
    "devices": "minutes of MVT; needs the public data",
    "phones": "6 GB of scratch; needs the public data",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"default: all but {' and '.join(APART)}")
    parser.add_argument("--list", action="store_true", help="name the sections")
    options = parser.parse_args()
    if options.list:
        for name, text in SECTIONS.items():
            print(f"{name:10} {text}{f' (only when named: {APART[name]})' if name in APART else ''}")
        return 0
    if unknown := [name for name in options.sections if name not in SECTIONS]:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    compileall.compile_dir(ROOT / "src", quiet=1)  # as an installed package is, and as the peers are
    failed = []
    for name in options.sections or [each for each in SECTIONS if each not in APART]:
        try:
            _section(name)
        except RuntimeError as error:
            print(f"\n{name}: {error}", file=sys.stderr)
            failed.append(name)
    return 1 if failed else 0


def _section(name: str) -> None:
    print(f"\n... {name}: {SECTIONS[name]}", file=sys.stderr, flush=True)
    before = load()
    section = importlib.import_module(f"bench.sections.{name}").section()
    text = section.text(facts(f"python -m bench {name}", (before, load())))
    print(f"\n{text}", flush=True)
    write(name, text, list(SECTIONS))


if __name__ == "__main__":
    sys.exit(main())
