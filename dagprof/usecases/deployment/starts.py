"""Starts: what task starts pay for the parse of their DAG files, per DAG and executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagprof import __version__
from dagprof.config.settings import Settings
from dagprof.measure import scan as scanning
from dagprof.measure import starts
from dagprof.measure.rounds import Progress, Silent
from dagprof.model import Run


def measure(
    paths: Sequence[str],
    settings: Settings,
    environ: Mapping[str, str],
    progress: Progress | None = None,
) -> Run:
    """Scan the DAG files, then measure the task starts of each DAG file.

    :raises UsageError: paths or settings are invalid, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported, or no DAG has a task to start.
    """
    progress = progress or Silent()
    run = scanning.scan(paths, settings, version=__version__, environ=environ, progress=progress)
    return starts.measured(run, paths, settings, environ, progress)
