"""Tables about possible savings: experiments, changes, and the plan."""

from __future__ import annotations

import statistics

import pandas as pd

from dagprof.analyse.fleet import Fleet
from dagprof.analyse.frames import columns
from dagprof.analyse.frames.building import table
from dagprof.model import Run


def experiments_frame(run: Run) -> pd.DataFrame:
    """One row per file and experiment. ``proved_ms`` is the median over the rounds. ``spread_ms``
    is the median absolute deviation of the rounds.
    """
    return table(
        columns.EXPERIMENTS,
        (
            (
                file.path,
                ", ".join(map(str, e.without)),
                e.need.value,
                e.reason,
                e.is_proof,
                e.proved_ms,
                e.spread_ms,
                len(e.saving_ms),
                statistics.median(e.memory_kib) if e.memory_kib else 0.0,
                "; ".join(e.cautions),
            )
            for file in run.files
            for e in file.experiments
        ),
    )


def changes_frame(run: Run) -> pd.DataFrame:
    """One row per import statement or call of the user's code that would save time over all files.
    The largest saving comes first.
    """
    return table(
        columns.CHANGES,
        (
            (
                c.place.file,
                c.place.line,
                ", ".join(c.loads),
                c.saving_ms,
                c.proved_ms,
                c.evidence,
                c.files,
                c.modules,
                c.memory_kib,
                c.reason,
            )
            for c in Fleet(run).changes()
        ),
    )


def plan_frame(run: Run) -> pd.DataFrame:
    """One row per step of the plan, in the order of the plan. ``adds_ms`` is the additional saving
    of the step after the previous steps.
    """
    return table(
        columns.PLAN,
        (
            (
                number,
                ", ".join(str(change.place) for change in step.changes),
                step.adds_ms,
                step.proved_ms,
                step.total_ms,
                step.files,
                step.evidence,
            )
            for number, step in enumerate(Fleet(run).plan().steps, 1)
        ),
    )
