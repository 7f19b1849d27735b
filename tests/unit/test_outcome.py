from __future__ import annotations

from typing import Any

from dagprof.measure.outcome import Passes


def traced(wall_ms: float, queued_ms: float) -> dict[str, Any]:
    result = {"failures": [], "dag_ids": ["a"], "wall_ms": wall_ms, "queued_ms": queued_ms, "trace": {}}
    return {"outcome": "ended", "result": result}


def test_of_several_traces_the_least_disturbed_is_kept() -> None:
    """The second slept, which the kernel called waiting; the fourth was slow all the way."""
    passes = Passes("a.py", "", 0)
    for wall_ms, queued_ms in ((150.0, 45.0), (105.0, 46.0), (106.0, 1.0), (190.0, 0.0)):
        assert passes.add("trace", traced(wall_ms, queued_ms))
    assert passes.traced_ms == (106.0, 1.0)
