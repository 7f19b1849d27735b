"""When a made-up answer causes a failure: what another answer changes, and where the parse then
ends.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dagprof.config.settings import Depth
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import AccessRow, FailureRow, Result
from dagprof.passes.answers import made_up
from dagprof.passes.answers.guesses import Guess
from dagprof.passes.answers.made_up import Stop
from dagprof.passes.asking import ParseLimits, Request

ALIKE, OTHER, EMPTY = Guess("2", {}, is_alike=True), Guess("x", {}), Guess("2", {}, is_empty=True)


def stop(*lines: int, kind: str = "ValueError", message: str = "bad '1'") -> Stop:
    return Stop(kind, message, tuple(("/dags/a.py", line) for line in lines))


def reply(found: Stop | None, accesses: tuple[AccessRow, ...] = ()) -> Reply:
    stops = () if found is None else ((found.type, found.message, found.lines),)
    failure = FailureRow(type="", message="", traceback="", cause="", file="", line=0, ending="")
    result = Result(stops=stops, failures=(failure,) * len(stops), accesses=accesses)
    return Reply(outcome="result", result=result, total_ms=0.0)


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
def test_only_getting_further_or_failing_otherwise_counts(
    other: Stop | None, guess: Guess, matters: bool
) -> None:
    assert made_up._matters(stop(8), stop(8), reply(other), guess) is matters


def test_a_parse_that_gave_nothing_shows_nothing() -> None:
    nothing = msgspec.structs.replace(reply(None), result=None)
    assert not made_up._matters(stop(8), stop(8), nothing, ALIKE)


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


LIMITS = ParseLimits(
    time_limit_s=50.0,
    memory_limit_kib=None,
    repeat=None,
    stacks_from_ms=None,
    depth=Depth.QUICK,
    files=1,
    spawns=False,
    pyinstrument=None,
)
ASKED = AccessRow("variable", "d", "get", "stub", "/dags/a.py", 3, 1)


class File:
    """Replies of a file that fails at one of some lines, by turns, and that an answer does not
    change.
    """

    def __init__(self, *lines: int) -> None:
        self._lines, self.limits = lines, list[float]()

    def ask(self, request: Request) -> Reply:
        line = self._lines[len(self.limits) % len(self._lines)]
        limit_s = request["time_limit_s"]
        assert isinstance(limit_s, float)
        self.limits.append(limit_s)
        return reply(stop(line), (ASKED,))


def test_a_file_that_fails_here_and_there_by_chance_needs_no_answer() -> None:
    file = File(8, 12, 12, 8)
    assert not made_up.examine(Path("/dags/a.py"), reply(stop(8)), file.ask, LIMITS)
    assert len(file.limits) > 2


def test_a_parse_with_another_answer_lasts_no_longer_than_what_is_left() -> None:
    file = File(8)
    made_up.examine(Path("/dags/a.py"), reply(stop(8)), file.ask, LIMITS, most_s=5.0)
    assert max(file.limits) <= 5.0
