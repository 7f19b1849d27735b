"""The processes and threads that measure: the zygote, which is replaced when it dies, its workers,
and the crew that does the jobs of a scan.
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeVar, cast

import msgspec

from dagprof.errors import MeasurementError
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.zygote import Costs, Layered, PreImported, Preloaded, ProbeConfig
from dagprof.link.metadata import MetadataDatabase
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.link.processes.workers import WorkerConversation
from dagprof.link.processes.zygote import Zygote
from dagprof.link.target import Target
from dagprof.measure.budget import GRACE_S, Budget, within
from dagprof.measure.scheduler import Scheduler
from dagprof.model import Doubt, Measured
from dagprof.passes import file
from dagprof.passes.asking import Ask, OutOfTime, Request

# The time limits for the imports of a worker, and for those of a layer.
PRELOAD_S, LAYER_S = 30.0, 120.0
# A parse that kills the zygote may still give its reply. The worker dies so soon after it.
_DYING_S = 0.5
_NOTHING: Mapping[str, object] = MappingProxyType({})
TWICE = "The parse killed the measuring process twice."
Result = TypeVar("Result")


class Layer(NamedTuple):
    """Modules that workers import before they parse; see ``measure.before.layers``."""

    names: tuple[str, ...]
    costs: Costs

    @property
    def request(self) -> Mapping[str, object]:
        """What a worker needs to import the layer."""
        return {"names": list(self.names), **msgspec.to_builtins(self.costs)}

    def check(self, answer: Layered) -> None:
        """
        :raises ConnectionLost: the worker has not recorded all imports of the layer.
        """
        if not answer.is_complete:
            raise ConnectionLost("the shared packages contain too many imports")


class Zygotes:
    """The current zygote. It is replaced when it dies. Several threads use this object."""

    def __init__(self, target: Target, config: ProbeConfig) -> None:
        self._target, self._config = target, config
        self._lock = threading.Lock()
        self._pre_imports: dict[str, object] = {}
        self.doubts: list[Doubt] = []
        # The files whose parses lost their worker since the last one was forked.
        self.lost: list[str] = []
        self.metadata = MetadataDatabase(target, config["cache"])
        self._is_closed = False
        self.current = Zygote(target, config)

    def __enter__(self) -> Zygotes:
        try:
            self.current.wait_until_ready()
        except BaseException:
            self.current.end()
            raise
        self.metadata.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closed = True
        self.current.end()

    def abandon(self) -> None:
        """End the zygote while another thread waits for it."""
        self.current.abandon()

    @property
    def airflow_version(self) -> str:
        """The Airflow version of the target."""
        return self.current.airflow.version

    def pre_import(
        self, files: list[str], *, with_folder: bool, collects: bool = False
    ) -> PreImported:
        """Import the ``airflow.*`` modules that ``files`` name. ``with_folder`` adds those that the
        files of the whole folder name.
        """
        self._pre_imports = {
            "op": "pre_import",
            "files": files,
            "with_folder": with_folder,
            "collects": collects,
        }
        try:
            return self.current.ask(self._pre_imports, PreImported)
        except ConnectionLost:
            raise MeasurementError(
                "The measuring process died while importing the Airflow modules that the DAG files"
                " use. Try `--temperature warm`, which skips this import."
            ) from None

    def worker(self, shown: str, begin: Mapping[str, object] = _NOTHING) -> WorkerConversation:
        """Fork a worker, from a new zygote if the old one is gone. ``shown`` is the file that was
        being measured. ``begin`` says what the worker imports first.
        """
        with self._lock:
            try:
                forked = self.current.fork_worker(begin)
                self.lost.clear()
                return forked
            except ConnectionLost:
                self.current.give_way()
            if self._is_closed:
                raise MeasurementError("The measurement was stopped.")
            dying = " and ".join(dict.fromkeys(self.lost or [shown]))
            self.lost.clear()
            text = (
                f"The measuring process died while parsing {dying}. dagprof restarted the"
                " measuring process."
            )
            self.doubts.append(Doubt(code="zygote-died", text=text))
            self.current = Zygote(self._target, {**self._config, "renews_scratch": True})
            self.current.wait_until_ready()
            self.current.ask(self._pre_imports, PreImported)
            return self.current.fork_worker(begin)


class Worker:
    """One worker at a time, forked on the first request. Only one thread uses this object. The
    worker first imports the modules ``preload``, or a layer, within ``preload_s`` seconds.
    """

    def __init__(
        self,
        zygotes: Zygotes,
        preload: Sequence[str] = (),
        preload_s: float = PRELOAD_S,
        layer: Layer | None = None,
    ) -> None:
        self._zygotes, self._preload, self._preload_s = zygotes, tuple(preload), preload_s
        self._layer = layer
        self._conversation: WorkerConversation | None = None
        # The file of the last reply, and when the reply came.
        self._last = ("", -math.inf)
        self._facts: Preloaded | None = None

    def ask(self, request: Request, shown: str) -> Reply:
        """Return the reply to one request about the file ``shown``. If the parse asked for Airflow
        2's database, parse again with the database.

        :raises ConnectionLost: the worker died; the next request gets another.
        """
        metadata = self._zygotes.metadata
        was_filled = metadata.is_filled
        reply = self._reply(request, shown)
        if (
            was_filled
            or not metadata.is_wanted(reply, self._zygotes.airflow_version)
            or not metadata.fill()
        ):
            return reply
        return self._reply(request, shown)

    def _reply(self, request: Request, shown: str) -> Reply:
        try:
            conversation = self._conversation or self._start(shown)
            made = self._zygotes.metadata.made
            conversation.send({**request, "database": made} if made else request)
            reply = conversation.reply(cast("float", request["time_limit_s"]))
        except ConnectionLost:
            before, replied = self._last
            if time.monotonic() - replied < _DYING_S:
                self._zygotes.lost.append(before)
            self._zygotes.lost.append(shown)
            self.end()
            raise
        self._last = shown, time.monotonic()
        return reply

    def preloaded(self) -> Preloaded:
        """Fork the worker, and return what its imports cost.

        :raises ConnectionLost: the imports ended the worker, or took too long.
        """
        self._start("the preloaded modules")
        assert self._facts is not None
        return self._facts

    def _start(self, shown: str) -> WorkerConversation:
        if self._layer is not None:
            begin: Mapping[str, object] = {"layer": self._layer.request}
        else:
            begin = {"preload": list(self._preload)} if self._preload else _NOTHING
        started = self._conversation = self._zygotes.worker(shown, begin)
        try:
            if self._layer is not None:
                self._layer.check(started.layered(self._preload_s))
            elif self._preload:
                self._facts = started.preloaded(self._preload_s)
        except BaseException:
            self.end()
            raise
        return started

    def abandon(self) -> None:
        """Kill the worker while another thread waits for its reply. That thread gets an error."""
        conversation = self._conversation
        if conversation is not None:
            conversation.kill()

    def end(self) -> None:
        if self._conversation is not None:
            self._conversation.close()
            self._conversation = None


def twice(attempt: Callable[[], Result]) -> Result | None:
    """Return the result of an attempt. If the measuring process dies, try once more; None if it
    dies again.

    When the zygote dies, all workers die. So the first death may be the fault of a file that was
    parsed at the same time.
    """
    for _ in range(2):
        with contextlib.suppress(ConnectionLost):
            return attempt()
    return None


class Job(NamedTuple):
    """One file and the work on it. ``otherwise`` is the result if the work ends the measuring
    process.
    """

    path: Path
    work: Callable[[Path, str, Ask], Measured]
    otherwise: Measured | None = None


class Crew:
    """Runs jobs in as many threads as there may be parses at once, with a layer if there is one."""

    def __init__(
        self,
        zygotes: Zygotes,
        *,
        lines: int,
        shown: Callable[[Path], str],
        layer: Layer | None = None,
    ) -> None:
        self._zygotes, self._lines, self._shown, self._layer = zygotes, lines, shown, layer
        self._kept: Scheduler[Worker] | None = None

    @contextlib.contextmanager
    def keeping_workers(self, budget: Budget) -> Iterator[None]:
        """Use the same workers for all calls of ``do`` in this block: a worker with a layer takes
        long to start.
        """
        with self._scheduler(self._lines, budget) as kept:
            self._kept = kept
            try:
                yield
            finally:
                self._kept = None

    def do(self, jobs: Sequence[Job], budget: Budget) -> Iterator[Measured]:
        """Yield results as they come. Jobs that the budget leaves out or ends give no result.

        When the zygote dies, all workers die. So a job that loses its worker is tried once more
        at the end, with no other at the same time: what dies there has itself to blame.
        """
        lost: list[Job] = []
        new = self._scheduler(self._lines, budget)
        with contextlib.nullcontext(self._kept) if self._kept is not None else new as together:
            work = [partial(self._do, job, budget, lose=lost.append) for job in jobs]
            yield from filter(None, together.do(work, budget))
        if lost:
            with self._scheduler(1, budget) as alone:
                work = [partial(self._do, job, budget) for job in lost]
                yield from filter(None, alone.do(work, budget))

    def _scheduler(self, lines: int, budget: Budget) -> Scheduler[Worker]:
        return Scheduler(lines, lambda: self.worker(budget))

    def worker(self, budget: Budget) -> Worker:
        """Another worker of this crew, for one thread."""
        return Worker(
            self._zygotes,
            preload_s=max(GRACE_S, min(LAYER_S, budget.left_s)),
            layer=self._layer,
        )

    def _do(
        self,
        job: Job,
        budget: Budget,
        worker: Worker,
        lose: Callable[[Job], object] | None = None,
    ) -> Measured | None:
        """The result of a job, unless the budget ends it or the job can be handed to ``lose``."""
        shown = self._shown(job.path)
        try:
            ask = within(budget, lambda request: worker.ask(request, shown))
            return job.work(job.path, shown, ask)
        except OutOfTime:
            return None
        except ConnectionLost:
            if lose is not None:
                lose(job)
                return None
            return job.otherwise or file.fatal(shown, job.path, TWICE)
