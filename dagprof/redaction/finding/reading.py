"""Finds the end of a setting's value, and decides whether the value is a secret.

A value is in quotes, in a list, or bare. The context decides where a bare value ends: a URL query
ends the value at ``&``, and a line of YAML ends the value at the end of the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from dagprof.redaction import shapes, wordlists
from dagprof.redaction.finding.tokens import Span
from dagprof.redaction.names import Strength


class Setting(NamedTuple):
    """The context of a value. ``begins_line`` says that only white space or ``- `` comes before the
    name. ``in_mapping`` says that the name is in quotes, or follows a brace or a comma.
    ``in_query`` says that the name follows ``?`` or ``&``.
    """

    name: str
    strength: Strength
    separator: str
    begins_line: bool = False
    in_mapping: bool = False
    in_query: bool = False


# The letters of Python's strings, and backslashes where a text in quotes is in quotes.
_QUOTE = re.compile(r"[bBrRuUfF]{0,2}(?P<escapes>\\{0,15})(?P<quote>\"\"\"|'''|[\"'`])")
_IN_QUOTES = {
    quote: re.compile(rf"[^{quote}\\\n]*(?:\\.[^{quote}\\\n]*)*") for quote in ("'", '"', "`")
}
_LINE_END = re.compile(r"[\n\x00]|\Z")
_BLOCK = re.compile(r"[|>][+-]?[0-9]?[ \t]*\n(?P<indent>[ \t]+)")
_WORD = re.compile(r"[^\s\x00'\"`]+")
# So many characters of a value are looked at before it is known to be a secret.
_WINDOW = 512
_LINE_WORD = re.compile(r"[^\s\x00]+")
_ITEM = re.compile(r"['\"](?P<key>[^'\"\n]{1,80})['\"]\s{0,4}:\s{0,4}(?=[bru]?['\"])")
_NEXT_IN_LIST = re.compile(r"[\])'\"`\x00]")
_COOKIE = re.compile(r"cookie", re.IGNORECASE)
_SEVERAL_FIELDS = re.compile(r"(?:digest|aws4-hmac-sha256)\Z", re.IGNORECASE)
# What ends a bare value inside: the next of several settings, the end of a call, of an element.
_NEXT_SETTING = re.compile(r"[,;](?=\s*[\w .-]{1,40}[=:]|\s|\Z)|</|\)(?=[.,;:)\s]|\Z)")
_QUERY_END = re.compile(r"[&#]|%26|%22")
_QUOTES_END = re.compile(r"[\n\x00'\"]|\\[nr]")
_COMMENT = re.compile(r"\s#\s")
_CLOSERS = ",;)]}>.\\"
_NUMERIC = re.compile(r"pass|pwd|pw\b|otp|pin", re.IGNORECASE)
_SHORTEST = 3
_SHORTEST_NUMBER = 4
# Of a password, a shorter one may be in use; of what only may be one, none is.
_SHORTEST_RANDOM = 12


def values(text: str, at: int, setting: Setting) -> Iterator[Span]:
    """The places of secrets in the value that starts at ``at``."""
    quote = _QUOTE.match(text, at)
    if quote is not None:
        yield from _quoted(text, quote, setting)
    elif text[at : at + 1] in ("[", "("):
        yield from _listed(text, at, setting)
    elif text[at : at + 1] == "{" and _ITEM.search(text, at, at + _WINDOW):
        yield from _mapped(text, at, setting)
    elif (block := _BLOCK.match(text, at)) is not None:
        yield from _block(text, block, setting)
    else:
        yield from _bare(text, at, setting)


def _quoted(text: str, quote: re.Match[str], setting: Setting) -> Iterator[Span]:
    start = quote.end()
    end = _closing(text, quote, len(text) if _is_sure(setting) else start + _WINDOW)
    inside = text[start : min(end, start + _WINDOW)]
    if not shapes.is_ordinary(inside) and _is_strong_enough(inside, setting):
        yield start, end


def _closing(text: str, quote: re.Match[str], limit: int) -> int:
    """The end of the text in quotes. Without a closing quote, the text ends at the end of the line
    or at ``limit``.
    """
    escapes, mark = quote["escapes"], quote["quote"]
    start = quote.end()
    if len(mark) > 1:
        end = text.find(mark, start, limit)
        return end if end >= 0 else min(limit, len(text))
    if not escapes:
        end = _end_of(_IN_QUOTES[mark], text, start, limit)
        while text[end : end + 2] == mark * 2:  # SQL writes a quote in quotes twice
            end = _end_of(_IN_QUOTES[mark], text, end + 2, limit)
        return end
    end = text.find(escapes + mark, start, limit)
    while end > start and text[end - 1] == "\\":  # a quote in quotes deeper inside
        end = text.find(escapes + mark, end + 1, limit)
    return _end_of_line(text, start, limit if end < 0 else end)


def _end_of(pattern: re.Pattern[str], text: str, start: int, limit: int) -> int:
    found = pattern.match(text, start, limit)
    return found.end() if found else start


def _end_of_line(text: str, start: int, limit: int) -> int:
    found = _LINE_END.search(text, start, limit)
    return found.start() if found else min(limit, len(text))


def _listed(text: str, at: int, setting: Setting) -> Iterator[Span]:
    """The quoted texts in a list, up to the closing bracket."""
    place = at + 1
    while (found := _NEXT_IN_LIST.search(text, place, place + _WINDOW)) is not None:
        begin = found.start()
        while begin > place and text[begin - 1] == "\\":
            begin -= 1
        quote = _QUOTE.match(text, begin)
        if quote is None:
            return
        yield from _quoted(text, quote, setting)
        limit = len(text) if _is_sure(setting) else quote.end() + _WINDOW
        place = _closing(text, quote, limit) + len(quote["escapes"]) + len(quote["quote"])


def _mapped(text: str, at: int, setting: Setting) -> Iterator[Span]:
    """The quoted values in a mapping. For cookies, all values are secrets. For other mappings, only
    values that look random are secrets. The caller handles fields with secret names separately.
    """
    is_cookie = _COOKIE.search(setting.name) is not None
    strong = setting.strength if is_cookie else Strength.MAYBE
    end = text.find("}", at, at + _WINDOW)
    for item in _ITEM.finditer(text, at, end if end >= 0 else at + _WINDOW):
        quote = _QUOTE.match(text, item.end())
        if quote is not None and item["key"].lower() not in wordlists.PLAIN_FIELDS:
            yield from _quoted(text, quote, setting._replace(strength=strong))


def _block(text: str, block: re.Match[str], setting: Setting) -> Iterator[Span]:
    """The lines of a YAML block: all lines with the indentation of the first line."""
    if not _is_sure(setting):
        return
    end = _end_of_line(text, block.end(), len(text))
    while text.startswith("\n" + block["indent"], end):
        end = _end_of_line(text, end + 1, len(text))
    yield block.end(), end


def _bare(text: str, at: int, setting: Setting) -> Iterator[Span]:
    is_line = setting.begins_line and setting.separator == "="
    word = (_LINE_WORD if is_line else _WORD).match(text, at, at + _WINDOW)
    if word is None:
        return
    if _is_sure(setting) and setting.separator == ":" and _is_header(setting, word):
        yield at, _end_of_quotes(text, at)
        return
    if (
        word[0].lower() in wordlists.SCHEMES
        and (after := _WORD.match(text, word.end() + 1)) is not None
    ):
        if text[word.end()] == " " and not shapes.is_ordinary(after[0]):
            yield after.start(), after.start() + len(after[0].rstrip(_CLOSERS))
        return
    value = _shortened(word[0], setting)
    if shapes.is_ordinary(word[0].rstrip(",;)'\"")):
        return
    if _is_line_of_yaml(text, word, setting):
        value = _COMMENT.split(text[at : _end_of_quotes(text, at)])[0].rstrip()
    if _is_secret(value, setting):
        end = at + len(value)
        rest = _WORD.match(text, end) if len(value) == _WINDOW else None
        yield at, rest.end() if rest else end


def _is_header(setting: Setting, word: re.Match[str]) -> bool:
    """Whether the secret extends to the end of the line."""
    if _SEVERAL_FIELDS.match(word[0]):
        return True
    return _COOKIE.search(setting.name) is not None and "=" in word[0]


def _end_of_quotes(text: str, at: int) -> int:
    """The end of the line, or the end of the quotes that contain the whole setting."""
    found = _QUOTES_END.search(text, at)
    return found.start() if found else len(text)


def _is_line_of_yaml(text: str, word: re.Match[str], setting: Setting) -> bool:
    """Whether the value extends to the end of the line, as in ``password: open sesame``."""
    is_sure = _is_sure(setting) and setting.begins_line
    if not is_sure or setting.separator != ":" or word[0][-1] in ",;":
        return False
    first = word[0]
    return not (shapes.is_ordinary(first) or shapes.is_code(first) or shapes.is_number(first))


def _shortened(word: str, setting: Setting) -> str:
    """A bare value without the following characters of the same word."""
    end = (_QUERY_END if setting.in_query else _NEXT_SETTING).search(word)
    value = word[: end.start()] if end is not None else word
    return value.rstrip(_CLOSERS) or value


def _is_secret(value: str, setting: Setting) -> bool:
    if len(value) < _SHORTEST or shapes.is_ordinary(value):
        return False
    if shapes.is_number(value):
        return len(value) >= _SHORTEST_NUMBER and _NUMERIC.search(setting.name) is not None
    has_code = not setting.in_query and not _is_of_environment(setting)
    if has_code and shapes.is_code(value):
        return False
    is_apart = setting.begins_line or setting.in_mapping
    if setting.separator == ":" and not is_apart and not _stands_out(value):
        return False  # a sentence goes on after the colon
    return _is_strong_enough(value, setting)


def _is_of_environment(setting: Setting) -> bool:
    """Whether the setting is an environment variable, such as ``PGPASSWORD=value``. The value is
    then never code.
    """
    return setting.separator == "=" and setting.name.isupper()


def _stands_out(value: str) -> bool:
    """Whether the word cannot be part of an English sentence."""
    return shapes.is_varied(value) or not value.replace("-", "").isalpha()


def _is_sure(setting: Setting) -> bool:
    return setting.strength is Strength.SURE


def _is_strong_enough(value: str, setting: Setting) -> bool:
    return _is_sure(setting) or shapes.looks_random(value, _SHORTEST_RANDOM)
