"""Runs that later ones are compared with: which of their files count, and how one is saved."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dagprof.analyse.comparison import below
from dagprof.model import Run
from dagprof.robust import are_enough
from dagprof.store import runs


def of_paths(baseline: Run, paths: Sequence[str], root: str) -> Run:
    """The baseline with only the files at or below ``paths``, of a scan with this bundle root.

    Files elsewhere were not scanned this time, and would count as removed.
    """
    real = os.path.realpath(root)
    # As results have them, ``.`` for the root itself.
    shown = [os.path.relpath(os.path.realpath(path), real).replace(os.sep, "/") for path in paths]
    return below(baseline, shown)


def save(run: Run, file: Path) -> int:
    """Save a Run as a baseline, and count its files with too few parses to compare later ones with.

    :raises OutputError: the file cannot be written.
    """
    runs.save(run, file)
    return sum(each.is_timed and not are_enough(each.samples.own_ms) for each in run.files)
