"""Finds users and passwords in URLs, including passwords with characters that are invalid in a
URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dagprof.redaction import wordlists
from dagprof.redaction.finding.tokens import Span
from dagprof.redaction.shapes import is_ordinary, is_varied, looks_random

_SEPARATOR = "://"
_LONGEST_SCHEME = 40
_LONGEST_URL = 4000
# Of several ``@``, these many at the end are tried.
_MOST_SIGNS = 8
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*\Z")
_END = re.compile(r"[\s\"'<>`\x00]")
_WHITE_SPACE = re.compile(r"[\s<>\x00]")
# A user and the beginning of a password, and no host with its port.
_STARTS_USER = re.compile(r"[^:/?#@\[]+:(?![0-9]{1,5}(?:[/?#,;]|\Z))[^@]*")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[\w*{$%][\w.{}$%-]*)?(?=[/?#:,;)\]}\\|&]|\Z)")
_PORT = re.compile(r"[0-9]{1,5}(?=[/?#])")
# With these schemes a user without a password is a token, mostly.
_WEB = re.compile(r"(?:\w+\+)?https?\Z", re.IGNORECASE)
_NO_PASSWORDS = frozenset(("", "x", "X", "x-oauth-basic", "api_token"))


def urls(text: str) -> Iterator[Span]:
    """The password of each URL. If the user is a token, also the user."""
    place = text.find(_SEPARATOR)
    while place >= 0:
        following = text.find(_SEPARATOR, place + 1)
        start = place + len(_SEPARATOR)
        limit = start + _LONGEST_URL
        if following >= 0:
            limit = min(limit, following - len(_scheme(text, following)))
        run = _run(text, start, max(start, limit))
        for first, last in _secrets(_scheme(text, place), run):
            yield start + first, start + last
        place = following


def _run(text: str, start: int, limit: int) -> str:
    """The characters of the URL, up to white space or a quote. If the password contains quotes, the
    URL continues after these quotes.
    """
    end = _END.search(text, start, limit)
    run = text[start : end.start() if end else limit]
    if end is None or end[0] not in "'\"`" or not _STARTS_USER.fullmatch(run):
        return run
    rest = _WHITE_SPACE.search(text, start, limit)
    return text[start : rest.start() if rest else limit]


def _scheme(text: str, place: int) -> str:
    found = _SCHEME.search(text[max(0, place - _LONGEST_SCHEME) : place])
    return found[0] if found else ""


def _secrets(scheme: str, run: str) -> Iterator[Span]:
    """The places of secrets in the text after ``://``."""
    is_web = _WEB.match(scheme) is not None
    at = _end_of_user(run, is_web)
    if at <= 0:
        return
    user, colon, password = run[:at].partition(":")
    if colon and password not in _NO_PASSWORDS:
        if not is_ordinary(password):
            yield len(user) + 1, at
        if looks_random(user):
            yield 0, len(user)
    elif looks_random(user) or (
        is_web and user not in wordlists.PLAIN_USERS and not is_ordinary(user)
    ):
        yield 0, len(user)


def _end_of_user(run: str, is_web: bool) -> int:
    """The position of the ``@`` after user and password, or -1 if there is none."""
    path = re.search(r"[/?#]", run)
    colon = run.find(":")
    at = run.find("@")
    if path is not None and path.start() < at:
        # A path, or a password that has such a character.
        has_host = run.startswith("[") or colon < 0 or colon > path.start()
        port = None if has_host else _PORT.match(run, colon + 1)
        if has_host or (port is not None and (is_web or _is_host(run[:colon]))):
            return -1
    end = len(run)
    for _ in range(_MOST_SIGNS):
        end = run.rfind("@", 0, end)
        if end < 0:
            return -1
        if _HOST.match(run, end + 1):
            return end
    return at


def _is_host(name: str) -> bool:
    return "." in name or name == "localhost"


_BARE = re.compile(
    r"(?<![\w:/@.+-])(?P<user>[A-Za-z_][\w.+-]{0,63}):(?P<secret>[^\s:@/'\"<>{}()\[\],;]{3,128})@"
    r"(?!sha[0-9]{3}:)(?=[A-Za-z0-9\[(])"
)
_ORACLE = re.compile(
    r"(?:jdbc:oracle:\w{1,10}:|(?:sqlplus|sqlldr|expdp|impdp|exp|imp|rman)\s(?:-\w{1,8}\s){0,4})"
    r"[\w$#]{1,64}/(?P<secret>[^\s/'\"]{1,128})@"
)


def bare_users(text: str) -> Iterator[Span]:
    """The passwords of ``user:password@host`` without a scheme, as in settings of database
    drivers.
    """
    if "@" not in text:
        return
    for match in _BARE.finditer(text):
        secret = match["secret"]
        is_address = match["user"].lower() in wordlists.ADDRESSES or not is_varied("." + secret)
        if not is_address and not is_ordinary(secret):
            yield match.span("secret")
    for match in _ORACLE.finditer(text):
        yield match.span("secret")
