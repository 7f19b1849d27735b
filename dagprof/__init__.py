"""dagprof measures how long Apache Airflow takes to parse DAG files, and says why.

In a notebook or a script::

    run = dagprof.scan("dags/", repeat=5)          # or: run = dagprof.load("reports/run.json")
    dagprof.frames.files_frame(run)                # a pandas DataFrame, slowest file first
    dagprof.frames.imports_frame(run, by="distribution")

Nothing heavy is imported before it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagprof.analyse import comparison as comparison
    from dagprof.analyse import frames as frames
    from dagprof.api import load as load
    from dagprof.api import scan as scan
    from dagprof.model import Run as Run

__version__ = "0.1.0"
__all__ = ["Run", "comparison", "frames", "load", "scan"]

_HOMES = {
    "Run": "dagprof.model",
    "comparison": "dagprof.analyse",
    "frames": "dagprof.analyse",
    "load": "dagprof.api",
    "scan": "dagprof.api",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dagprof' has no attribute {name!r}")
    if _HOMES[name] == "dagprof.analyse":
        return importlib.import_module(f"dagprof.analyse.{name}")
    return getattr(importlib.import_module(_HOMES[name]), name)
