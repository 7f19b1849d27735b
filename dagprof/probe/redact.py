"""Takes secrets out of text before it leaves the measured process."""

from __future__ import annotations

import json
import os
import re
import urllib.parse

MASK = "***"

_NAME = (
    r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key"
    r"|credential|auth(?!or))"
)
_PATTERNS = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S
        ),
        MASK,
    ),
    (
        re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@'\"]*:)[^\s@'\"/]+(@)", re.I),
        r"\1" + MASK + r"\2",
    ),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    (re.compile(r"\b(?:gh[pousr]|glpat|xox[abprs])[-_][A-Za-z0-9_-]{16,}"), MASK),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),
    (re.compile(r"(\b(?:bearer|basic)\s+)[A-Za-z0-9+/._=-]{8,}", re.I), r"\1" + MASK),
    (re.compile(r"(--?[\w-]*" + _NAME + r"[\w-]*(?:\s+|=))(?!-)[^\s'\"]+", re.I), r"\1" + MASK),
    (
        re.compile(
            r"(\b\w*" + _NAME + r"\w*['\"]?\s*(?:=|:|=>)\s*)(['\"])(?:\\.|(?!\2).)*\2", re.I
        ),
        r"\1\2" + MASK + r"\2",
    ),
    (
        re.compile(r"(\b\w*" + _NAME + r"\w*\s*=\s*)(?!['\"])[^\s,;&)('\"]{4,}(?![\w.]*\()", re.I),
        r"\1" + MASK,
    ),
)
_SECRET_SETTING = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|KEY|APIKEY|CREDENTIALS?|CONN|DSN)(?:_|$)|SQL_ALCHEMY_CONN",
    re.I,
)
_SHORTEST = 6


def _parts(value: object) -> list[str]:
    """The password inside a connection. The rest of the connection may be shown."""
    if not isinstance(value, str):
        return []
    if value.lstrip().startswith("{"):
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return []
        return [parsed[name] for name in ("password", "extra") if isinstance(parsed.get(name), str)]
    try:
        password = urllib.parse.urlsplit(value).password
    except ValueError:
        return []
    return [password, urllib.parse.unquote(password)] if password else []


class Redactor:
    """Masks text that looks like a secret, and the known values of secret settings wherever they
    appear.
    """

    def __init__(self, known_values: list[str] | None = None) -> None:
        values = [
            value
            for name, value in os.environ.items()
            if _SECRET_SETTING.search(name) and value[:1] != os.sep
        ]
        values += known_values or []
        values += [part for value in values for part in _parts(value)]
        self._values = sorted(
            {v for v in values if isinstance(v, str) and len(v) >= _SHORTEST}, key=len, reverse=True
        )

    def __call__(self, text: str) -> str:
        for value in self._values:
            if value in text:
                text = text.replace(value, MASK)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text
