"""Texts in quotes and colours of a terminal, where a secret does not seem to begin a word."""

from __future__ import annotations

import re
from collections.abc import Iterator


def readings(text: str) -> Iterator[str]:
    """The text, and where it has escapes for white space or colours of a terminal, the same with
    white space in their places, each character where it was.
    """
    yield text
    if "\\" in text or "\x1b" in text:
        plain = _ESCAPE.sub(_white_space, text)
        if plain != text:
            yield plain


# ``\n`` in a text in quotes, with more backslashes where that is in quotes; colours.
_ESCAPE = re.compile(
    r"\\{1,15}(?P<letter>[nrt])|(?:\x1b|\\x1b|\\u001b|\\033)\[[0-9;]{0,20}[A-Za-z]"
)


def _white_space(match: re.Match[str]) -> str:
    return (len(match[0]) - 1) * " " + (" " if match["letter"] in (None, "t") else "\n")
