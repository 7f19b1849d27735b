"""Reasons of a change where several compete, or where it is an improvement."""

from __future__ import annotations

import msgspec
import pytest

from dagprof.gate import reasons
from dagprof.gate.parsed import Parsed
from dagprof.gate.tied import Changed
from dagprof.judge.judgement import Outcome
from dagprof.model import FileResult, Module
from unit.builders import MODULES, file, loads, run, samples, statement, trace
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
    times,
)


def test_what_explains_little_of_the_change_is_not_named() -> None:
    (told,) = judged([before()], [after(loads((4, -1, 20_000, 20_000, -1, 7)))]).files
    assert told.reason == "a.py is 300 ms (299 %) slower. No single line explains the change"
    assert (told.findings[0].file, told.findings[0].line) == ("a.py", 0)


def test_an_improvement_tells_what_the_old_version_did() -> None:
    loaded = loads((1, -1, 300_000, 300_000, -1, 7))
    (told,) = judged([after(loaded)], [before()]).files
    assert told.outcome is Outcome.IMPROVEMENT
    assert (
        told.reason == "a.py is 300 ms (75 %) faster. Before the change, line 7 imported `pandas`"
    )
    assert told.findings == ()


@pytest.mark.parametrize(
    ("slow", "fast", "past"),
    [
        (
            after(statements=[statement(8, 310_000, text="KEY = digest(9)")]),
            before(),
            "line 8 was `KEY = digest(9)`",
        ),
        (
            after(statements=[statement(8, 310_000, text="digest()")]),
            before(statements=[statement(8, 10_000, text="digest()")]),
            "line 8 took longer (`digest()`)",
        ),
        (
            after(samples=samples(*times(400), load=0.1, serialise=0.6), task_count=382),
            before(),
            "the file created 380 more tasks",
        ),
        (
            after(loads((0, -1, 300_000, 300_000, -1, 4))),
            before(HELPER_ALONE),
            "the module-level code of common/frames.py took longer",
        ),
        (
            after(loads((0, -1, 300_000, 300_000, -1, 4))),
            before(),
            "line 4 imported `common.frames`, whose own code took most of that time",
        ),
        (
            after(CALLED, statements=[statement(7, 300_000, text="build()")]),
            before(HELPER_ALONE, statements=[statement(7, 1, text="build(1)")]),
            "line 7 called into `common.frames`, which loaded pandas",
        ),
    ],
)
def test_what_the_old_version_did_is_told_in_the_past(
    slow: FileResult, fast: FileResult, past: str
) -> None:
    (told,) = judged([slow], [fast]).files
    assert told.reason == f"a.py is 300 ms (75 %) faster. Before the change, {past}"


def test_what_takes_much_more_than_the_change_was_there_before_in_another_form() -> None:
    """Line 3 was renamed, line 4 is new."""
    old, new = (statement(3, 600_000, text=f"{name} = burn()") for name in ("x", "xx"))
    base = file("a.py", *times(700), trace=trace(700, NO_LOADS, (old,)))
    head = file(
        "a.py",
        *times(1000),
        trace=trace(1000, NO_LOADS, (new, statement(4, 280_000, text="more()"))),
    )
    assert blamed(base, head) == ("line 4 is new (`more()`)", "a.py", 4)


def test_a_sleep_that_moved_is_no_cause_and_a_second_one_is() -> None:
    """It stood in the DAG file, and both stand in a function that line 5 calls now."""
    here = effect("sleep", line=5, wall_us=300_000, file="/dags/a.py")
    base = before(statements=[statement(5, 300_000, text="sleep(0.3)")], effects=(here,))
    moved, more = (effect("sleep", line=line, wall_us=300_000) for line in (4, 9))
    head = after(
        statements=[statement(5, 600_000, text="w()"), statement(6, 3_000, text="y()")],
        effects=(moved, more),
    )
    assert blamed(base, head) == ("common/frames.py:9 now sleeps (300 ms)", FRAMES, 9)


def test_an_effect_beside_a_larger_cause_is_not_named() -> None:
    loaded = loads((1, -1, 250_000, 250_000, -1, 7))
    slept = effect("sleep", line=9, wall_us=140_000)
    assert blamed(before(), after(loaded, effects=(slept,)))[0] == "line 7 now imports `pandas`"


