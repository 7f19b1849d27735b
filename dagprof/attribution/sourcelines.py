"""Splits source text into lines in the same way as Python."""

from __future__ import annotations

import io
import re
import tokenize

_LINE_END = re.compile(r"\r\n|\r|\n")


def source_text(data: bytes) -> str:
    """The text of a source file, decoded with the encoding that the file declares.

    :raises UnicodeError: the source file is not valid text in this encoding.
    """
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (SyntaxError, LookupError):  # no such encoding, or one of bytes, such as rot13
        return data.decode("utf-8-sig")


def with_line_feeds(text: str) -> str:
    """The text with a line feed at the end of each line."""
    return _LINE_END.sub("\n", text)


def lines_of(text: str) -> list[str]:
    """The lines as Python's tokenizer counts them. Form feeds and other Unicode separators do not
    end a line.
    """
    lines = with_line_feeds(text).split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def source_lines(data: bytes) -> list[str]:
    """The lines of a source file. Invalid bytes are replaced."""
    try:
        return lines_of(source_text(data))
    except UnicodeError:
        return lines_of(data.decode("utf-8", "replace"))
