"""Whether a file fails because of an answer that nothing real gave: it is parsed again with other
answers.

A failure follows from a made-up answer if another one changes it, or gets the parse past the place
where it failed. What no answer changes is the file's own fault. Nothing is guessed from the text of
the error.
"""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dagprof.link.messages import AccessRow, Reply
from dagprof.model import Unanswered
from dagprof.passes.asking import Ask, ParseLimits, parse_request
from dagprof.passes.plan import Mode

# Of one file's failure: parses, and seconds. What is found may not depend on how busy the machine
# is, so only slow files run into the second.
_MOST_PARSES = 60
_MOST_S = 30.0
# An answer can make a parse hang; each may last as long as is left, or this long.
_LEAST_S = 2.0
_CONTROLS = 2
_MOST_NAMES = 12
_MOST_WORDS = 8
_UNANSWERED = ("stub", "missing", "empty-default")
_NEVER = ("SyntaxError", "IndentationError", "TabError")
# What a missing key of an empty mapping raises by itself, or the None that ``get`` returns for it.
_OF_NOTHING = ("AttributeError", "KeyError", "TypeError")


class Stop(NamedTuple):
    """Where and how a parse failed: the exception and the user's lines from the outermost
    inwards.
    """

    type: str
    message: str
    lines: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, reply: Reply) -> Stop | None:
        """Of a parse that failed and could say so."""
        return (
            cls(*reply.result.stops[0]) if reply.result is not None and reply.result.stops else None
        )


class Guess(NamedTuple):
    """Other answers.

    ``is_alike``: of the same form as the stub, so that any change of the failure follows from it.
    ``is_empty``: a mapping that holds nothing, as most Connections have it; what such a mapping
    raises by itself shows nothing.
    """

    text: str
    json: Mapping[str, object]
    is_alike: bool = False
    is_empty: bool = False
    extra: Mapping[str, object] | None = None
    document: Mapping[str, object] | None = None
    conn_type: str = "dagprof"
    host: str = "dagprof-stub-2.invalid"

    def message(self, names: Iterable[Unanswered]) -> dict[str, object]:
        """As the probe reads it, for these names."""
        names = list(names)
        return {
            "keys": [[name.kind, name.key] for name in names],
            "text": self.text,
            "json": self.json,
            "extra": self.extra,
            "environment": {name.key: self.text for name in names if name.kind == "environment"},
            "connection": {
                "conn_type": self.conn_type,
                "host": self.host,
                "login": "stub-2",
                "password": "stub-2",
                "schema": "stub-2",
                "port": 1,
                "extra": _json(self.document or {"dagprof": "2"}),
            },
        }


_TWO: dict[str, object] = {"is": "2"}
_EVERY: dict[str, object] = {"every": _TWO}
# Answers of the forms that DAG files expect. None names anything that exists.
_GUESSES = (
    Guess("2", {"every": {"text": "2"}}, is_alike=True, extra={"every": {"text": "2"}}),
    # An address that needs no name server, and at which nothing can be reached.
    Guess(
        "dagprof-stub",
        {"every": _EVERY},
        extra={"every": _EVERY},
        conn_type="http",
        host="255.255.255.255",
    ),
    Guess("http://dagprof-stub.invalid/2", {"every": {"list": _EVERY}}, extra={"every": {"is": 2}}),
    Guess("2024-01-02", {"is": ["2", "3"]}),
    Guess("2024-01-02T03:04:05+00:00", {"every": {"is": 2}}),
    Guess("a,b;c:d/e|f g-h_i.j", {"every": {"is": ["2", "3"]}}),
    Guess('["2", "3"]', {"list": _EVERY}),
    Guess("0 2 * * *", {"is": 2}),
    Guess("UTC", {"is": "2"}),
    Guess("true", {"every": {"every": {"is": 2}}}, extra={"every": {"every": {"is": 2}}}),
    Guess("2", {"is": {}}, is_empty=True, extra={"is": {}}),
)


def _json(document: object) -> str:
    return json.dumps(document)


