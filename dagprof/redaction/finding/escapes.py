"""Replaces escapes and terminal colours in text. After an escape, a secret would not look like the
beginning of a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def readings(text: str) -> Iterator[str]:
    """The text. If the text contains escapes or terminal colours, also the text with white space in
    place of these sequences. All other characters keep their positions.
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
