"""Finds out whether a file fails because of a made-up answer. To do so, it parses the file again
with other answers.

A failure follows from a made-up answer if another answer changes the failure, or lets the parse
pass the place of the failure. If no answer changes the failure, the file itself is the cause.
dagprof does not interpret the text of the error.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dagprof.link.messages.reply import Reply
from dagprof.link.messages.result import AccessRow
from dagprof.model import Unanswered
from dagprof.passes.answers import guesses, literals
from dagprof.passes.answers.guesses import Guess
from dagprof.passes.asking import Ask, ParseLimits, parse_request
from dagprof.passes.plan import Mode

# The limits for one file's failure: parses, and seconds. A busy machine must not change the result,
# so only slow files reach the limit in seconds.
_MOST_PARSES = 100
_MOST_S = 30.0
# An answer can make a parse hang. So each parse may take the remaining time, but at least this
# long.
_LEAST_S = 2.0
# But one answer that makes a parse hang may not take the time of all others.
_MOST_OF_ONE_S, _TIMES = 10.0, 5.0
_CONTROLS = 2
_MOST_NAMES = 12
_FEW_WORDS = 8
_LONGEST_KEY = 200
_UNANSWERED = ("stub", "missing", "empty-default")
_NEVER = ("SyntaxError", "IndentationError", "TabError")
# The exceptions for a missing key of an empty mapping, or for the None that ``get`` then returns.
_OF_NOTHING = ("AttributeError", "KeyError", "TypeError")
# Failures that hardly ever follow from the form of a value: few guesses are enough.
_OF_CODE = ("ImportError", "ModuleNotFoundError", "NameError", "UnboundLocalError")


class Stop(NamedTuple):
    """Where and how a parse failed: the exception, and the user's lines, outermost first."""

    type: str
    message: str
    lines: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, reply: Reply) -> Stop | None:
        """The stop of a parse that failed and reported its failure."""
        return (
            cls(*reply.result.stops[0]) if reply.result is not None and reply.result.stops else None
        )


def examine(
    path: Path, failed: Reply, ask: Ask, limits: ParseLimits, *, most_s: float = _MOST_S
) -> tuple[Unanswered, ...]:
    """The made-up answers from which the failure of this parse follows; empty if the file itself is
    the cause.

    First comes a parse that records missing environment variables. Parses with other answers
    follow, for ``most_s`` seconds at most.
    """
    if (Stop.of(failed) or Stop("", "", ())).type in ("", *_NEVER):
        return ()
    return _Examination(path, ask, limits, most_s).run(failed)


class _Examination:
    def __init__(self, path: Path, ask: Ask, limits: ParseLimits, most_s: float) -> None:
        self._path, self._ask, self._limits = path, ask, limits
        self._parses = 0
        self._base = self._again = Stop("", "", ())
        self._deadline = time.monotonic() + most_s
        self._most_of_one_s = most_s
        # How the last parse with another answer for each name stopped.
        self._stops: dict[Unanswered, Stop | None] = {}

    def run(self, failed: Reply) -> tuple[Unanswered, ...]:
        plain = self._parse(Guess("", {}), ())
        base, again = Stop.of(failed), Stop.of(plain)
        if base is None or again is None or (base.type, base.lines) != (again.type, again.lines):
            return ()
        self._base, self._again = base, again
        names = _candidates(plain, base)[-_MOST_NAMES:][::-1]
        found = self._search(names) if names else ()
        return found if found and self._is_steady() else ()

    def _is_steady(self) -> bool:
        """Whether the file still fails in the same way. A file that fails by chance would get past
        the failure with any answer.
        """
        for _ in range(_CONTROLS):
            stop = Stop.of(self._parse(Guess("", {}), ())) if self._may_go_on() else self._base
            if stop is None or (stop.type, stop.lines) != (self._base.type, self._base.lines):
                return False
            # A message that contains the time changes without a reason.
            if self._base.message == self._again.message != stop.message:
                return False
        return True

    def _parse(self, guess: Guess, names: Sequence[Unanswered]) -> Reply:
        self._parses += 1
        began = time.monotonic()
        left = max(min(self._deadline - began, self._most_of_one_s), _LEAST_S)
        request = {
            **parse_request(Mode.TIMING, self._path, self._limits),
            "guess": guess.message(names),
        }
        request["time_limit_s"] = min(self._limits.time_limit_s, left)
        reply = self._ask(request)
        if not names:
            self._most_of_one_s = max(_MOST_OF_ONE_S, _TIMES * (time.monotonic() - began))
        return reply

    def _may_go_on(self) -> bool:
        return self._parses < _MOST_PARSES and time.monotonic() < self._deadline

    def _search(self, names: Sequence[Unanswered]) -> tuple[Unanswered, ...]:
        """The names that matter, in the order of ``names``: the latest look-up first, because it is
        the likeliest cause.

        Most failures show with an answer of the stub's own form, for each name alone. Other forms
        go to all names together first. If a form ends the parse before the failure, each name gets
        it alone.

        If several names are possible, an answer that only appears in the message is the result
        only if no other form shows a cause: the message may name what is not at fault.
        """
        keys: list[str] = []
        named: tuple[Unanswered, ...] = ()
        _learn(keys, self._base)
        for first in self._guesses(self._base, keys):
            guess: Guess | None = first
            while guess is not None and self._may_go_on():
                reply = None if guess.is_alike else self._parse(guess, names)
                if reply is not None and _matters(self._base, self._again, reply, guess):
                    return self._alone(guess, names) or tuple(names)
                stop = Stop.of(reply) if reply is not None else None
                is_early = stop is not None and _is_past(self._base.lines, stop.lines) is False
                if (guess.is_alike or (is_early and len(names) > 1)) and (
                    found := self._alone(guess, names)
                ):
                    if not (guess.is_alike and len(names) > 1 and self._only_names(guess, found)):
                        return found
                    named = found
                has_learned = guess.relearn and stop is not None and _learn(keys, stop)
                guess = guess.relearn(keys) if guess.relearn and has_learned else None
        return named

    def _alone(self, guess: Guess, names: Sequence[Unanswered]) -> tuple[Unanswered, ...]:
        """The names for which this answer alone matters."""
        if len(names) == 1 and not guess.is_alike:
            return tuple(names)
        return tuple(name for name in names if self._may_go_on() and self._shows(guess, name))

    def _shows(self, guess: Guess, name: Unanswered) -> bool:
        reply = self._parse(guess, [name])
        self._stops[name] = Stop.of(reply)
        return _matters(self._base, self._again, reply, guess)

    def _only_names(self, guess: Guess, found: Sequence[Unanswered]) -> bool:
        """Whether these answers change nothing but their own text in the message."""
        stops = [self._stops[name] for name in found]
        return all(stop is not None and _is_inserted(self._base, stop, guess) for stop in stops)

    @staticmethod
    def _guesses(base: Stop, keys: list[str]) -> Iterator[Guess]:
        """Answers in the order in which they are tried. Values from the source come before other
        values of the same kind.
        """
        is_of_code = base.type in _OF_CODE
        known = bool(keys)
        yield guesses.ALIKE
        if known:
            yield guesses.flat(keys)
        found = literals.near(base.lines)

        def fits(guess: Guess) -> bool:
            # A loop that runs less often than before may hide a fault of its body.
            return not (found.is_repeated and guess.is_empty_below)

        yield from filter(fits, guesses.FORMS)
        if not known:
            yield guesses.flat(keys or found.keys)
        yield from map(guesses.word, found.words[:_FEW_WORDS] if is_of_code else found.words)
        if is_of_code:
            return
        yield guesses.nested(keys or found.keys)
        yield from filter(fits, guesses.DOCUMENTS)
        numbers = (*found.numbers, *guesses.NUMBERS)
        yield from map(guesses.number, dict.fromkeys(n for n in numbers if n > 1))
        yield from guesses.FORMATS
        if not found.is_repeated:
            yield from map(guesses.number, dict.fromkeys(n for n in numbers if n < 1))


