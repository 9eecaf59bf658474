"""`python -m answerable` is `answerable`."""

from answerable.cli import run

run()
