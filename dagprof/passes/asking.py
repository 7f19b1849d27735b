"""Builds the requests for parses, and holds the limits of each parse."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from dagprof.config.settings import Depth
from dagprof.link.messages.reply import Reply
from dagprof.passes.plan import Mode

_HOUR_S = 3600
# The form of ``ParseRequest`` in dagprof/probe/protocol/worker.py.
Request = Mapping[str, object]
Ask = Callable[[Request], Reply]


class OutOfTime(Exception):
    """The time budget is spent: no parse began, or the running parse was stopped. The exception
    says nothing about the file.
    """


class ParseLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of each parse, and the number of repeats. ``always_traces``: each file gets a
    tracing pass. ``layer_scale``: a factor for the times of the worker's layer. ``examines``: each
    file gets one more parse for what the rules of ``dagprof check`` need.
    """

    time_limit_s: float
    memory_limit_kib: int | None
    repeat: int | None
    stacks_from_ms: float | None
    depth: Depth
    files: int
    spawns: bool
    pyinstrument: str | None
    always_traces: bool = False
    layer_scale: float = 1.0
    examines: bool = False


def next_hour_s() -> int:
    """The next full hour, in seconds since 1970. dagprof counts the runs of DAGs from then on."""
    return (int(time.time()) // _HOUR_S + 1) * _HOUR_S


def parse_request(mode: Mode, path: Path, limits: ParseLimits) -> dict[str, object]:
    """The message that asks for one parse."""
    return {
        "op": "parse",
        "mode": mode.value,
        "file": str(path),
        "time_limit_s": limits.time_limit_s,
        "memory_limit_kib": limits.memory_limit_kib,
        "spawn": limits.spawns,
        "layer_scale": limits.layer_scale,
    }
