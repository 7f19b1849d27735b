"""One DAG folder under one Airflow, ready to be measured: a running zygote, the files, the limits
of their parses, and the Run.
"""

from __future__ import annotations

import contextlib
import datetime
import importlib.util
import math
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec

from dagprof import bounded
from dagprof.config import settings as settings_module
from dagprof.config.settings import Settings
from dagprof.errors import MeasurementError, UsageError
from dagprof.link import refusals, starting
from dagprof.link.messages.zygote import Described, PreImported, SkippedRow
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.link.processes.zygote import Zygote
from dagprof.link.target import Target
from dagprof.measure import roots
from dagprof.measure.assemble import Assembler
from dagprof.measure.conditions import environment
from dagprof.measure.conditions.changes import Changes
from dagprof.measure.crew import Crew, Layer, Zygotes
from dagprof.model import (
    SCHEMA_VERSION,
    Doubt,
    FileResult,
    Git,
    Isolation,
    Measured,
    Project,
    Run,
    SkippedFile,
)
from dagprof.passes.asking import ParseLimits
from dagprof.project import homes, layout
from dagprof.scratch import temporary_folder
from dagprof.surrogates import without_surrogates

# Airflow's own limit if its configuration has none.
_DEFAULT_LIMIT_S = 50.0
_DESCRIBE_LIMIT_S = 60.0
# The most modules that one note names.
_NAMED = 3


def scratch_folder() -> contextlib.AbstractContextManager[Path]:
    """A temporary folder that is removed afterwards, with everything in it."""
    return temporary_folder("scratch")


def below_root(paths: Iterable[str | Path], root: str | Path) -> tuple[str, ...]:
    """Paths of a scan in the form of results, relative to the bundle root; ``.`` is the root."""
    real = bounded.real(root)
    return tuple(os.path.relpath(bounded.real(path), real).replace(os.sep, "/") for path in paths)


