"""The scheduler of scans and A/B runs: order, lines with workers of their own, budget, errors,
interruption.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from dagprof.measure.budget import Budget
from dagprof.measure.scheduler import Scheduler

LONG_S = 20.0
FOREVER = Budget(None)


class Own:
    """Workers that know which threads used them, and whether they were stopped."""

    made: list[Own]

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.users = 0
        self.ends = 0
        Own.made.append(self)

    @contextmanager
    def use(self) -> Iterator[None]:
        self.users += 1
        assert self.users == 1, "two threads use the same workers"
        assert not self.ends
        self.threads.add(threading.get_ident())
        yield
        self.users -= 1

    def end(self) -> None:
        self.ends += 1


@pytest.fixture(autouse=True)
def _nothing_made() -> None:
    Own.made = []


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def squares(numbers: range) -> list[Callable[[Own], int]]:
    def job(number: int) -> Callable[[Own], int]:
        def work(own: Own) -> int:
            with own.use():
                time.sleep(0.001)
                return number * number

        return work

    return [job(number) for number in numbers]


@pytest.mark.parametrize("lines", [1, 2, 5, 50])
def test_every_job_is_done_once_and_all_workers_are_stopped(lines: int) -> None:
    with Scheduler(lines, Own) as scheduler:
        assert sorted(scheduler.do(squares(range(30)), FOREVER)) == [
            number * number for number in range(30)
        ]
        assert not any(own.ends for own in Own.made)
    assert 1 <= len(Own.made) <= min(lines, 30)
    assert all(own.ends == 1 for own in Own.made)


def test_one_line_does_the_jobs_in_their_order() -> None:
    with Scheduler(1, Own) as scheduler:
        assert list(scheduler.do(squares(range(9)), FOREVER)) == [
            number * number for number in range(9)
        ]


def test_jobs_begin_in_their_order_on_several_lines() -> None:
    begun: list[int] = []

    def job(number: int) -> Callable[[Own], None]:
        def work(_: Own) -> None:
            begun.append(number)
            until(
                lambda: len(begun) >= min(number // 2 * 2 + 2, 8)
            )  # goes on when its neighbour has begun too

        return work

    with Scheduler(2, Own) as scheduler:
        list(scheduler.do([job(number) for number in range(8)], FOREVER))
    assert [sorted(begun[at : at + 2]) for at in range(0, 8, 2)] == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_as_many_run_at_once_as_there_are_lines() -> None:
    running = threading.Barrier(3)

    def work(own: Own) -> None:
        with own.use():
            running.wait(LONG_S)  # breaks, and the job fails, unless three are there

    with Scheduler(3, Own) as scheduler:
        assert len(list(scheduler.do([work] * 6, FOREVER))) == 6
    assert len(Own.made) == 3


def test_a_later_batch_goes_on_with_the_same_workers() -> None:
    with Scheduler(2, Own) as scheduler:
        for _ in range(5):
            list(scheduler.do(squares(range(10)), FOREVER))
    assert len(Own.made) <= 2
    assert all(own.ends == 1 for own in Own.made)


def test_without_jobs_there_are_no_workers() -> None:
    with Scheduler(2, Own) as scheduler:
        assert list(scheduler.do([], FOREVER)) == []
    assert Own.made == []


def test_a_spent_budget_begins_nothing() -> None:
    with Scheduler(2, Own) as scheduler:
        assert list(scheduler.do(squares(range(10)), Budget(0))) == []


def test_what_has_begun_when_the_budget_ends_is_done() -> None:
    now = [0.0]
    budget = Budget(3, lambda: now[0])

    def work(_: Own) -> float:
        now[0] += 1
        return now[0]

    with Scheduler(1, Own) as scheduler:
        assert list(scheduler.do([work] * 10, budget)) == [1, 2, 3]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_the_error_of_a_job_comes_to_the_callers_thread_and_nothing_more_begins(
    error: type[BaseException],
) -> None:
    done: list[int] = []

    def job(number: int) -> Callable[[Own], int]:
        def work(own: Own) -> int:
            with own.use():
                if number == 3:
                    own.users -= 1
                    raise error("third")
                done.append(number)
                return number

        return work

    found: list[int] = []
    with pytest.raises(error, match="third"), Scheduler(1, Own) as scheduler:
        found.extend(scheduler.do([job(number) for number in range(9)], FOREVER))
    assert done == [0, 1, 2]
    assert [own.ends for own in Own.made] == [1]


def test_the_error_of_one_line_stops_the_others() -> None:
    begun: list[int] = []
    failed = threading.Event()

    def work(_: Own) -> None:
        begun.append(1)
        if len(begun) == 1:
            until(lambda: len(begun) == 2)
            failed.set()
            raise ValueError("first")
        assert failed.wait(LONG_S)
        time.sleep(0.2)

    with pytest.raises(ValueError, match="first"), Scheduler(2, Own) as scheduler:
        list(scheduler.do([work] * 50, FOREVER))
    until(lambda: all(own.ends == 1 for own in Own.made))
    assert len(begun) == 2


def test_workers_that_cannot_be_made_are_an_error() -> None:
    def broken() -> Own:
        raise OSError("no more processes")

    with pytest.raises(OSError, match="no more processes"), Scheduler(2, broken) as scheduler:
        list(scheduler.do(squares(range(3)), FOREVER))


def test_an_interruption_does_not_wait_for_what_runs_and_leaves_its_workers_to_it() -> None:
    """Workers in use are stopped by their own thread: nobody takes a connection away from under
    a thread that waits.
    """
    goes_on = threading.Event()
    begun: list[int] = []

    def work(own: Own) -> None:
        with own.use():
            begun.append(1)
            if len(begun) > 1:
                assert goes_on.wait(LONG_S)
                assert not own.ends

    def interrupted() -> None:
        with Scheduler(1, Own) as scheduler:
            for _ in scheduler.do([work] * 10, FOREVER):
                until(lambda: len(begun) == 2)
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (own,) = Own.made
    assert own.ends == 0
    goes_on.set()
    until(lambda: own.ends == 1)
    assert len(begun) == 2


def test_an_error_of_the_caller_begins_nothing_more_though_the_iterator_is_still_there() -> None:
    begun: list[int] = []
    goes_on = threading.Event()

    def work(_: Own) -> None:
        begun.append(1)
        assert len(begun) == 1 or goes_on.wait(LONG_S)

    kept: list[Iterator[None]] = []

    def fails() -> None:
        with Scheduler(1, Own) as scheduler:
            kept.append(scheduler.do([work] * 10, FOREVER))
            next(kept[0])
            until(lambda: len(begun) == 2)
            raise ValueError("of the caller")

    with pytest.raises(ValueError, match="of the caller"):
        fails()
    goes_on.set()
    until(lambda: [own.ends for own in Own.made] == [1])
    assert len(begun) == 2


def test_an_iterator_that_is_closed_early_stops_its_batch_only() -> None:
    with Scheduler(1, Own) as scheduler:
        first = scheduler.do(squares(range(1000)), FOREVER)
        assert next(first) == 0
        first.close()  # type: ignore[attr-defined]
        assert sorted(scheduler.do(squares(range(3)), FOREVER)) == [0, 1, 4]
    until(lambda: all(own.ends == 1 for own in Own.made))
