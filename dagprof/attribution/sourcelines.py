"""The lines of a source as Python counts them."""

from __future__ import annotations

import io
import re
import tokenize

_LINE_END = re.compile(r"\r\n|\r|\n")


def source_text(data: bytes) -> str:
    """The text of a source, decoded with the encoding that the source declares.

    :raises UnicodeError: the source is not text in that encoding.
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
    """The lines as Python's tokenizer counts them: form feeds and other Unicode separators do not
    end a line.
    """
    lines = with_line_feeds(text).split("\n")
    return lines[:-1] if lines and not lines[-1] else lines


def source_lines(data: bytes) -> list[str]:
    """The lines of a source. Bytes that are invalid in its encoding are replaced."""
    try:
        return lines_of(source_text(data))
    except UnicodeError:
        return lines_of(data.decode("utf-8", "replace"))
