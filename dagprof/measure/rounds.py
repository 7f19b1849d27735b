"""The rounds of a scan, within the time budget: time and trace the files, then prove what changes
to the slow ones would save.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from dagprof.config.settings import Depth, Settings
from dagprof.measure.before.composing import Composing
from dagprof.measure.before.layers import Varied
from dagprof.measure.budget import Budget
from dagprof.measure.conditions import seeds
from dagprof.measure.crew import Crew, Job
from dagprof.model import Condition, Doubt, Measured, Status, Used
from dagprof.passes import file
from dagprof.passes.answers import templates
from dagprof.passes.asking import Ask, ParseLimits
from dagprof.passes.experiments import prove
from dagprof.passes.plan import PROOFS, Proof, worth_ms
from dagprof.passes.proofs import PlannedExperiments, planned
from dagprof.passes.users import Users
from dagprof.quantities import count

# With a time budget: the shares of the time at which dagprof stops to parse each file once, and to
# run all passes over the slow files. Experiments follow.
_GLANCED_UNTIL, _DETAILED_UNTIL = 0.5, 0.8


class Progress(Protocol):
    """Receives the progress of a scan, in the thread that scans."""

    def preparing(self, what: str) -> None:
        """A step before the first parse begins."""

    def using(self, used: Sequence[Used]) -> None:
        """The settings taken from the project around the DAG files."""

    def started(self, total: int, what: str = "parsing") -> None:
        """A round over ``total`` files begins."""

    def measured(self, measured: Measured, done: int) -> None:
        """One more file is measured."""


class Silent:
    """Ignores all progress."""

    def preparing(self, what: str) -> None: ...

    def using(self, used: Sequence[Used]) -> None: ...

    def started(self, total: int, what: str = "parsing") -> None: ...

    def measured(self, measured: Measured, done: int) -> None: ...


class Rounds:
    """All passes over all files, within the budget. Afterwards ``doubts`` says what the budget left
    out.

    ``prover`` runs the experiments, one parse at a time. Two heavy parses at once take a fifth
    longer, and so the savings would be too large. ``composing`` parses files with a shared
    layer; None to measure all files in isolation.
    """

    def __init__(  # noqa: PLR0913 - what it measures with, and what for
        self,
        crew: Crew,
        prover: Crew,
        settings: Settings,
        limits: ParseLimits,
        budget: Budget,
        progress: Progress,
        root: str,
        shown: Callable[[Path], str],
        composing: Composing | None = None,
    ) -> None:
        self._composing = composing
        self._crew, self._prover, self._settings, self._limits = crew, prover, settings, limits
        self._budget, self._progress, self._root, self._shown = budget, progress, root, shown
        self._results: dict[Path, Measured] = {}
        self.doubts: list[Doubt] = []

    def measure(self, varied: Varied, known: Mapping[Path, Measured]) -> Iterable[Measured]:
        """Measure the files. Results in ``known`` come from an interrupted scan, and are kept if
        they are complete.
        """
        files = varied.files
        known = {path: measured for path, measured in known.items() if _is_complete(measured)}
        began = time.monotonic()
        self._progress.started(len(files))
        for done, (path, measured) in enumerate(known.items(), 1):
            self._keep(path, measured, done)
        unknown = [path for path in files if path not in known]
        if self._composing is not None:
            unknown = self._compose(unknown, self._composing)
        if self._settings.time_budget is None:
            self._do([self._job(path) for path in unknown], self._budget)
            self._prove(time.monotonic() - began)
        else:
            self._within_budget(unknown, varied.first, began)
        self._try_templates()
        self._note_users()
        return self._results.values()

    def compare_conditions(self) -> Iterable[Measured]:
        """Parse each file twice more: as before, and on another day, host and so on."""
        files = self._comparable()
        if not files:
            return self._results.values()
        fixed: set[str] = set()
        self._progress.started(len(files), "comparing DAGs across days and hosts")
        self._do(seeds.elsewhere_jobs(files, self._limits, fixed), self._budget)
        if fixed:
            conditions = " or ".join(Condition(name).where for name in sorted(fixed))
            text = f"On this system, dagprof cannot check whether DAGs differ {conditions}."
            self.doubts.append(Doubt(code="conditions", text=text))
        return self._results.values()

    def compare_seeds(self, other: Crew) -> Iterable[Measured]:
        """Parse each file once more here, and once with the other crew. Its zygote has another hash
        seed, and so another order of sets.
        """
        files = self._comparable()
        if not files:
            return self._results.values()
        found: seeds.Parses = {}
        self._progress.started(len(files), "comparing DAGs across hash seeds")
        jobs = seeds.asking_jobs(files, self._limits, found)
        for _ in other.do(jobs, self._budget):
            pass
        self._do(seeds.comparing_jobs(files, self._limits, found), self._budget)
        return self._results.values()

    @property
    def results(self) -> Mapping[Path, Measured]:
        """The result of each file so far."""
        return self._results

    def _comparable(self) -> list[tuple[Path, Measured]]:
        return [
            (path, measured) for path, measured in self._results.items() if seeds.is_asked(measured)
        ]

    def _job(self, path: Path) -> Job:
        return Job(path, partial(file.measure, limits=self._limits))

    def _compose(self, files: Sequence[Path], composing: Composing) -> list[Path]:
        """Parse the files with the layer. Return those that it cannot show."""
        named = {self._shown(path): path for path in files}
        others = composing.measure(
            named,
            self._budget,
            lambda path, measured: self._keep(path, measured, len({*self._results, path})),
            self._progress.preparing,
        )
        self.doubts += composing.doubts
        for path in others:
            self._results.pop(path, None)
        return others

    def _within_budget(self, files: Sequence[Path], first: Collection[Path], began: float) -> None:
        """Parse each file once, then run all passes over the files, slowest first, and the
        experiments. Each of these has a share of the time, so that slow files have causes and
        proposed changes even if there is no time for all files. What is left goes to the rest.
        Files in ``first`` import what no file before them imports, so they are also traced once.
        """
        budget = self._budget.rest
        self._glance(files, budget.until(_GLANCED_UNTIL), first)
        self._look_closer(files, budget.until(_DETAILED_UNTIL))
        self._prove(time.monotonic() - began)
        self._glance([path for path in files if path not in self._results], budget)
        self._look_closer(files, budget)

        skipped = [path for path in files if path not in self._results]
        for path in skipped:
            self._results[path] = file.left_out(path, self._shown(path))
        for path, measured in self._results.items():
            if _is_glance(measured) and file.is_undecided(measured):
                self._results[path] = file.left_out(path, self._shown(path), file.UNDECIDED)
                skipped.append(path)
        glanced = sum(map(_is_glance, self._results.values()))
        if glanced or skipped:
            text = (
                f"The time budget of {self._settings.time_budget} ran out. dagprof parsed"
                f" {glanced} of {len(self._results)} files only once and skipped"
                f" {count(len(skipped), 'file')}. To measure more files, raise --time-budget."
            )
            self.doubts.append(Doubt(code="budget", text=text))

    def _glance(self, files: Sequence[Path], budget: Budget, traced: Collection[Path] = ()) -> None:
        """Parse each file once, and once more with the tracer if it is slow and in ``traced``."""
        jobs = [
            Job(path, partial(file.glance, limits=self._limits, traces=path in traced))
            for path in files
        ]
        self._do(jobs, budget)

    def _look_closer(self, files: Sequence[Path], budget: Budget) -> None:
        """Run all passes over the files that were parsed only once, slowest first."""
        wanted = set(files)
        again = [
            (path, measured)
            for path, measured in self._results.items()
            if path in wanted and measured.result.is_timed and _is_glance(measured)
        ]
        if again and not budget.is_spent:
            again.sort(key=lambda item: -item[1].result.parse_ms)
            self._progress.started(len(again), "measuring in detail")
            self._do([self._job(path) for path, _ in again], budget)

    def _prove(self, spent_s: float) -> None:
        """Run experiments, largest expected saving first."""
        proof = PROOFS.get(self._settings.depth)
        if proof is None or self._budget.is_spent:
            return
        if self._settings.repeat == 1 and self._settings.depth is not Depth.FULL:
            text = (
                "dagprof proposes no changes, because `repeat` is 1 and each file was timed only"
                " once. To get proposed changes, omit --repeat."
            )
            self.doubts.append(Doubt(code="unproved", text=text))
            return
        total_ms = sum(measured.result.parse_ms for measured in self._results.values())
        proof = proof._replace(smallest_ms=worth_ms(proof, total_ms))
        asked = planned(self._results.values(), self._root, proof)
        if not asked:
            return
        self._progress.started(len(asked), "testing changes")
        share = (
            None
            if proof.share_of_scan is None
            else max(proof.least_s, proof.share_of_scan * spent_s)
        )
        paths = {measured.result.path: path for path, measured in self._results.items()}
        jobs = [self._experiment(paths[plan.measured.result.path], plan, proof) for plan in asked]
        done = self._do(jobs, self._budget.at_most(share), self._prover)
        if done < len(jobs):
            more = (
                "To test all files, use --depth full."
                if self._settings.time_budget is None
                else "To test more files, raise --time-budget."
            )
            text = (
                f"To save time, dagprof tested the possible changes in only {done} of"
                f" {count(len(jobs), 'file')}. {more}"
            )
            self.doubts.append(Doubt(code="unproved", text=text))

    def _try_templates(self) -> None:
        """Find out which look-ups of Variables a Jinja template could replace."""
        if self._settings.depth not in PROOFS or (
            self._settings.repeat == 1 and self._settings.depth is not Depth.FULL
        ):
            return
        jobs = [
            Job(path, self._templates(measured), otherwise=measured)
            for path, measured in self._results.items()
            if seeds.is_asked(measured) and templates.text_lookups(measured.result.accesses)
        ]
        if jobs and not self._budget.is_spent:
            self._progress.started(len(jobs), "testing Jinja templates")
            self._do(jobs, self._budget)

    def _templates(self, measured: Measured) -> Callable[[Path, str, Ask], Measured]:
        return lambda path, shown, ask: templates.tried(path, measured, ask, self._limits)

    def _note_users(self) -> None:
        users = Users(list(self._results.values()), self._root)
        for path, measured in self._results.items():
            if measured.result.experiments:
                self._results[path] = users.noted(measured)

    def _experiment(self, path: Path, plan: PlannedExperiments, proof: Proof) -> Job:
        composing = self._composing if plan.measured.result.composed_ms else None

        def work(path: Path, shown: str, ask: Ask) -> Measured:
            experiments = prove(
                path,
                plan.candidates,
                ask,
                self._limits,
                proof=proof,
                parse_ms=plan.measured.result.own_ms,
                timing=composing.asking(path, shown, self._budget)
                if composing is not None
                else None,
            )
            result = msgspec.structs.replace(plan.measured.result, experiments=experiments)
            proved: Measured = msgspec.structs.replace(plan.measured, result=result)
            return proved

        return Job(path, work, otherwise=plan.measured)

    def _do(self, jobs: Sequence[Job], budget: Budget, crew: Crew | None = None) -> int:
        """Do the jobs and keep their results. Return how many were done."""
        paths = {self._shown(job.path): job.path for job in jobs}
        done = len(self._results) if not any(job.path in self._results for job in jobs) else 0
        number = 0
        for number, measured in enumerate((crew or self._crew).do(jobs, budget), 1):
            self._keep(paths[measured.result.path], measured, done + number)
        return number

    def _keep(self, path: Path, measured: Measured, done: int) -> None:
        self._results[path] = measured
        self._progress.measured(measured, done)


def _is_glance(measured: Measured) -> bool:
    return any(doubt.code == file.ONE_PARSE for doubt in measured.result.doubts)


def _is_complete(measured: Measured) -> bool:
    """Whether no time budget kept the file from a pass."""
    result = measured.result
    is_cut = any(doubt.code in (file.ONE_PARSE, file.CUT_SHORT) for doubt in result.doubts)
    return result.status is not Status.SKIPPED and not is_cut
