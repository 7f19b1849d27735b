"""The statistics of the gate on simulated parse times; every simulation has a fixed seed."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from dagprof.judge.judgement import Judgement, Kind, Limits
from dagprof.judge.pairs import LOOKS, Sides, judge, next_look

LIMITS = Limits(relative=0.05, absolute_ms=10)
RATE = 0.01


def one(
    base: Sequence[float],
    head: Sequence[float],
    limits: Limits = LIMITS,
    false_alarms: float = RATE,
) -> Judgement:
    return judge({"a.py": Sides(base, head)}, {"a.py": limits}, false_alarms)["a.py"]


def simulated(
    number: random.Random, pairs: int, ms: float, more_ms: float = 0.0, drift: float = 0.0
) -> Sides:
    """Times with noise of 2 %, one in ten disturbed for long; ``drift``: the share by which the
    machine slows down meanwhile.
    """

    def parse(true_ms: float, at: int) -> float:
        disturbed = number.expovariate(1 / (0.1 * ms)) if number.random() < 0.1 else 0.0
        return (true_ms + abs(number.gauss(0, 0.02 * ms)) + disturbed) * (1 + drift * at / pairs)

    return Sides(
        [parse(ms, at) for at in range(pairs)], [parse(ms + more_ms, at) for at in range(pairs)]
    )


def many(files: dict[str, Sides]) -> dict[str, Kind]:
    found = judge(files, dict.fromkeys(files, LIMITS), RATE)
    return {name: judgement.kind for name, judgement in found.items()}


@pytest.mark.parametrize("pairs", [4, 6, 9, 13])
def test_no_file_of_many_without_a_change_is_called_slower_or_faster(pairs: int) -> None:
    number = random.Random(pairs)
    kinds = many({f"{n}.py": simulated(number, pairs, ms=10 + 20 * n % 700) for n in range(40)})
    assert set(kinds.values()) <= {Kind.UNCHANGED, Kind.OPEN}


def test_noise_of_any_size_rarely_alarms_where_every_change_counts() -> None:
    """Without limits only the tests stand between noise and an alarm: 20 runs of 10 files, one
    false alarm at most.
    """
    number = random.Random(1)
    none = Limits(0, 0)
    runs = [{f"{n}.py": simulated(number, 9, ms=100) for n in range(10)} for _ in range(20)]
    kinds = [
        judged.kind
        for files in runs
        for judged in judge(files, dict.fromkeys(files, none), RATE).values()
    ]
    assert len(kinds) == 200
    assert kinds.count(Kind.SLOWER) <= 1


@pytest.mark.parametrize(
    ("base_ms", "more_ms", "pairs"),
    [(200, 20, 20), (100, 50, 9), (500, 50, 20), (100, 300, 9), (1000, 300, 9)],
)
def test_a_file_that_became_slower_is_found_among_others_that_did_not(
    base_ms: float, more_ms: float, pairs: int
) -> None:
    number = random.Random(7)
    files = {f"same_{n}.py": simulated(number, pairs, ms=base_ms) for n in range(5)}
    kinds = many({**files, "slower.py": simulated(number, pairs, base_ms, more_ms)})
    assert kinds.pop("slower.py") is Kind.SLOWER
    assert Kind.SLOWER not in kinds.values()


def test_a_file_that_became_faster_is_found() -> None:
    sides = simulated(random.Random(3), 9, 100, 300)
    assert one(sides.head_ms, sides.base_ms).kind is Kind.FASTER


def test_a_machine_that_becomes_twice_as_slow_changes_both_sides_of_each_pair() -> None:
    number = random.Random(5)
    kinds = many({f"{n}.py": simulated(number, 13, 200, drift=1.0) for n in range(20)})
    assert Kind.SLOWER not in kinds.values()
    assert Kind.FASTER not in kinds.values()


def test_pairs_find_what_a_drift_hides_from_a_comparison_of_the_sides() -> None:
    """Both sides cover 100 to 230 ms; only within pairs the second is always 13 ms slower."""
    base = [100 + 10 * n for n in range(13)]
    found = one(base, [ms + 13 + n / 100 for n, ms in enumerate(base)], Limits(0.05, 10))
    assert found.kind is Kind.SLOWER
    assert found.change_ms == pytest.approx(13.06)


def test_a_change_that_is_certain_but_small_is_no_regression() -> None:
    base = [100 + 0.01 * n for n in range(20)]
    below = one(base, [ms + 8 for ms in base])
    assert below.p_slower < 1e-6
    assert below.kind is Kind.UNCHANGED
    share = one(
        [10 * ms for ms in base], [10 * ms + 40 for ms in base]
    )  # above the time, below the share
    assert share.p_slower < 1e-6
    assert share.kind is Kind.UNCHANGED


def test_a_change_that_may_be_above_or_below_the_limit_stays_open() -> None:
    base = [100.0] * 9
    head = [108, 108.5, 109, 106, 107, 112, 113, 107.5, 114]
    assert one(head, base).kind is Kind.OPEN
    found = one(base, head)
    assert found.p_slower < 0.001
    assert found.low_ms < 10 < found.high_ms
    assert found.kind is Kind.OPEN


def test_a_change_of_exactly_the_limit_does_not_count() -> None:
    base = [100.0 + n for n in range(9)]
    assert one(base, [ms + 10 for ms in base]).kind is Kind.OPEN
    assert one(base, [ms + 10.5 for ms in base]).kind is Kind.SLOWER
    assert one(base, [ms - 10.5 for ms in base]).kind is Kind.FASTER


def test_the_larger_limit_counts() -> None:
    assert Limits(0.05, 10).least_ms(100) == 10
    assert Limits(0.05, 10).least_ms(1000) == 50


def test_fewer_than_seven_pairs_can_show_that_nothing_changed_but_no_regression() -> None:
    slower = one([100.0, 101, 99, 100, 100], [400.0, 401, 399, 400, 400])
    assert slower.kind is Kind.OPEN
    assert slower.p_slower == 1.0
    assert one([100.0, 101, 99, 100], [100.0, 99, 101, 100]).kind is Kind.UNCHANGED
    assert one([100.0, 101, 99], [100.0, 99, 101]).kind is Kind.OPEN


def test_seven_pairs_tell_a_large_change() -> None:
    """Their smallest chance, doubled for two tests, is 1 in 1,716."""
    base, head = [100.0 + n for n in range(7)], [400.0 + n for n in range(7)]
    assert one(base[:6], head[:6], false_alarms=0.4).kind is Kind.OPEN
    assert one(base, head).kind is Kind.SLOWER
    assert one(base, head).p_slower == pytest.approx(1 / 1716)


def test_equal_times_are_unchanged_and_raise_nothing() -> None:
    found = one([100.0] * 9, [100.0] * 9)
    assert found == Judgement(Kind.UNCHANGED, 100, 100, 0, 0, 0, found.p_slower, found.p_faster, 9)
    assert found.p_slower >= 0.5
    assert one([0.0] * 6, [0.0] * 6).kind is Kind.UNCHANGED


def test_some_equal_pairs_raise_nothing() -> None:
    assert one([100.0] * 9, [100.0, 100, 100, 101, 99, 100, 100, 101, 99]).kind is Kind.UNCHANGED


def test_without_times_nothing_is_told() -> None:
    assert judge({}, {}, RATE) == {}
    for sides in (Sides([], []), Sides([100.0], []), Sides([], [100.0] * 9)):
        found = judge({"a.py": sides}, {"a.py": LIMITS}, RATE)["a.py"]
        assert (found.kind, found.pairs, found.low_ms, found.high_ms) == (
            Kind.OPEN,
            0,
            -math.inf,
            math.inf,
        )
        assert (found.p_slower, found.p_faster) == (1.0, 1.0)


def test_a_half_pair_is_left_out() -> None:
    full = one([100.0 + n for n in range(6)], [400.0 + n for n in range(6)])
    assert one([100.0 + n for n in range(6)], [400.0 + n for n in range(9)]) == full


def test_the_chance_by_hand() -> None:
    """Seven pairs, every head above every base: one order of C(14, 7) = 3432, and one sign of
    2**7 = 128; doubled for two tests.
    """
    found = one([1.0, 2, 3, 4, 5, 6, 7], [11.0, 13, 15, 17, 19, 21, 23])
    assert found.p_slower == pytest.approx(2 / 3432)
    assert found.p_faster == 1.0


def test_the_chance_by_hand_where_pairs_are_sharper() -> None:
    """Twelve overlapping pairs, all slower: one sign of 2**12."""
    base = [100.0 * n for n in range(12)]
    assert one(base, [ms + 1 + ms / 1000 for ms in base]).p_slower == pytest.approx(2 / 2**12)


def test_the_change_is_the_median_of_the_averages_of_differences() -> None:
    """Differences 1, 2, 3, 4, 5 and 90: one disturbed parse hardly moves it."""
    found = one([100.0] * 6, [101.0, 102, 103, 104, 105, 190])
    averages = sorted(
        (a + b) / 2 for i, a in enumerate([1, 2, 3, 4, 5, 90]) for b in [1, 2, 3, 4, 5, 90][i:]
    )
    assert found.change_ms == averages[10] == 3.5
    assert (found.base_ms, found.head_ms) == (100.0, 103.5)


def test_the_interval_by_hand() -> None:
    """Twenty pairs: 210 averages, mean 105 and sigma 26.79 of the statistic, so the 53rd from
    either end.
    """
    differences = [float(n * n) for n in range(1, 21)]
    found = one([1000.0] * 20, [1000.0 + ms for ms in differences])
    averages = sorted((a + b) / 2 for i, a in enumerate(differences) for b in differences[i:])
    assert (found.low_ms, found.high_ms) == (averages[52], averages[-53])


def test_the_interval_holds_the_change_in_nineteen_of_twenty_cases() -> None:
    number = random.Random(11)
    files = {f"{n}.py": simulated(number, 9, 100, more_ms=30) for n in range(80)}
    found = judge(files, dict.fromkeys(files, LIMITS), RATE).values()
    assert 70 <= sum(each.low_ms <= 30 <= each.high_ms for each in found) < 80


def test_many_files_are_corrected_for() -> None:
    """A chance of 1 in 1,716 is enough for one file and not for one among forty; where all are
    slower, it is again.
    """
    slower = Sides([1.0, 2, 3, 4, 5, 6, 7], [101.0, 102, 103, 104, 105, 106, 107])
    same = Sides([1.0, 2, 3, 4, 5, 6, 7], [1.5, 2.5, 2.6, 4.4, 4.5, 6.1, 7.2])
    rate = 0.004  # of six looks that decide, so 1 in 1,500 for one
    assert one(*slower, false_alarms=rate).kind is Kind.SLOWER
    crowd = {"slower.py": slower, **{f"{n}.py": same for n in range(39)}}
    assert judge(crowd, dict.fromkeys(crowd, LIMITS), rate)["slower.py"].kind is Kind.OPEN
    everyone = {f"{n}.py": slower for n in range(40)}
    assert {
        each.kind for each in judge(everyone, dict.fromkeys(everyone, LIMITS), rate).values()
    } == {Kind.SLOWER}


def test_many_looks_are_corrected_for() -> None:
    """The same chance is not enough for a rate that is above it, but not when shared among all
    looks.
    """
    slower = Sides([1.0, 2, 3, 4, 5, 6, 7], [101.0, 102, 103, 104, 105, 106, 107])
    assert (
        one(*slower, false_alarms=0.0034).kind is Kind.OPEN
    )  # a sixth of it is less than 1 in 1,716
    assert one(*slower, false_alarms=0.0036).kind is Kind.SLOWER


def test_each_file_has_limits_of_its_own() -> None:
    sides = Sides([100.0 + n for n in range(9)], [130.0 + n for n in range(9)])
    found = judge({"a.py": sides, "b.py": sides}, {"a.py": LIMITS, "b.py": Limits(0.5, 10)}, RATE)
    assert (found["a.py"].kind, found["b.py"].kind) == (Kind.SLOWER, Kind.UNCHANGED)


def test_looks_grow_and_end() -> None:
    assert next_look(0) == LOOKS[0]
    seen: list[int] = []
    look = next_look(0)
    while look is not None:
        seen.append(look)
        look = next_look(look)
    assert tuple(seen) == LOOKS == tuple(sorted(set(LOOKS)))
    assert next_look(5) == 7
    assert next_look(1000) is None
