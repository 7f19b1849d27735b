"""Masks secrets in text: texts that look like secrets, and known secret values."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from dagprof.redaction import search
from dagprof.redaction.finding.tokens import Span
from dagprof.redaction.known import Known

MASK = "***"
NOT_SHOWN = "[not shown: looking for secrets took too long]"

# A long text is looked at in pieces. Each begins so much before the end of the one before it, which
# is more than any secret but a private key takes.
_PIECE = 1 << 16
_OVERLAP = 1 << 12
# CPU time of this thread for one text, so that a busy machine hides nothing.
_LIMIT_S = 2.0


class Redactor:
    """Masks texts that look like secrets, and known values in any place. Several threads can use
    one redactor.

    The time is proportional to the length of the text. After ``limit_s`` seconds of ``clock``,
    ``NOT_SHOWN`` replaces the rest of a text.
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
        """A redactor that also masks these values."""
        more = set(secrets).difference(self._known.values)
        if not more:
            return self
        return Redactor([*self._known.values, *more], limit_s=self._limit_s, clock=self._clock)

    def __call__(self, text: str) -> str:
        """The text with ``MASK`` in place of each secret."""
        return self._shown(text, lambda secret: MASK)

    def source(self, text: str) -> str:
        """The source code with ``MASK`` in place of each secret. The number of lines stays the
        same.
        """
        return self._shown(text, lambda secret: MASK + "\n" * secret.count("\n"))

    def _shown(self, text: str, mask: Callable[[str], str]) -> str:
        if len(text) <= _PIECE:
            return _masked(text, self._spans(text), mask)
        deadline = self._clock() + self._limit_s
        found = [*search.whole(text)]
        end = 0
        while end < len(text) and (end == 0 or self._clock() < deadline):
            start, end = max(0, end - _OVERLAP), end + _PIECE
            piece = text[start:end]
            found += [(start + first, start + last) for first, last in self._spans(piece)]
        shown = _masked(text[:end], ((first, min(last, end)) for first, last in found), mask)
        return shown if end >= len(text) else f"{shown}\n{NOT_SHOWN}"

    def _spans(self, text: str) -> Iterator[Span]:
        yield from self._known(text)
        yield from search.spans(text)


def _masked(text: str, spans: Iterable[Span], mask: Callable[[str], str]) -> str:
    """The text with a mask at each place."""
    parts, done = [], 0
    for start, end in _joined(spans):
        parts += [text[done:start], mask(text[start:end])]
        done = end
    return "".join([*parts, text[done:]]) if parts else text


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The places in order. Places that overlap or touch are joined."""
    first = last = -1
    for start, end in sorted({span for span in spans if span[0] < span[1]}):
        if start > last:
            if last >= 0:
                yield first, last
            first = start
        last = max(last, end)
    if last >= 0:
        yield first, last
