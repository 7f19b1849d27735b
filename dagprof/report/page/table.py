"""The index of all files as columns. The page sorts, filters and draws the table of files from this
index without decompressing any data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagprof.model import COMPOSED, FileResult
from dagprof.report import figures
from dagprof.report.escape import safe_text
from dagprof.report.page.one_file import address


def columns(files: Sequence[FileResult], groups: Sequence[int]) -> Mapping[str, Sequence[object]]:
    """One column for each figure, in the order of ``files``. ``groups`` holds the distribution of
    each module.
    """
    return {
        "path": [safe_text(file.path) for file in files],
        "address": [address(file.path) for file in files],
        "status": [figures.status(file.status) for file in files],
        "is_failure": [int(file.status.is_failure) for file in files],
        "is_timed": [int(file.is_timed) for file in files],
        "parse": [round(file.parse_ms, 2) for file in files],
        "spread": [
            round(file.samples.spread_ms, 1) if len(file.samples) > 1 else None for file in files
        ],
        "cpu": [round(file.samples.median("cpu_ms"), 2) for file in files],
        "dags": [len(file.dag_ids) for file in files],
        "tasks": [file.task_count for file in files],
        "is_composed": [int(file.composed_ms > 0) for file in files],
        "doubts": [sum(doubt.code != COMPOSED for doubt in file.doubts) for file in files],
        "stages": [[round(ms, 1) for ms in figures.stages(file)] for file in files],
        "groups": [
            sorted({groups[place] for place in file.trace.loads.module}) if file.trace else []
            for file in files
        ],
    }
