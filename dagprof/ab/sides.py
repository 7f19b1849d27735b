"""The two sides of an A/B run, each with its files and what their passes have brought, and the threads that parse both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from dagprof.link.zygote import ConnectionLost
from dagprof.measure.budget import Budget
from dagprof.measure.crew import TWICE, Worker
from dagprof.measure.site import Site
from dagprof.model import Measured
from dagprof.passes import file
from dagprof.passes.asking import Limits as Bounds
from dagprof.passes.asking import parse_request
from dagprof.passes.outcome import Passes
from dagprof.passes.plan import Mode


class Side:
    """One version: its site, its files by shown path, and what their passes have brought."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.files = {site.shown(path): path for path in site.discover()}
        self.new_names: dict[str, str] = {}
        self.passes: dict[str, Passes] = {}
        self.lost: set[str] = set()
        self.bounds: Bounds = site.limits(len(self.files))

    def rename(self, old: str, new: str) -> None:
        """Know a file under the name that it has on the other side."""
        self.files[new] = self.files.pop(old)
        self.new_names[old] = new

    def name(self, path: Path) -> str:
        """The name of a file on both sides."""
        shown = self.site.shown(path)
        return self.new_names.get(shown, shown)

    def begin(self, name: str) -> bool:
        """Make room for a file; False where it cannot be read or is not there."""
        if name not in self.files:
            return False
        try:
            self.passes[name] = Passes(name, *file.identify(self.files[name]))
        except OSError:
            self.lost.add(name)
            return False
        return True

    def measured(self, name: str) -> Measured:
        if name in self.passes and self.passes[name].last is not None:
            return self.passes[name].measured()
        path = self.files[name]
        try:
            file.identify(path)
        except OSError as error:
            return file.unreadable(name, error)
        return file.fatal(name, path, TWICE)


class Lane:
    """A worker of each side, for one thread."""

    def __init__(self, sides: Sequence[Side]) -> None:
        self._workers = {id(side): Worker(side.site.zygotes, side.bounds.time_limit_s) for side in sides}

    def ask(self, side: Side, request: Mapping[str, Any], name: str) -> dict[str, Any]:
        return self._workers[id(side)].ask(request, name)

    def parse(self, side: Side, name: str, mode: Mode, *, first: bool = False) -> bool:
        """One pass over a file; True where it gave what the mode is for."""
        request = {**parse_request(mode, side.files[name], side.bounds), "first": first}
        for _ in range(2):
            try:
                return side.passes[name].add(mode.value, self.ask(side, request, name))
            except ConnectionLost:
                continue
        side.lost.add(name)
        return False

    def end(self) -> None:
        for worker in self._workers.values():
            worker.end()


class Lanes:
    """As many threads as there are parses at once, each with workers of its own."""

    def __init__(self, sides: Sequence[Side], jobs: int) -> None:
        self._sides = sides
        self._pool = ThreadPoolExecutor(jobs)
        self._own = threading.local()
        self._all: list[Lane] = []

    def each(self, work: Callable[[Lane, str], None], names: Iterable[str], budget: Budget) -> Iterator[str]:
        """Do it for each name, as long as there is time; the names as they are done."""

        def one(name: str) -> str:
            if not budget.is_spent:
                work(self._lane(), name)
            return name

        for done in as_completed([self._pool.submit(one, name) for name in names]):
            yield done.result()

    def _lane(self) -> Lane:
        if not hasattr(self._own, "lane"):
            self._own.lane = Lane(self._sides)
            self._all.append(self._own.lane)
        lane: Lane = self._own.lane
        return lane

    def end(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for lane in self._all:
            lane.end()
