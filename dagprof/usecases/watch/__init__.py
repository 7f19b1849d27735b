"""Watch: measure a DAG file, and the files that use a helper, whenever one of them is saved."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from dagprof.config.settings import Settings
from dagprof.errors import MeasurementError, UsageError
from dagprof.measure.rounds import Progress, Silent
from dagprof.measure.warm.saves import Saves
from dagprof.measure.warm.site import Stopped, WarmSite, opened
from dagprof.measure.warm.sources import Sources
from dagprof.measure.warm.turns import Ended, Result, Saved, Turns
from dagprof.model import Measured, Status
from dagprof.passes.brief import CHEAP_MS, never
from dagprof.quantities import count
from dagprof.saved import times
from dagprof.saved.values import Event, Note, Time
from dagprof.usecases.watch import telling
from dagprof.usecases.watch.known import Known, is_current
from dagprof.usecases.watch.planning import Due, Plan, needs_restart, planned

Tell = Callable[[Event], object]

# A running parse that takes longer is stopped if another file is saved, and repeated later.
_LONG_MS = 1_000.0
# How many files the first pass parses before it looks for saves.
_CHUNK = 8
# How long dagprof traces files in advance after the first pass, as long as nobody saves a file.
_AHEAD_MS = 120_000.0


class WatchRequest(NamedTuple):
    """What to watch. ``most``: how many files are measured after one save."""

    paths: tuple[str, ...]
    settings: Settings
    environ: Mapping[str, str]
    most: int = 10


def watch(request: WatchRequest, tell: Tell, progress: Progress | None = None) -> NoReturn:
    """Measure saved files until the caller is interrupted. ``tell`` receives all events.

    :raises UsageError: paths or settings are wrong, or there is no DAG file at the start.
    :raises MeasurementError: Airflow cannot be imported, or the folders cannot be watched.
    """
    _Watch(request, tell, progress or Silent()).run()


class _Running(NamedTuple):
    """The work of the other thread: a file that is due, a file to trace ahead, or several files of
    the first pass.
    """

    due: Due | None
    path: Path | None
    expected_ms: float
    began: float


class _Watch:
    def __init__(self, request: WatchRequest, tell: Tell, progress: Progress) -> None:
        self._request, self._tell, self._progress = request, tell, progress
        self._turns, self._known = Turns(), Known()
        self._saved: set[Path] = set()
        self._watching: tuple[object, contextlib.ExitStack] = (None, contextlib.ExitStack())
        self._running: _Running | None = None
        self._due: dict[Path, Due] = {}
        self._unparsed: list[Path] = []
        self._ahead: list[Path] = []
        self._rest = ""
        self._has_started = False
        self._latest: tuple[Time, Measured] | None = None

    def run(self) -> NoReturn:
        """Open the site, and open it again whenever a save needs that."""
        why = ""
        while True:
            try:
                with self._opened(why) as site:
                    why = self._round(site, is_restart=bool(why))
            except (MeasurementError, UsageError) as error:
                if not self._has_started:
                    raise
                self._tell(Note(text=f"{error} dagprof tries again after the next save."))
                self._wait_for_save()
                why = "the last attempt failed"

    @contextlib.contextmanager
    def _opened(self, why: str) -> Iterator[WarmSite]:
        if why:
            self._tell(Note(text=f"dagprof imports Airflow again, because {why}."))
        else:
            self._progress.preparing("importing Airflow")
        request = self._request
        using = self._progress.using if not why else (lambda used: None)
        with opened(request.paths, request.settings, request.environ, using) as site:
            self._running = None
            self._watch_folders(site)
            yield site

    def _watch_folders(self, site: WarmSite) -> None:
        """Watch the folders of the site. Saves during a restart are not lost."""
        watched = site.folders, site.plugins_folders, site.settings_files
        if watched == self._watching[0]:
            return
        self._watching[1].close()
        stack = contextlib.ExitStack()
        folders = [*site.folders, *site.plugins_folders]
        turns = self._turns
        stack.enter_context(Saves(folders, site.settings_files, turns.saved, turns.fail))
        self._watching = watched, stack

    def _wait_for_save(self) -> None:
        while True:
            message = self._turns.next()
            if isinstance(message, Saved):
                self._saved |= message.paths
                return

    def _round(self, site: WarmSite, *, is_restart: bool) -> str:
        """Measure until a save needs a new zygote, and return why."""
        site.discover()
        if not self._has_started and not site.files:
            raise UsageError(
                "There is no DAG file to watch. Run `dagprof scan` on the same folder to see which"
                " files Airflow skips."
            )
        loaded = {os.path.realpath(path) for path in site.loaded()}
        sources = Sources([*site.folders, *site.plugins_folders])
        if not self._has_started:
            self._unparsed = list(site.files)
            self._progress.started(len(self._unparsed))
            self._start_next(site)
        sources.renew((), site.files)  # while the first files are parsed
        if self._has_started and is_restart:
            self._plan(site, sources, all_files=True)
        while True:
            self._take_waiting(site)
            if self._running is None:
                if self._saved:
                    why = needs_restart(self._saved, site, loaded)
                    if why:
                        return why
                    self._plan(site, sources, all_files=False)
                self._start_next(site)
            # A parse that turns out to take long ends for the sake of saved files.
            message = self._turns.next(_LONG_MS / 1000 if self._saved else None)
            if message is not None:
                self._handle(message, site)
            else:
                self._interrupt(site)

    def _take_waiting(self, site: WarmSite) -> None:
        while (message := self._turns.next(0.0)) is not None:
            self._handle(message, site)

    def _handle(self, message: Saved | Result | Ended, site: WarmSite) -> None:
        if isinstance(message, Saved):
            self._saved |= message.paths
            self._interrupt(site)
        elif isinstance(message, Result):
            self._take(message.measured, site)
        else:
            self._end(message.error)

    def _interrupt(self, site: WarmSite) -> None:
        """Make the other thread end soon, if its work can wait or is out of date."""
        running = self._running
        if running is None or running.path is None:
            return
        is_late = running.due is None or running.path in self._saved
        expected_ms = max(running.expected_ms, 1000 * (time.monotonic() - running.began))
        if is_late or expected_ms >= _LONG_MS:
            site.stop(kills=expected_ms > CHEAP_MS)

    def _end(self, error: BaseException | None) -> None:
        running, self._running = self._running, None
        if error is not None and not isinstance(error, Stopped):
            raise error
        if running is None or running.path is None:
            return
        latest, self._latest = self._latest, None
        if running.due is None:
            if isinstance(error, Stopped):
                self._ahead.append(running.path)
            elif latest is not None and is_current(latest[1], running.path):
                self._known.keep(running.path, latest[1])
        elif latest is not None:
            self._known.keep(running.path, latest[1])
            if isinstance(error, Stopped):  # only the reason is missing, and nobody waits for it
                self._ahead.append(running.path)
        elif isinstance(error, Stopped):
            self._due.setdefault(running.path, running.due)

    def _plan(self, site: WarmSite, sources: Sources, *, all_files: bool) -> None:
        """Find out what the saves affect."""
        saved, self._saved = frozenset(self._saved), set()
        files = site.files
        site.saved(sources.aliases(saved))
        site.discover(saved)
        changed = sources.renew(saved, site.files)
        plan = planned(site, sources, self._known, files, saved, changed, all_files=all_files)
        for event in plan.gone:
            self._tell(event)
        self._forget(plan)
        # What was saved last comes first.
        self._due = {**{due.path: due for due in plan.due[: self._request.most]}, **self._due}
        self._due = {path: due for path, due in self._due.items() if path in site.files}
        left_out = [due.path for due in plan.due[self._request.most :]]
        self._ahead += [path for path in left_out if self._known.last(path) is None]
        rest = len(plan.due) - self._request.most
        if rest > 0:
            what = (
                "these saves"
                if len(plan.due[0].saved) > 1
                else f"the save of {plan.due[0].saved[0]}"
            )
            self._rest = (
                f"dagprof did not measure {count(rest, 'more file')} that {what} may affect. To"
                " measure more files, raise --most."
            )

    def _forget(self, plan: Plan) -> None:
        for path in plan.gone_paths:
            self._known.forget(path)
            self._due.pop(path, None)
        gone = set(plan.gone_paths)
        self._unparsed = [path for path in self._unparsed if path not in gone]
        self._ahead = [path for path in self._ahead if path not in gone]

    def _start_next(self, site: WarmSite) -> None:
        """Begin what is due, else the next files of the first pass, else a trace ahead."""
        for text in site.new_doubts():
            self._tell(Note(text=text))
        if self._due:
            path = next(iter(self._due))
            due = self._due.pop(path)
            self._begin(site, due, path)
            return
        if self._rest:
            self._tell(Note(text=self._rest))
            self._rest = ""
        if not self._has_started and self._first_pass(site):
            return
        if self._ahead:
            self._begin(site, None, self._ahead.pop(0))

    def _begin(self, site: WarmSite, due: Due | None, path: Path) -> None:
        before = self._known.good(path)
        self._latest = None
        if path in self._ahead:
            self._ahead.remove(path)
        self._running = _Running(due, path, self._known.expected_ms(path), time.monotonic())
        site.resume()

        def is_doubtful(own_ms: Sequence[float]) -> bool:
            return times.is_doubtful(before.result if before else None, own_ms)

        self._turns.start(lambda: site.stages(path, is_doubtful if due is not None else never))

    def _first_pass(self, site: WarmSite) -> bool:
        """Begin the next files of the first pass, or report the pass. Return True if it goes on."""
        unparsed = [path for path in self._unparsed if self._known.last(path) is None]
        self._unparsed = unparsed[_CHUNK:]
        if unparsed:
            self._running = _Running(None, None, 0.0, time.monotonic())
            self._turns.start(lambda: site.once(unparsed[:_CHUNK]))
            return True
        self._has_started = True
        found = [self._known.last(path) for path in site.files]
        self._tell(telling.started(filter(None, found), site))
        self._ahead = list(self._worth_tracing(site.files))
        return False

    def _worth_tracing(self, files: Iterable[Path]) -> Iterator[Path]:
        """The files to trace ahead, the youngest first, as long as this takes."""
        left_ms = _AHEAD_MS
        for path in sorted(files, key=_saved_at, reverse=True):
            left_ms -= 3 * self._known.expected_ms(path)
            if left_ms > 0:
                yield path

    def _take(self, measured: Measured, site: WarmSite) -> None:
        """Show a result, unless it comes from the first pass or from a trace ahead."""
        running = self._running
        if running is None:
            return
        if running.path is None:
            path = site.root / measured.result.path
            self._known.keep(path, measured)
            self._progress.measured(measured, self._known.number)
            return
        if running.due is None:
            self._latest = times.compared(None, measured.result), measured
        elif measured.result.status is Status.UNREADABLE and not running.path.exists():
            return  # the watcher will tell that the file is gone
        elif self._latest is None:
            self._show(measured, running.due, site)
        else:
            self._explain(self._latest[0], measured, running.due, site)

    def _show(self, measured: Measured, due: Due, site: WarmSite) -> None:
        last = self._known.last(due.path) or due.renamed
        good = self._known.good(due.path) or due.renamed
        event = telling.parsed(measured, last, good, due, site)
        self._latest = event.time, measured
        self._tell(event)

    def _explain(self, taken: Time, measured: Measured, due: Due, site: WarmSite) -> None:
        self._latest = taken, measured
        good = self._known.good(due.path) or due.renamed
        if not measured.result.status.is_failure:
            self._tell(telling.explained(measured, good, due, taken, site))


def _saved_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return time.time()
