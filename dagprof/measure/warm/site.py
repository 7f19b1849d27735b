"""One DAG folder with a running zygote, whose files are parsed again and again."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.zygote import Loaded
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.link.target import existing, resolve
from dagprof.measure import texts
from dagprof.measure.assemble import Assembler
from dagprof.measure.budget import Budget
from dagprof.measure.conditions import environment
from dagprof.measure.crew import TWICE, Job, Worker
from dagprof.measure.site import Site, pre_import_doubts, scratch_folder
from dagprof.model import SCHEMA_VERSION, Doubt, Measured, Run, Used
from dagprof.passes import brief, file
from dagprof.passes.asking import Request
from dagprof.surrogates import without_surrogates

# Lines of a DAG file that may name a module which the DAG processor imports before it forks.
_MENTION = re.compile(rb"^(?:from|import)\b[^\n]*\bairflow\b[^\n]*", re.M)


class Stopped(Exception):
    """Another thread has stopped the parse."""


@contextlib.contextmanager
def opened(
    paths: Sequence[str],
    settings: Settings,
    environ: Mapping[str, str],
    using: Callable[[Sequence[Used]], object] = lambda used: None,
) -> Iterator[WarmSite]:
    """A running zygote for the DAG files below ``paths``, and afterwards nothing of it.

    :raises UsageError: paths or settings are wrong.
    :raises MeasurementError: Airflow cannot be imported.
    """
    given = existing(tuple(paths))
    with scratch_folder() as scratch:
        target = resolve(settings, given, scratch, environ)
        using(target.used)
        with Site(target, settings, given) as site:
            yield WarmSite(site, given)


class WarmSite:
    """The DAG files in ``files``, and one worker that parses them. ``root`` is the bundle root.

    One thread at a time may use it, except for ``stop``.
    """

    def __init__(self, site: Site, paths: Sequence[Path]) -> None:
        self._site, self._paths = site, tuple(paths)
        self.root = site.target.root
        self.files: tuple[Path, ...] = ()
        self._mentions: set[bytes] = set()
        self._pre_imported: tuple[str, ...] = ()
        self._doubts: list[Doubt] = []
        self._worker: Worker = self._site.crew(lines=1).worker(Budget(None))
        self._saved: set[str] = set()
        self._is_stopping = False

    @cached_property
    def folders(self) -> tuple[Path, ...]:
        """The folders from which DAG files import the user's code, the DAG folder first."""
        found = texts.code_folders(self._site.target.environment)
        return tuple(dict.fromkeys((self.root, *found)))

    @property
    def settings_files(self) -> frozenset[Path]:
        """The files whose settings the zygote has from its start."""
        target, settings = self._site.target, self._site.settings
        home = [] if target.home_is_temporary else [target.environment["AIRFLOW_HOME"]]
        found = [Path(each) / "airflow.cfg" for each in home]
        given = (settings.env_file, settings.variables, settings.connections)
        found += [Path(each).absolute() for each in given if each]
        if target.project is not None:
            place = target.project.root
            found += [place / used.where.rpartition(":")[0] for used in target.used if used.where]
            found += [place / used.where for used in target.used if used.where]
            found.append(place / ".env")
        return frozenset(path for path in found if not path.is_dir())

    @property
    def plugins_folders(self) -> tuple[Path, ...]:
        """The folders whose modules Airflow loads at its start."""
        environ = self._site.target.environment
        named = environ.get("AIRFLOW__CORE__PLUGINS_FOLDER")
        return (Path(named) if named else Path(environ["AIRFLOW_HOME"]) / "plugins",)

    def shown(self, path: Path) -> str:
        """A path as in results: relative to the bundle root if it is below it."""
        if path.is_relative_to(self.root):
            return self._site.shown(path)
        shown: str = without_surrogates(str(path))
        return shown

    def loaded(self) -> frozenset[Path]:
        """The files of the user's code that the zygote has loaded, which all parses share."""
        try:
            answer = self._site.zygotes.current.ask({"op": "loaded"}, Loaded)
        except ConnectionLost:  # the next parse gets a new zygote
            return frozenset()
        return frozenset(map(Path, answer.files))

    def discover(self, saved: Collection[Path] | None = None) -> None:
        """Find the DAG files, and import the modules of Airflow that they name, as the DAG
        processor does. With ``saved``, only these files may have changed since the last call.
        """
        if saved is None or any(self._may_change_others(path) for path in saved):
            try:
                self.files = tuple(self._site.discover())
            except UsageError:
                self.files = ()
            self._pre_import(self.files)
            return
        files = {*self.files} - {*saved}
        present = [path for path in saved if path.is_file() and self._is_asked_for(path)]
        if present:
            listed = self._site.zygotes.current.list_files(
                list(map(str, present)), safe_mode=self._site.settings.safe_mode
            )
            files |= {path for path in map(Path, listed.files) if path in present}
        self.files = tuple(sorted(files))
        self._pre_import([path for path in present if path in files])

    def _may_change_others(self, path: Path) -> bool:
        """Whether a saved path may change which other files Airflow parses."""
        if path.name == ".airflowignore" or path.is_dir():
            return True
        # It may have been a folder before it was renamed or removed.
        return path not in self.files and path.suffix != ".py" and not path.exists()

    def _is_asked_for(self, path: Path) -> bool:
        is_source = path.suffix in (".py", ".zip") or path in self.files
        return is_source and any(each == path or each in path.parents for each in self._paths)

    def _pre_import(self, files: Sequence[Path]) -> None:
        """Import the modules of Airflow, if these files name modules that no file named before."""
        mentions = {line for path in files for line in _MENTION.findall(texts.text_of(path))}
        if mentions <= self._mentions and self._mentions:
            return
        self._mentions |= mentions
        answer = self._site.zygotes.pre_import(
            list(map(str, self.files)), with_folder=self.root not in self._paths
        )
        self._doubts += pre_import_doubts(answer.failed)
        if not {*answer.modules} <= {*self._pre_imported}:
            self._worker.end()  # it was forked before the import
        self._pre_imported = tuple(dict.fromkeys((*self._pre_imported, *answer.modules)))

    def saved(self, paths: Collection[Path]) -> None:
        """From now on, parses read these sources anew, whatever their time and size say."""
        self._saved |= {str(path) for path in paths if path.suffix == ".py"}

    def new_doubts(self) -> list[str]:
        """What happened to the zygote since the last call, in sentences."""
        zygotes = self._site.zygotes
        found = [doubt.text for doubt in (*self._doubts, *zygotes.doubts)]
        self._doubts.clear()
        zygotes.doubts.clear()
        return found

    def once(self, files: Sequence[Path]) -> Iterator[Measured]:
        """Parse each of the files once, several at the same time."""
        limits = self._site.limits(len(files))
        jobs = [Job(path, partial(brief.once, limits=limits)) for path in files]
        return self._site.crew().do(jobs, Budget(None))

    def stages(self, path: Path, is_doubtful: brief.IsDoubtful = brief.never) -> Iterator[Measured]:
        """Parse one file as in ``brief.stages``.

        :raises Stopped: another thread has called ``stop`` since the last call of ``resume``.
        """
        limits, shown = self._site.limits(1), self.shown(path)
        number = 0
        for _ in range(2):
            try:
                for measured in brief.stages(path, shown, self._ask(shown), limits, is_doubtful):
                    number += 1
                    yield measured
                return
            except ConnectionLost:
                if self._is_stopping:
                    raise Stopped from None
                if number:  # only the trace is missing
                    return
        yield file.fatal(shown, path, TWICE)

    def resume(self) -> None:
        """Allow parses again after ``stop``."""
        self._is_stopping = False

    def stop(self, *, kills: bool) -> None:
        """End ``stages`` in another thread after the running parse, or with ``kills`` at once."""
        self._is_stopping = True
        if kills:
            self._worker.abandon()

    def _ask(self, shown: str) -> Callable[[Request], Reply]:
        def ask(request: Request) -> Reply:
            if self._is_stopping:
                raise ConnectionLost("stopped")
            saved, self._saved = self._saved, set()
            return self._worker.ask({**request, "saved": sorted(saved)}, shown)

        return ask

    def as_run(self, measured: Measured) -> Run:
        """A Run with only this file, without distributions."""
        assembler = Assembler()
        assembler.add(measured)
        site = self._site
        where = environment.describe(
            site.target, site.zygotes.current, {}, self._pre_imported, None
        )
        return Run(
            schema_version=SCHEMA_VERSION,
            dagprof_version="",
            created_at="",
            root=str(self.root),
            wall_s=0.0,
            environment=where,
            settings={},
            files=assembler.files(),
            modules=assembler.modules(),
            import_sets=assembler.import_sets(),
        )

    @property
    def airflow_version(self) -> str:
        """The version of Airflow that parses the files."""
        return self._site.zygotes.airflow_version
