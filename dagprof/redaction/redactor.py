"""Masks secrets in text: what looks like one, and values that are known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from dagprof.redaction import patterns
from dagprof.redaction.known import Known
from dagprof.redaction.tokens import Span

MASK = "***"
NOT_SHOWN = "[not shown: looking for secrets took too long]"

# A long text is looked at in pieces. Each begins so much before the end of the one before it, which
# is more than any secret but a private key takes.
_PIECE = 1 << 16
_OVERLAP = 1 << 12
# CPU time of this thread for one text, so that a busy machine hides nothing.
_LIMIT_S = 2.0


class Redactor:
    """Masks what looks like a secret, and known values wherever they appear. Used by several
    threads.

    The time grows as the text does. What is left of a text after ``limit_s`` seconds of ``clock``
    is replaced by ``NOT_SHOWN``.
    """

    def __init__(
        self,
        secrets: Iterable[str] = (),
        *,
        limit_s: float = _LIMIT_S,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._known = Known(secrets)
        self._limit_s, self._clock = limit_s, clock

    def knowing(self, secrets: Iterable[str]) -> Redactor:
        """The same that knows more values."""
        more = set(secrets).difference(self._known.values)
        if not more:
            return self
        return Redactor([*self._known.values, *more], limit_s=self._limit_s, clock=self._clock)

    def __call__(self, text: str) -> str:
        """The text with ``MASK`` in place of each secret."""
        if len(text) <= _PIECE:
            return _masked(text, self._spans(text))
        return self._long(text)

    def _spans(self, text: str) -> Iterator[Span]:
        yield from self._known(text)
        yield from patterns.spans(text)

    def _long(self, text: str) -> str:
        deadline = self._clock() + self._limit_s
        found = [*patterns.whole(text)]
        end = 0
        while end < len(text) and (end == 0 or self._clock() < deadline):
            start, end = max(0, end - _OVERLAP), end + _PIECE
            piece = text[start:end]
            found += [(start + first, start + last) for first, last in self._spans(piece)]
        masked = _masked(text[:end], ((first, min(last, end)) for first, last in found))
        return masked if end >= len(text) else f"{masked}\n{NOT_SHOWN}"


def _masked(text: str, spans: Iterable[Span]) -> str:
    """The text with each place masked; places that overlap or touch are one."""
    ordered = sorted({span for span in spans if span[0] < span[1]})
    if not ordered:
        return text
    parts, done, open_until = [], 0, -1
    for start, end in ordered:
        if start > open_until:
            parts += [text[done:start], MASK]
        open_until = max(open_until, end)
        done = open_until
    return "".join([*parts, text[done:]])