def test_two_causes_that_share_a_change_are_both_named() -> None:
    """A sleep is no reason to keep quiet about a larger import, nor the other way round."""
    loaded = loads((1, -1, 170_000, 170_000, -1, 7))
    slept = effect("sleep", line=9, wall_us=130_000, file="/dags/a.py")
    head = after(
        loaded,
        statements=[statement(7, 170_000), statement(9, 130_000, text="sleep(1)")],
        effects=(slept,),
    )
    text = "line 7 now imports `pandas`, and line 9 now sleeps (130 ms)"
    assert blamed(before(), head) == (text, "a.py", 7)


def test_code_at_the_top_of_a_helper_is_named_where_it_works() -> None:
    base, head = (
        file("a.py", *times(ms), trace=trace(ms, loads((0, -1, us, us, -1, 4)), ()))
        for ms, us in ((100, 1_000), (400, 301_000))
    )
    (told,) = judged(
        [base], [head], changed_lines={FRAMES: (5, 16)}, working_lines={FRAMES: (16,)}
    ).files
    assert told.reason.endswith(
        "because the module-level code of common/frames.py, which changed at line 16, takes longer"
    )


def test_of_several_changed_helpers_the_one_that_is_named_is_told() -> None:
    rows = loads((0, -1, 1_000, 1_000, -1, 4), (1, -1, 1_000, 1_000, -1, 5))
    helpers = (*MODULES[:1], Module(name="other", file="/dags/other.py"), *MODULES[2:])
    lines = {FRAMES: (2,), "other.py": (7,)}

    def told(text: str) -> tuple[str, str, int]:
        slow = after(rows, statements=[statement(8, 300_000, text=text)])
        base = run(before(rows, statements=[statement(8, 1, text=text)]), modules=helpers)
        cause = reasons.cause(
            Parsed(base.files[0], base),
            Parsed(slow, run(slow, modules=helpers)),
            300,
            Changed(lines),
        )
        assert cause is not None
        return cause.text, cause.place.file, cause.place.line

    assert told("x = other.f()") == (
        "`x = other.f()` at line 8 takes longer (probably due to the change at other.py:7)",
        "other.py",
        7,
    )
    assert told("x = f()")[1:] == ("a.py", 0)
    assert told("x = f()")[0].endswith(
        " (probably due to the change at common/frames.py:2 and other.py:7)"
    )


def test_a_program_with_other_arguments_is_no_new_program() -> None:
    """A process number or a file of a temporary folder stands in many command lines."""
    old, new = effect("process", "git log 17"), effect("process", "git log 18")
    same = (
        before(effects=(old,)),
        file("a.py", *times(100), trace=trace(100, NO_LOADS), effects=(new,)),
    )
    assert judged([same[0]], [same[1]]).files[0].findings == ()
    more = msgspec.structs.replace(same[1], effects=(new, effect("process", "git status")))
    assert len(judged([same[0]], [more]).files[0].findings) == 1


def test_a_changed_line_is_named_before_an_unchanged_one_that_takes_more() -> None:
    """One traced parse on a busy machine may have any statement take longer; the helper's code
    did not change either.
    """
    rows = [statement(3, 10, text="with DAG()"), statement(9, 10_000, text="make()")]
    slow = [statement(3, 150_000, text="with DAG()"), statement(9, 170_000, text="make()")]
    base = before(HELPER_ALONE, statements=rows)
    head = after(loads((0, -1, 120_000, 120_000, -1, 4)), statements=slow)
    assert blamed(base, head, {"a.py": (3,)}) == ("line 3 takes longer (`with DAG()`)", "a.py", 3)
    assert blamed(base, head, {"a.py": (2,)}) == (
        "line 9 takes longer (`make()`) (probably due to the change at a.py:2)",
        "a.py",
        2,
    )
    assert (
        blamed(base, head)[0]
        == "line 9 takes longer (`make()`), and line 3 takes longer (`with DAG()`)"
    )


def test_dags_that_take_longer_to_check_and_serialise_without_more_tasks() -> None:
    """A parameter with a schema, for example: the file itself loads as fast as before."""
    fast, slow = (
        samples(*times(400), load=0.2, serialise=0.1),
        samples(*times(500), load=0.2, serialise=0.3),
    )
    rows = [
        statement(3, 10, text="PARAMS = {}"),
        statement(5, 9_000, text="with DAG(params=PARAMS)", building_us=8_000),
    ]
    base = before(statements=rows)
    base = msgspec.structs.replace(base, samples=fast)
    text = "checking and serialising the DAGs takes 80 ms longer"
    for lines, line in (((5,), 5), ((3,), 3), ((1,), 0)):
        (told,) = judged(
            [base], [after(samples=slow, statements=rows)], changed_lines={"a.py": lines}
        ).files
        assert f", because {text}" in told.reason
        assert told.findings[0].line == line
