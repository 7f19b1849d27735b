"""Runs jobs in several threads at once, each with its own workers. Scans and A/B runs use it.

The caller decides what a job is, the order of the jobs, and when there are enough. The scheduler
starts jobs in the given order and hands each to a thread with workers. It stops at the budget, and
brings results and errors to the caller's thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, Generic, Protocol, TypeVar

from dagprof.measure.budget import Budget


class Workers(Protocol):
    """The workers that a thread needs for its jobs, such as one worker process of each side. One
    thread at a time uses them.
    """

    def end(self) -> None:
        """Stop the workers."""


Own = TypeVar("Own", bound=Workers)
Result = TypeVar("Result")


class Scheduler(Generic[Own]):
    """Does jobs in at most ``lines`` threads. Use it as a context manager.

    ``own`` makes the workers of one thread. They stay until the scheduler ends, so that a later
    batch of jobs can use them.
    """

    def __init__(self, lines: int, own: Callable[[], Own]) -> None:
        self._lines, self._make = lines, own
        self._lock = threading.Lock()
        self._idle: list[Own] = []
        self._has_ended = False

    def __enter__(self) -> Scheduler[Own]:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._has_ended = True
            idle, self._idle = self._idle, []

        # Workers in use belong to their threads. If another thread closed the connection while a
        # thread waits for an answer, that thread would ask for a new worker.
        for own in idle:
            own.end()

    def do(self, jobs: Iterable[Callable[[Own], Result]], budget: Budget) -> Iterator[Result]:
        """Yield results as they come. A job that the budget leaves out has none.

        Closing the iterator, an interruption or an error stops the batch. Running jobs go on to
        their end, and no new one begins.

        :raises BaseException: the error of a job.
        """
        batch = _Batch(jobs, budget)
        running = min(self._lines, batch.size)
        try:
            for _ in range(running):
                # Daemon threads: an interrupted command does not wait for a parse that takes
                # minutes.
                threading.Thread(target=self._line, args=(batch,), daemon=True).start()

            while running:
                done = batch.results.get()
                if done is None:
                    running -= 1
                else:
                    yield done.result()
        finally:
            batch.stop()

    def _line(self, batch: _Batch[Own, Any]) -> None:
        """Do jobs until none are left, one has failed or the batch is stopped."""
        own = None
        try:
            own = self._taken()
            # An error in the caller's loop ends the scheduler before the iterator is closed.
            while not self._has_ended and (job := batch.next()) is not None and batch.do(job, own):
                pass
        except BaseException as error:  # noqa: BLE001 - workers that cannot be made; the caller's thread raises it
            batch.fail(error)
        finally:
            # Return the workers before reporting the end of the line. So the caller finds all of
            # them idle when the batch is done.
            if own is not None:
                self._give_back(own)
            batch.results.put(None)

    def _taken(self) -> Own:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._make()

    def _give_back(self, own: Own) -> None:
        with self._lock:
            if not self._has_ended:
                self._idle.append(own)
                return
        own.end()


class _Batch(Generic[Own, Result]):
    """The jobs of one call, their results, and None for each line that has ended."""

    def __init__(self, jobs: Iterable[Callable[[Own], Result]], budget: Budget) -> None:
        self._waiting = deque(jobs)
        self._budget = budget
        self._stopped = threading.Event()
        self.size = len(self._waiting)
        self.results: SimpleQueue[Future[Result] | None] = SimpleQueue()

    def stop(self) -> None:
        self._stopped.set()

    def next(self) -> Callable[[Own], Result] | None:
        """The next job. None if there is none, or if no new job may begin."""
        if self._stopped.is_set() or self._budget.is_spent:
            return None
        try:
            return self._waiting.popleft()  # atomic, so no two lines get the same job
        except IndexError:
            return None

    def do(self, job: Callable[[Own], Result], own: Own) -> bool:
        """Do a job and keep its result. Return False if it failed."""
        try:
            result = job(own)
        except BaseException as error:  # noqa: BLE001 - the caller's thread raises it
            self.fail(error)
            return False
        done: Future[Result] = Future()
        done.set_result(result)
        self.results.put(done)
        return True

    def fail(self, error: BaseException) -> None:
        failed: Future[Result] = Future()
        failed.set_exception(error)
        self.results.put(failed)
