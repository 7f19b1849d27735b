"""Measures task starts after a scan, in the kinds of process in which Airflow starts tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from dagprof.config.settings import Settings
from dagprof.errors import MeasurementError
from dagprof.link.target import existing, resolve
from dagprof.measure.budget import Budget
from dagprof.measure.crew import Job
from dagprof.measure.rounds import Progress
from dagprof.measure.site import Site, scratch_folder
from dagprof.model import FileResult, Isolation, Measured, Run, StartKind, Temperature
from dagprof.passes import starts
from dagprof.passes.asking import Ask, ParseLimits

_PROCESSES = {
    StartKind.FORK: (Temperature.WARM, Isolation.STRICT),
    StartKind.NEW_INTERPRETER: (Temperature.COLD, Isolation.SPAWN),
}


def measured(
    run: Run,
    paths: Sequence[str],
    settings: Settings,
    environ: Mapping[str, str],
    progress: Progress,
) -> Run:
    """The Run with the task starts of all files that have a schedule. Times in a new interpreter
    are taken one at a time, because several interpreters at once slow each other down.

    :raises MeasurementError: Airflow cannot be imported, or no DAG has a task to start.
    """
    found: dict[str, FileResult] = {file.path: file for file in run.files}
    for kind, (temperature, isolation) in _PROCESSES.items():
        changed = msgspec.structs.replace(settings, temperature=temperature, isolation=isolation)
        given = existing(tuple(paths))
        with scratch_folder() as scratch:
            target = resolve(changed, given, scratch, environ)
            progress.preparing(f"importing Airflow in {target.python}")
            with Site(target, changed, given) as site:
                if kind is StartKind.FORK:
                    _count_runs(site, found, progress)
                _measure(site, kind, found, progress)
    files = tuple(found[file.path] for file in run.files)
    complete: Run = msgspec.structs.replace(run, files=files)
    return complete


def _count_runs(site: Site, found: dict[str, FileResult], progress: Progress) -> None:
    """Add the schedules of the DAGs to the files."""
    named = {site.shown(path): path for path in site.discover()}
    limits = site.limits(len(named))
    progress.started(len(named), "counting runs")
    jobs = [
        Job(
            path, partial(_scheduled, file=found[name], limits=limits), Measured(result=found[name])
        )
        for name, path in named.items()
        if name in found
    ]
    for done, measured in enumerate(site.crew().do(jobs, Budget(None)), 1):
        found[measured.result.path] = measured.result
        progress.measured(measured, done)
    if not any(starts.chosen(file) for file in found.values()):
        raise MeasurementError(
            "No DAG has a task that a worker starts. To see why files give no DAGs, run `dagprof"
            " scan` with the same paths."
        )


def _scheduled(
    path: Path, shown: str, ask: Ask, *, file: FileResult, limits: ParseLimits
) -> Measured:
    return Measured(result=starts.scheduled(path, file, ask, limits))


def _measure(site: Site, kind: StartKind, found: dict[str, FileResult], progress: Progress) -> None:
    """Add the task starts of one kind to the files."""
    named = {site.shown(path): path for path in site.discover()}
    wanted = [
        (path, found[name])
        for name, path in named.items()
        if name in found and starts.chosen(found[name])
    ]
    limits = site.limits(len(wanted))
    progress.started(len(wanted), f"starting tasks ({kind.value})")
    jobs = [
        Job(path, partial(_work, file=file, kind=kind, limits=limits), Measured(result=file))
        for path, file in wanted
    ]
    for done, measured in enumerate(site.crew(lines=1).do(jobs, Budget(None)), 1):
        found[measured.result.path] = measured.result
        progress.measured(measured, done)


def _work(
    path: Path, shown: str, ask: Ask, *, file: FileResult, kind: StartKind, limits: ParseLimits
) -> Measured:
    rows = starts.measure(path, starts.chosen(file), kind, ask, limits)
    return Measured(result=msgspec.structs.replace(file, starts=(*file.starts, *rows)))
