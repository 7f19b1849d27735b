from __future__ import annotations

import pytest

from dagprof.config.settings import Depth
from dagprof.passes import plan
from dagprof.robust import median_absolute_deviation, standard_error_of_median


@pytest.mark.parametrize(
    ("wall_ms", "repeat", "more"),
    [
        ([], None, True),
        ([100.0, 100.0], None, True),
        ([40.0, 42.5], None, False),  # two that agree
        ([96.0, 99.0], None, False),
        ([40.0, 43.5], None, True),
        ([40.0], None, True),
        ([40.0, 40.0], 3, True),
        ([50.0, 50.5, 49.5], None, False),
        ([50.0, 90.0, 20.0], None, True),
        ([50.0, 90.0, 20.0, 70.0], None, True),
        ([50.0, 90.0, 20.0, 70.0, 40.0], None, False),
        ([2000.0, 2000.0], None, True),
        ([2000.0, 9000.0, 2500.0], None, False),
        ([6000.0], None, False),
        ([], 1, True),
        ([50.0], 1, False),
        ([6000.0], 3, True),
    ],
)
def test_needs_more(wall_ms: list[float], repeat: int | None, more: bool) -> None:
    assert plan.needs_more(wall_ms, wall_ms, repeat) is more


def test_two_parses_agree_without_waiting_too() -> None:
    assert plan.needs_more([48.3, 46.5], [31.1, 34.9], None)
    assert not plan.needs_more([48.3, 46.5], [46.3, 45.5], None)


@pytest.mark.parametrize(
    ("passes", "traced_ms", "waited_ms", "parse_ms", "another"),
    [
        (1, 110, 0, 100, False),
        (1, 45, 0, 20, False),
        (1, 300, 0, 200, True),
        (2, 300, 0, 200, False),  # it takes that much longer when it is traced
        (1, 110, 40, 100, True),
        (2, 110, 40, 100, True),
        (3, 110, 40, 100, False),
        (1, 1_600, 200, 1_400, True),
        (2, 1_600, 200, 1_400, False),
        (1, 9_000, 2_000, 6_000, False),
    ],
)
def test_a_trace_is_taken_again_when_it_was_disturbed(
    passes: int, traced_ms: float, waited_ms: float, parse_ms: float, another: bool
) -> None:
    assert plan.needs_another_trace(passes, traced_ms, waited_ms, parse_ms) is another


def test_robust_statistics() -> None:
    assert median_absolute_deviation([1, 2, 3, 4, 100]) == 1
    assert standard_error_of_median([5.0]) == 0.0
    assert standard_error_of_median([1, 2, 3, 4, 100]) == pytest.approx(1.2533 * 1.4826 / 5**0.5)


def test_slow_files_get_fewer_experiments() -> None:
    proof = plan.PROOFS[Depth.FULL]
    assert [proof.affordable(ms) for ms in (100, 2_000, 10_000, 100_000)] == [30, 15, 3, 1]
    assert [proof.timed(ms) for ms in (2_000, 10_000)] == [3, 1]


@pytest.mark.parametrize(
    ("depth", "total_ms", "worth_ms"),
    [
        (Depth.NORMAL, 200.0, 15.0),
        (Depth.NORMAL, 1_000.0, 30.0),
        (Depth.NORMAL, 60_000.0, 50.0),
        (Depth.FULL, 60_000.0, 5.0),
    ],
)
def test_experiments_go_where_they_pay(depth: Depth, total_ms: float, worth_ms: float) -> None:
    assert plan.worth_ms(plan.PROOFS[depth], total_ms) == worth_ms
