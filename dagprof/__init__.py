"""dagprof measures and explains how long Apache Airflow takes to parse DAG files.

In a notebook or a script::

    run = dagprof.scan("dags/", repeat=5)          # or: run = dagprof.load("reports/run.json")
    dagprof.frames.files_frame(run)                # a pandas DataFrame, slowest file first
    dagprof.frames.imports_frame(run, by="distribution")
    dagprof.compare(dagprof.load("before.json"), run)

dagprof imports large libraries only when a function needs them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagprof.analyse import comparison as comparison
    from dagprof.analyse import frames as frames
    from dagprof.api import compare as compare
    from dagprof.api import explain as explain
    from dagprof.api import load as load
    from dagprof.api import merge as merge
    from dagprof.api import render_report as render_report
    from dagprof.api import run_gate as run_gate
    from dagprof.api import scan as scan
    from dagprof.model import Run as Run

__version__ = "0.1.0"
__all__ = [
    "Run",
    "compare",
    "comparison",
    "explain",
    "frames",
    "load",
    "merge",
    "render_report",
    "run_gate",
    "scan",
]

# `dagprof.gate` and `dagprof.report` are packages, so these functions have longer names.
_FUNCTIONS = ("compare", "explain", "load", "merge", "render_report", "run_gate", "scan")
_HOMES = {
    "Run": "dagprof.model",
    "comparison": "dagprof.analyse",
    "frames": "dagprof.analyse",
    **dict.fromkeys(_FUNCTIONS, "dagprof.api"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dagprof' has no attribute {name!r}")
    if _HOMES[name] == "dagprof.analyse":
        return importlib.import_module(f"dagprof.analyse.{name}")
    return getattr(importlib.import_module(_HOMES[name]), name)
