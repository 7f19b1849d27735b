"""The modification times of the DAG files, which decide the order of Airflow's queue."""

from __future__ import annotations

import contextlib
from pathlib import Path

from dagprof.model import Run


def modification_times(run: Run) -> dict[str, float]:
    """The modification time of each file of the Run by path, in seconds since the epoch. Without
    the files that no longer exist or that have another size than during the measurement.
    """
    found = {}
    for file in run.files:
        with contextlib.suppress(OSError, ValueError):
            state = Path(run.root, file.path).stat()
            if state.st_size == file.size_bytes:
                found[file.path] = state.st_mtime
    return found
