"""Finds values of settings with secret names. The module covers all common forms of settings:
shell, Python, JSON, YAML, INI, URL queries, flags, headers and XML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from dagprof.redaction import shapes, wordlists
from dagprof.redaction.finding import reading
from dagprof.redaction.finding.reading import Setting
from dagprof.redaction.finding.tokens import Span
from dagprof.redaction.names import Strength, strength

# ``API key`` and ``secret value`` are one name.
_NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,119}(?:[ ](?:[Kk]eys?|[Vv]alue)\b)?"
_STARTS_NAME = r"(?<![A-Za-z0-9_.-])"

_TYPE = r"[A-Za-z_][\w.\[\]]{0,40}"
_SETTING = re.compile(
    rf"""{_STARTS_NAME}(?P<flag>--?)?(?P<name>{_NAME})
    (?P<close>\\{{0,15}}["'`]?[\])]?)
    (?:[ ]?:[ ]{_TYPE}(?:[ ]\|[ ]{_TYPE}){{0,3}}[ ]?(?==[ ]{{0,2}}["']))?
    [ \t]{{0,8}}(?P<separator>[=-]>|:=|[=!]=|=|:(?![:/]))[ \t]{{0,8}}""",
    re.VERBOSE,
)
_LINE = re.compile(r"(?:^|[\n\r])[ \t>$#+-]{0,80}(?:export |set |env |ENV |setx )?\Z")
_MAPPING = re.compile(r"[{,][ \t]{0,80}\Z")


def settings(text: str) -> Iterator[Span]:
    """The values of ``NAME=value``, ``name: value``, ``"name": "value"`` and similar forms."""
    if _may_hold(text):
        yield from _read(_SETTING, text, _setting)


def _read(
    pattern: re.Pattern[str], text: str, setting_of: Callable[[str, re.Match[str]], Setting]
) -> Iterator[Span]:
    """The secrets in the values of all matches. The search skips text that is already part of a
    secret, so the search reads each character a limited number of times.
    """
    place = 0
    while (match := pattern.search(text, place)) is not None:
        setting = setting_of(text, match)
        if setting.strength is Strength.NO:
            place = match.end("name")
            continue
        place = match.end()
        for start, end in reading.values(text, place, setting):
            place = max(place, end)
            yield start, end


@lru_cache(maxsize=4)
def _may_hold(text: str) -> bool:
    folded = text.lower()
    return any(hint in folded for hint in wordlists.HINTS)


def _setting(text: str, match: re.Match[str]) -> Setting:
    begin = match.start()
    name = match["name"]
    before = text[begin - 1 : begin]
    if text[max(0, begin - 2) : begin] == "//" and match["separator"] == ":":
        return Setting(name, Strength.NO, ":")  # a host and its port, or a user
    in_query = before in ("?", "&") and match["separator"] == "=" and not match["close"]
    found = strength(name)
    if found is Strength.NO and in_query and name.lower() in wordlists.IN_QUERIES:
        found = Strength.MAYBE
    if found is Strength.NO:
        return Setting(name, found, match["separator"])
    begins_line = _before(_LINE, text, begin)
    in_mapping = match["close"] != "" or _before(_MAPPING, text, begin)
    return Setting(name, found, match["separator"], begins_line, in_mapping, in_query)


def _before(pattern: re.Pattern[str], text: str, begin: int) -> bool:
    return pattern.search(text, max(0, begin - 100), begin) is not None


_FLAG = re.compile(r"(?<![\w-])--?(?P<name>[A-Za-z][A-Za-z0-9_.-]{0,79})[ \t]{1,4}(?!-)")
_AFTER_SPACE = re.compile(
    rf"{_STARTS_NAME}(?P<name>{_NAME})[ \t]{{1,30}}(?:[|│][ \t]{{1,4}})?"
    r"(?P<verb>(?:(?:for|of) (?:user )?[^\s:]{1,60} ?)?(?::|is:?|was:?) |to |value |as |BY )?"
    r"(?=(?P<value>[^\s'\"`,;:=()<>\[\]{}]{8,400})|['\"])"
)
_PAIR = re.compile(
    rf"(?P<open>\(\s{{0,4}})?[bru]?(?P<quote>['\"])(?P<flag>--?)?(?P<name>{_NAME})(?P=quote)"
    r"\s{0,4},\s{0,4}"
    r"(?=[bru]?['\"])"
)
_NAMED = re.compile(
    r"\b(?:name|key)[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?P<name>[/\w][\w./-]{0,119})[\"']?[\s,;]{1,40}"
    r"[\"']?value[\"']?\s{0,4}(?P<separator>[:=])\s{0,4}",
    re.IGNORECASE,
)
_ELEMENT = re.compile(
    r"<(?P<name>[A-Za-z_][\w.:-]{0,79})(?:\s[^<>]{0,200})?>(?P<value>[^<>\n]{1,2000})</"
)
_ENCODED = re.compile(
    r"(?:(?<=%[0-9A-Fa-f][0-9A-Fa-f])|(?<![A-Za-z0-9_.%-]))(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,79})"
    r"(?:%5C)?(?:%2[27])?(?:%3A|%3D)(?:%20|\+){0,4}(?:%5C)?(?:%2[27])?"
    r"(?P<value>(?:[^\s%'\"&<>]|%(?!2[267C]|5C))+)",
    re.IGNORECASE,
)
_DECLARED = re.compile(
    rf"(?<![\w-])(?:ENV|ARG|setenv|setx)[ \t]{{1,4}}(?P<name>{_NAME})[ \t]{{1,4}}"
)
_PASSWORD = re.compile(r"pass|pwd|pw\Z", re.IGNORECASE)


def declared(text: str) -> Iterator[Span]:
    """The values of ``ENV NAME value`` in Dockerfiles and shells."""
    if _may_hold(text):
        yield from _read(_DECLARED, text, _flag)


def flags(text: str) -> Iterator[Span]:
    """The values of ``--password value``. The function ``settings`` covers ``--password=value``."""
    if "-" not in text or not _may_hold(text):
        return
    yield from _read(_FLAG, text, _flag)


def _flag(text: str, match: re.Match[str]) -> Setting:
    return Setting(match["name"], strength(match["name"]), " ")


def after_space(text: str) -> Iterator[Span]:
    """The values of ``token 8f3a…`` and ``password 'value'``: a name, a space, and a text that
    looks like a secret.
    """
    if not _may_hold(text):
        return
    for match in _AFTER_SPACE.finditer(text):
        if strength(match["name"]) is not Strength.SURE and match["name"] != "IDENTIFIED":
            continue
        if match["value"] is None:
            if _PASSWORD.search(match["name"]) or match["name"] == "IDENTIFIED":
                setting = Setting(match["name"], Strength.SURE, " ")
                yield from reading.values(text, match.end(), setting)
        elif _is_told(match):
            yield match.span("value")


def _is_told(match: re.Match[str]) -> bool:
    """Whether the word after a name is the value. A random word is a value. After a password name,
    or after a verb such as "is", a word with digits is also a value.
    """
    value = match["value"].rstrip(".")
    if shapes.looks_random(value, least=10):
        return True
    is_prose = match["verb"] is not None or _PASSWORD.search(match["name"]) is not None
    return is_prose and shapes.may_be_made_up(value)


def pairs(text: str) -> Iterator[Span]:
    """The values of ``("NAME", "value")`` in mappings and in calls of ``setenv``, and of
    ``"--flag", "value"`` in argument lists.
    """
    if _may_hold(text):
        yield from _read(_PAIR, text, _pair)


def _pair(text: str, match: re.Match[str]) -> Setting:
    is_alone = match["open"] is not None or match["flag"] is not None
    found = strength(match["name"])
    return Setting(match["name"], found if is_alone else min(found, Strength.MAYBE), ",")


def named(text: str) -> Iterator[Span]:
    """The values of ``name: NAME, value: x`` in the environment of a container."""
    if "alue" in text or "ALUE" in text:
        yield from _read(_NAMED, text, _of_container)


def _of_container(text: str, match: re.Match[str]) -> Setting:
    found = strength(match["name"])
    return Setting(match["name"], found, match["separator"], begins_line=True)


def elements(text: str) -> Iterator[Span]:
    """The values of ``<password>value</password>``."""
    if "</" not in text:
        return
    for match in _ELEMENT.finditer(text):
        found = strength(match["name"])
        value = match["value"]
        if found is Strength.NO or shapes.is_ordinary(value):
            continue
        if found is Strength.SURE or shapes.looks_random(value):
            yield match.span("value")


def encoded(text: str) -> Iterator[Span]:
    """The values of ``%22password%22%3A%22value%22``: JSON or a query inside a URL."""
    if "%3" not in text:
        return
    for match in _ENCODED.finditer(text):
        found = strength(match["name"])
        value = match["value"]
        if found is Strength.SURE and not shapes.is_ordinary(value):
            yield match.span("value")
