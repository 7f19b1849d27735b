"""Turns the probe's answers about one file into a result: status, samples, trace, failures, doubts."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from dagprof.link import reading, unqueued
from dagprof.link.reading import Reply
from dagprof.model import (
    Access,
    Doubt,
    Failure,
    FileResult,
    Instability,
    Measured,
    Module,
    Origin,
    Output,
    Status,
    Unanswered,
)
from dagprof.model.effects import PROGRAM, effect_kind
from dagprof.passes import absent, doubts
from dagprof.passes.differences import appearing

_ENDINGS = {
    "AirflowTaskTimeout": Status.TIMED_OUT,
    "MemoryError": Status.OUT_OF_MEMORY,
    "SystemExit": Status.EXITED,
}


def status_of(reply: Reply) -> Status:
    """How the parse that this reply describes ended."""
    outcome, result = reply["outcome"], reply["result"]
    if outcome == "time-limit":
        return Status.TIMED_OUT
    if outcome == "memory-limit":
        return Status.OUT_OF_MEMORY
    if outcome == "held":
        return Status.HELD
    if result is None:
        return Status.KILLED if reply["signal"] is not None else Status.EXITED
    types = [row["type"] for row in result["failures"]]
    if result.get("is_unsent") and len(types) == 1:
        return Status.LOST
    for name, status in _ENDINGS.items():
        if name in types:
            return status
    if types:
        return Status.IMPORT_ERROR
    return Status.OK if result["dag_ids"] else Status.NO_DAGS


def gave_result(reply: Reply) -> bool:
    """Whether the child lived long enough to report (a file that fails to import does)."""
    return reply["result"] is not None


class Passes:
    """What the passes over one file have brought so far."""

    def __init__(self, path: str, sha256: str, size_bytes: int) -> None:
        self._path, self._sha256, self._size_bytes = path, sha256, size_bytes
        self.timings: list[Reply] = []
        self.trace: Reply | None = None
        self.stack: Reply | None = None
        self.last: Reply | None = None
        self.settled: Reply | None = None
        self.detail = ""
        self.doubts: list[Doubt] = []
        self.instabilities: tuple[Instability, ...] = ()
        self.unanswered: tuple[Unanswered, ...] = ()
        self._statuses: list[Status] = []

    @property
    def is_held(self) -> bool:
        """Whether a process that the file started outlives the parse and holds its output."""
        return self.settled is not None and self.settled["outcome"] == "held"

    @property
    def wall_ms(self) -> list[float]:
        """Wall times of the timed parses so far."""
        return [reply["result"]["sample"]["wall_ms"] for reply in self.timings]

    @property
    def own_ms(self) -> list[float]:
        """The same less what each parse waited for a processor that others used."""
        return [unqueued.own_ms(reply["result"]["sample"]) for reply in self.timings]

    @property
    def digests(self) -> list[dict[str, str]]:
        """Hashes of the serialised DAGs, by DAG, of each timed parse."""
        return [reply["result"].get("digests", {}) for reply in self.timings]

    @property
    def dag_ids(self) -> list[frozenset[str]]:
        """The DAGs of each parse that had no failure, in order, the tracing pass last."""
        replies = [*self.timings, *([self.trace] if self.trace else [])]
        results = [reply["result"] for reply in replies]
        return [frozenset(result.get("dag_ids", ())) for result in results if not result["failures"]]

    @property
    def traced_ms(self) -> tuple[float, float]:
        """Wall time of the tracing pass, and what it waited for a processor that others used; zeros without one."""
        return (self.trace["result"]["wall_ms"], self.trace["result"]["queued_ms"]) if self.trace else (0.0, 0.0)

    @property
    def status(self) -> Status:
        """How the file's parses end, by the last plain one."""
        if self.unanswered:
            return Status.NEEDS_ANSWER
        return status_of(self.settled) if self.settled else Status.KILLED

    def add(self, mode: str, reply: Reply) -> bool:
        """Keep a reply; True when it holds a result of its mode."""
        self.last = reply
        key = {"timing": "sample", "trace": "trace", "stacks": "stack"}[mode]
        succeeded = gave_result(reply) and key in reply["result"]
        succeeded = succeeded and (mode != "timing" or reply["outcome"] != "held")
        if mode != "stacks":
            self._statuses.append(status_of(reply))
        if mode == "timing":
            self.settled = reply
        if not succeeded:
            return False
        if mode == "timing":
            self.timings.append(reply)
        elif mode == "trace":
            self._keep_best(reply)
        else:
            self.stack = reply
        return True

    def _keep_best(self, traced: Reply) -> None:
        """Of several tracing passes, the one that was disturbed least: the shortest, with what the kernel says it waited."""
        if self.trace is None or _disturbance(traced) < _disturbance(self.trace):
            self.trace = traced

    def measured(self) -> Measured:
        """The whole file, on its own."""
        facts = self._facts()
        traced = self.trace["result"] if self.trace and self.trace["result"]["trace"] else None
        result = FileResult(
            path=self._path,
            sha256=self._sha256,
            size_bytes=self._size_bytes,
            status=self.status,
            samples=reading.samples(self.timings),
            trace=reading.trace(traced) if traced else None,
            stack=reading.stack(self.stack["result"]["stack"])
            if self.stack and self.stack["result"]["stack"]
            else None,
            effects=reading.effects(self.trace["result"].get("effects", ())) if self.trace else (),
            instabilities=(*appearing(self.dag_ids), *self.instabilities),
            lost_dags=reading.lost_dags(self.trace["result"].get("lost", ())) if self.trace else (),
            unanswered=self.unanswered,
            **facts,
        )
        result = msgspec.structs.replace(result, doubts=(*self.doubts, *self._found_doubts(result)))
        if traced is None:
            return Measured(result=result)
        return Measured(
            result=result,
            modules=tuple(
                Module(name=name, file=file, origin=Origin(kind)) for name, file, kind in traced["trace"]["modules"]
            ),
            import_sets=tuple(reading.edges(rows) for rows in traced["trace"]["import_sets"]),
        )

    def _facts(self) -> dict[str, Any]:
        """The facts of the last plain parse."""
        reply = self.settled
        if reply is None:
            return {"detail": self.detail}
        result = reply["result"] or {}
        return {
            "dag_ids": tuple(result.get("dag_ids", ())) if not self.is_held else (),
            "task_count": result.get("task_count", 0) if not self.is_held else 0,
            "accesses": (*reading.accesses(result.get("accesses", ())), *self._environment()),
            "failures": self._failures(result),
            "warnings": tuple(result.get("warnings", ())),
            "stdout": Output(text=reply["stdout"][0], total_bytes=reply["stdout"][1]),
            "stderr": Output(text=reply["stderr"][0], total_bytes=reply["stderr"][1]),
            "exit_code": reply["exit_code"],
            "signal": reply["signal"],
            "detail": self.detail or _detail(reply),
        }

    def _environment(self) -> tuple[Access, ...]:
        """Variables of the environment that are not set; only the tracing pass listens for them."""
        rows = self.trace["result"].get("accesses", ()) if self.trace else ()
        return tuple(access for access in reading.accesses(rows) if access.kind == "environment")

    def _failures(self, result: Mapping[str, Any]) -> tuple[Failure, ...]:
        found = tuple(Failure(**row) for row in result.get("failures", ()))
        if not self.is_held:
            return found
        return (_holding(self.trace["result"].get("effects", ()) if self.trace else ()), *found)

    def _found_doubts(self, result: FileResult) -> list[Doubt]:
        return [
            *doubts.noise(self.wall_ms, self.own_ms),
            *doubts.waiting(result),
            *doubts.stubs(result),
            *absent.doubts(result.effects),
            *doubts.lost_dags(result),
            *self._consistency_doubts(),
            *self._trace_doubts(),
        ]

    def _consistency_doubts(self) -> list[Doubt]:
        doubts = []
        seen = dict.fromkeys(status.value for status in self._statuses)
        if len(seen) > 1:
            text = f"Different outcomes in different parses ({', '.join(seen)}); the last plain parse is shown."
            doubts.append(Doubt(code="inconsistent", text=text))
        left = max((reply.get("leftover_processes", 0) for reply in self.timings), default=0)
        if left:
            text = f"Leaves {left} process{'es' if left > 1 else ''} running after the parse; dagprof ended them."
            doubts.append(Doubt(code="leftover-processes", text=text))
        if any(reply["result"].get("closed_descriptors") for reply in self.timings):
            text = "Closes file descriptors that it did not open. Airflow 2 may lose its log and the DAGs with it."
            doubts.append(Doubt(code="closed-descriptors", text=text))
        return doubts

    def _trace_doubts(self) -> list[Doubt]:
        if self.trace is None:
            return []
        errors = self.trace["result"]["trace"]["uninstrumented"]
        return [
            Doubt(code="no-statements", text=f"Statements could not be timed ({name}: {text}).")
            for name, text, is_syntax in errors[:1]
            if not is_syntax
        ]


