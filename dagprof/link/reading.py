"""The probe's answers as values of the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from dagprof.link.unqueued import Unqueued
from dagprof.model import (
    Access,
    Edge,
    Effect,
    LostDag,
    Plugin,
    Samples,
    Stack,
    Statement,
    StatementMemory,
    Trace,
)
from dagprof.surrogates import without_surrogates

Reply = dict[str, Any]
# How far the clocks of two processes may be apart.
CLOCKS_MS = 5.0


# Kind, key, operation, who answered, file, line, count.
_AccessRow = tuple[str, str, str, str, str, int, int]


class _Failure(msgspec.Struct):
    type: str
    message: str
    traceback: str
    cause: str
    file: str
    line: int


class _Result(msgspec.Struct):
    """What every pass tells, as far as others read it: the process that parses is in the DAG file's hands."""

    failures: list[_Failure]
    dag_ids: list[str] = []
    task_count: int = 0
    warnings: list[str] = []
    digests: dict[str, str] = {}
    compiled: int = 0
    missing: list[tuple[str, int]] = []
    stars: list[tuple[str, int]] = []
    missed: list[tuple[str, str, int]] = []
    sample: dict[str, float] | None = None
    accesses: list[_AccessRow] = []
    asked_by_libraries: list[_AccessRow] = []
    stops: list[tuple[str, str, list[tuple[str, int]]]] = []


def plugins(answer: Reply) -> tuple[Plugin, ...]:
    """The plugins that the zygote loaded, from its first answer; rows that have not that form are left out."""
    rows = answer.get("plugins")
    found = []
    for row in rows if isinstance(rows, list) else ():
        try:
            found.append(msgspec.convert(without_surrogates(row), Plugin))
        except msgspec.ValidationError:
            continue
    return tuple(found)


def checked(reply: Reply) -> Reply:
    """The reply, without its result where that has not the form that the probe gives it: DAG code wrote it, or broke it."""
    result = reply.get("result")
    if result is None:
        return reply
    try:
        read = msgspec.convert(result, _Result)
    except msgspec.ValidationError:
        return {**reply, "result": None}
    if read.sample is None:
        return reply
    if not set(_SAMPLE_COLUMNS) <= read.sample.keys():
        return {**reply, "result": None}
    # The worker's clock is out of the DAG file's reach: no parse takes longer than its process lived.
    if not 0 <= read.sample["wall_ms"] <= reply["total_ms"] + CLOCKS_MS:
        return {**reply, "result": None, "claimed_ms": read.sample["wall_ms"]}
    return reply


_SAMPLE_COLUMNS = tuple(name for name in Samples.__struct_fields__ if name != "overhead_ms")


def samples(timings: Sequence[Reply]) -> Samples:
    """The timed parses as columns."""
    rows = [reply["result"]["sample"] for reply in timings]
    columns: dict[str, Any] = {name: tuple(_rounded(row[name]) for row in rows) for name in _SAMPLE_COLUMNS}
    columns["overhead_ms"] = tuple(
        round(reply["total_ms"] - reply["result"]["sample"]["wall_ms"], 3) for reply in timings
    )
    return Samples(**columns)


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else round(value, 3)


def trace(result: dict[str, Any]) -> Trace:
    """The tracing pass, without waiting for a processor; positions point into the reply's own modules and import sets."""
    traced, unqueued = result["trace"], Unqueued(result)
    return Trace(
        wall_ms=round(unqueued.wall_ms, 3),
        gc_ms=round(unqueued.computing(traced["gc_ms"]), 3),
        compile_ms=round(unqueued.computing(traced["compile_ms"]), 3),
        loads=unqueued.loads(traced["loads"], traced["statements"]),
        edges=edges(traced["edges"]),
        statements=_statements(traced["statements"], unqueued),
        memory=tuple(StatementMemory(importer=row[0], line=row[1], grown_kib=row[2]) for row in traced["memory"]),
    )


def edges(rows: Sequence[Sequence[Any]]) -> tuple[Edge, ...]:
    """Import statements that ran and what they asked for."""
    return tuple(
        Edge(
            line=line,
            target=target,
            in_function=bool(inside),
            importer=importer,
            caller_line=caller,
            is_conditional=bool(conditional),
            is_executed=bool(executed),
        )
        for line, target, inside, importer, caller, conditional, executed in rows
    )


def accesses(rows: Sequence[Sequence[Any]]) -> tuple[Access, ...]:
    """Look-ups of Variables and Connections, and of environment variables that are not set."""
    names = ("kind", "key", "operation", "answered_by", "file", "line", "count")
    found = [dict(zip(names, row, strict=True)) for row in rows]
    return tuple(
        Access(**{**row, "answered_by": row["answered_by"].replace("empty-default", "default")}) for row in found
    )


def lost_dags(rows: Sequence[Sequence[Any]]) -> tuple[LostDag, ...]:
    """DAGs that were created and not found."""
    return tuple(LostDag(dag_id=dag_id, file=file, line=line) for dag_id, file, line in rows)


def effects(rows: Sequence[dict[str, Any]]) -> tuple[Effect, ...]:
    """What else the file did, by line; a process that outlives the parse says so in its name."""
    return tuple(Effect(**{**_without_mark(row), "what": _shown_what(row)}) for row in rows)


def _without_mark(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "is_running"}


def _shown_what(row: dict[str, Any]) -> str:
    return f"{row['what']} (still running)" if row.get("is_running") else row["what"]


def _statements(rows: Sequence[Sequence[Any]], unqueued: Unqueued) -> tuple[Statement, ...]:
    """The statements that ran, in source order, with their parents' new positions."""
    ran = [position for position, row in enumerate(rows) if row[7] > 0]
    place = {old: new for new, old in enumerate(ran)}
    took = unqueued.statements_us(rows)
    return tuple(
        Statement(
            parent=place.get(row[0], -1),
            line=row[1],
            end_line=row[2],
            kind=row[3],
            text=row[4],
            wall_us=took[position],
            cpu_us=row[6],
            count=row[7],
            is_cut=row[8],
            building_us=round(unqueued.computing(row[9])),
            gc_us=round(unqueued.computing(row[10])),
            member=row[11],
        )
        for position, row in ((position, rows[position]) for position in ran)
    )


def stack(node: dict[str, Any]) -> Stack:
    """The sampled call tree."""
    return Stack(
        function=node["function"],
        file=node["file"],
        line=node["line"],
        wall_ms=node["wall_ms"],
        children=tuple(stack(child) for child in node["children"]),
    )
