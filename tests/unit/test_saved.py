"""What a save changed: the certainty of a difference, its reasons, and the printed block."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from dagprof.gate.tied import Changed
from dagprof.model import Access, Effect, Failure, FileResult, Place, Status
from dagprof.report.text import watch
from dagprof.saved import differences, times
from dagprof.saved.values import (
    Difference,
    Event,
    Explained,
    Gone,
    Kind,
    Listed,
    Note,
    Parsed,
    Problem,
    Started,
    Time,
    to_json,
)
from unit.builders import HELPED, file, loads, run, samples, trace

NO_LOADS = loads()


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        ((20.0, 20.5), (22.0, 21.0), Kind.SAME),
        ((20.0, 20.5), (45.0, 44.5), Kind.SLOWER),
        ((45.0, 44.5), (20.0, 20.5), Kind.FASTER),
        ((1000.0,), (1100.0,), Kind.SAME),
        ((1000.0,), (1400.0,), Kind.SLOWER),
        ((20.0, 60.0, 100.0), (20.0, 21.0), Kind.SAME),
        ((), (20.0,), Kind.FIRST),
        ((20.0,), (), Kind.UNTIMED),
    ],
)
def test_a_difference_within_the_noise_is_no_change(
    before: tuple[float, ...], now: tuple[float, ...], kind: Kind
) -> None:
    assert times.compared(file("a.py", *before), file("a.py", *now)).kind is kind


def slept(*wall_ms: float) -> FileResult:
    """A file that waits for all of its time but 100 ms."""
    plain = samples(*wall_ms)
    cpu = tuple(100.0 for _ in wall_ms)
    return file("a.py", samples=type(plain)(**{**_columns(plain), "cpu_ms": cpu}))


def _columns(plain: Any) -> dict[str, Any]:
    return {name: getattr(plain, name) for name in plain.__struct_fields__}


def test_a_single_parse_that_took_longer_without_cpu_time_is_unsure() -> None:
    assert times.compared(slept(500.0), slept(590.0)).kind is Kind.UNSURE
    assert times.compared(slept(500.0, 500.5), slept(590.0, 590.5)).kind is Kind.SLOWER
    assert times.compared(slept(500.0), slept(5_000.0)).kind is Kind.SLOWER


def test_a_seeming_change_is_confirmed_by_one_more_parse() -> None:
    assert times.is_doubtful(file("a.py", 20.0, 20.5), (40.0, 40.2))
    assert not times.is_doubtful(file("a.py", 20.0, 20.5), (21.0, 20.7))
    assert not times.is_doubtful(None, (40.0, 40.2))


def difference(before: FileResult, now: FileResult) -> Difference:
    time = times.compared(before, now)
    return differences.difference(run(before), run(now), Changed(), time)


def test_new_imports_are_the_reason_with_their_cost_and_line() -> None:
    old = file("a.py", 20.0, 20.5, trace=trace(20, NO_LOADS))
    new = file("a.py", 100.0, 100.5, trace=trace(100, HELPED))
    found = difference(old, new)
    assert found.cause == "line 4 now imports `common.frames`, which loads pandas"
    assert [row.name for row in found.loads] == ["pandas", "numpy", "common.frames", "json"]
    assert found.loads[0].place == Place(file="common/frames.py", line=1)
    assert difference(new, old).no_longer_loads == found.loads


def test_new_lookups_and_effects_have_a_line_and_known_ones_are_left_out() -> None:
    known = Effect(kind="file-read", what="x.json", file="/dags/a.py", line=3)
    query = Effect(kind="database", what="db:5432", file="/dags/a.py", line=5, wall_us=30_000)
    asked = Access(
        kind="variable",
        key="team",
        operation="get",
        answered_by="stub",
        file="/dags/a.py",
        line=7,
    )
    old = file("a.py", 20.0, trace=trace(20, NO_LOADS), effects=(known,))
    new = file("a.py", 20.0, trace=trace(20, NO_LOADS), effects=(known, query), accesses=(asked,))
    assert [(row.what, str(row.place), row.ms) for row in difference(old, new).does] == [
        ("looks up Variable team", "a.py:7", None),
        ("queries the database db:5432", "a.py:5", 30.0),
    ]


def test_without_an_earlier_trace_the_changed_lines_are_the_reason() -> None:
    old = file("a.py", 20.0, 20.5)
    new = file("a.py", 100.0, 100.5, trace=trace(100, HELPED))
    lines = {"common/frames.py": (1,)}
    found = differences.difference(
        run(old), run(new), Changed(lines, lines, lines), times.compared(old, new)
    )
    assert found.cause == "common/frames.py:1 now loads pandas"
    assert [row.name for row in found.loads] == ["pandas", "numpy"]
    assert difference(old, new).loads == ()


def test_without_another_reason_the_cpu_time_of_the_own_code_is_the_reason() -> None:
    found = difference(file("a.py", 20.0, 20.5), file("a.py", 120.0, 120.5))
    assert found.cause == "the file's own code uses 90 ms more CPU time"
    found = difference(slept(500.0, 500.1), slept(900.0, 900.1))
    assert found.cause.startswith("the parse waits ")


def test_a_failure_stands_at_its_line() -> None:
    failure = Failure(type="KeyError", message="'x'", file="/dags/common/db.py", line=5)
    broken = file("a.py", 5.0, status=Status.IMPORT_ERROR, failures=(failure,))
    assert differences.problems(broken, "/dags") == (
        Problem(text="KeyError: 'x'", place=Place(file="common/db.py", line=5)),
    )


def parsed(**changes: Any) -> Parsed:
    time = Time(kind=Kind.SAME, now_ms=20.0, before_ms=21.0, difference_ms=-1.0, noise_ms=6.0)
    values: dict[str, Any] = {
        "path": "a.py",
        "saved": ("a.py",),
        "status": Status.OK,
        "time": time,
        "dags": 1,
        "dags_before": 1,
    }
    return Parsed(**{**values, **changes})


def printed(event: Event) -> str:
    stream = io.StringIO()
    watch.render(event, console=Console(file=stream, width=120), clock="12:00:00")
    return stream.getvalue()


def test_a_block_names_the_file_the_times_and_the_certainty() -> None:
    assert printed(parsed()) == "\n12:00:00  a.py  21 ms → 20 ms  no change (noise ±6 ms)\n"
    slower = Time(kind=Kind.SLOWER, now_ms=60.0, before_ms=20.0, difference_ms=40.0, noise_ms=6.0)
    text = printed(parsed(time=slower, saved=("common/db.py",), dags=3))
    assert "a.py (saved: common/db.py)  20 ms → 60 ms  slower: +40 ms (+200%, noise ±6 ms)" in text
    assert text.endswith("DAGs: 1 → 3\n")


def test_a_file_that_fails_is_shown_with_its_line_and_then_as_fixed() -> None:
    problem = Problem(text="KeyError: 'x'", place=Place(file="common/db.py", line=5))
    text = printed(parsed(status=Status.IMPORT_ERROR, problems=(problem,)))
    assert "a.py  import error (before: 21 ms)\n  common/db.py:5  KeyError: 'x'\n" in text
    assert "fixed, loads again: 21 ms → 20 ms" in printed(parsed(is_fixed=True))


def test_the_first_list_has_the_slowest_files_and_all_failures() -> None:
    problem = Problem(text="KeyError: 'x'", place=Place(file="z.py", line=5))
    rows = [Listed(path=f"f{n}.py", status=Status.OK, ms=100.0 - n) for n in range(12)]
    rows.append(Listed(path="z.py", status=Status.IMPORT_ERROR, ms=1.0, problems=(problem,)))
    text = printed(Started(files=tuple(rows), airflow_version="3.3.2"))
    assert "Airflow 3.3.2 parses 13 files in 1.14 s." in text
    assert "f9.py" in text
    assert "f10.py" not in text
    assert "z.py:5  KeyError: 'x'" in text


HOSTILE = "\x1b[31m::error::x\u202e\n"


@pytest.mark.parametrize(
    "event",
    [
        parsed(path=HOSTILE, saved=(HOSTILE,), before=HOSTILE),
        parsed(
            status=Status.IMPORT_ERROR,
            problems=(Problem(text=HOSTILE, place=Place(file=HOSTILE, line=1)),),
        ),
        Explained(path=HOSTILE, difference=Difference(cause=HOSTILE)),
        Gone(path=HOSTILE, is_deleted=True),
        Note(text=HOSTILE),
    ],
    ids=lambda event: type(event).__name__,
)
def test_hostile_texts_are_escaped(event: Event) -> None:
    text = printed(event)
    assert "\x1b" not in text
    assert "::error" not in text
    assert "\u202e" not in text


def test_each_event_is_one_line_of_json_with_its_kind() -> None:
    line = to_json(parsed())
    assert "\n" not in line
    assert json.loads(line)["event"] == "parsed"
    assert json.loads(line)["time"]["kind"] == "no change"
