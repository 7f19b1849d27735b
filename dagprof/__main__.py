"""``python -m dagprof``."""

from dagprof.cli import run

run()
