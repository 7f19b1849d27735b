"""When a failure follows from a made-up answer: what another answer changes, and where the parse ends then."""

from __future__ import annotations

from typing import Any

import pytest

from dagprof.measure import made_up
from dagprof.measure.made_up import Guess, Stop

ALIKE, OTHER, EMPTY = Guess("2", {}, is_alike=True), Guess("x", {}), Guess("2", {}, is_empty=True)


def stop(*lines: int, kind: str = "ValueError", message: str = "bad '1'") -> Stop:
    return Stop(kind, message, tuple(("/dags/a.py", line) for line in lines))


def reply(found: Stop | None) -> dict[str, Any]:
    stops = [] if found is None else [[found.type, found.message, [list(line) for line in found.lines]]]
    return {"result": {"stops": stops, "failures": [{}] * len(stops)}}


@pytest.mark.parametrize(
    ("other", "guess", "matters"),
    [
        (None, OTHER, True),
        (stop(12), OTHER, True),
        (stop(3), OTHER, False),
        (stop(3), ALIKE, False),
        (stop(8), ALIKE, False),
        (stop(8, message="bad '2'"), ALIKE, True),
        (stop(8, message="bad 'x'"), OTHER, False),
        (stop(8, kind="KeyError"), ALIKE, True),
        (stop(8, kind="KeyError"), OTHER, False),
        (stop(8, kind="OSError"), EMPTY, True),
        (stop(8, kind="KeyError"), EMPTY, False),
        (stop(8, kind="AttributeError"), EMPTY, False),
        (stop(8, message="bad '2'"), EMPTY, False),
        (stop(12, kind="KeyError"), EMPTY, True),
    ],
)
def test_only_getting_further_or_failing_otherwise_counts(other: Stop | None, guess: Guess, matters: bool) -> None:
    assert made_up._matters(stop(8), stop(8), reply(other), guess) is matters


def test_a_parse_that_gave_nothing_shows_nothing() -> None:
    assert not made_up._matters(stop(8), stop(8), {"result": None}, ALIKE)


def test_a_message_that_changes_by_itself_shows_nothing() -> None:
    base, again, other = (stop(8, message=text) for text in ("at 0.1", "at 0.2", "at 0.3"))
    assert not made_up._matters(base, again, reply(other), ALIKE)


def test_lines_are_compared_from_the_outermost_inwards() -> None:
    assert made_up._is_past(stop(8, 3).lines, stop(8, 5).lines) is True
    assert made_up._is_past(stop(8, 3).lines, stop(7, 50).lines) is False
    assert made_up._is_past(stop(8).lines, stop(8, 5).lines) is None


def test_keys_are_learned_from_key_errors_only() -> None:
    keys: list[str] = []
    assert made_up._learn(keys, stop(8, kind="KeyError", message="'bucket'"))
    assert not made_up._learn(keys, stop(8, kind="KeyError", message="'bucket'"))
    assert not made_up._learn(keys, stop(8, kind="KeyError", message="(1, 2)"))
    assert not made_up._learn(keys, stop(8, message="'other'"))
    assert keys == ["bucket"]
