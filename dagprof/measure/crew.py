"""Those who measure: the zygote, replaced when it dies, and the lines of workers that take files off a queue."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dagprof.errors import MeasurementError
from dagprof.measure import file
from dagprof.measure.target import Target
from dagprof.measure.zygote import ConnectionLost, Conversation, Zygote, without_surrogates
from dagprof.model import Doubt, Measured

# The parse's own limit and this much more, for a worker that cannot answer.
_GRACE_S = 30.0


class Zygotes:
    """The current zygote, replaced when it dies. Used by several threads."""

    def __init__(self, target: Target, config: Mapping[str, Any]) -> None:
        self._target, self._config = target, config
        self._lock = threading.Lock()
        self._pre_import_files: list[str] = []
        self.doubts: list[Doubt] = []
        self.current = Zygote(target, config)

    def __enter__(self) -> Zygotes:
        try:
            self.current.wait_until_ready()
        except BaseException:
            self.current.end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.current.end()

    def pre_import(self, files: list[str]) -> dict[str, Any]:
        self._pre_import_files = files
        try:
            return self.current.ask({"op": "pre_import", "files": files})
        except ConnectionLost:
            raise MeasurementError(
                "Importing the airflow modules that the DAG files name ended the measuring process; "
                "try `--temperature warm`, which does without."
            ) from None

    def worker(self, shown: str) -> Conversation:
        """A worker, from a new zygote if the old one is gone; ``shown`` is the file that was being measured."""
        with self._lock:
            try:
                return self.current.fork_worker()
            except ConnectionLost:
                self.current.end()
            text = f"The measuring process died while {shown} was parsed, and was started again."
            self.doubts.append(Doubt(code="zygote-died", text=text))
            self.current = Zygote(self._target, self._config)
            self.current.wait_until_ready()
            self.current.ask({"op": "pre_import", "files": self._pre_import_files})
            return self.current.fork_worker()


class Line(threading.Thread):
    """Takes files off the queue and measures them through one worker at a time."""

    def __init__(
        self,
        zygotes: Zygotes,
        waiting: queue.SimpleQueue[Path],
        results: queue.SimpleQueue[Measured | BaseException],
        limits: file.Limits,
        shown: Callable[[Path], str],
    ) -> None:
        super().__init__(daemon=True)
        self._zygotes, self._waiting, self._results = zygotes, waiting, results
        self._limits, self._shown = limits, shown
        self._worker: Conversation | None = None
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        try:
            while not self._stopped.is_set():
                try:
                    path = self._waiting.get_nowait()
                except queue.Empty:
                    return
                self._results.put(self._measure(path))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that scans
            if not self._stopped.is_set():
                self._results.put(error)
        finally:
            self._drop_worker()

    def _measure(self, path: Path) -> Measured:
        shown = self._shown(path)
        for _ in range(2):
            try:
                return file.measure(path, shown, lambda request: self._ask(request, shown), self._limits)
            except ConnectionLost:
                self._drop_worker()
        return file.fatal(shown, path, "Its parse ended the measuring process, twice.")

    def _ask(self, request: Mapping[str, Any], shown: str) -> dict[str, Any]:
        if self._worker is None:
            self._worker = self._zygotes.worker(shown)
        self._worker.send(request)
        reply: dict[str, Any] = without_surrogates(self._worker.receive(self._limits.time_limit_s + _GRACE_S))
        return reply

    def _drop_worker(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None