class Site:
    """Use it as a context manager: the zygote starts on entering and ends on leaving. Measuring
    adds to ``doubts``.
    """

    def __init__(self, target: Target, settings: Settings, paths: Sequence[Path]) -> None:
        self.target, self.settings = starting.with_answers(target, settings), settings
        self._paths = tuple(paths)
        self.config = starting.zygote_config(self.target, settings)
        self.zygotes: Zygotes
        self.doubts: list[Doubt] = []
        self._pre_imported: tuple[str, ...] = ()
        self.has_collected = True
        self._skipped: tuple[SkippedFile, ...] = ()
        self._forced: dict[str, SkippedFile] = {}
        self._files = 0
        self._began = time.monotonic()
        self._changes = Changes()
        self._created = datetime.datetime.now(datetime.timezone.utc)
        self._is_abandoned = False
        self._git: Future[Git | None]

    def __enter__(self) -> Site:
        with contextlib.ExitStack() as stack:
            aside = stack.enter_context(ThreadPoolExecutor(1))
            self._git = aside.submit(environment.git_state, self.target.root)
            self.zygotes = Zygotes(self.target, self.config)
            if self._is_abandoned:
                self.zygotes.abandon()
            stack.enter_context(self.zygotes)
            self.doubts.extend(_state_doubts(self.zygotes.current.trouble))
            self._stack = stack.pop_all()
        if self.zygotes.current.airflow.is_untried:
            text = (
                f"Airflow {self.zygotes.current.airflow.version} is newer than 3.3, the newest"
                " version that dagprof supports. This Airflow version contains all modules,"
                " classes and functions that dagprof needs. If the results look wrong, upgrade"
                " dagprof."
            )
            self.doubts.append(Doubt(code="untried-airflow", text=text))
        return self

    def abandon(self) -> None:
        """Make a start in another thread fail soon."""
        self._is_abandoned = True
        if hasattr(self, "zygotes"):
            self.zygotes.abandon()

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def discover(self) -> list[Path]:
        """The files that Airflow would parse.

        :raises UsageError: there are none.
        """
        answer = self.zygotes.current.list_files(
            [str(path) for path in self._paths], safe_mode=self.settings.safe_mode
        )
        files = [Path(path) for path in answer.files]
        self._skipped = self._skipped_files(answer.skipped)
        self._forced = {file.path: file for file in self._skipped_files(answer.passed_over)}
        self._files = len(files)
        self._changes.watch(files)
        if not files:
            raise UsageError(refusals.no_files(self._paths, self._skipped))
        return files

    def _skipped_files(self, rows: Iterable[SkippedRow]) -> tuple[SkippedFile, ...]:
        return tuple(
            SkippedFile(
                path=self.shown(Path(path)), reason=reason, detail=without_surrogates(detail)
            )
            for path, reason, detail in rows
        )

    def shown(self, path: Path) -> str:
        """A path as in results: relative to the bundle root, with forward slashes."""
        shown: str = without_surrogates(path.relative_to(self.target.root).as_posix())
        return shown

    def pre_import(self, files: Iterable[Path]) -> None:
        """Import the modules that the DAG processor has imported after a round over the whole
        folder, which contains these files.
        """
        answer = self._ask_to_pre_import(files, collects=False)
        self._pre_imported = tuple(answer.modules)
        self.doubts += pre_import_doubts(answer.failed)

    def collect(self, files: Iterable[Path]) -> None:
        """Run the full garbage collection that the manager would not run by itself after the
        pre-imports of ``files``.
        """
        self._ask_to_pre_import(files, collects=True)

    def _ask_to_pre_import(self, files: Iterable[Path], *, collects: bool) -> PreImported:
        named = [str(path) for path in files]
        answer = self.zygotes.pre_import(
            named, with_folder=self.target.root not in self._paths, collects=collects
        )
        self.has_collected = answer.has_collected
        return answer

    def limits(self, files: int) -> ParseLimits:
        """The limits of each parse."""
        limit = self.zygotes.current.airflow.config.get("dag_file_processor_timeout", "")
        memory = self.settings.memory_limit_mib
        return ParseLimits(
            examines=self.settings.check.in_scan,
            time_limit_s=self.settings.time_limit_s or _seconds(limit),
            memory_limit_kib=None if memory is None else memory * 1024,
            repeat=self.settings.repeat,
            stacks_from_ms=self.settings.stacks_from_ms,
            depth=self.settings.depth,
            files=files,
            spawns=self.settings.isolation is Isolation.SPAWN,
            pyinstrument=_pyinstrument_folder(),
        )

    def crew(
        self, lines: int | None = None, zygotes: Zygotes | None = None, layer: Layer | None = None
    ) -> Crew:
        """A crew that does jobs here, with a layer if one is given."""
        lines = lines or self.settings.jobs or settings_module.default_jobs()
        return Crew(zygotes or self.zygotes, lines=lines, shown=self.shown, layer=layer)

    def run(self, results: Iterable[Measured], version: str) -> Run:
        """The results as a Run."""
        assembler = Assembler()
        for measured in results:
            assembler.add(self._remarked(measured))
        if self.target.root_is_scanned:
            self.doubts.extend(roots.doubts(assembler.files(), self.target.root))
        zygote = self.zygotes.current
        described = self._described(zygote, assembler.module_files)
        where = environment.describe(
            self.target, zygote, described.distributions, self._pre_imported, self._git.result()
        )
        files = assembler.files()
        modules = assembler.modules(described.owners)
        changed = self._changes.since(modules, self.target.root)
        return Run(
            schema_version=SCHEMA_VERSION,
            dagprof_version=version,
            created_at=self._created.isoformat(timespec="seconds"),
            root=str(self.target.root),
            wall_s=round(time.monotonic() - self._began, 3),
            environment=where,
            settings=_recorded(self.settings, self._files),
            files=files,
            modules=modules,
            import_sets=assembler.import_sets(),
            skipped=self._skipped,
            doubts=(
                *environment.about_bytecode(self.target, files),
                *self.doubts,
                *self.zygotes.doubts,
                *self.zygotes.metadata.doubts,
                *changed,
            ),
            plugins=zygote.plugins,
            project=_project(self.target, files),
            paths=below_root(self._paths, self.target.root),
        )

    def _remarked(self, measured: Measured) -> Measured:
        """Add a note to a file that Airflow would not parse."""
        skipped = self._forced.get(measured.result.path)
        if skipped is None:
            return measured
        doubt = Doubt(code="not-parsed-by-airflow", text=refusals.forced(skipped))
        result = msgspec.structs.replace(measured.result, doubts=(doubt, *measured.result.doubts))
        remarked: Measured = msgspec.structs.replace(measured, result=result)
        return remarked

    def _described(self, zygote: Zygote, files: Sequence[str]) -> Described:
        """The modules' distributions. A DAG file may have ended the process that knows them; the
        times are still worth keeping.
        """
        question = {"op": "describe", "files": list(files)}
        with contextlib.suppress(ConnectionLost, MeasurementError):
            found = zygote.ask(question, Described, limit_s=_DESCRIBE_LIMIT_S)
            if len(found.owners) == len(files):
                return found
        text = (
            "The report cannot show which package each module belongs to, because a DAG file"
            " killed a dagprof process."
        )
        self.doubts.append(Doubt(code="no-distributions", text=text))
        return Described(owners=[""] * len(files), distributions={})


