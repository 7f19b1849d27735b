"""Runs one piece of work at a time in a thread. The main thread waits for saves and results."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import NamedTuple

from dagprof.model import Measured


class Saved(NamedTuple):
    """Files were saved."""

    paths: frozenset[Path]


class Result(NamedTuple):
    """The running work has a result."""

    measured: Measured


class Ended(NamedTuple):
    """The running work has ended, with an error if there is one."""

    error: BaseException | None


class Turns:
    """The saves and the results in their order. Errors of a watcher come from ``next``."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Saved | Result | Ended | BaseException] = SimpleQueue()

    def saved(self, paths: frozenset[Path]) -> None:
        """Add saved files, from any thread."""
        self._queue.put(Saved(paths))

    def fail(self, error: BaseException) -> None:
        """Raise an error in the thread that calls ``next``."""
        self._queue.put(error)

    def start(self, work: Callable[[], Iterable[Measured]]) -> None:
        """Begin work in a thread. ``Ended`` is its last message."""
        # A daemon thread: an interrupted command does not wait for a parse that takes minutes.
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def next(self, timeout_s: float | None = None) -> Saved | Result | Ended | None:
        """The next message; wait for it. None if there is none in time."""
        try:
            return _raised(self._queue.get(timeout=timeout_s))
        except Empty:
            return None

    def _run(self, work: Callable[[], Iterable[Measured]]) -> None:
        try:
            for measured in work():
                self._queue.put(Result(measured))
        except BaseException as error:  # noqa: BLE001 - the other thread decides what to do
            self._queue.put(Ended(error))
        else:
            self._queue.put(Ended(None))


def _raised(message: Saved | Result | Ended | BaseException) -> Saved | Result | Ended:
    if isinstance(message, BaseException):
        raise message
    return message
