"""Expands ``$NAME`` and ``${NAME:-default}`` in the files of Docker and Compose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
_DEEPEST = 20
# Texts above these lengths, before or after expansion, stay as they are. No setting is that long,
# and nested values can turn a few lines into gigabytes.
_LONGEST = 20_000
_LONGEST_RESULT = 100_000


# Stands for a dollar sign that is no reference, until the references are expanded. A character for
# private use, which no file should contain.
_DOLLAR = "\ue024"


class Expanded(NamedTuple):
    """The text with its values, and the names that have no value."""

    text: str
    unset: tuple[str, ...] = ()


class _TooLongError(Exception):
    """The result would be longer than any setting."""


def expand(text: str, known: Mapping[str, str], *, doubled: bool = True) -> Expanded:
    """Replace names with their values. ``doubled``: ``$$`` stands for a dollar sign, as in Compose.

    The forms are ``$A``, ``${A}``, ``${A:-b}``, ``${A-b}``, ``${A:?b}``, ``${A?b}``, ``${A:+b}``
    and ``${A+b}``. The text in place of ``b`` may contain such forms again. All other text stays as
    it is.
    """
    if len(text) > _LONGEST:
        return Expanded(text.replace(_DOLLAR, "$"))
    unset: list[str] = []
    try:
        result = _expanded(text, known, unset, doubled, 0)
    except _TooLongError:
        result, unset = text, []
    return Expanded(result.replace(_DOLLAR, "$"), tuple(dict.fromkeys(unset)))


def literal(text: str) -> str:
    """The text with a mark, which ``expand`` turns into a dollar sign, in place of each dollar sign
    that a shell would not expand: in single quotes, and behind a backslash.
    """
    pieces: list[str] = []
    quote, at = "", 0
    while at < len(text):
        sign = text[at]
        if sign == "\\" and quote != "'" and at + 1 < len(text):
            is_dollar = text[at + 1] == "$"
            pieces.append(_DOLLAR if is_dollar else text[at : at + 2])
            at += 2
            continue
        if sign in "'\"" and quote in ("", sign):
            quote = "" if quote else sign
        pieces.append(_DOLLAR if sign == "$" and quote == "'" else sign)
        at += 1
    return "".join(pieces)


def _expanded(
    text: str, known: Mapping[str, str], unset: list[str], doubled: bool, depth: int
) -> str:
    if depth > _DEEPEST:
        return text
    pieces: list[str] = []
    closing = _closing(text)
    at = length = 0
    while (dollar := text.find("$", at)) >= 0:
        pieces.append(text[at:dollar])
        at = dollar + 1
        name = _NAME.match(text, at)
        if doubled and text.startswith("$", at):
            pieces.append("$")
            at += 1
        elif name is not None:
            pieces.append(_value(name[0], known, unset))
            at = name.end()
        elif text.startswith("{", at) and (end := closing.get(at, -1)) > 0:
            pieces.append(_braced(text[at + 1 : end], known, unset, doubled, depth))
            at = end + 1
        else:
            pieces.append("$")
        length += len(pieces[-1])
        if length > _LONGEST_RESULT:
            raise _TooLongError
    return "".join([*pieces, text[at:]])


def _value(name: str, known: Mapping[str, str], unset: list[str]) -> str:
    if name not in known:
        unset.append(name)
    return known.get(name, "")


def _braced(
    inner: str, known: Mapping[str, str], unset: list[str], doubled: bool, depth: int
) -> str:
    name = _NAME.match(inner)
    if name is None:
        return f"${{{inner}}}"
    rest = inner[name.end() :]
    operator = _OPERATOR.match(rest)
    if operator is None:
        return _value(name[0], known, unset)
    word = rest[operator.end() :]
    has_value = name[0] in known and not (operator[0][0] == ":" and not known[name[0]])
    if operator[0][-1] == "+":
        return _expanded(word, known, unset, doubled, depth + 1) if has_value else ""
    if has_value:
        return known[name[0]]
    if operator[0][-1] == "?":
        unset.append(name[0])
        return ""
    return _expanded(word, known, unset, doubled, depth + 1)


def _closing(text: str) -> dict[int, int]:
    """The position of the closing brace for each ``{`` of a ``${``, without those that have no
    closing brace.
    """
    found: dict[int, int] = {}
    open_braces: list[int] = []
    for at, sign in enumerate(text):
        if sign == "}" and open_braces:
            found[open_braces.pop()] = at
        elif sign == "{" and text[at - 1 : at] == "$":
            open_braces.append(at)
    return found
