"""Searches a text for all secrets in the table of patterns."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.redaction.finding import escapes, tokens
from dagprof.redaction.finding.tokens import Span
from dagprof.redaction.patterns import PATTERNS


def spans(text: str) -> Iterator[Span]:
    """The places in a text that look like secrets, for all rows of the table. The places may
    overlap.
    """
    for reading in escapes.readings(text):
        for pattern in PATTERNS:
            yield from pattern.find(reading)


def whole(text: str) -> Iterator[Span]:
    """The places of secrets that may be longer than a piece. The redactor searches a long text in
    pieces.
    """
    for reading in escapes.readings(text):
        yield from tokens.blocks(reading)
