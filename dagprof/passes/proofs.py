"""Chooses the files that get experiments, and their order: the largest expected savings first, and
each helper's lines in a few files only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from dagprof.attribution.candidates import Candidate, candidates
from dagprof.model import Measured, Place
from dagprof.passes.plan import Proof


class PlannedExperiments(NamedTuple):
    """A measured file and the statements to take out of its parse."""

    measured: Measured
    candidates: tuple[Candidate, ...]

    @property
    def promised_ms(self) -> float:
        """The largest cost behind one of the statements."""
        return max(candidate.behind_ms for candidate in self.candidates)


def planned(files: Iterable[Measured], root: str, proof: Proof) -> list[PlannedExperiments]:
    """The experiments worth doing, largest expected saving first. Files that would only repeat the
    experiments of others come last.
    """
    asked = [
        _planned_for(measured, root, proof) for measured in files if not measured.result.experiments
    ]
    ranked = sorted((plan for plan in asked if plan.candidates), key=lambda q: -q.promised_ms)
    seen: Counter[Place] = Counter()
    fresh: list[PlannedExperiments] = []
    repeated: list[PlannedExperiments] = []
    for plan in ranked:
        shared = [c.place for c in plan.candidates if c.place.file != plan.measured.result.path]
        known = [place for place in shared if seen[place] >= proof.files_per_helper]
        (repeated if shared and len(known) == len(shared) else fresh).append(plan)
        seen.update(shared)
    return fresh + repeated


def _planned_for(measured: Measured, root: str, proof: Proof) -> PlannedExperiments:
    found = candidates(
        measured.result, measured.modules, measured.import_sets, root, smallest_ms=proof.smallest_ms
    )
    in_files = [candidate for candidate in found if candidate.file.endswith(".py")]
    return PlannedExperiments(measured, tuple(in_files[: proof.affordable(measured.result.own_ms)]))
