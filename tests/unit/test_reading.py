"""The probe's answers as values of the vocabulary."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dagprof.link import reading
from dagprof.link.cpu_wait import NetTimes
from dagprof.link.messages.result import AccessRow, ModuleRow, StatementRow, Times, Traced
from dagprof.model import Access, Effect, Loads, Origin, Trace


def statement(line: int, kind: str, wall_us: int, cpu_us: int, parent: int = -1) -> StatementRow:
    return StatementRow(
        parent, line, line, kind, f"line {line}", wall_us, cpu_us, 1, False, 0, 0, ""
    )


def traced(sleeping_ms: int = 0) -> Traced:
    """A sleep of 200 ms, and an import that computes 100 ms, a third of it in another module,
    and may sleep.
    """
    columns = Loads(
        module=(0, 1),
        parent=(-1, 0),
        self_us=(100_000 + 1000 * sleeping_ms, 50_000),
        cumulative_us=(150_000 + 1000 * sleeping_ms, 50_000),
        importer=(-1, 0),
        line=(2, 1),
        caller_line=(0, 0),
        imports=(0, 0),
    )
    return Traced(
        gc_ms=3.0,
        compile_ms=1.5,
        loads=columns,
        edges=(),
        import_sets=((),),
        modules=tuple(ModuleRow(f"m{n}", "", Origin.USER) for n in range(4)),
        statements=(
            statement(1, "expr", 200_000, 0),
            statement(2, "import", 150_000 + 1000 * sleeping_ms, 100_000),
        ),
        memory=(),
        uninstrumented=(),
    )


def trace(found: Traced, wall_ms: float, cpu_ms: float, queued_ms: float) -> Trace:
    return reading.trace(found, Times(wall_ms=wall_ms, cpu_ms=cpu_ms, queued_ms=queued_ms))


def test_waiting_for_a_processor_is_taken_from_what_computes_and_from_no_sleep() -> None:
    found = trace(traced(), wall_ms=353, cpu_ms=100, queued_ms=50)
    assert found.wall_ms == 303
    assert [each.wall_us for each in found.statements] == [200_000, 100_000]
    assert found.loads.self_us == (66_667, 33_333)
    assert found.loads.cumulative_us == (100_000, 33_333)
    assert (found.gc_ms, found.compile_ms) == (2, 1)


def test_a_quiet_trace_stays_as_it_is() -> None:
    found = trace(traced(), wall_ms=303, cpu_ms=103, queued_ms=0)
    assert (found.wall_ms, found.gc_ms, found.compile_ms) == (303, 3, 1.5)
    assert [each.wall_us for each in found.statements] == [200_000, 150_000]
    assert found.loads.cumulative_us == (150_000, 50_000)


def test_no_statement_takes_less_than_its_cpu_time() -> None:
    """All of the wait fell on something else."""
    found = trace(traced(), wall_ms=453, cpu_ms=100, queued_ms=150)
    assert found.wall_ms == 303
    assert [each.wall_us for each in found.statements] == [200_000, 100_000]


def test_modules_that_sleep_lose_as_little_as_their_statement() -> None:
    found = trace(traced(sleeping_ms=450), wall_ms=803, cpu_ms=100, queued_ms=50)
    assert [each.wall_us for each in found.statements] == [200_000, 550_000]
    assert found.loads.cumulative_us == (550_000, round(50_000 * 550 / 600))


def test_each_load_loses_what_its_own_statement_loses() -> None:
    """Line 3 imports what sleeps, and computes nothing; line 4 calls a function that imports it."""
    found = traced()
    first = {
        "module": 2,
        "parent": -1,
        "self_us": 200_000,
        "cumulative_us": 200_000,
        "importer": -1,
        "line": 3,
    }
    again = {**first, "module": 3, "importer": 0, "line": 9, "caller_line": 4}
    columns = {
        name: (*getattr(found.loads, name), first.get(name, 0), again.get(name, 0))
        for name in Loads.__struct_fields__
    }
    rows = (*found.statements, statement(3, "import", 200_000, 0), statement(4, "expr", 200_000, 0))
    found = msgspec.structs.replace(found, loads=Loads(**columns), statements=rows)
    assert trace(found, 753, 100, 50).loads.self_us == (66_667, 33_333, 200_000, 200_000)


def test_a_statement_takes_no_less_than_those_inside_it() -> None:
    """Where it waited for a processor as long as it computed: the loop's own 20 us are less than
    its share of the wait.
    """
    waits = NetTimes(Times(wall_ms=300.0, cpu_ms=100.0, queued_ms=150.0))
    rows = [
        statement(0, "for", 60_120, 250),
        statement(0, "expr", 60_000, 100, parent=0),
        statement(0, "expr", 100, 50, parent=0),
    ]
    assert waits.statement_us(60_120, 250) < waits.statement_us(60_000, 100)
    loop, *inside = waits.statements_us(rows)
    assert loop == sum(inside)


def test_a_function_that_two_statements_call_makes_neither_longer_than_it_was() -> None:
    waits = NetTimes(Times(wall_ms=300.0, cpu_ms=100.0, queued_ms=0.0))
    body = statement(0, "body", 8_000, 8_000, parent=1)
    assert waits.statements_us([body, statement(0, "expr", 4_100, 4_100)]) == [8_000, 4_100]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        (AccessRow, ["variable", "key", "get", "stub", "/dags/a.py", 3]),
        (Access, {"kind": "variable", "key": "key", "operation": "get", "answered_by": "stub"}),
        (Effect, {"kind": "network", "what": "host:443"}),
    ],
)
def test_what_is_recorded_has_happened_at_least_once(kind: type, row: Any) -> None:
    """A count of zero would divide a price by zero."""

    def counted(number: int) -> Any:
        if isinstance(row, list):
            return msgspec.convert([*row, number], kind)
        return msgspec.convert({**row, "file": "/dags/a.py", "line": 3, "count": number}, kind)

    assert counted(1).count == 1
    with pytest.raises(msgspec.ValidationError, match="Expected `int` >= 1"):
        counted(0)
