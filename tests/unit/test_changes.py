"""Texts about the changes of a plan, without a scan."""

from __future__ import annotations

import pytest

from dagprof.analyse.fleet import Change, Step
from dagprof.model import Place
from dagprof.report import changes


def _call(file: str, called: str, *assigned: str) -> Change:
    return Change(
        place=Place(file=file, line=3),
        loads=(),
        chain=(),
        saving_ms=10.0,
        proved_ms=0.0,
        files=1,
        modules=0,
        memory_kib=0,
        not_needed=1,
        needed=0,
        untried=0,
        reason="",
        cautions=(),
        called=called,
        assigned=assigned,
    )


def _step(*calls: Change) -> Step:
    return Step(changes=calls, adds_ms=20.0, proved_ms=0.0, total_ms=100.0, files=2)


@pytest.mark.parametrize(
    ("calls", "is_same"),
    [
        ((_call("a.py", "connect"), _call("b.py", "connect")), True),
        ((_call("a.py", "connect"),), False),
        ((_call("a.py", "connect"), _call("b.py", "load")), False),
        ((_call("a.py", "connect"), _call("b.py", "")), False),
        ((_call("a.py", "connect", "db"), _call("b.py", "connect", "db")), False),
        ((_call("a.py", "connect"), _call("b.py", "connect"), _call("c.py", "load", "x")), False),
    ],
)
def test_only_equal_calls_without_a_result_are_one_change(
    calls: tuple[Change, ...], is_same: bool
) -> None:
    assert changes.is_same_call(_step(*calls)) is is_same


def test_a_step_names_the_call_that_assigns_its_result_too() -> None:
    step = _step(_call("a.py", "connect"), _call("b.py", "connect"), _call("c.py", "load", "x"))

    assert "c.py:3" in changes.instruction(step)
