"""Baselines: Runs to compare later Runs with. This module selects their files and saves them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from dagprof.analyse.comparison import below
from dagprof.measure.site import below_root
from dagprof.model import Run
from dagprof.robust import are_enough
from dagprof.store import runs


def of_paths(baseline: Run, paths: Sequence[str], root: str) -> Run:
    """The baseline with only the files in or below ``paths``, which belong to a scan with this
    bundle root.

    The scan did not measure other files, so they would count as removed.
    """
    return below(baseline, below_root(paths, root))


def of_files(baseline: Run, paths: Collection[str]) -> Run:
    """The baseline with only these files, which one shard measured."""
    files = tuple(file for file in baseline.files if file.path in paths)
    part: Run = msgspec.structs.replace(baseline, files=files)
    return part


def save(run: Run, file: Path) -> int:
    """Save a Run as a baseline. Return how many of its files have too few parses for later
    comparisons.

    :raises OutputError: the file cannot be written.
    """
    runs.save(run, file)
    return sum(each.is_timed and not are_enough(each.samples.own_ms) for each in run.files)
