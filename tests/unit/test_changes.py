"""Texts about the changes of a plan, without a scan."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from dagprof.analyse.fleet import Change, Plan, Step
from dagprof.model import Place
from dagprof.report import changes, markdown
from dagprof.report.page import overview
from dagprof.report.text import plan as terminal
from unit.builders import file, run


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


_FIRST = Step((_call("a.py", "connect"),), adds_ms=400.0, proved_ms=0.0, total_ms=600.0, files=1)
_SECOND = Step((_call("b.py", "load"),), adds_ms=350.0, proved_ms=0.0, total_ms=250.0, files=1)
_PLAN = Plan(1000.0, (_FIRST, _SECOND), floor_ms=250.0, files_faster=2, untried=0)


def test_tables_of_a_plan_label_the_saving_of_a_change_with_the_changes_above() -> None:
    stream = io.StringIO()
    terminal.render(run(file("a.py", 1000)), _PLAN, Console(file=stream, width=200))
    lines = stream.getvalue().splitlines()
    (header,) = (line for line in lines if "evidence" in line)
    above = lines[lines.index(header) - 1]
    assert f"{above} {header}".split() == [
        *("with", "changes", "saves", "above", "files", "evidence", "where", "what", "to", "do")
    ]
    rows = [line.split()[:4] for line in lines if "estimated" in line]
    assert rows == [["400", "ms", "400", "ms"], ["350", "ms", "750", "ms"]]

    written = markdown.render(run(file("a.py", 1000)), _PLAN, None)
    assert "| saves | with changes above |" in written
    assert "| 2 | 350 ms | 750 ms |" in written


def test_the_page_labels_the_saving_with_the_changes_above_from_the_second_change() -> None:
    steps = overview._plan(run(file("a.py", 1000)), _PLAN)["steps"]
    assert isinstance(steps, list)
    assert [step["with_above"] for step in steps] == ["", "750 ms"]
