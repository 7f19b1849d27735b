"""Turns the probe's answers about one file into a result: status, samples, trace, failures,
doubts.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import TypedDict

import msgspec

from dagprof.link import reading
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import EffectRow, FailureRow, LoggedRow, Result, ScheduleRow
from dagprof.link.reading import Timed
from dagprof.model import (
    Access,
    Doubt,
    Failure,
    FileResult,
    Instability,
    Measured,
    Origin,
    Output,
    Stack,
    Status,
    Unanswered,
)
from dagprof.model.effects import PROGRAM
from dagprof.passes import doubts, plan
from dagprof.passes.answers import absent
from dagprof.passes.serialised.differences import appearing
from dagprof.passes.serialised.examining import Examined

_ENDINGS = {
    "time-out": Status.TIMED_OUT,
    "memory": Status.OUT_OF_MEMORY,
    "exit": Status.EXITED,
}


def status_of(reply: Reply) -> Status:
    """The status of the parse that this reply describes."""
    outcome, result = reply.outcome, reply.result
    if outcome == "time-limit":
        return Status.TIMED_OUT
    if outcome == "memory-limit":
        return Status.OUT_OF_MEMORY
    if outcome == "held":
        return Status.HELD
    if result is None:
        return Status.KILLED if reply.signal is not None else Status.EXITED
    endings = [row.ending for row in result.failures]
    if result.is_unsent and len(endings) == 1:
        return Status.LOST
    for name, status in _ENDINGS.items():
        if name in endings:
            return status
    if endings:
        return Status.IMPORT_ERROR
    return Status.OK if result.dag_ids else Status.NO_DAGS


# Outcomes of a parse that nobody stopped: what it leaves running it left on purpose.
_ENDED_BY_ITSELF = ("result", "ended", "broken")


class _Facts(TypedDict, total=False):
    """Fields of a ``FileResult`` that the last plain parse gives."""

    dag_ids: tuple[str, ...]
    task_count: int
    accesses: tuple[Access, ...]
    failures: tuple[Failure, ...]
    warnings: tuple[str, ...]
    stdout: Output
    stderr: Output
    exit_code: int | None
    signal: int | None
    detail: str


class Passes:
    """The results of all passes over one file so far."""

    def __init__(self, path: str, sha256: str, size_bytes: int) -> None:
        self._path, self._sha256, self._size_bytes = path, sha256, size_bytes
        self.timings: list[Timed] = []
        self.trace: Result | None = None
        self.stack: Stack | None = None
        self.last: Reply | None = None
        self.settled: Reply | None = None
        self.detail = ""
        self.doubts: list[Doubt] = []
        self.instabilities: tuple[Instability, ...] = ()
        self.unanswered: tuple[Unanswered, ...] = ()
        self.examined: Examined | None = None
        self.schedules: tuple[ScheduleRow, ...] | None = None
        self._statuses: list[Status] = []
        self._left_processes = 0

    @property
    def is_held(self) -> bool:
        """Whether a process that the file started outlives the parse and holds its output."""
        return self.settled is not None and self.settled.outcome == "held"

    @property
    def wall_ms(self) -> list[float]:
        """Wall times of the timed parses so far."""
        return [timed.sample.wall_ms for timed in self.timings]

    @property
    def own_ms(self) -> list[float]:
        """The same times without each parse's wait for a processor that others used."""
        return [timed.sample.own_ms for timed in self.timings]

    @property
    def digests(self) -> list[dict[str, str]]:
        """Hashes of the serialised DAGs, by DAG, of each timed parse."""
        return [timed.result.digests or {} for timed in self.timings]

    @property
    def dag_ids(self) -> list[frozenset[str]]:
        """The DAGs of each parse without a failure, in order, with the tracing pass last."""
        results = [*(timed.result for timed in self.timings), *([self.trace] if self.trace else [])]
        return [frozenset(result.dag_ids) for result in results if not result.failures]

    @property
    def traced_ms(self) -> tuple[float, float]:
        """Wall time of the tracing pass, and its wait for a processor that others used. Zeros if
        there is no tracing pass.
        """
        return (self.trace.wall_ms, self.trace.queued_ms) if self.trace else (0.0, 0.0)

    @property
    def status(self) -> Status:
        """The status of the file, by its last plain parse."""
        if self.unanswered:
            return Status.NEEDS_ANSWER
        return status_of(self.settled) if self.settled else Status.KILLED

    def add(self, mode: str, reply: Reply) -> bool:
        """Keep a reply. Return True if it holds a result of its mode."""
        self.last = reply
        if mode == "timing" and reply.outcome in _ENDED_BY_ITSELF:
            self._left_processes = max(self._left_processes, reply.leftover_processes)
        if mode == "stacks":
            return self._add_stack(reply)
        self._statuses.append(status_of(reply))
        return self._add_trace(reply) if mode == "trace" else self._add_timing(reply)

    def _add_timing(self, reply: Reply) -> bool:
        self.settled = reply
        if reply.result is not None and reply.result.schedules is not None:
            self.schedules = reply.result.schedules
        timed = reading.timed(reply)
        if timed is None or reply.outcome == "held":
            return False
        self.timings.append(timed)
        return True

    def slow_helpers(self) -> list[str]:
        """The files of the user's modules that take long by themselves, the slowest first."""
        traced = self.trace.trace if self.trace else None
        if traced is None:
            return []
        own: dict[str, int] = {}
        for module, us in zip(traced.loads.module, traced.loads.self_us, strict=True):
            row = traced.modules[module]
            if row.origin is Origin.USER and row.file.endswith(".py"):
                own[row.file] = own.get(row.file, 0) + us
        least_us = 1000 * max(plan.HELPER_MS, plan.HELPER_SHARE * self.traced_ms[0])
        slow = sorted((file for file, us in own.items() if us >= least_us), key=lambda f: -own[f])
        return slow[: plan.MOST_HELPERS]

    def _add_trace(self, reply: Reply) -> bool:
        """Keep the least disturbed of several tracing passes: the one with the smallest sum of its
        time and its wait for a processor. A pass with times of the helpers' statements counts more.
        """
        traced = reply.result
        if traced is None or traced.trace is None:
            return False
        if self.trace is None or _rank(traced) < _rank(self.trace):
            self.trace = traced
        return True

    def _add_stack(self, reply: Reply) -> bool:
        if reply.result is None or reply.result.stack is msgspec.UNSET:
            return False
        self.stack = reply.result.stack
        return True

    def measured(self) -> Measured:
        """The result of the file, independent of other files."""
        traced = self.trace.trace if self.trace else None
        trace = reading.trace(traced, self.trace.composed_times) if self.trace and traced else None
        result = FileResult(
            path=self._path,
            sha256=self._sha256,
            size_bytes=self._size_bytes,
            status=self.status,
            samples=reading.samples(self.timings, self.trace),
            composed_ms=round(self.trace.added_ms, 3) if self.trace else 0.0,
            trace=trace,
            stack=self.stack,
            effects=reading.effects(self.trace.effects) if self.trace else (),
            instabilities=(*appearing(self.dag_ids), *self.instabilities),
            lost_dags=reading.lost_dags(self.trace.lost) if self.trace else (),
            unanswered=self.unanswered,
            schedules=reading.schedules(self.schedules or ()),
            secret_fields=self.examined.secrets if self.examined else (),
            is_examined=self.examined is not None,
            **self._facts(),
        )
        result = msgspec.structs.replace(result, doubts=(*self.doubts, *self._found_doubts(result)))
        if traced is None:
            return Measured(result=result)
        return Measured(
            result=result, modules=reading.modules(traced), import_sets=traced.import_sets
        )

    def _facts(self) -> _Facts:
        """The facts of the last plain parse."""
        reply = self.settled
        if reply is None:
            return {"detail": self.detail}
        result = reply.result or Result(failures=())
        return {
            "dag_ids": result.dag_ids if not self.is_held else (),
            "task_count": result.task_count if not self.is_held else 0,
            "accesses": (*reading.accesses(result.accesses), *self._environment()),
            "failures": self._failures(result.failures),
            "warnings": result.warnings,
            "stdout": Output(text=reply.stdout[0], total_bytes=reply.stdout[1]),
            "stderr": Output(text=reply.stderr[0], total_bytes=reply.stderr[1]),
            "exit_code": reply.exit_code,
            "signal": reply.signal,
            "detail": self.detail or _detail(reply),
        }

    def _environment(self) -> tuple[Access, ...]:
        """Environment variables that are not set. Only the tracing pass records them."""
        rows = self.trace.accesses if self.trace else ()
        return tuple(access for access in reading.accesses(rows) if access.kind == "environment")

    def _failures(self, rows: Sequence[FailureRow]) -> tuple[Failure, ...]:
        found = reading.failures(rows)
        return (
            (_holding(self.trace.effects if self.trace else ()), *found) if self.is_held else found
        )

    def _found_doubts(self, result: FileResult) -> list[Doubt]:
        traced = self.trace.trace if self.trace else None
        return [
            *doubts.noise(self.wall_ms, self.own_ms),
            *doubts.composed(result),
            *doubts.waiting(result),
            *doubts.stubs(result),
            *absent.doubts(result.effects),
            *doubts.lost_dags(result),
            *doubts.logged(result, self._logged()),
            *doubts.left_out(self._left_out()),
            *doubts.outcomes(self._statuses),
            *doubts.left_running(self._left_processes),
            *doubts.closed(any(timed.result.closed_descriptors for timed in self.timings)),
            *doubts.schedules(self.schedules, result.dag_ids),
            *doubts.untimed(traced.uninstrumented if traced else ()),
        ]

    def _logged(self) -> tuple[LoggedRow, ...]:
        plain = self.settled.result if self.settled else None
        return plain.logged if plain else ()

    def _left_out(self) -> dict[str, int]:
        """How many rows more there were than are kept, by field."""
        plain = self.settled.result if self.settled else None
        counts: dict[str, int] = {}
        for result in filter(None, (plain, self.trace)):
            for field, count in result.left_out.items():
                counts[field] = max(count, counts.get(field, 0))
        return counts


