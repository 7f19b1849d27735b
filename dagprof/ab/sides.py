"""The two sides of an A/B run, each with its files and the results of their passes, and the workers
that parse both.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from pathlib import Path

from dagprof.link.messages.reply import Reply
from dagprof.measure.budget import Budget, within
from dagprof.measure.crew import TWICE, Worker, twice
from dagprof.measure.scheduler import Scheduler
from dagprof.measure.site import Site
from dagprof.model import Measured, Status
from dagprof.passes import file
from dagprof.passes.asking import OutOfTime, ParseLimits, Request, parse_request
from dagprof.passes.outcome import Passes
from dagprof.passes.plan import Mode

# If all measured files fail, dagprof tries so many other files to find one that loads.
_MOST_TRIED = 8


class Side:
    """One version: its site, its files by shown path, and the results of their passes."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.files = {site.shown(path): path for path in site.discover()}
        self.new_names: dict[str, str] = {}
        self.passes: dict[str, Passes] = {}
        self.lost: set[str] = set()
        self.bounds: ParseLimits = site.limits(len(self.files))

    def rename(self, old: str, new: str) -> None:
        """Give a file the name that it has on the other side."""
        self.files[new] = self.files.pop(old)
        self.new_names[old] = new

    def leave_out(self, names: Collection[str]) -> None:
        """Leave out these files."""
        self.files = {name: path for name, path in self.files.items() if name not in names}

    def name(self, path: Path) -> str:
        """The name of a file on both sides."""
        shown = self.site.shown(path)
        return self.new_names.get(shown, shown)

    def begin(self, name: str) -> bool:
        """Prepare a file for its passes. Return False if it cannot be read or does not exist."""
        if name not in self.files:
            return False
        try:
            self.passes[name] = Passes(name, *file.identify(self.files[name]))
        except OSError:
            self.lost.add(name)
            return False
        return True

    def forget(self, name: str) -> None:
        """Undo ``begin`` and drop the passes since then."""
        self.passes.pop(name, None)
        self.lost.discard(name)

    def measured(self, name: str) -> Measured:
        if name in self.passes and self.passes[name].last is not None:
            return self.passes[name].measured()
        path = self.files[name]
        try:
            file.identify(path)
        except OSError as error:
            return file.unreadable(name, error)
        return file.fatal(name, path, TWICE)

    def loads(self, name: str) -> bool:
        """Whether Airflow can load a file."""
        return not self.measured(name).result.status.is_failure


class Lane:
    """The workers of one thread of the scheduler, one for each side. So both parses of a pair run
    back to back. The budget ends all parses.
    """

    def __init__(self, sides: Sequence[Side], budget: Budget) -> None:
        self._workers = {id(side): Worker(side.site.zygotes) for side in sides}
        self._budget = budget

    def ask(self, side: Side, request: Request, name: str) -> Reply:
        """Return the reply to one request about a file.

        :raises ConnectionLost: the worker died; the next request gets another.
        :raises OutOfTime: the budget is spent.
        """
        worker = self._workers[id(side)]
        return within(self._budget, lambda request: worker.ask(request, name))(request)

    def parse(self, side: Side, name: str, mode: Mode, *, first: bool = False) -> bool:
        """Run one pass over a file. Return True if it gave the result of its mode.

        :raises OutOfTime: the budget is spent.
        """
        request = {**parse_request(mode, side.files[name], side.bounds), "first": first}
        gave = twice(lambda: side.passes[name].add(mode.value, self.ask(side, request, name)))
        if gave is None:
            side.lost.add(name)
        return bool(gave)

    def end(self) -> None:
        for worker in self._workers.values():
            worker.end()


def each(
    lanes: Scheduler[Lane], work: Callable[[Lane, str], None], names: Sequence[str], budget: Budget
) -> Iterator[str]:
    """Do ``work`` for each file while there is time. Yield each name when its work is done, and at
    the end the names for which there was no time.
    """

    def job(name: str, lane: Lane) -> str:
        work(lane, name)
        return name

    left = dict.fromkeys(names)
    for name in lanes.do([partial(job, name) for name in names], budget):
        del left[name]
        yield name
    yield from left


def only_others_load(
    side: Side, lanes: Scheduler[Lane], names: Sequence[str], budget: Budget
) -> bool:
    """Whether all measured files of a side fail, but another file of this side can be loaded. The
    environment is then not the reason for the failures.
    """

    def attempt(lane: Lane, name: str) -> None:
        with contextlib.suppress(OutOfTime):
            if side.begin(name):
                lane.parse(side, name, Mode.TIMING, first=True)

    measured = [name for name in names if name in side.files]
    if not measured or any(map(side.loads, measured)):
        return False
    # Files from the whole folder, because the files of one subfolder often fail together.
    rest = sorted(side.files.keys() - set(measured))
    for name in rest[:: max(1, len(rest) // _MOST_TRIED)][:_MOST_TRIED]:
        if name not in side.passes:
            list(each(lanes, attempt, [name], budget))
        # A file without DAGs, such as a helper, may need no package that others lack.
        if side.measured(name).result.status is Status.OK:
            return True
    return False
