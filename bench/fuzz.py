"""Try malformed files and answers of every kind on all cores, and list what goes wrong.

python bench/fuzz.py [--cases N] [--first N] [--seed N] [--jobs N] [--kinds KIND,…]

A case goes wrong if it raises anything but an error of dagprof's own, takes more than 5 s of
processor time, or makes its process grow above 1 GiB. Each distinct traceback is listed once, with
the number of cases and the first one: ``cases.do(KIND, SEED, NUMBER, folder)`` in
``tests/fuzzing/cases.py`` makes it again. A long run tells how far it is; interrupted (SIGINT or
SIGTERM), it reports the finished cases.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import gc
import multiprocessing
import os
import secrets
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from common import machine
from fuzzing import cases  # found through ``common``

MOST_S, MOST_KIB = 5.0, 1 << 20
# A case that does not end is killed after so much processor time.
_KILL_S = 2 * MOST_S
_BATCH = 200
_TELL_EVERY = 20_000  # cases
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024


class Batch(NamedTuple):
    """Cases of one kind, from one number up to another."""

    kind: str
    seed: int
    first: int
    last: int


class Fault(NamedTuple):
    """What went wrong with one case."""

    kind: str
    number: int
    what: str


class Worker:
    """A process that does batches, watched from outside. ``place`` holds the number of its case."""

    def __init__(self) -> None:
        self._place = multiprocessing.Value("l", 0)
        self.pipe, theirs = multiprocessing.Pipe()
        arguments = (self.pipe, theirs, self._place)
        self._process = multiprocessing.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        self.batch: Batch | None = None
        self._seen, self._seen_s = -1, 0.0

    def give(self, batch: Batch | None) -> bool:
        """Hand over a batch, or end the process; True if there was one."""
        self.batch = batch
        self.pipe.send(batch)
        return batch is not None

    def join(self) -> None:
        self._process.join()

    def excess(self) -> str:
        """What the running case takes too much of; empty if nothing."""
        about = Path(f"/proc/{self._process.pid}")
        with contextlib.suppress(OSError, IndexError, ValueError):
            if int((about / "statm").read_text().split()[1]) * _PAGE_KIB > MOST_KIB:
                return "grew above 1 GiB"
            ticks = (about / "stat").read_text().rpartition(")")[2].split()[11:13]
            used_s = sum(map(int, ticks)) / _TICK
            if self._seen != self._place.value:
                self._seen, self._seen_s = self._place.value, used_s
            if used_s - self._seen_s > _KILL_S:
                return f"did not end within {_KILL_S:.0f} s"
        return ""

    def killed(self, why: str) -> tuple[Fault, Batch]:
        """End the process; the case that it did not survive, and the batch behind that case."""
        assert self.batch is not None
        self._process.kill()
        self._process.join()
        number = self._place.value
        return Fault(self.batch.kind, number, why), self.batch._replace(first=number + 1)


def _work(
    other: Connection, pipe: Connection, place: multiprocessing.sharedctypes.Synchronized[int]
) -> None:
    other.close()  # so that the end of the parent is an end of file
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        while (batch := pipe.recv()) is not None:
            for number in range(batch.first, batch.last):
                place.value = number
                began = time.process_time()
                what = _fault(batch.kind, batch.seed, number, Path(name))
                if not what and time.process_time() - began > MOST_S:
                    what = f"took more than {MOST_S:.0f} s"
                if what:
                    pipe.send(Fault(batch.kind, number, what))
            gc.enable()  # ``dagprof report`` switches it off
            gc.collect()
            pipe.send(None)


def _fault(kind: str, seed: int, number: int, folder: Path) -> str:
    """The error of a case, with the innermost lines of its traceback; empty if it is right."""
    try:
        cases.do(kind, seed, number, folder)
    except BaseException as error:  # noqa: BLE001 - each is a finding
        places = [
            f"{each.filename.rpartition('/dagprof/')[2]}:{each.lineno}"
            for each in traceback.extract_tb(error.__traceback__)
        ]
        return f"{type(error).__name__}: {str(error)[:120]!r} at {' < '.join(places[:-6:-1])}"
    return ""


class Hunt:
    """All batches over some processes, and what was found."""

    def __init__(self, batches: Iterator[Batch], jobs: int) -> None:
        self._batches = batches
        self.done: collections.Counter[str] = collections.Counter()
        self.faults: dict[tuple[str, str], list[int]] = {}
        self._workers = [
            worker for worker in (Worker() for _ in range(jobs)) if self._goes_on(worker)
        ]

    def _goes_on(self, worker: Worker) -> bool:
        return worker.give(next(self._batches, None))

    def _note(self, fault: Fault) -> None:
        if (fault.kind, fault.what) not in self.faults:
            print(f"  {fault.kind} {fault.number}: {fault.what}", flush=True)
        self.faults.setdefault((fault.kind, fault.what), []).append(fault.number)

    def run(self) -> None:
        while self._workers:
            by_pipe = {worker.pipe: worker for worker in self._workers}
            for pipe in wait(list(by_pipe), timeout=0.5):
                self._hear(by_pipe[pipe])  # type: ignore[index]
            for worker in list(self._workers):
                if worker.batch is not None and (why := worker.excess()):
                    self._replace(worker, why)

    def _hear(self, worker: Worker) -> None:
        try:
            message = worker.pipe.recv()
        except EOFError:
            self._replace(worker, "the process died")
            return
        if message is not None:
            self._note(message)
        elif worker.batch is not None:
            self._count(worker.batch)
            if not self._goes_on(worker):
                worker.join()
                self._workers.remove(worker)

    def _count(self, batch: Batch) -> None:
        before = self.done.total()
        self.done[batch.kind] += batch.last - batch.first
        if before // _TELL_EVERY < self.done.total() // _TELL_EVERY:
            print(f"  {self.done.total():,} cases, {len(self.faults)} distinct faults", flush=True)

    def _replace(self, worker: Worker, why: str) -> None:
        fault, rest = worker.killed(why)
        self._note(fault)
        other = Worker()
        other.give(rest)
        self._workers[self._workers.index(worker)] = other


def _batches(kinds: list[str], seed: int, first: int, number: int) -> Iterator[Batch]:
    for begin in range(first, first + number, _BATCH):
        for kind in kinds:
            yield Batch(kind, seed, begin, min(begin + _BATCH, first + number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000, help="of each kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kinds", default=",".join(cases.KINDS))
    asked = parser.parse_args()
    seed = secrets.randbits(32) if asked.seed is None else asked.seed
    kinds = asked.kinds.split(",")
    print(f"{machine()}; seed {seed}, {asked.cases:,} cases each of {', '.join(kinds)}", flush=True)
    began = time.monotonic()
    hunt = Hunt(_batches(kinds, seed, asked.first, asked.cases), asked.jobs)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        hunt.run()
    took_s = time.monotonic() - began
    print(f"{hunt.done.total():,} cases in {took_s:,.0f} s, {len(hunt.faults)} distinct faults")
    for (kind, what), numbers in sorted(hunt.faults.items(), key=lambda each: -len(each[1])):
        print(f"{len(numbers):6} x {kind}: {what} (first: {numbers[0]})")
    sys.exit(1 if hunt.faults else 0)


if __name__ == "__main__":
    main()
