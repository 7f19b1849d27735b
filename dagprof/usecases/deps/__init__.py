"""Deps: which distributions the DAG files import, which are missing, and what an image needs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from dagprof import __version__, bounded
from dagprof.analyse.dependencies import found as joining
from dagprof.analyse.dependencies import left_out, owners
from dagprof.analyse.dependencies.values import Customisation, Dependencies
from dagprof.config.settings import Settings
from dagprof.errors import MeasurementError, UsageError
from dagprof.link.inquiries import installed as asking
from dagprof.link.messages.installed import Installed
from dagprof.link.target import Target, existing, resolve
from dagprof.measure import scan as scanning
from dagprof.measure.rounds import Progress, Silent
from dagprof.measure.site import scratch_folder
from dagprof.model import Run
from dagprof.quantities import count
from dagprof.store import runs
from dagprof.usecases.deps.user_code import UserCode

_LARGEST_CONFIGURATION = 1_000_000
_NO_CODE = (
    "The DAG folder {} does not exist here, so dagprof does not know the imports inside callables."
    " Give the DAG folder as the second argument."
)
_NO_PYTHON = (
    "The interpreter of the run cannot list its distributions here, so dagprof does not know sizes,"
    " requirements and unused distributions. To choose another interpreter, use --python."
)


class Examined(NamedTuple):
    """The result, and what a customised image is computed from."""

    dependencies: Dependencies
    installed: Installed
    target: Target
    is_complete: bool


def run_of(
    name: str, settings: Settings, environ: Mapping[str, str], progress: Progress | None = None
) -> Run:
    """The Run of a run file, or a new Run of a DAG folder.

    :raises UsageError: the file is not a Run, or paths or settings are invalid.
    :raises MeasurementError: Airflow cannot be imported, or no file could be parsed at all.
    """
    if os.path.isfile(name) and not name.endswith((".py", ".zip")):
        return runs.load(name)
    return scanning.scan([name], settings, version=__version__, environ=environ, progress=progress)


@contextlib.contextmanager
def examined(
    run: Run, settings: Settings, environ: Mapping[str, str], dags: str | None = None
) -> Iterator[Examined]:
    """What the DAG files of a Run import. ``dags`` is the place of the DAG folder if it is no
    longer the folder of the Run.

    :raises UsageError: the DAG folder or the interpreter does not exist.
    """
    if dags is not None:
        run = _rebased(run, str(existing((dags,))[0]))
    if settings.python is None and os.path.exists(run.environment.python_executable):
        settings = msgspec.structs.replace(settings, python=run.environment.python_executable)
    has_code = os.path.isdir(run.root)
    with scratch_folder() as scratch:
        near = run.root if has_code else str(scratch)
        given = msgspec.structs.replace(settings, bundle_root=near)
        (work := scratch / "deps").mkdir()
        target = resolve(given, existing((near,)), work, environ)
        code = UserCode(run, target) if has_code else None
        yield _examined(run, target, code)


def customised(
    of: Examined, environ: Mapping[str, str], progress: Progress | None = None, *, starts: bool
) -> Customisation:
    """What a customised image can leave out. ``starts`` also measures cold starts of Airflow.

    :raises UsageError: the target interpreter is unknown.
    :raises MeasurementError: Airflow does not start without the distributions.
    """
    if not of.is_complete:
        raise UsageError(_NO_PYTHON)
    configuration = _configuration(of.target, environ)
    found = left_out.customisation(of.dependencies, of.installed, configuration)
    if not starts or not found.left_out:
        return found
    (progress or Silent()).preparing("measuring cold starts of Airflow")
    times = asking.cold_starts(of.target, found.left_out)
    measured: Customisation = msgspec.structs.replace(
        found,
        cold_before_ms=times.before_ms,
        cold_after_ms=times.after_ms,
        cold_noise_ms=times.noise_ms,
    )
    return measured


def _examined(run: Run, target: Target, code: UserCode | None) -> Examined:
    reached = code.reached() if code is not None else []
    notes = list(code.notes()) if code is not None else [_NO_CODE.format(run.root)]
    names = {each.imported.name for each in reached}
    try:
        installed, is_complete = asking.ask(target, names), True
    except MeasurementError:
        installed, is_complete = owners.of_run(run, names), False
        notes.append(_NO_PYTHON)
    if is_complete:
        notes += _about_environment(run, installed, target)
    evidence = joining.Evidence(
        run=run,
        reached=reached,
        installed=installed,
        is_complete=is_complete,
        commands=code.commands(installed) if code is not None else {},
        notes=tuple(notes),
    )
    return Examined(joining.dependencies(evidence), installed, target, is_complete)


def _about_environment(run: Run, installed: Installed, target: Target) -> Iterator[str]:
    here = {row.name: row.version for row in installed.distributions}
    before = run.environment.distributions
    changed = sorted(
        name for name in here.keys() | before.keys() if here.get(name) != before.get(name)
    )
    if before and changed:
        verb = "differs" if len(changed) == 1 else "differ"
        yield (
            f"In {target.python}, {count(len(changed), 'distribution')} {verb} from the run"
            f" ({', '.join(changed[:3])}). Scan again, or use --python to choose the interpreter of"
            " the run."
        )


def _rebased(run: Run, root: str) -> Run:
    """The Run, with paths below another DAG folder."""
    before = run.root.rstrip("/") + "/"
    modules = tuple(
        msgspec.structs.replace(module, file=f"{root}/{module.file.removeprefix(before)}")
        if module.file.startswith(before)
        else module
        for module in run.modules
    )
    changed: Run = msgspec.structs.replace(run, root=root, modules=modules)
    return changed


def _configuration(target: Target, environ: Mapping[str, str]) -> str:
    """The text of Airflow's configuration: variables, and the configuration file."""
    project = target.project.environment if target.project is not None else {}
    values = {**project, **environ}
    found = [text for name, text in values.items() if name.startswith("AIRFLOW__")]
    home = values.get("AIRFLOW_HOME", "")
    file = values.get("AIRFLOW_CONFIG") or (os.path.join(home, "airflow.cfg") if home else "")
    if file:
        with contextlib.suppress(OSError):
            text = bounded.head(file, _LARGEST_CONFIGURATION).decode("utf-8", "replace")
            found += [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    return "\n".join(found)
