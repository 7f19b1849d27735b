"""Makes text from DAG code safe to show: invisible and control characters become visible
escapes.
"""

from __future__ import annotations

import re
import unicodedata

# Cc control, Cf format (direction marks, zero width), Cs lone surrogates, Co private use, Zl and Zp
# line separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


# Stands for line ends in texts of one line.
_BREAK = " ⏎ "
_LINE_ENDS = re.compile(r"[\r\n]+")


def safe_text(value: str, limit: int = 300) -> str:
    """One line of at most ``limit`` characters, with an ellipsis if it was cut. ``⏎`` separates the
    lines of the value.
    """
    if value.isprintable() and len(value) <= limit:
        return value
    kept = value[: 4 * limit]
    text = "".join(_visible(character) for character in _one_line(kept)[: limit + 1])
    return _cut(text, limit, len(value) > len(kept))


def _one_line(value: str) -> str:
    """The non-empty lines side by side; tabs become spaces."""
    if not _LINE_ENDS.search(value):
        return value.replace("\t", " ")
    lines = (line.strip(" \t") for line in _LINE_ENDS.split(value))
    return _BREAK.join(line for line in lines if line).replace("\t", " ")


def safe_lines(value: str, limit: int = 20_000) -> str:
    """Safe text of several lines: line ends and tabs stay."""
    kept = value[:limit].replace("\r\n", "\n").replace("\t", "    ")
    text = "".join(character if character == "\n" else _visible(character) for character in kept)
    return text + ("\n…" if len(value) > limit else "")


def _cut(text: str, limit: int, is_longer: bool) -> str:
    return text[: limit - 1] + "…" if is_longer or len(text) > limit else text


def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) not in _UNSAFE:
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


# Characters of the reports themselves, replaced one for one so that columns stay aligned.
_PLAIN = str.maketrans(
    {"±": "~", "→": ">", "…": "~", "—": "-", "–": "-", "−": "-", "·": "-", "⏎": "|"}
)


def encodable(value: str, encoding: str) -> str:
    """The text in characters that the encoding has. dagprof's own characters become plain ones;
    names from DAG code get visible escapes.
    """
    try:
        value.encode(encoding)
    except UnicodeEncodeError:
        return value.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return value
