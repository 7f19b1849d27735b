"""A measuring session: the DAG files below some paths, found once, and the processes that measure them."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dagprof import settings as settings_module
from dagprof.errors import UsageError
from dagprof.measure import environment, file, lookups
from dagprof.measure.asking import Limits
from dagprof.measure.budget import Budget
from dagprof.measure.crew import Crew, Job, Zygotes
from dagprof.measure.target import Target, existing, resolve
from dagprof.measure.zygote import without_surrogates
from dagprof.model import Doubt, Environment, Git, Isolation, Measured, SkippedFile
from dagprof.settings import Settings

# Airflow's own limit where its configuration has none.
_DEFAULT_LIMIT_S = 50.0


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder that is gone afterwards, whatever was put into it."""
    folder = Path(tempfile.mkdtemp(prefix="dagprof-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def zygote_config(target: Target, settings: Settings) -> dict[str, Any]:
    """The configuration that the probe is started with."""
    variables = lookups.read(settings.variables, "variables")
    connections = lookups.read(settings.connections, "connections")
    return {
        "scratch": str(target.scratch),
        "removes_scratch": True,
        "root": str(target.root),
        "temperature": settings.temperature.value,
        "spawns": settings.isolation is Isolation.SPAWN,
        "variables": variables,
        "connections": connections,
        "secrets": lookups.secrets(variables, connections),
        "missing": settings.missing_variables,
    }


@contextlib.contextmanager
def opened(paths: Sequence[str], settings: Settings, environ: Mapping[str, str]) -> Iterator[Session]:
    """A session with the DAG files below ``paths``, ready to measure them; nothing is left of it afterwards.

    :raises UsageError: paths or settings are at fault, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported.
    """
    given = existing(tuple(paths))
    with scratch_folder() as scratch, Session(resolve(settings, given, scratch, environ), settings, given) as session:
        session.find_files()
        yield session


class Session:
    """The zygotes of one target, and what they are asked for. Use as a context manager.

    ``files`` are the DAG files after ``find_files``; ``pre_imported`` the modules that ``pre_import`` loaded. ``doubts``
    tells what came up meanwhile.
    """

    def __init__(self, target: Target, settings: Settings, paths: Sequence[Path]) -> None:
        self._target, self._settings, self._paths = target, settings, paths
        self.config = zygote_config(target, settings)
        self.files: list[Path] = []
        self.skipped: tuple[SkippedFile, ...] = ()
        self.pre_imported: tuple[str, ...] | None = None
        self._doubts: list[Doubt] = []

    def __enter__(self) -> Session:
        self.zygotes = Zygotes(self._target, self.config)
        self.zygotes.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.zygotes.__exit__()

    @property
    def doubts(self) -> list[Doubt]:
        """What makes the results of this session less certain."""
        return [*self._doubts, *self.zygotes.doubts]

    def find_files(self) -> None:
        """Ask Airflow for the DAG files.

        :raises UsageError: there are none.
        """
        answer = self.zygotes.current.ask(
            {"op": "discover", "paths": [str(path) for path in self._paths], "safe_mode": self._settings.safe_mode}
        )
        self.files = [Path(path) for path in answer["files"]]
        self.skipped = tuple(
            SkippedFile(path=self.shown(Path(path)), reason=reason) for path, reason in answer["skipped"]
        )
        if not self.files:
            where = ", ".join(str(path) for path in self._paths)
            count = len(self.skipped)
            why = f" ({count} skipped: .airflowignore, or no 'dag' and 'airflow' in the text)" if count else ""
            raise UsageError(f"There are no DAG files in {where}{why}; give the folder that holds them.")

    def shown(self, path: Path) -> str:
        """The path in results: relative to the bundle root, with forward slashes."""
        text: str = without_surrogates(path.relative_to(self._target.root).as_posix())
        return text

    def pre_import(self) -> None:
        """Import what the DAG processor imports before it forks."""
        answer = self.zygotes.pre_import([str(path) for path in self.files])
        self.pre_imported = tuple(answer["modules"])
        for module, error in answer["failed"]:
            text = f"The DAG processor would try to import {module} before it forks, and fail: {error}."
            self._doubts.append(Doubt(code="pre-import", text=text))

    def limits(self) -> Limits:
        """How each parse is bounded and how often it is repeated."""
        configured = float(self.zygotes.current.airflow["config"].get("dag_file_processor_timeout", _DEFAULT_LIMIT_S))
        memory = self._settings.memory_limit_mib
        return Limits(
            time_limit_s=self._settings.time_limit_s or configured,
            memory_limit_kib=None if memory is None else memory * 1024,
            repeat=self._settings.repeat,
            stacks_from_ms=self._settings.stacks_from_ms,
            depth=self._settings.depth,
            files=len(self.files),
            spawns=self._settings.isolation is Isolation.SPAWN,
            pyinstrument=_pyinstrument_folder(),
        )

    def crew(self, lines: int | None = None, zygotes: Zygotes | None = None) -> Crew:
        """Those who do jobs, as many at once as the settings say; with other ``zygotes`` where they are given."""
        lines = lines or self._settings.jobs or settings_module.default_jobs()
        limit_s = self.limits().time_limit_s
        return Crew(zygotes or self.zygotes, lines=lines, time_limit_s=limit_s, shown=self.shown)

    def measure(self, path: Path) -> Measured:
        """One file, by itself: the passes that the settings ask for."""
        if self.pre_imported is None:
            self.pre_import()
        job = Job(path, partial(file.measure, limits=self.limits()))
        (measured,) = self.crew(lines=1).do([job], Budget(None))
        return measured

    def describe(self, distributions: Mapping[str, str], git: Git | None = None) -> Environment:
        """The environment that a Run of this session records."""
        current = self.zygotes.current
        return environment.describe(self._target, current, dict(distributions), self.pre_imported or (), git)


def _pyinstrument_folder() -> str | None:
    """Where the package is that dagprof itself has, for targets that lack it."""
    spec = importlib.util.find_spec("pyinstrument")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return folders[0] if folders else None
