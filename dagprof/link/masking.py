"""Masks secrets in all messages of the probe, before other code reads the messages.

Names stay unchanged: paths, modules, functions, ids of DAGs, keys of Variables. dagprof masks a
text first and cuts the text afterwards, so that no part of a secret remains.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import msgspec

from dagprof.link.messages.reply import NoFork, Reply
from dagprof.link.messages.result import (
    EffectRow,
    FailureRow,
    Result,
    ScheduleRow,
    StatementRow,
    Traced,
)
from dagprof.link.messages.zygote import (
    CannotBegin,
    Failed,
    Listing,
    PreImported,
    Preloaded,
    ProbeConfig,
    Ready,
    Surveyed,
)
from dagprof.model import Plugin

if TYPE_CHECKING:
    from dagprof.redaction import Redactor

# As long as these may the texts of a Run be; the probe sends somewhat more.
_WHAT_LIMIT = 310
_STATEMENT_LIMIT = 170
_MESSAGE_LIMIT = 2100
_WARNING_LIMIT = 600
_OUTPUT_LIMIT = 32 * 1024
# What the probe puts behind a text that it has cut (``dagprof/probe/bounds.py``).
_NOTE = re.compile(r"…(?: \([0-9,]+ more characters\))?\n?\Z")
_LONGEST_NOTE = 60
# The fields of messages that hold text.
_TEXTS = {Ready: "trouble", CannotBegin: "reason", Failed: "failed", NoFork: "reason"}
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class Hidden(str):
    """What is shown of a text with secrets. Two are equal if the whole texts were, so that what
    differs from parse to parse is seen to differ. ``is_certain``: the text is a secret, or contains
    one, and does not only stand behind the name of one.
    """

    _whole: int
    is_certain: bool

    @classmethod
    def of(cls, text: str, shown: str, *, is_certain: bool = True) -> Hidden:
        """``shown`` in place of ``text``."""
        made = cls(shown)
        made._whole = hash(text)
        made.is_certain = is_certain
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and self._whole == other._whole

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return self._whole


class Masking:
    """Masks the messages of one probe, which is started with ``config`` in ``environment``. It
    learns the variables that the user's code sets. ``others`` are variables that the probe does not
    have, but whose values may be part of those that it has. Used by several threads.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        config: ProbeConfig,
        others: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._environment, self._config, self._others = environment, config, others
        self._seen = set(environment.items())
        self._redactor: Redactor | None = None
        self._lock = threading.RLock()

    def text(self, text: str, limit: int = _MESSAGE_LIMIT) -> str:
        """At most ``limit`` characters of a text without secrets."""
        return self._whole(text)[:limit]

    def answer(self, answer: _Struct) -> _Struct:
        """A message of the zygote, or of a worker that cannot fork."""
        if isinstance(answer, Ready):
            self._learn(answer.environment)
            answer = _with(answer, environment={})
        if type(answer) in _TEXTS:
            field = _TEXTS[type(answer)]
            return _with(answer, **{field: self.text(getattr(answer, field))})
        if isinstance(answer, Listing):
            answer = _with(answer, skipped=self._rows(answer.skipped))
            return _with(answer, passed_over=self._rows(answer.passed_over))
        if isinstance(answer, PreImported | Preloaded):
            return _with(answer, failed=self._rows(answer.failed))
        if isinstance(answer, Surveyed):
            return _with(answer, left_out=self._rows(answer.left_out))
        return answer

    def _rows(self, rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """Rows whose last column is text."""
        return [(*row[:-1], self.text(row[-1])) for row in rows]

    def plugins(self, plugins: Iterable[Plugin]) -> tuple[Plugin, ...]:
        """The plugins that the zygote has loaded."""
        return tuple(_with(plugin, error=self.text(plugin.error)) for plugin in plugins)

    def reply(self, reply: Reply) -> Reply:
        """How a parse ended."""
        if reply.result is not None:
            self._learn(reply.result.environment)
            reply = _with(reply, result=self._result(reply.result))
        (stdout, written), (stderr, complained) = reply.stdout, reply.stderr
        return _with(
            reply,
            stdout=(self.text(stdout, _OUTPUT_LIMIT), written),
            stderr=(self.text(stderr, _OUTPUT_LIMIT), complained),
        )

    def _result(self, result: Result) -> Result:
        return _with(
            result,
            environment={},
            failures=tuple(map(self._failure, result.failures)),
            logged=tuple(
                _with(row, message=self.text(row.message), logger=self.text(row.logger))
                for row in result.logged
            ),
            stops=tuple((kind, self.text(text), lines) for kind, text, lines in result.stops),
            warnings=tuple(self.text(text, _WARNING_LIMIT) for text in result.warnings),
            effects=tuple(self._effects(result.effects)),
            contents={name: self._value(value) for name, value in result.contents.items()},
            schedules=self._schedules(result.schedules),
            trace=None if result.trace is None else self._trace(result.trace),
        )

    def _failure(self, row: FailureRow) -> FailureRow:
        message, cause = self.text(row.message), self.text(row.cause)
        return _with(row, message=message, cause=cause, traceback=self._whole(row.traceback))

    def _schedules(self, rows: tuple[ScheduleRow, ...] | None) -> tuple[ScheduleRow, ...] | None:
        if rows is None:
            return None
        return tuple(
            _with(
                row,
                text=self.text(row.text, _WHAT_LIMIT),
                fault=self.text(row.fault, _WHAT_LIMIT),
            )
            for row in rows
        )

    def _trace(self, traced: Traced) -> Traced:
        helpers = tuple(
            _with(helper, statements=self._statements(helper.statements))
            for helper in traced.helpers
        )
        untraced = tuple(
            _with(row, message=self.text(row.message)) for row in traced.uninstrumented
        )
        return _with(
            traced,
            statements=self._statements(traced.statements),
            helpers=helpers,
            uninstrumented=untraced,
        )

    def _statements(self, rows: Iterable[StatementRow]) -> tuple[StatementRow, ...]:
        return tuple(_with(row, text=self.text(row.text, _STATEMENT_LIMIT)) for row in rows)

    def _effects(self, rows: Iterable[EffectRow]) -> Iterable[EffectRow]:
        """Effects that differ only in a secret are one."""
        found: dict[tuple[str, str, str, int, bool], EffectRow] = {}
        for row in rows:
            shown = _with(row, what=self.text(row.what, _WHAT_LIMIT))
            key = (row.kind, shown.what, row.file, row.line, row.is_running)
            found[key] = _together(found[key], shown) if key in found else shown
        return found.values()

    def _value(self, value: object, name: str = "") -> object:
        """A value of a serialised DAG; what stands behind the name of a secret is one."""
        if isinstance(value, dict):
            return {
                self._whole(str(key)): self._value(inner, name if key == "__var" else str(key))
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._value(inner, name) for inner in value]
        if not isinstance(value, str):
            return value
        from dagprof.redaction import MASK, is_secret, shapes
        from dagprof.redaction.credentials import is_credential

        is_whole = is_secret(name) and not shapes.is_ordinary(value)
        masked = self._whole(value)
        shown = MASK if is_whole else masked
        if shown == value:
            return value
        return Hidden.of(value, shown, is_certain=masked != value or is_credential(name, value))

    def _whole(self, text: str) -> str:
        """A text without secrets. If the probe has cut the text, the beginning of a secret may be
        in front of the note about that.
        """
        if not text:
            return text
        note = _NOTE.search(text, max(0, len(text) - _LONGEST_NOTE))
        redact = self._current()
        return redact(text) if note is None else redact(text[: note.start()]) + note[0]

    def _current(self) -> Redactor:
        """Made when the first text comes. Loading the patterns takes a moment, in which the probe
        already imports Airflow.
        """
        with self._lock:
            if self._redactor is None:
                from dagprof.link import secrets
                from dagprof.redaction import Redactor, values

                known = secrets.of_probe(self._environment, self._config)
                self._redactor = Redactor([*known, *values.of_environment(self._others)])
            return self._redactor

    def _learn(self, environment: Mapping[str, str]) -> None:
        """The user's code has set these variables."""
        with self._lock:
            new = dict(environment.items() - self._seen)
            if new:
                from dagprof.redaction import values

                self._redactor = self._current().knowing(values.of_environment(new))
                self._seen |= new.items()


def _with(value: _Struct, **fields: object) -> _Struct:
    """The same value with other fields; itself where they are the same objects."""
    changed = {name: field for name, field in fields.items() if getattr(value, name) is not field}
    return msgspec.structs.replace(value, **changed) if changed else value


def _together(one: EffectRow, other: EffectRow) -> EffectRow:
    times = [row.wall_us for row in (one, other) if row.wall_us is not None]
    sizes = (one.size_bytes, other.size_bytes)
    return _with(
        one,
        count=one.count + other.count,
        wall_us=sum(times) if times else None,
        size_bytes=sum(sizes) if one.kind == "output" else max(sizes),
        failed=one.failed + other.failed,
        threads=max(one.threads, other.threads),
    )
