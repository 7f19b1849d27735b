"""Searches a text for everything that the table of patterns knows."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.redaction.finding import escapes, tokens
from dagprof.redaction.finding.tokens import Span
from dagprof.redaction.patterns import PATTERNS


def spans(text: str) -> Iterator[Span]:
    """The places in a text that look like a secret, by all rows. The places may overlap."""
    for reading in escapes.readings(text):
        for pattern in PATTERNS:
            yield from pattern.find(reading)


def whole(text: str) -> Iterator[Span]:
    """The places of secrets that may be longer than the pieces in which a long text is searched."""
    for reading in escapes.readings(text):
        yield from tokens.blocks(reading)