def _seconds(text: str) -> float:
    """A time limit from Airflow's configuration. If it is no number, Airflow's processor does not
    start, and a note says so. A negative limit ends each parse at once, as in Airflow.
    """
    try:
        limit_s = float(text)
    except ValueError:
        return _DEFAULT_LIMIT_S
    return limit_s if math.isfinite(limit_s) else _DEFAULT_LIMIT_S


def pre_import_doubts(failed: Sequence[Sequence[str]]) -> list[Doubt]:
    """One note on the modules that the DAG processor fails to import before it forks, each with its
    error.
    """
    if not failed:
        return []
    if len(failed) == 1:
        what = f"{failed[0][0]}: {failed[0][1].rstrip('.')}"
    else:
        named = ", ".join(module for module, _ in failed[:_NAMED])
        more = len(failed) - _NAMED
        what = f"{len(failed)} modules: {named}{f' and {more} more' if more > 0 else ''}"
    text = f"The DAG processor imports modules before it forks. This import fails for {what}."
    return [Doubt(code="pre-import", text=text)]


def _state_doubts(trouble: str) -> list[Doubt]:
    if not trouble:
        return []
    return [
        Doubt(
            code="imitated",
            text=f"{trouble}. Run `dagprof doctor` to show the active configuration.",
        )
    ]


def _project(target: Target, files: Sequence[FileResult]) -> Project:
    """The parts taken from the project, and the places in it that hold modules which were not
    found.
    """
    found = target.project
    root = layout.project_root(target.root) if found is None else found.root
    if root is None:
        return Project(used=target.used)
    plugins = target.environment.get("AIRFLOW__CORE__PLUGINS_FOLDER")
    path = [target.root, *([Path(plugins)] if plugins else [])]
    path += [
        Path(os.path.abspath(part))
        for part in target.environment.get("PYTHONPATH", "").split(os.pathsep)
        if part
    ]
    lacking = [file for file in files if any(failure.missing_module for failure in file.failures)]
    missing = {failure.missing_module for file in lacking for failure in file.failures} - {""}
    near = [target.root / file.path for file in lacking]
    at = homes.homes(missing, root, target.root, path, _here(root), near)
    return Project(root="" if found is None else str(root), used=target.used, homes=at)


def _here(otherwise: Path) -> Path:
    """The current folder, or ``otherwise`` if it was deleted."""
    try:
        return Path.cwd()
    except OSError:
        return otherwise


def _recorded(settings: Settings, files: int) -> dict[str, str | int | float | bool | None]:
    """The settings that affect the figures."""
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
        "lookup_price",
    )
    plain = msgspec.to_builtins(settings)
    jobs = min(settings.jobs or settings_module.default_jobs(), files)
    return {**{name: plain[name] for name in kept}, "jobs": jobs}


def _pyinstrument_folder() -> str | None:
    """The folder of dagprof's own pyinstrument, for targets that lack it."""
    spec = importlib.util.find_spec("pyinstrument")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return folders[0] if folders else None