def _holding(effects: Sequence[Mapping[str, Any]]) -> Failure:
    """Why a held parse gives no DAGs, at the line that started the process: one that still runs, else the last."""
    started = [effect for effect in effects if effect_kind(effect["kind"]).group is PROGRAM]
    running = [effect for effect in started if effect["is_running"]]
    found = next(iter(running or started[-1:]), None)
    what = f"The process {found['what']}" if found else "A process"
    message = (
        f"{what} outlives the parse and holds its standard output, error or input. Airflow 3 "
        "waits until dag_file_processor_timeout, then kills the parse and stores no DAG. Start "
        "it in a task, or give it subprocess.DEVNULL as stdin, stdout and stderr."
    )
    file, line = (found["file"], found["line"]) if found else ("", 0)
    return Failure(type="", message=message, file=file, line=line)


def _disturbance(traced: Reply) -> float:
    return float(traced["result"]["wall_ms"] + traced["result"]["queued_ms"])


def _detail(reply: Reply) -> str:
    if reply["outcome"] == "time-limit":
        return f"Stopped at the time limit, after {reply['total_ms'] / 1000:.1f} s."
    if reply["outcome"] == "memory-limit":
        return "Stopped at the memory limit."
    if "claimed_ms" in reply:
        lived = f"{reply['total_ms'] / 1000:.1f} s"
        return (
            f"Its parse reports {reply['claimed_ms']:.0f} ms in a process that lived {lived}: the "
            "file changes the clocks."
        )
    if reply["outcome"] == "held":
        return "A process that it started holds its output after the parse."
    if reply["result"] is None and reply["signal"] is not None:
        try:
            name = signal.Signals(reply["signal"]).name
        except ValueError:
            name = "unknown"
        return f"Its process was killed by signal {reply['signal']} ({name})."
    if reply["result"] is None:
        return f"Its process ended with exit code {reply['exit_code']} and no result. It called os._exit or crashed."
    return ""
