"""Collects the other changes of each kind, and what the trials of look-ups found."""

from __future__ import annotations

from typing import NamedTuple

from dagprof.analyse.fleet import Plan
from dagprof.analyse.others.lookups import LookupLine, lookups
from dagprof.analyse.others.loops import LoopCost, loops
from dagprof.analyse.others.preloading import Preload, preload
from dagprof.model import LookupOutcome, LookupTrial, Run

# The minimum saving of a change, in ms over all files.
SMALLEST_MS = 5.0


class LookupChange(NamedTuple):
    """The look-ups at one line, and what can replace them: the trial that found most in the way."""

    line: LookupLine
    trial: LookupTrial | None


class Others(NamedTuple):
    """The other changes of each kind, the largest saving first. ``preload`` is None if preloading
    was not examined or saves nothing.
    """

    lookups: tuple[LookupChange, ...]
    preload: Preload | None
    loops: tuple[LoopCost, ...]


def others(run: Run, plan: Plan | None) -> Others:
    """The other changes of a Run. Without a plan there is no preloading to compare with it."""
    found = preload(run, plan) if plan is not None else None
    return Others(
        lookups=tuple(
            LookupChange(line, _trial(run, line))
            for line in lookups(run).lines
            if line.cost_ms >= SMALLEST_MS
        ),
        preload=found if found is not None and found.saving_ms >= SMALLEST_MS else None,
        loops=tuple(loops(run)),
    )


_ORDER = (LookupOutcome.NEEDED, LookupOutcome.TEMPLATE, LookupOutcome.TASK)


def _trial(run: Run, line: LookupLine) -> LookupTrial | None:
    """What holds for all look-ups at a line. None unless every key was tried."""
    tried = {
        trial.key: trial
        for file in run.files
        if file.path in line.files
        for trial in file.lookup_trials
    }
    if line.kind != "variable" or not all(key in tried for key in line.keys):
        return None
    return min((tried[key] for key in line.keys), key=lambda trial: _ORDER.index(trial.outcome))
