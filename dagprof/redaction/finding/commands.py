"""Finds passwords in command lines of programs that have one-letter options for passwords."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from dagprof.redaction.finding.tokens import Span
from dagprof.redaction.shapes import is_ordinary

_VALUE = r"(?P<secret>[^\s'\"]{1,400})"
_QUOTED = r"(?:'(?P<first>[^'\n]{1,400})'|\"(?P<second>[^\"\n]{1,400})\"|" + _VALUE + ")"


# What is written into the standard input of a program that reads a password there.
_PIPED = (
    r"(?:echo|printf) (?:-n )?['\"]?(?P<secret>[^\s'\"|]{3,400})['\"]? ?\|[^|\n]{1,200}"
    r"--password-stdin"
)


class _Option(NamedTuple):
    """A password option, and the programs that have this option. The option follows the program in
    the same line.
    """

    programs: tuple[str, ...]
    finds: re.Pattern[str]


# Between an option and its value, also in a list of arguments.
_APART = r"(?:[ ]{1,4}|['\"],[ ]{0,4}['\"])(?!-)"
_MAYBE_APART = rf"(?:{_APART}|(?![\s-]))"


def _letter(letters: str, between: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])-(?:{letters}){between}{_QUOTED}")


_OPTIONS = (
    _Option(("mysql", "mariadb"), _letter("p", "(?![\\s-])")),
    _Option(("sshpass",), _letter("p", _MAYBE_APART)),
    _Option(("7z", "7za"), _letter("p", "(?![\\s-])")),
    _Option(
        (
            *("mongo", "docker login", "podman login", "az login", "oc login", "registry login"),
            *("twine", "skopeo", "clickhouse-client", "cqlsh", "beeline"),
        ),
        _letter("p", _APART),
    ),
    _Option(("zip",), _letter("P", _MAYBE_APART)),
    _Option(("redis-cli",), _letter("a", _APART)),
    _Option(("ldapsearch", "ldapmodify", "ldapadd", "vsql"), _letter("w", _APART)),
    _Option(("sqlcmd", "bcp "), _letter("P", _MAYBE_APART)),
    _Option(
        ("curl", "wget", "http", "lftp", "ab "),
        re.compile(
            r"(?<![\w-])(?:-u|-U|--user|--proxy-user|-a|--auth)['\"]?,?[ =]{0,4}['\"]?"
            r"[^:\s'\"/]{1,200}:" + _VALUE
        ),
    ),
    _Option(("smbclient", "rpcclient"), re.compile(r"-U[ ]?['\"]?[^%\s'\"]{1,100}%" + _VALUE)),
    _Option(("openssl", "keytool"), re.compile(r"(?<![\w])pass(?:in|out)?:" + _VALUE)),
    _Option(("openssl enc",), _letter("k", _APART)),
    _Option(("echo ", "printf "), re.compile(_PIPED)),
    _Option(("htpasswd",), re.compile(r"htpasswd -\w*b\w* \S{1,200} \S{1,100} " + _VALUE)),
)


def options(text: str) -> Iterator[Span]:
    """The values of options such as ``-p``, if the program in the same line reads a password from
    the option.
    """
    for programs, finds in _OPTIONS:
        for program in programs:
            if program in text:
                yield from _after(program, finds, text)


def _after(program: str, finds: re.Pattern[str], text: str) -> Iterator[Span]:
    """The values in the rest of each line that names the program."""
    place = text.find(program)
    while place >= 0:
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        for match in finds.finditer(text, place, end):
            name = next(name for name, value in match.groupdict().items() if value is not None)
            if not is_ordinary(match[name]) and not match[name].isdigit():
                yield match.span(name)
        place = text.find(program, end)
