"""What the gate names as the reason of a change, and where."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from dagprof.config.policy import Level
from dagprof.judge.judgement import Outcome
from dagprof.model import FileResult
from unit.builders import file, loads, samples, statement, trace
from unit.gating import (
    CALLED,
    FRAMES,
    HELPER_ALONE,
    NO_LOADS,
    after,
    before,
    blamed,
    effect,
    judged,
    policy,
    times,
)


def test_a_new_import_in_the_dag_file_is_named() -> None:
    assert blamed(before(), after(loads((1, -1, 300_000, 300_000, -1, 7)))) == (
        "line 7 now imports `pandas`",
        "a.py",
        7,
    )
    with_numpy = loads((1, -1, 100_000, 300_000, -1, 7), (3, 0, 200_000, 200_000, 1, 2))
    assert (
        blamed(before(), after(with_numpy))[0] == "line 7 now imports `pandas`, which loads numpy"
    )


def test_a_new_import_in_a_helper_is_named_at_the_helper() -> None:
    loaded = loads((0, -1, 1_000, 301_000, -1, 4), (1, 0, 300_000, 300_000, 0, 12))
    text, place, line = blamed(before(HELPER_ALONE), after(loaded))
    assert (text, place, line) == ("common/frames.py:12 now imports `pandas`", FRAMES, 12)


def test_a_new_helper_is_named_with_the_heavy_package_behind_it() -> None:
    loaded = loads((0, -1, 1_000, 301_000, -1, 4), (1, 0, 300_000, 300_000, 0, 12))
    assert blamed(before(), after(loaded)) == (
        "line 4 now imports `common.frames`, which loads pandas",
        "a.py",
        4,
    )


def test_of_what_a_line_asks_for_the_module_that_takes_most_is_named() -> None:
    """``from pandas import core`` loads pandas with numpy, then pandas.core through the
    ``__getattr__`` of pandas.
    """
    loaded = loads(
        (1, -1, 20_000, 80_000, -1, 7),
        (3, 0, 60_000, 60_000, 1, 2),
        (2, -1, 230_000, 230_000, 1, 9),
    )
    loaded = msgspec.structs.replace(loaded, caller_line=(7, 2, 7))
    assert blamed(before(), after(loaded))[0] == "line 7 now imports `pandas.core`"
    (told,) = judged([after(loaded)], [before()]).files
    assert told.reason.endswith(". Before the change, line 7 imported `pandas.core`")


def test_an_import_that_is_new_without_a_change_of_its_file_is_told_with_the_helper_that_changed() -> (
    None
):
    """Line 4 takes another name from a lazy module, since the helper's table at its line 2
    changed.
    """
    loaded = loads((0, -1, 1_000, 1_000, -1, 3), (1, -1, 300_000, 300_000, -1, 4))
    text = "line 4 now imports `pandas`"
    assert blamed(before(HELPER_ALONE), after(loaded), {FRAMES: (2,)}) == (
        f"{text} (probably due to the change at common/frames.py:2)",
        FRAMES,
        2,
    )
    assert blamed(before(HELPER_ALONE), after(loaded), {FRAMES: (2,), "a.py": (1,)}) == (
        f"{text} (probably due to the change at a.py:1 and common/frames.py:2)",
        "a.py",
        0,
    )


@pytest.mark.parametrize(
    ("base", "lines"),
    [
        (before(HELPER_ALONE), {"a.py": (7,)}),
        (before(HELPER_ALONE, statements=[statement(7, 1, text="build(1)")]), {}),
        (before(HELPER_ALONE, statements=[statement(7, 1, text="build(1)")]), {"a.py": (8,)}),
    ],
    ids=["a changed line", "a baseline's statements", "a statement that goes on"],
)
def test_a_new_call_that_imports_is_no_import(
    base: FileResult, lines: dict[str, Sequence[int]]
) -> None:
    """Line 4 imports the helper on both sides; line 7 calls a function of it, which imports
    pandas.
    """
    head = after(CALLED, statements=[statement(7, 300_000, text="build()")])
    text = "line 7 now calls into `common.frames`, which loads pandas"
    assert blamed(base, head, lines) == (text, "a.py", 7)


@pytest.mark.parametrize("lines", [{FRAMES: (12,)}, {}], ids=["changed lines", "a baseline"])
def test_a_new_import_in_a_function_that_was_called_before_is_named_there(
    lines: dict[str, Sequence[int]],
) -> None:
    """Line 7 called it before, too, when it imported nothing."""
    call = statement(7, 300_000, text="build()")
    base = before(HELPER_ALONE, statements=[msgspec.structs.replace(call, wall_us=1)])
    text = "common/frames.py:12 now imports `pandas`"
    assert blamed(base, after(CALLED, statements=[call]), lines) == (text, FRAMES, 12)


def test_a_new_helper_whose_own_code_is_slow_is_named() -> None:
    text, place, line = blamed(before(), after(loads((0, -1, 300_000, 300_000, -1, 4))))
    assert text == "line 4 now imports `common.frames`, whose own code takes most of the added time"
    assert (place, line) == ("a.py", 4)


def test_a_helpers_own_code_is_named_at_its_changed_line() -> None:
    slow = after(loads((0, -1, 300_000, 300_000, -1, 4)))
    assert blamed(before(HELPER_ALONE), slow, {FRAMES: (12, 13)}) == (
        "the module-level code of common/frames.py, which changed at line 12, takes longer",
        FRAMES,
        12,
    )
    assert blamed(before(HELPER_ALONE), slow) == (
        "the module-level code of common/frames.py takes longer",
        FRAMES,
        1,
    )


def test_what_seems_to_be_behind_an_undecided_change_is_named_too() -> None:
    slow = after(loads((1, -1, 300_000, 300_000, -1, 7)), samples=samples(*times(400)[:4]))
    base = file("a.py", *times(100)[:4], trace=trace(100, NO_LOADS, ()))
    (told,) = judged([base], [slow], policy(**{"new-package": Level.OFF})).files
    assert told.outcome is Outcome.CANNOT_TELL
    assert told.reason.endswith(
        "between +300 and +300 ms. Possible cause: line 7 now imports `pandas`"
    )
    assert (told.findings[0].file, told.findings[0].line) == ("a.py", 7)


def test_a_slower_statement_is_named() -> None:
    old, slow = statement(8, 10_000, text="build()"), statement(9, 310_000, text="build()")
    one, other = before(statements=[old]), after(statements=[slow])
    text, place, line = blamed(one, other)
    assert text == "line 9 takes longer (`build()`)"
    assert (place, line) == ("a.py", 9)


def test_a_new_statement_is_named() -> None:
    text, place, line = blamed(
        before(), after(statements=[statement(9, 310_000, text="build(  1,\n 2)")])
    )
    assert text == "line 9 is new (`build( 1, 2)`)"
    assert (place, line) == ("a.py", 9)


def test_a_changed_helper_is_behind_a_statement_that_did_not_change() -> None:
    old, slow = statement(9, 10_000, text="build()"), statement(9, 310_000, text="build()")
    one, other = before(HELPER_ALONE, statements=[old]), after(HELPER_ALONE, statements=[slow])
    assert blamed(one, other, {FRAMES: (20,)}) == (
        "`build()` at line 9 takes longer (probably due to the change at common/frames.py:20)",
        FRAMES,
        20,
    )
    assert blamed(one, other, {FRAMES: (20,), "a.py": (9,)})[1:] == ("a.py", 9)
    assert blamed(one, other, {"common/other.py": (20,)})[1:] == ("a.py", 0)


def test_more_tasks_are_named() -> None:
    much = samples(*times(400), load=0.1, serialise=0.6)
    text, place, line = blamed(
        before(), after(samples=much, task_count=202, dag_ids=("d", "e")), {"a.py": (6, 7)}
    )
    assert (text, place, line) == (
        "the file creates 1 more DAG and 200 more tasks (line 6)",
        "a.py",
        6,
    )
    building = [statement(5, 9_000, building_us=8_000), statement(6, 100)]
    assert (
        blamed(before(), after(samples=much, task_count=202, statements=building))[0]
        == "the file creates 200 more tasks (line 5)"
    )
    assert (
        blamed(before(), after(samples=much, task_count=202))[0]
        == "the file creates 200 more tasks"
    )


def test_more_tasks_are_named_where_they_are_made() -> None:
    """Not at the first changed line: the changed line of the loop, or of what it names."""
    much = samples(*times(400), load=0.1, serialise=0.6)
    rows = [
        statement(3, 10, text="COUNT = 400"),
        statement(8, 9_000, text="for i in range(COUNT):", kind="for", end_line=9),
        statement(9, 99_000, parent=1, text="make(i)", building_us=98_000),
    ]
    head = after(samples=much, task_count=202, statements=rows)
    assert blamed(before(), head, {"a.py": (1, 8)})[0] == "the file creates 200 more tasks (line 8)"
    assert blamed(before(), head, {"a.py": (2, 3)})[0] == "the file creates 200 more tasks (line 3)"


def test_more_tasks_of_a_changed_helpers_number_are_named_there() -> None:
    much = samples(*times(400), load=0.1, serialise=0.6)
    building = [statement(5, 9_000, building_us=8_000)]
    head = after(HELPER_ALONE, samples=much, task_count=202, statements=building)
    base = before(HELPER_ALONE, statements=building)
    text = "the file creates 200 more tasks (line 5) (probably due to the change at common/frames.py:2)"
    assert blamed(base, head, {FRAMES: (2, 9)}) == (text, FRAMES, 2)
    assert blamed(base, head, {FRAMES: (2,), "a.py": (6,)}) == (
        "the file creates 200 more tasks (line 6)",
        "a.py",
        6,
    )


@pytest.mark.parametrize(
    ("kind", "what", "text"),
    [
        ("sleep", "0.3 s", "common/frames.py:20 now sleeps (300 ms)"),
        ("http", "example.org", "common/frames.py:20 now sends a request to example.org (300 ms)"),
        ("file-read", "big.csv", "common/frames.py:20 now reads big.csv (300 ms)"),
    ],
)
def test_an_effect_tells_the_line_better(kind: str, what: str, text: str) -> None:
    slow = loads((0, -1, 300_000, 300_000, -1, 4))
    head = after(slow, effects=(effect(kind, what, line=20, wall_us=300_000),))
    (told,) = judged(
        [before(HELPER_ALONE)],
        [head],
        policy(**{"new-network": Level.OFF}),
        changed_lines={FRAMES: (2,)},
    ).files
    assert (
        told.reason.partition(", because ")[2]
        == f"{text} (probably due to the change at common/frames.py:2)"
    )
    assert (told.findings[0].file, told.findings[0].line) == (FRAMES, 2)


def test_an_effect_that_was_there_before_or_is_short_is_not_named() -> None:
    slow = loads((0, -1, 300_000, 300_000, -1, 4))
    for old_us, new_us in ((300_000, 310_000), (0, 50_000)):
        base = before(HELPER_ALONE, effects=(effect("sleep", line=20, wall_us=old_us),))
        assert blamed(base, after(slow, effects=(effect("sleep", line=20, wall_us=new_us),)))[
            1:
        ] == (FRAMES, 1)


@pytest.mark.parametrize(
    ("kind", "what", "now", "past"),
    [
        (
            "sleep",
            "time.sleep",
            "sleeps 250 ms longer (350 ms in total)",
            "slept 250 ms longer (350 ms in total)",
        ),
        (
            "process",
            "git",
            "takes 250 ms longer to run git (350 ms in total)",
            "took 250 ms longer to run git (350 ms in total)",
        ),
        (
            "file-read",
            "x.csv",
            "takes 250 ms longer to read x.csv (350 ms in total)",
            "took 250 ms longer to read x.csv (350 ms in total)",
        ),
    ],
)
def test_an_effect_that_takes_longer_is_not_called_new(
    kind: str, what: str, now: str, past: str
) -> None:
    """Another line does the same on both sides, for as long as before."""
    slow = loads((0, -1, 300_000, 300_000, -1, 4))
    same = effect(kind, what, line=9, wall_us=40_000)
    base = before(HELPER_ALONE, effects=(effect(kind, what, line=19, wall_us=100_000), same))
    head = after(slow, effects=(same, effect(kind, what, line=20, wall_us=350_000)))
    off = policy(**{"new-process": Level.OFF})
    assert (
        judged([base], [head], off).files[0].reason.endswith(f", because common/frames.py:20 {now}")
    )
    assert (
        judged([head], [base], off)
        .files[0]
        .reason.endswith(f". Before the change, common/frames.py:20 {past}")
    )


def test_an_effect_at_a_new_line_is_new_although_another_line_does_the_same() -> None:
    slow = loads((0, -1, 300_000, 300_000, -1, 4))
    same = effect("sleep", "time.sleep", line=9, wall_us=100_000)
    base = before(HELPER_ALONE, effects=(same,))
    head = after(slow, effects=(same, effect("sleep", "time.sleep", line=20, wall_us=300_000)))
    assert blamed(base, head) == ("common/frames.py:20 now sleeps (300 ms)", FRAMES, 20)