def examine(
    path: Path, failed: Reply, ask: Ask, limits: ParseLimits, *, most_s: float = _MOST_S
) -> tuple[Unanswered, ...]:
    """What the failure of this parse follows from, of the answers that were made up; empty if it is
    the file's own.

    Asks for a parse that notes missing environment variables, then for others while there is
    something to try, for ``most_s`` seconds at most.
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
        """Whether the file still fails as it did: one that fails here and there by chance gets
        past it with any answer.
        """
        for _ in range(_CONTROLS):
            stop = Stop.of(self._parse(Guess("", {}), ())) if self._may_go_on() else self._base
            if stop is None or (stop.type, stop.lines) != (self._base.type, self._base.lines):
                return False
        return True

    def _parse(self, guess: Guess, names: Sequence[Unanswered]) -> Reply:
        self._parses += 1
        left = max(self._deadline - time.monotonic(), _LEAST_S)
        request = {
            **parse_request(Mode.TIMING, self._path, self._limits),
            "guess": guess.message(names),
        }
        request["time_limit_s"] = min(self._limits.time_limit_s, left)
        return self._ask(request)

    def _may_go_on(self) -> bool:
        return self._parses < _MOST_PARSES and time.monotonic() < self._deadline

    def _search(self, names: Sequence[Unanswered]) -> tuple[Unanswered, ...]:
        """The names that matter; the one asked for last comes first, for it is the likeliest.

        Most failures show with an answer of the stub's own form, for each name alone. Other forms
        are given to all names together first, and alone where one of them ends the parse before it
        gets to the failure.
        """
        keys: list[str] = []
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
                    return found
                has_learned = guess.document is not None and stop is not None and _learn(keys, stop)
                guess = _document(keys) if has_learned else None
        return ()

    def _alone(self, guess: Guess, names: Sequence[Unanswered]) -> tuple[Unanswered, ...]:
        """Those of the names of which this one answer alone matters."""
        if len(names) == 1 and not guess.is_alike:
            return tuple(names)
        return tuple(name for name in names if self._may_go_on() and self._shows(guess, name))

    def _shows(self, guess: Guess, name: Unanswered) -> bool:
        return _matters(self._base, self._again, self._parse(guess, [name]), guess)

    @staticmethod
    def _guesses(base: Stop, keys: Sequence[str]) -> Iterator[Guess]:
        known = bool(keys)
        yield _GUESSES[0]
        if known:
            yield _document(keys)
        yield from _GUESSES[1:]
        if not known:
            yield _document(keys)
        for word in _words(base):
            yield Guess(word, {"every": {"is": word}}, extra={"every": {"is": word}})


def _document(keys: Sequence[str]) -> Guess:
    """A JSON object with the keys that the file was seen to ask for."""
    document = {"dagprof": "2", **dict.fromkeys(keys, "2")}
    return Guess(_json(document), {"is": document}, extra={"is": document}, document=document)


def _learn(keys: list[str], stop: Stop) -> bool:
    """Note the key that a failure names; True if it is a new one."""
    if stop.type != "KeyError":
        return False
    try:
        key = ast.literal_eval(stop.message)
    except (ValueError, SyntaxError):
        return False
    if not isinstance(key, str) or key in keys:
        return False
    keys.append(key)
    return True


def _candidates(reply: Reply, base: Stop) -> list[Unanswered]:
    """What was asked for and not answered, in order: of libraries' environment variables those
    that the failure names.
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
    """Whether the parse with this guess got further than the failure, or failed otherwise at its
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


def _is_past(base: Sequence[tuple[str, int]], other: Sequence[tuple[str, int]]) -> bool | None:
    """Whether ``other`` failed after ``base`` did, by the first line in which they differ; None
    if that does not show.
    """
    for (file, line), (other_file, other_line) in zip(base, other):  # noqa: B905 - one may be deeper
        if file != other_file:
            return None
        if line != other_line:
            return other_line > line
    return None


def _words(base: Stop) -> list[str]:
    """Texts in the source around the failure, the nearest first: names of environments, keys of
    tables.
    """
    found: dict[str, int] = {}
    for file, line in reversed(base.lines):
        try:
            tree = ast.parse(Path(file).read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.Compare, ast.Dict, ast.Set, ast.List, ast.Tuple)):
                for part in ast.walk(node):
                    if (
                        isinstance(part, ast.Constant)
                        and isinstance(part.value, str)
                        and 0 < len(part.value) < 60
                    ):
                        distance = abs(line - part.lineno)
                        found[part.value] = min(distance, found.get(part.value, distance))
    return sorted(found, key=lambda word: found[word])[:_MOST_WORDS]
