"""The scan: zygote, discovery, workers, and one result per file."""

from __future__ import annotations

import contextlib
import datetime
import importlib.util
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from dagprof import settings as settings_module
from dagprof.errors import MeasurementError, UsageError
from dagprof.measure import environment, file, lookups, seeds
from dagprof.measure.asking import Limits
from dagprof.measure.assemble import Assembler
from dagprof.measure.crew import Crew, Zygotes
from dagprof.measure.rounds import Progress, Rounds, Silent
from dagprof.measure.target import Target, existing, resolve
from dagprof.measure.zygote import Zygote, without_surrogates
from dagprof.model import SCHEMA_VERSION, Doubt, Isolation, Measured, Run, SkippedFile
from dagprof.settings import Depth, Settings

# Airflow's own limit where its configuration has none.
_DEFAULT_LIMIT_S = 50.0


class Interrupted(Exception):
    """The scan was stopped; what was measured before was handed out through ``Progress``."""


def scan(
    paths: Sequence[str],
    settings: Settings,
    *,
    version: str,
    environ: Mapping[str, str],
    progress: Progress | None = None,
    known: Mapping[tuple[str, str], Measured] | None = None,
) -> Run:
    """Measure every DAG file below ``paths``.

    ``known`` holds results to take over, by path and SHA-256, from a scan that was interrupted.

    :raises UsageError: paths or settings are at fault, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported, or no file could be parsed at all.
    """
    given = existing(tuple(paths))
    with scratch_folder() as scratch:
        target = resolve(settings, given, scratch, environ)
        return _Scan(target, settings, given, progress or Silent(), known or {}).run(version)


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


