"""Tables about a Run as pandas DataFrames: the documented interface for notebooks and scripts.

Times are in milliseconds. A table has the same columns and types for every Run, including an empty
Run. Text columns have the type ``object`` in every pandas version.
"""

from __future__ import annotations

from dagprof.analyse.frames.building import Group, records
from dagprof.analyse.frames.changes import changes_frame, experiments_frame, plan_frame
from dagprof.analyse.frames.files import (
    accesses_frame,
    effects_frame,
    failures_frame,
    files_frame,
    instabilities_frame,
    samples_frame,
)
from dagprof.analyse.frames.imports import edges_frame, imports_frame, loads_frame, savings_frame
from dagprof.analyse.frames.statements import owners_frame, statements_frame

__all__ = [
    "Group",
    "accesses_frame",
    "changes_frame",
    "edges_frame",
    "effects_frame",
    "experiments_frame",
    "failures_frame",
    "files_frame",
    "imports_frame",
    "instabilities_frame",
    "loads_frame",
    "owners_frame",
    "plan_frame",
    "records",
    "samples_frame",
    "savings_frame",
    "statements_frame",
]
