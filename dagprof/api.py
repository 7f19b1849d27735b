"""Functions for notebooks and scripts, the same ones that the commands call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dagprof import __version__
from dagprof.config import settings as settings_module
from dagprof.measure import scan as scanning
from dagprof.model import Run
from dagprof.store import runs


def scan(*paths: str | Path, **options: Any) -> Run:
    """Measure the DAG files below ``paths`` and return the Run, without writing anything.

    ``options`` are the fields of ``dagprof.config.settings.Settings``, which override the configuration file and the environment.

    :raises dagprof.errors.UsageError: invalid paths or options.
    :raises dagprof.errors.MeasurementError: nothing could be measured.
    """
    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    return scanning.scan([str(path) for path in paths], settings, version=__version__, environ=os.environ)


def load(path: str | Path) -> Run:
    """Read a stored Run.

    :raises dagprof.errors.RunFileError: missing, damaged, or from a newer dagprof.
    """
    return runs.load(path)