def _learn(keys: list[str], stop: Stop) -> bool:
    """Add the key that a failure names. Return True if it is new."""
    if stop.type != "KeyError" or len(stop.message) > _LONGEST_KEY:
        return False
    try:
        key = ast.literal_eval(stop.message)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return False
    if not isinstance(key, str) or key in keys:
        return False
    keys.append(key)
    return True


def _candidates(reply: Reply, base: Stop) -> list[Unanswered]:
    """The look-ups without a real answer, in order. Of the environment variables that libraries ask
    for, only those that the failure names.
    """
    if reply.result is None:
        return []
    rows = [row for row in reply.result.accesses if _is_unanswered(row)]
    rows += [row for row in reply.result.asked_by_libraries if row.key in base.message]
    found: dict[tuple[str, str], Unanswered] = {}
    for row in rows:
        unanswered = Unanswered(kind=row.kind, key=row.key, file=row.file, line=row.line)
        found.setdefault((row.kind, row.key), unanswered)
    return list(found.values())


def _is_unanswered(row: AccessRow) -> bool:
    return row.answered_by in _UNANSWERED and (
        row.kind == "environment" or row.answered_by != "missing"
    )


def _matters(base: Stop, again: Stop, reply: Reply, guess: Guess) -> bool:
    """Whether the parse with this guess got past the failure, or failed differently at the same
    place.
    """
    if reply.result is None:
        return False
    stop = Stop.of(reply)
    if stop is None:
        return not reply.result.failures
    is_past = _is_past(base.lines, stop.lines)
    if is_past is not None:
        return is_past
    if guess.is_empty:
        return stop.type not in (base.type, *_OF_NOTHING)
    if not guess.is_alike:
        return False
    return stop.type != base.type or (
        base.message == again.message and stop.message != base.message
    )


def _is_inserted(base: Stop, stop: Stop, guess: Guess) -> bool:
    """Whether the failure is the same, except that its message contains this answer."""
    parts = [stop.message.partition(text) for text in (guess.host, guess.text)]
    return (base.type, base.lines) == (stop.type, stop.lines) and any(
        text and base.message.startswith(before) and base.message.endswith(after)
        for before, text, after in parts
    )


def _is_past(base: Sequence[tuple[str, int]], other: Sequence[tuple[str, int]]) -> bool | None:
    """Whether ``other`` failed after ``base`` did, by the first line in which they differ. None if
    the lines do not show it.
    """
    for (file, line), (other_file, other_line) in zip(base, other):  # noqa: B905 - one may be deeper
        if file != other_file:
            return None
        if line != other_line:
            return other_line > line
    return None
