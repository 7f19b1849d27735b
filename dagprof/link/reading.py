"""Converts the probe's answers to values of the model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from dagprof.link.cpu_wait import NetTimes
from dagprof.link.messages.reply import REPLIES, NoFork, Reply
from dagprof.link.messages.result import (
    AccessRow,
    EffectRow,
    FailureRow,
    LostRow,
    Result,
    Sample,
    ScheduleRow,
    StatementRow,
    Times,
    Traced,
)
from dagprof.link.messages.zygote import Ready
from dagprof.model import (
    Access,
    DagSchedule,
    Effect,
    Failure,
    HelperStatements,
    LostDag,
    Module,
    Plugin,
    Samples,
    Statement,
    Trace,
)
from dagprof.surrogates import without_surrogates

# The largest possible difference between the clocks of two processes.
CLOCKS_MS = 5.0
# Marks the part of a worker's message that DAG code may have written, which is the last one. Inside
# a text, JSON puts a backslash before each quotation mark.
_RESULT = b'"result": '
_VALUE = re.compile(r"'.*'", re.DOTALL)
_MOST_WORDS = 200
_FIGURES = Sample.__struct_fields__


class Timed(NamedTuple):
    """A plain parse that gave a time."""

    reply: Reply
    result: Result
    sample: Sample


def plugins(answer: Ready) -> tuple[Plugin, ...]:
    """The plugins that the zygote loaded. Rows of another form are left out."""
    found = []
    for row in answer.plugins if isinstance(answer.plugins, list) else ():
        try:
            found.append(msgspec.convert(without_surrogates(row), Plugin))
        except msgspec.ValidationError:
            continue
    return tuple(found)


def reply(line: bytes) -> Reply | NoFork:
    """A worker's message.

    dagprof drops a result that lacks the probe's form, contradicts itself or has an impossible
    time, because DAG code wrote or broke it.

    :raises ValueError: the worker's own part lacks its form.
    """
    try:
        found = REPLIES.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # The message has another form, or is JSON for Python only: a lone surrogate, NaN.
        return _read_in_parts(line)
    if found.outcome == "result" and found.result is None:
        return _refused(found, "the result has an invalid format")
    return _believed(found)


def _read_in_parts(line: bytes) -> Reply | NoFork:
    """The worker's part, and the result if it has the right form."""
    own, mark, rest = line.partition(_RESULT)
    if not mark:
        return msgspec.json.decode(line, type=NoFork)
    found = REPLIES.decode(own + _RESULT + b"null}")
    try:
        result = msgspec.convert(without_surrogates(json.loads(rest[:-1])), Result | None)
    except msgspec.ValidationError as error:
        return _refused(found, _fault(error))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _refused(found, "the result has an invalid format")
    return _believed(msgspec.structs.replace(found, result=result))


def _fault(error: msgspec.ValidationError) -> str:
    """What is wrong and where, without the value, which may be a secret."""
    return _VALUE.sub("", str(error)).strip()[:_MOST_WORDS]


def _believed(reply: Reply) -> Reply:
    """Drop a result with a time that cannot be true. DAG code cannot reach the worker's clock, and
    no parse takes longer than its process lived.
    """
    result, most_ms = reply.result, reply.total_ms + CLOCKS_MS
    if result is None:
        return reply
    for times in (result.sample or result.times, result.times):
        if not 0 <= times.wall_ms <= most_ms:
            return msgspec.structs.replace(reply, result=None, claimed_ms=times.wall_ms)
        if times.queued_ms > times.wall_ms + CLOCKS_MS:
            return _refused(reply, "the wait for a CPU is longer than the parse time")
    # Tracing subtracts its own cost, which may be too much for one load and too little for another.
    most_us = 2 * 1000 * (most_ms + result.added_ms)
    if result.trace is not None and sum(result.trace.loads.self_us) > most_us:
        return _refused(reply, "the import times exceed the lifetime of the process")
    return reply


def _refused(reply: Reply, why: str) -> Reply:
    changed: Reply = msgspec.structs.replace(reply, result=None, refused=why)
    return changed


def timed(reply: Reply) -> Timed | None:
    """The reply to a plain parse; None if it has no time."""
    if reply.result is None or reply.result.sample is None:
        return None
    return Timed(reply, reply.result, reply.result.sample)


def samples(timings: Sequence[Timed], traced: Result | None = None) -> Samples:
    """The timed parses as columns. If their worker has a layer, each of them would have taken
    longer without it, as the tracing pass ``traced`` shows.
    """
    rows = [_composed(row.sample, traced) for row in timings]
    columns: dict[str, Any] = {
        name: tuple(_rounded(getattr(row, name)) for row in rows) for name in _FIGURES
    }
    overhead = tuple(round(row.reply.total_ms - row.sample.wall_ms, 3) for row in timings)
    return Samples(**columns, overhead_ms=overhead)