def _holding(effects: Sequence[EffectRow]) -> Failure:
    """Why a held parse produces no DAGs, at the line that started the process. The process is the
    first one that still runs, else the last one that was started.
    """
    started = [effect for effect in effects if effect.about.group is PROGRAM]
    running = [effect for effect in started if effect.is_running]
    found = next(iter(running or started[-1:]), None)
    what = f"The process {found.what}" if found else "A process"
    message = (
        f"{what} is still running after the parse and keeps stdin, stdout or stderr open. Airflow 3"
        " waits until dag_file_processor_timeout expires, then kills the parse and stores no DAGs."
        " Start the process in a task, or pass subprocess.DEVNULL for stdin, stdout and stderr."
    )
    file, line = (found.file, found.line) if found else ("", 0)
    return Failure(type="", message=message, file=file, line=line)


def _rank(traced: Result) -> tuple[bool, float]:
    has_helpers = traced.trace is not None and bool(traced.trace.helpers)
    return not has_helpers, traced.wall_ms + traced.queued_ms


def _detail(reply: Reply) -> str:
    if reply.outcome == "time-limit":
        return (
            "The parse reached the time limit, and dagprof stopped the parse after"
            f" {reply.total_ms / 1000:.1f} s."
        )
    if reply.outcome == "memory-limit":
        return "The parse reached the memory limit, and dagprof stopped the parse."
    if reply.claimed_ms is not None:
        lived = f"{reply.total_ms / 1000:.1f} s"
        return (
            f"The parse reported a time of {reply.claimed_ms:.0f} ms. This time is impossible,"
            f" because the process ran for {lived}. The file replaces clock functions."
        )
    if reply.refused:
        return (
            f"dagprof cannot use the result of the parse ({reply.refused}). Code in the file"
            " changes the data that dagprof receives."
        )
    if reply.outcome == "held":
        return "A process that the file started keeps stdin, stdout or stderr open after the parse."
    if reply.outcome == "too-large":
        return (
            "dagprof stopped the parse because the result is too large. The file writes to an"
            " internal pipe of dagprof, or defines more DAGs and tasks than Airflow can parse in"
            " time."
        )
    if reply.outcome == "broken":
        return (
            "The parsing process sent invalid data. The file writes to an internal pipe of"
            " dagprof, or changes dagprof's code."
        )
    if reply.result is None and reply.signal is not None:
        try:
            name = signal.Signals(reply.signal).name
        except ValueError:
            name = "unknown"
        return f"Signal {reply.signal} ({name}) killed the parsing process."
    if reply.result is None:
        return (
            f"The parsing process ended with exit code {reply.exit_code} and returned no result."
            " The file called os._exit or crashed."
        )
    return ""
