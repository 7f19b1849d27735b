"""The scan: zygote, discovery, workers, and one result per file."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from dagprof import settings as settings_module
from dagprof.errors import MeasurementError
from dagprof.measure import environment, file, seeds
from dagprof.measure.assemble import Assembler
from dagprof.measure.crew import Zygotes
from dagprof.measure.rounds import Progress, Rounds, Silent
from dagprof.measure.session import Session, scratch_folder
from dagprof.measure.target import Target, existing, resolve
from dagprof.model import SCHEMA_VERSION, Doubt, Measured, Run
from dagprof.settings import Depth, Settings


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


class _Scan:
    def __init__(
        self,
        target: Target,
        settings: Settings,
        paths: tuple[Path, ...],
        progress: Progress,
        known: Mapping[tuple[str, str], Measured],
    ) -> None:
        self._target, self._settings = target, settings
        self._progress, self._known = progress, known
        self._session = Session(target, settings, paths)
        self._doubts: list[Doubt] = _surrounding_doubts(target)

    def run(self, version: str) -> Run:
        began, created = time.monotonic(), datetime.datetime.now(datetime.timezone.utc)
        self._progress.preparing(f"importing Airflow in {self._target.python}")
        with ThreadPoolExecutor(1) as aside, self._session as session:
            git = aside.submit(environment.git_state, self._target.root)
            session.find_files()
            self._progress.preparing("importing what the DAG processor imports before it forks")
            session.pre_import()
            assembler = self._measure(session)
            described = session.zygotes.current.ask({"op": "describe", "files": assembler.module_files})
            where = session.describe(described["distributions"], git.result())
        return Run(
            schema_version=SCHEMA_VERSION,
            dagprof_version=version,
            created_at=created.isoformat(timespec="seconds"),
            root=str(self._target.root),
            wall_s=round(time.monotonic() - began, 3),
            environment=where,
            settings=_recorded(self._settings, len(session.files)),
            files=assembler.files(),
            modules=assembler.modules(described["owners"]),
            import_sets=assembler.import_sets(),
            skipped=session.skipped,
            doubts=tuple(self._doubts),
        )

    def _measure(self, session: Session) -> Assembler:
        """Measure all files and put the results together."""
        rounds = Rounds(
            session.crew(),
            session.crew(lines=1),
            self._settings,
            session.limits(),
            self._progress,
            str(self._target.root),
            session.shown,
        )
        known = {path: measured for path in session.files if (measured := self._taken_over(path)) is not None}
        results = rounds.measure(session.files, known)
        other = seeds.with_another_seed(self._target) if self._settings.depth is Depth.FULL else None
        if other is not None:
            with Zygotes(other, {**session.config, "removes_scratch": False}) as seeded:
                seeded.pre_import([str(path) for path in session.files])
                results = rounds.compare_seeds(session.crew(zygotes=seeded))
        assembler = Assembler()
        for measured in results:
            assembler.add(measured)
        self._doubts.extend([*session.doubts, *rounds.doubts])
        self._refuse_if_hopeless(assembler)
        return assembler

    def _taken_over(self, path: Path) -> Measured | None:
        if not self._known:
            return None
        try:
            return self._known.get((self._session.shown(path), file.identify(path)[0]))
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