class _Scan:
    def __init__(
        self,
        target: Target,
        settings: Settings,
        paths: tuple[Path, ...],
        progress: Progress,
        known: Mapping[tuple[str, str], Measured],
    ) -> None:
        self._target, self._settings, self._paths = target, settings, paths
        self._progress, self._known = progress, known
        self._config = zygote_config(target, settings)
        self._doubts: list[Doubt] = _surrounding_doubts(target)
        self._pre_imported: tuple[str, ...] = ()

    def run(self, version: str) -> Run:
        began, created = time.monotonic(), datetime.datetime.now(datetime.timezone.utc)
        self._progress.preparing(f"importing Airflow in {self._target.python}")
        with ThreadPoolExecutor(1) as aside, Zygotes(self._target, self._config) as zygotes:
            git = aside.submit(environment.git_state, self._target.root)
            zygote = zygotes.current
            files, skipped = self._discover(zygote)
            self._progress.preparing("importing what the DAG processor imports before it forks")
            self._pre_import(zygotes, files)
            assembler = self._measure(zygotes, files)
            described = zygotes.current.ask({"op": "describe", "files": assembler.module_files})
            where = environment.describe(
                self._target, zygote, described["distributions"], self._pre_imported, git.result()
            )
        return Run(
            schema_version=SCHEMA_VERSION,
            dagprof_version=version,
            created_at=created.isoformat(timespec="seconds"),
            root=str(self._target.root),
            wall_s=round(time.monotonic() - began, 3),
            environment=where,
            settings=_recorded(self._settings, len(files)),
            files=assembler.files(),
            modules=assembler.modules(described["owners"]),
            import_sets=assembler.import_sets(),
            skipped=skipped,
            doubts=tuple(self._doubts),
        )

    def _discover(self, zygote: Zygote) -> tuple[list[Path], tuple[SkippedFile, ...]]:
        answer = zygote.ask(
            {"op": "discover", "paths": [str(path) for path in self._paths], "safe_mode": self._settings.safe_mode}
        )
        files = [Path(path) for path in answer["files"]]
        skipped = tuple(SkippedFile(path=self._shown(Path(path)), reason=reason) for path, reason in answer["skipped"])
        if not files:
            where = ", ".join(str(path) for path in self._paths)
            why = f" ({len(skipped)} skipped: .airflowignore, or no 'dag' and 'airflow' in the text)" if skipped else ""
            raise UsageError(f"There are no DAG files in {where}{why}; give the folder that holds them.")
        return files, skipped

    def _shown(self, path: Path) -> str:
        shown: str = without_surrogates(path.relative_to(self._target.root).as_posix())
        return shown

    def _pre_import(self, zygotes: Zygotes, files: Sequence[Path]) -> None:
        answer = zygotes.pre_import([str(path) for path in files])
        self._pre_imported = tuple(answer["modules"])
        for module, error in answer["failed"]:
            text = f"The DAG processor would try to import {module} before it forks, and fail: {error}."
            self._doubts.append(Doubt(code="pre-import", text=text))

    def _limits(self, zygote: Zygote, files: int) -> Limits:
        configured = float(zygote.airflow["config"].get("dag_file_processor_timeout", _DEFAULT_LIMIT_S))
        memory = self._settings.memory_limit_mib
        return Limits(
            time_limit_s=self._settings.time_limit_s or configured,
            memory_limit_kib=None if memory is None else memory * 1024,
            repeat=self._settings.repeat,
            stacks_from_ms=self._settings.stacks_from_ms,
            depth=self._settings.depth,
            files=files,
            spawns=self._settings.isolation is Isolation.SPAWN,
            pyinstrument=_pyinstrument_folder(),
        )

    def _measure(self, zygotes: Zygotes, files: Sequence[Path]) -> Assembler:
        """Measure all files and put the results together."""
        limits = self._limits(zygotes.current, len(files))
        rounds = Rounds(
            self._crew(zygotes, limits),
            self._crew(zygotes, limits, lines=1),
            self._settings,
            limits,
            self._progress,
            str(self._target.root),
            self._shown,
        )
        known = {path: measured for path in files if (measured := self._taken_over(path)) is not None}
        results = rounds.measure(files, known)
        other = seeds.with_another_seed(self._target) if self._settings.depth is Depth.FULL else None
        if other is not None:
            with Zygotes(other, {**self._config, "removes_scratch": False}) as seeded:
                seeded.pre_import([str(path) for path in files])
                results = rounds.compare_seeds(self._crew(seeded, limits))
        assembler = Assembler()
        for measured in results:
            assembler.add(measured)
        self._doubts.extend([*zygotes.doubts, *rounds.doubts])
        self._refuse_if_hopeless(assembler)
        return assembler

    def _crew(self, zygotes: Zygotes, limits: Limits, lines: int | None = None) -> Crew:
        lines = lines or self._settings.jobs or settings_module.default_jobs()
        return Crew(zygotes, lines=lines, time_limit_s=limits.time_limit_s, shown=self._shown)

    def _taken_over(self, path: Path) -> Measured | None:
        if not self._known:
            return None
        try:
            return self._known.get((self._shown(path), file.identify(path)[0]))
        except OSError:
            return None

    @staticmethod
    def _refuse_if_hopeless(assembler: Assembler) -> None:
        """Where every single file was killed with the measuring process, the tool has failed, not the files."""
        if all(result.detail.startswith("Its parse ended the measuring") for result in assembler.files()):
            raise MeasurementError(
                "Every parse ended the measuring process; `dagprof doctor` shows whether forking works here."
            )


def _surrounding_doubts(target: Target) -> list[Doubt]:
    if not target.environment.get("PYTHONDONTWRITEBYTECODE"):
        return []
    text = (
        "PYTHONDONTWRITEBYTECODE is set, so each parse compiles modules that have no bytecode yet, yours above all; "
        "if your deployment does not do that, unset it here."
    )
    return [Doubt(code="no-bytecode", text=text)]


def _recorded(settings: Settings, files: int) -> dict[str, str | int | float | bool | None]:
    """The settings that shaped the numbers."""
    kept = (
        "temperature",
        "isolation",
        "depth",
        "time_budget",
        "repeat",
        "time_limit_s",
        "memory_limit_mib",
        "missing_variables",
        "safe_mode",
    )
    plain = msgspec.to_builtins(settings)
    jobs = min(settings.jobs or settings_module.default_jobs(), files)
    return {**{name: plain[name] for name in kept}, "jobs": jobs}


def _pyinstrument_folder() -> str | None:
    """Where the package is that dagprof itself has, for targets that lack it."""
    spec = importlib.util.find_spec("pyinstrument")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return folders[0] if folders else None