def composed(reply: Reply, reached: Result | None) -> Reply:
    """The reply to a plain parse as without the layer of its worker. ``reached`` is the result of
    the same parse with ``reach``; without it, the reply has no result.
    """
    result = reply.result
    if result is None or result.sample is None or reached is None:
        return _refused(reply, "the parse that finds the shared packages of the file failed")
    sample = _composed(result.sample, reached)
    changed: Reply = msgspec.structs.replace(
        reply, result=msgspec.structs.replace(result, sample=sample)
    )
    return changed


def _composed(sample: Sample, traced: Result | None) -> Sample:
    """A parse without the layer. What the layer loads belongs to the load stage."""
    if traced is None or not traced.added_ms:
        return sample
    added_ms = traced.added_ms
    changed: Sample = msgspec.structs.replace(
        sample,
        wall_ms=sample.wall_ms + added_ms,
        cpu_ms=sample.cpu_ms + traced.added_cpu_ms,
        load_ms=sample.load_ms + added_ms,
        dagbag_ms=sample.dagbag_ms + added_ms,
        rss_growth_kib=sample.rss_growth_kib + traced.added_kib,
    )
    return changed


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else round(value, 3)


def trace(traced: Traced, times: Times) -> Trace:
    """The tracing pass, without the wait for a processor. Positions point into its own tables."""
    net = NetTimes(times)
    return Trace(
        wall_ms=round(times.own_ms, 3),
        gc_ms=round(net.computing(traced.gc_ms), 3),
        compile_ms=round(net.computing(traced.compile_ms), 3),
        loads=net.loads(traced.loads, traced.statements),
        edges=traced.edges,
        statements=_statements(traced.statements, net),
        memory=traced.memory,
        load_ms=round(net.part(traced.load_ms), 3),
        recompiled_ms=round(net.computing(traced.recompiled_ms), 3),
        helpers=tuple(
            HelperStatements(module=each.module, statements=_statements(each.statements, net))
            for each in traced.helpers
        ),
    )


def modules(traced: Traced) -> tuple[Module, ...]:
    """The modules that the tracing pass has seen."""
    return tuple(Module(name=row.name, file=row.file, origin=row.origin) for row in traced.modules)


def failures(rows: Iterable[FailureRow]) -> tuple[Failure, ...]:
    """Why the parse produced no DAGs."""
    return tuple(
        Failure(
            type=row.type,
            message=row.message,
            traceback=row.traceback,
            cause=row.cause,
            file=row.file,
            line=row.line,
        )
        for row in rows
    )


def accesses(rows: Iterable[AccessRow]) -> tuple[Access, ...]:
    """Look-ups of Variables and Connections, and of environment variables that are not set."""
    return tuple(map(_access, rows))


def _access(row: AccessRow) -> Access:
    return Access(
        kind=row.kind,
        key=row.key,
        operation=row.operation,
        answered_by=row.answered_by.replace("empty-default", "default"),
        file=row.file,
        line=row.line,
        count=row.count,
    )


def schedules(rows: Iterable[ScheduleRow]) -> tuple[DagSchedule, ...]:
    """The schedules of the DAGs, by DAG."""
    return tuple(map(_schedule, sorted(rows, key=lambda row: row.dag_id)))


def _schedule(row: ScheduleRow) -> DagSchedule:
    fields = {name: getattr(row, name) for name in DagSchedule.__struct_fields__}
    return DagSchedule(**fields)


def lost_dags(rows: Iterable[LostRow]) -> tuple[LostDag, ...]:
    """DAGs that were created but that Airflow did not find."""
    return tuple(LostDag(dag_id=row.dag_id, file=row.file, line=row.line) for row in rows)


def effects(rows: Iterable[EffectRow]) -> tuple[Effect, ...]:
    """The other effects of the file, by line. The name of a process that outlives the parse says
    so.
    """
    return tuple(map(_effect, rows))


def _effect(row: EffectRow) -> Effect:
    return Effect(
        kind=row.kind,
        what=f"{row.what} (still running)" if row.is_running else row.what,
        file=row.file,
        line=row.line,
        count=row.count,
        wall_us=row.wall_us,
        size_bytes=row.size_bytes,
        failed=row.failed,
        threads=row.threads,
    )


def _statements(rows: Sequence[StatementRow], net: NetTimes) -> tuple[Statement, ...]:
    """The statements that ran, in source order, with their parents' new positions."""
    ran = [position for position, row in enumerate(rows) if row.count > 0]
    place = {old: new for new, old in enumerate(ran)}
    took = net.statements_us(rows)
    return tuple(
        Statement(
            parent=place.get(row.parent, -1),
            line=row.line,
            end_line=row.end_line,
            kind=row.kind,
            text=row.text,
            wall_us=took[position],
            cpu_us=row.cpu_us,
            count=row.count,
            is_cut=row.is_cut,
            building_us=round(net.computing(row.building_us)),
            gc_us=round(net.computing(row.gc_us)),
            member=row.member,
        )
        for position, row in ((position, rows[position]) for position in ran)
    )
