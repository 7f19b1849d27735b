"""What a survey of shared packages makes of its rounds."""

from __future__ import annotations

import pytest

from dagprof.probe.processes.before import layering


@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        ([[5, 5, 5], [6, 6, 6], [7, 7, 7]], [6, 6, 6]),
        ([[1, 100, 1, 1], [1, 1, 100, 1], [100, 1, 1, 1]], [1, 100, 1, 1]),
        ([[1, 2, 3], [1, 2]], [1, 2]),
        ([[]], []),
    ],
)
def test_a_large_collection_counts_once(rounds: list[list[int]], expected: list[int]) -> None:
    assert layering._typical(rounds) == expected


def test_tracing_makes_imports_slower_but_not_much() -> None:
    def costs(wall_ns: int) -> float:
        traced = {"own_ns": {"a": 600, "b": 300}, "collections": {"a": 1}, "took_ns": [100]}
        found = layering._costs([traced] * 3, {"wall_ns": wall_ns, "cpu_ns": 500})
        return found["own_ns"]["a"] / 600

    assert costs(970) == pytest.approx(0.97)
    assert costs(500) == pytest.approx(0.93)  # a disturbed round, not the tracer
    assert costs(2000) == pytest.approx(1.02)
