"""The order of the timed parses of an A/B run, and when there are enough. What parses is made
up; the rest is real.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from dagprof.ab.turns import Turns
from dagprof.judge.judgement import Limits
from dagprof.judge.pairs import LOOKS
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import FailureRow, Result, Sample
from dagprof.measure.budget import Budget
from dagprof.measure.scheduler import Scheduler
from dagprof.passes.outcome import Passes
from dagprof.passes.plan import Mode

Ms = Callable[["Side", str, int], float | None]
FOREVER = Budget(None)


FAILURE = FailureRow(
    type="ValueError", message="", traceback="", cause="", file="", line=0, ending=""
)
FIGURES: dict[str, Any] = {**dict.fromkeys(Sample.__struct_fields__, 0.0), "rss_growth_kib": 0}


def reply(ms: float, *, fails: bool = False) -> Reply:
    sample = Sample(**{**FIGURES, "wall_ms": ms})
    result = Result(failures=(FAILURE,) if fails else (), dag_ids=("a",), sample=sample)
    return Reply(outcome="ended", result=result, total_ms=ms)


class Side:
    """One version: the files that it has, traced already."""

    def __init__(self, name: str, files: str, *, failing: str = "") -> None:
        self.name, self.failing = name, failing
        self.lost: set[str] = set()
        self.passes = {file: Passes(file, "", 0) for file in files}
        for file, passes in self.passes.items():
            passes.last = reply(1.0, fails=file in failing)


class Lane:
    """Notes who is parsed when; ``ms`` tells how long the parse of a number takes, None that it
    gives no time.
    """

    def __init__(self, ms: Ms) -> None:
        self.parsed: list[str] = []
        self._ms = ms

    def parse(self, side: Side, name: str, mode: Mode) -> bool:
        assert mode is Mode.TIMING
        self.parsed.append(f"{side.name}{name}")
        ms = self._ms(side, name, len(side.passes[name].timings))
        return ms is not None and side.passes[name].add(
            "timing", reply(ms, fails=name in side.failing)
        )

    def end(self) -> None: ...


def run(
    base: Side, head: Side, names: str, ms: Ms, budget: Budget = FOREVER
) -> tuple[str, list[str], list[tuple[str, int]]]:
    """The parses in their order, the undecided files, and what was told."""
    lane = Lane(ms)
    told: list[tuple[str, int]] = []
    with Scheduler(1, lambda: lane) as lanes:
        sides: Any = (base, head)
        same: Any = lanes
        turns = Turns(
            sides,
            same,
            lambda _: Limits(0.05, 10),
            0.01,
            lambda name, done: told.append((name, done)),
        )
        undecided = list(turns.parse(list(names), budget))
    return " ".join(lane.parsed), undecided, told


def pairs(name: str, count: int, after: int = 0) -> str:
    return " ".join(
        f"B{name} H{name}" if number % 2 == 0 else f"H{name} B{name}"
        for number in range(after, count)
    )


def test_pairs_run_back_to_back_in_alternating_order() -> None:
    parsed, undecided, told = run(
        Side("B", "x"), Side("H", "x"), "x", lambda side, name, number: 100.0 + number % 3
    )
    assert parsed == "Bx Hx Hx Bx Bx Hx Hx Bx"
    assert undecided == []
    assert told == [("x", 1)]


def test_all_files_get_to_a_look_before_the_open_ones_go_on() -> None:
    """x is alike after the fourth pair; of y and z, which jump about, each gets to the next look
    in turn.
    """

    def ms(side: Side, name: str, number: int) -> float:
        return (
            100.0
            if name == "x"
            else 100.0 + 60.0 * ((number * 7 + (side.name == "H") * 3 + number // 2) % 4)
        )

    parsed, _, _ = run(Side("B", "xyz"), Side("H", "xyz"), "xyz", ms)
    expected = [pairs(name, 4) for name in "xyz"]
    for before, look in itertools.pairwise(LOOKS):
        expected += [pairs(name, look, before) for name in "yz"]
    found = parsed.split()
    assert found == " ".join(expected).split()[: len(found)]
    assert found.count("Bx") == 4
    assert found.count("By") >= 7


def test_a_clear_slow_down_ends_as_soon_as_a_test_can_tell() -> None:
    def ms(side: Side, name: str, number: int) -> float:
        return (100.0 if side.name == "B" else 200.0) + number % 2

    parsed, undecided, _ = run(Side("B", "x"), Side("H", "x"), "x", ms)
    assert parsed.split() == pairs("x", 7).split()
    assert undecided == []


@pytest.mark.parametrize("fails", ["B", "H"])
def test_a_pair_with_one_time_is_none_and_its_file_is_left(fails: str) -> None:
    def ms(side: Side, name: str, number: int) -> float | None:
        return None if name == "x" and number == 2 and side.name == fails else 100.0

    base, head = Side("B", "xy"), Side("H", "xy")
    parsed, undecided, _ = run(base, head, "xy", ms)
    assert parsed.split() == [*pairs("x", 3).split(), *pairs("y", 4).split()]
    assert [len(side.passes["x"].timings) for side in (base, head)] == [2, 2]
    assert undecided == []


def test_a_file_of_one_side_or_with_another_end_is_parsed_alone_first() -> None:
    base = Side("B", "abxl", failing="b")
    head = Side("H", "bnxl")
    head.lost.add("l")
    parsed, _, told = run(base, head, "ablnx", lambda *_: 100.0)
    assert parsed == "Ba Ba Ba Bb Bb Bb Hb Hb Hb Bl Bl Bl Hn Hn Hn " + pairs("x", 4)
    assert told == [("a", 1), ("b", 2), ("l", 3), ("n", 4), ("x", 5)]


def test_files_that_fail_on_both_sides_are_compared() -> None:
    parsed, _, _ = run(
        Side("B", "x", failing="x"), Side("H", "x", failing="x"), "x", lambda *_: 100.0
    )
    assert parsed == pairs("x", 4)


def test_the_budget_ends_between_pairs_and_what_is_open_is_named() -> None:
    now = [0.0]

    def ms(side: Side, name: str, number: int) -> float:
        now[0] += 1
        return 100.0

    parsed, undecided, told = run(
        Side("B", "xy"), Side("H", "xy"), "xy", ms, Budget(3, lambda: now[0])
    )
    assert parsed == pairs("x", 2)
    assert undecided == ["x", "y"]
    assert told == []


def test_without_time_nothing_is_parsed_and_what_is_alone_is_told_all_the_same() -> None:
    parsed, undecided, told = run(
        Side("B", "xa"), Side("H", "x"), "ax", lambda *_: 100.0, Budget(0)
    )
    assert (parsed, undecided, told) == ("", ["x"], [("a", 1)])
