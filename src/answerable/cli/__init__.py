"""The command line: thin commands over the same functions that Python users call.

Nothing here imports an engine before a command needs one, so that `--help` answers at once; a test checks it.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from answerable import __version__
from answerable.cli.asking import add_asking, ask_parser
from answerable.cli.cases import add_cases
from answerable.cli.gallery import add_gallery
from answerable.cli.phones import add_phones
from answerable.errors import AnswerableError

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = """\
A first look:   answerable look decisions.csv
A question:     answerable ask decisions.disparity decisions.csv --decided granted=no --groups sex --person id
A phone:        answerable scan backup --indicators indicators
A case:         answerable new case; answerable add case decisions.csv; answerable run case; answerable report case
What there is:  answerable methods; answerable methods decisions.disparity
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 a figure did not hold, 2 something a person can mend."""
    # Starting makes some hundred thousand objects that stay: looking through them again and again frees nothing.
    gc.set_threshold(100_000, 20, 20)
    # Arrow's own allocator gives pages back and takes them anew all the time, which costs a tenth of a scan.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except AnswerableError as error:
        print(f"answerable: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output has gone; nothing is wrong
        sys.stderr.close()
    except KeyboardInterrupt:
        print("answerable: stopped. Nothing half-written was kept.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="answerable",
        description="From raw evidence about a technology to findings that hold up.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"answerable {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (add_asking, add_cases, add_phones, add_gallery):
        add(commands)
    return parser


def run() -> NoReturn:
    """The program: the command line, and out.

    What is registered for the end is done and what is printed is flushed. Then the process ends at once: taking down
    engines and libraries one object at a time takes a tenth of a second and frees nothing that the system does not.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BrokenPipeError, ValueError):  # nobody reads it any more
            stream.flush()
    atexit._run_exitfuncs()
    os._exit(code)


__all__ = ["ask_parser", "main", "run"]
