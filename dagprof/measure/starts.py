"""Measures task starts after a scan, in the kinds of process in which Airflow starts tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from dagprof.config.settings import Settings
from dagprof.errors import MeasurementError
from dagprof.link.target import existing, resolve
from dagprof.measure.budget import Budget
from dagprof.measure.crew import Crew, Job
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
                named = {site.shown(path): path for path in site.discover()}
                paths_of = {name: path for name, path in named.items() if name in found}
                if kind is StartKind.FORK:
                    _count_runs(site, paths_of, found, progress)
                _measure(site, kind, paths_of, found, progress)
    files = tuple(found[file.path] for file in run.files)
    complete: Run = msgspec.structs.replace(run, files=files)
    return complete


def _count_runs(
    site: Site, named: Mapping[str, Path], found: dict[str, FileResult], progress: Progress
) -> None:
    """Add the schedules of the DAGs to the files."""
    work = partial(starts.scheduled, limits=site.limits(len(named)))
    progress.started(len(named), "counting runs")
    _do(site.crew(), {path: found[name] for name, path in named.items()}, work, found, progress)
    if not any(starts.chosen(file) for file in found.values()):
        raise MeasurementError(
            "No DAG has a task that runs in a worker. To see why files produce no DAGs, run"
            " `dagprof scan` with the same paths."
        )


def _measure(
    site: Site,
    kind: StartKind,
    named: Mapping[str, Path],
    found: dict[str, FileResult],
    progress: Progress,
) -> None:
    """Add the task starts of one kind to the files."""
    wanted = {path: found[name] for name, path in named.items() if starts.chosen(found[name])}
    work = partial(_started, kind=kind, limits=site.limits(len(wanted)))
    progress.started(len(wanted), f"starting tasks ({kind.value})")
    _do(site.crew(lines=1), wanted, work, found, progress)


def _started(
    path: Path, file: FileResult, ask: Ask, *, kind: StartKind, limits: ParseLimits
) -> FileResult:
    rows = starts.measure(path, starts.chosen(file), kind, ask, limits)
    changed: FileResult = msgspec.structs.replace(file, starts=(*file.starts, *rows))
    return changed


def _do(
    crew: Crew,
    files: Mapping[Path, FileResult],
    work: Callable[[Path, FileResult, Ask], FileResult],
    found: dict[str, FileResult],
    progress: Progress,
) -> None:
    """Do the work on each file, and keep the results in ``found``."""

    def job(path: Path, shown: str, ask: Ask) -> Measured:
        return Measured(result=work(path, files[path], ask))

    jobs = [Job(path, job, Measured(result=file)) for path, file in files.items()]
    for done, measured in enumerate(crew.do(jobs, Budget(None)), 1):
        found[measured.result.path] = measured.result
        progress.measured(measured, done)
