from __future__ import annotations

from typing import Any

import pytest

from dagprof.link import reading
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import EffectRow, Result, Traced
from dagprof.model import Failure, FileResult, Loads, Status
from dagprof.passes.outcome import Passes

NOTHING = Traced(
    gc_ms=0.0,
    compile_ms=0.0,
    loads=Loads(),
    edges=(),
    import_sets=(),
    modules=(),
    statements=(),
    memory=(),
    uninstrumented=(),
)


def traced(wall_ms: float, queued_ms: float) -> Reply:
    result = Result(
        failures=(), dag_ids=("a",), wall_ms=wall_ms, queued_ms=queued_ms, trace=NOTHING
    )
    return Reply(outcome="ended", result=result, total_ms=wall_ms)


def test_of_several_traces_the_least_disturbed_is_kept() -> None:
    """The second slept, which the kernel called waiting; the fourth was slow all the way."""
    passes = Passes("a.py", "", 0)
    for wall_ms, queued_ms in ((150.0, 45.0), (105.0, 46.0), (106.0, 1.0), (190.0, 0.0)):
        assert passes.add("trace", traced(wall_ms, queued_ms))
    assert passes.traced_ms == (106.0, 1.0)


def effect(what: str, line: int, *, is_running: bool) -> EffectRow:
    return EffectRow(kind="process", what=what, file="/dags/a.py", line=line, is_running=is_running)


def held(effects: list[EffectRow]) -> Failure:
    passes = Passes("a.py", "", 0)
    passes.trace = Result(
        failures=(), effects=tuple(effects), trace=NOTHING, wall_ms=1.0, cpu_ms=1.0
    )
    passes.settled = Reply(outcome="held", result=Result(failures=()), exit_code=0, total_ms=1.0)
    (failure,) = passes.measured().result.failures
    return failure


def test_a_held_parse_is_blamed_on_the_process_that_still_runs() -> None:
    """By the mark of the row: a command may have any name, also one that ends like the mark in
    reports.
    """
    failure = held(
        [
            effect("tail -f x (still running)", 3, is_running=False),
            effect("sleep 9", 5, is_running=True),
        ]
    )
    assert (failure.file, failure.line) == ("/dags/a.py", 5)
    assert failure.message.startswith("The process sleep 9 is still running after the parse")


def test_without_one_that_runs_the_last_that_was_started_is_blamed() -> None:
    failure = held([effect("a", 3, is_running=False), effect("b", 5, is_running=False)])
    assert (failure.line, failure.message[:13]) == (5, "The process b")
    assert held([]).message.startswith("A process is still running after the parse")


def test_a_process_that_still_runs_says_so_in_its_name() -> None:
    running, done = reading.effects(
        [effect("sleep 9", 5, is_running=True), effect("ls", 6, is_running=False)]
    )
    assert (running.what, done.what) == ("sleep 9 (still running)", "ls")


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({}, True),
        ({"signal": 9}, False),
        ({"exit_code": 1}, False),
        ({"status": Status.EXITED}, False),
    ],
)
def test_a_parse_that_nobody_saw_end_took_the_measuring_along(
    changes: dict[str, Any], ended: bool
) -> None:
    assert (
        FileResult(**{"path": "a.py", "status": Status.KILLED, **changes}).ended_measuring is ended
    )
