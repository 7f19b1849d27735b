"""Makes text from DAG code safe to show. Invisible characters and control characters become visible
escapes. Commands of CI systems lose their effect.
"""

from __future__ import annotations

import re
import unicodedata

# Cc control, Cf format (direction marks, zero width), Cs lone surrogates, Co private use, Zl and Zp
# line separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


# What begins a command in the log of GitHub Actions (``::name::``, ``##[name]``), Azure Pipelines
# (``##vso[``, ``##[``), TeamCity (``##teamcity[``) and GitLab (``section_start:``). Anywhere in a
# text: some count inside a line, and where lines end is decided when they are printed.
_COMMAND = re.compile(r":(?=:[A-Za-z_])|#(?=#(?:[A-Za-z]{1,20})?\[)|(?<=section)_(?=start:|end:)")
_BEGINNINGS = ("::", "##", "section_")

# Stands for line ends in texts of one line.
_BREAK = " ⏎ "
_LINE_ENDS = re.compile(r"[\r\n]+")


def safe_text(value: str, limit: int = 300) -> str:
    """The text as one line of at most ``limit`` characters. A shortened text ends with an ellipsis.
    ``⏎`` replaces a line break.
    """
    if value.isprintable() and len(value) <= limit and not _may_command(value):
        return value
    kept = value[: 4 * limit]
    text = "".join(_visible(character) for character in _one_line(kept)[: limit + 1])
    return _cut(without_commands(text), limit, len(value) > len(kept))


def _one_line(value: str) -> str:
    """The non-empty lines, joined into one line. Tabs become spaces."""
    if not _LINE_ENDS.search(value):
        return value.replace("\t", " ")
    lines = (line.strip(" \t") for line in _LINE_ENDS.split(value))
    return _BREAK.join(line for line in lines if line).replace("\t", " ")


def safe_lines(value: str, limit: int = 20_000) -> str:
    """Safe text of several lines. Line breaks and tabs stay."""
    kept = value[:limit].replace("\r\n", "\n").replace("\t", "    ")
    text = "".join(character if character == "\n" else _visible(character) for character in kept)
    return without_commands(text) + ("\n…" if len(value) > limit else "")


def without_commands(text: str) -> str:
    """The text, with a space inside each character sequence that a CI system would read as a
    command.
    """
    return _COMMAND.sub(r"\g<0> ", text) if _may_command(text) else text


def json_without_commands(text: str) -> str:
    """JSON text, with an escape inside each character sequence that a CI system would read as a
    command. The decoded values stay the same.
    """
    return _COMMAND.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _may_command(text: str) -> bool:
    return any(beginning in text for beginning in _BEGINNINGS)


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
    """The text in the characters of an encoding. dagprof's own special characters become plain
    characters. Characters from DAG code become visible escapes.
    """
    try:
        value.encode(encoding)
    except UnicodeEncodeError:
        return value.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return value
