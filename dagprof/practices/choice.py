"""Which rules apply to which files, and which findings are accepted."""

from __future__ import annotations

import datetime
import io
import re
import tokenize
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from dagprof.config.checks import Checks
from dagprof.config.policy import matches
from dagprof.errors import UsageError
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding, redacted

_BEGINS = re.compile(r"#\s*dagprof:\s*ignore\b", re.IGNORECASE)
_COMMENT = re.compile(
    r"#\s*dagprof:\s*ignore\s+(?P<codes>DP\d{1,3}(?:\s*,\s*DP\d{1,3})*)"
    r"(?:\s+until\s+(?P<until>\d{4}-\d{2}-\d{2}))?\s+because\s+(?P<reason>\S.*)",
    re.IGNORECASE,
)
# Python's tokenizer copies the line for each token, and a text of several lines is one line.
_LONGEST_LINE, _LONGEST_TEXT = 10_000, 300_000
# So many invalid comments are named.
_MOST_NAMED = 10
FORM = "# dagprof: ignore DP101 because REASON"


class Comment(NamedTuple):
    """A comment that accepts findings of some codes at its line, or in the whole file if the line
    is 0. ``at`` is the line of the comment.
    """

    codes: tuple[str, ...]
    until: datetime.date | None
    reason: str
    line: int
    at: int


def check_known(checks: Checks) -> None:
    """
    :raises UsageError: the settings name a rule that does not exist.
    """
    given = (*checks.select, *checks.ignore, *(c for w in checks.waivers for c in w.rules))
    for code in (*given, *(c for codes in checks.per_file_ignores.values() for c in codes)):
        if not any(known.startswith(code) for known in RULES):
            raise UsageError(f"Unknown rule {code}. `dagprof rules` lists the rules.")


def selected(checks: Checks) -> list[str]:
    """The codes of the rules that apply. Of ``select`` and ``ignore``, the longer code wins."""
    return [code for code in RULES if _length(code, checks.select) > _length(code, checks.ignore)]


def _length(code: str, prefixes: Iterable[str]) -> int:
    return max((len(each) for each in prefixes if code.startswith(each)), default=0)


def comments(text: str, path: str) -> tuple[list[Comment], list[str]]:
    """The comments of a source text that accept findings, and a sentence for each invalid one."""
    if not _BEGINS.search(text):
        return [], []
    if len(text) > _LONGEST_TEXT or max(map(len, text.split("\n"))) > _LONGEST_LINE:
        return [], [f"dagprof reads no comments in {path}, because the file or a line is too long."]
    found: list[Comment] = []
    wrong: list[str] = []
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError, ValueError, SystemError):
        return [], []
    for token in tokens:
        if token.type != tokenize.COMMENT or not _BEGINS.search(token.string):
            continue
        comment = _comment(token)
        if comment is None:
            if len(wrong) < _MOST_NAMED:
                wrong.append(f"Invalid comment at {path}:{token.start[0]}. Write it as `{FORM}`.")
        else:
            found.append(comment)
    return found, wrong


def _comment(token: tokenize.TokenInfo) -> Comment | None:
    match = _COMMENT.search(token.string)
    if match is None:
        return None
    until = None
    if match["until"]:
        try:
            until = datetime.date.fromisoformat(match["until"])
        except ValueError:
            return None
    codes = tuple(code.strip().upper() for code in match["codes"].split(","))
    line, column = token.start
    is_alone = not token.line[:column].strip()
    return Comment(codes, until, match["reason"].strip(), 0 if is_alone else line, line)


def judged(
    finding: Finding,
    checks: Checks,
    by_file: Mapping[str, Iterable[Comment]],
    today: datetime.date,
    *,
    folders: str = "",
) -> Finding | None:
    """The finding; None if its file may break the rule. If a comment or a waiver accepts the
    finding, ``waived`` says so.
    """
    for pattern, codes in checks.per_file_ignores.items():
        if _is_named(finding.code, codes) and matches(finding.path, (pattern,), folders=folders):
            return None
    for comment in by_file.get(finding.path, ()):
        is_here = comment.line in (0, finding.line)
        is_valid = comment.until is None or comment.until >= today
        if is_here and is_valid and _is_named(finding.code, comment.codes):
            return _waived(finding, f"{comment.reason} ({finding.path}:{comment.at})")
    for waiver in checks.waivers:
        is_valid = waiver.until >= today and _is_named(finding.code, waiver.rules)
        if is_valid and matches(finding.path, waiver.files, folders=folders):
            return _waived(finding, f"{waiver.reason} (until {waiver.until.isoformat()})")
    return finding


def _is_named(code: str, codes: Iterable[str]) -> bool:
    return any(code.startswith(each) for each in codes)


def _waived(finding: Finding, why: str) -> Finding:
    changed: Finding = msgspec.structs.replace(finding, waived=redacted(why))
    return changed
