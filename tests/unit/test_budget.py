"""The remaining time of a measurement, and parses that end with it."""

from __future__ import annotations

import math

import pytest

from dagprof.link.messages.reply import Reply
from dagprof.measure.budget import GRACE_S, Budget, within
from dagprof.passes.asking import OutOfTime, Request


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def parsed(outcome: str = "result") -> Reply:
    return Reply(outcome=outcome, result=None, total_ms=1.0)


def test_without_a_limit_a_budget_never_ends() -> None:
    budget = Budget(None)
    for part in (budget, budget.rest, budget.until(0.5), budget.at_most(None)):
        assert not part.is_spent
        assert part.left_s == math.inf


def test_a_part_limits_new_work_only() -> None:
    clock = Clock()
    budget = Budget(10, clock)
    parts = [budget.until(0.5), budget.at_most(5)]
    clock.now += 6
    assert [part.is_spent for part in [*parts, budget]] == [True, True, False]
    assert [part.left_s for part in [*parts, budget]] == [4, 4, 4]
    clock.now += 5
    assert budget.is_spent
    assert budget.left_s == -1


def test_the_report_gets_the_end_of_a_budget() -> None:
    clock = Clock()
    assert Budget(None, clock).before_report(1000).left_s == math.inf
    budget = Budget(10, clock)
    clock.now += 5
    assert budget.before_report(50).left_s == pytest.approx(5 - 50 * 0.012)
    assert budget.before_report(5000).left_s == pytest.approx(4)
    clock.now += 4.5
    part = budget.before_report(5000)
    assert not part.is_spent
    assert part.left_s < budget.left_s


def test_a_part_never_outlasts_the_whole() -> None:
    clock = Clock()
    part = Budget(10, clock).at_most(60)
    clock.now += 11
    assert part.is_spent


def test_shares_of_the_rest_begin_now() -> None:
    clock = Clock()
    budget = Budget(10, clock)
    clock.now += 4
    half = budget.rest.until(0.5)
    seen = []
    for seconds in (2.9, 0.2):
        clock.now += seconds
        seen.append(half.is_spent)
    assert seen == [False, True]


@pytest.mark.parametrize(("left_s", "expected"), [(60, 30), (29, 30), (10, 10 + GRACE_S)])
def test_the_time_limit_of_a_parse_ends_with_the_budget(left_s: float, expected: float) -> None:
    asked: list[Request] = []

    def ask(request: Request) -> Reply:
        asked.append(request)
        return parsed()

    within(Budget(left_s, Clock()), ask)({"time_limit_s": 30, "mode": "timing"})
    assert asked == [{"time_limit_s": expected, "mode": "timing"}]


def test_no_parse_begins_after_the_budget() -> None:
    clock = Clock()
    ask = within(Budget(5, clock), lambda request: parsed())
    clock.now += 5
    with pytest.raises(OutOfTime):
        ask({"time_limit_s": 30})


def test_a_parse_that_the_budget_stops_says_nothing_about_the_file() -> None:
    ask = within(Budget(5, Clock()), lambda request: parsed("time-limit"))
    with pytest.raises(OutOfTime):
        ask({"time_limit_s": 30})
    assert ask({"time_limit_s": 3}).outcome == "time-limit"
