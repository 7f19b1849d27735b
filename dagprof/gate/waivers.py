"""Waivers accept findings. A waiver is an entry of the configuration or a comment in a source file.

The comment ``import pandas # dagprof: accept new-package until 2027-01-31: the report needs it``
accepts findings of the rule ``new-package`` at this line. On its own line, such a comment accepts
the findings of the rule in the whole file.
"""

from __future__ import annotations

import datetime
import difflib
import io
import re
import tokenize
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from dagprof.config.policy import Level, Rule, Waiver, below, matches
from dagprof.gate.verdict import Finding

# Comments with ``ignore`` belong to ``dagprof check``.
_BEGINS = re.compile(r"#\s*dagprof:(?!\s*ignore\b)", re.IGNORECASE)
_COMMENT = re.compile(
    r"#\s*dagprof:\s*accept\s+(?P<rule>[a-z-]+)\s+until\s+(?P<until>\d{4}-\d{2}-\d{2})\s*:?(?P<reason>.*)",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r"#\s*dagprof:\s*accept\s+[a-z-]+(?:\s*,\s*|\s+and\s+)[a-z-]+", re.IGNORECASE)
# Python's tokenizer copies the line for each token: a line of 100,000 tokens would take a minute.
_LONGEST_LINE = 10_000
# The most comments that one message names.
_SHOWN = 5
_LONGEST = 80
FORM = "# dagprof: accept RULE until YYYY-MM-DD: reason"


def in_source(text: str, path: str) -> tuple[list[Waiver], list[str]]:
    """The waivers in the comments of a source text, and one sentence for each invalid waiver
    comment.
    """
    if not _BEGINS.search(text):
        return [], []
    if max(map(len, text.split("\n"))) > _LONGEST_LINE:
        why = (
            f"dagprof reads no waivers in {path}, because a line is longer than"
            f" {_LONGEST_LINE:,} characters. Write the waivers in the configuration."
        )
        return [], [why]
    found, wrong = [], []
    for line, comment, is_alone in _comments(text):
        if not _BEGINS.match(comment):
            continue
        waiver = _waiver(comment, path, line, is_alone)
        if isinstance(waiver, str):
            end = "" if waiver.endswith("?") else "."
            wrong.append(
                f"Invalid waiver at {path}:{line}: {waiver}{end} Write the waiver as `{FORM}`."
            )
        else:
            found.append(waiver)
    return found, wrong


def _names() -> list[str]:
    return [rule.value for rule in Rule if rule is not Rule.EXPIRED_WAIVER]


def _comments(text: str) -> Iterable[tuple[int, str, bool]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string, not token.line[: token.start[1]].strip()
    except (tokenize.TokenError, SyntaxError, ValueError, SystemError):
        # Python 3.12 raises a SystemError for some bytes that are no source.
        return


def _waiver(comment: str, path: str, line: int, is_alone: bool) -> Waiver | str:
    """The waiver of a comment, or the reason why the comment is invalid."""
    match = _COMMENT.match(comment)
    if match is None and _SEVERAL.match(comment):
        return (
            "a waiver comment accepts only one rule. For each other rule, write a separate comment"
            " above this line"
        )
    if match is None:
        return "a waiver requires a rule, a last day and a reason"
    rule = match["rule"].lower()
    if rule not in _names():
        near = difflib.get_close_matches(rule[:_LONGEST], _names(), n=1, cutoff=0.5)
        known = f"did you mean {near[0]!r}?" if near else f"the rules are {', '.join(_names())}"
        return f"unknown rule {rule[:_LONGEST]!r}, {known}"
    try:
        until = datetime.date.fromisoformat(match["until"])
    except ValueError:
        return f"{match['until']} is not a valid date"
    if not match["reason"].strip():
        return "the reason is missing"
    return Waiver(
        files=(path,),
        rule=Rule(rule),
        reason=match["reason"].strip(),
        until=until,
        line=0 if is_alone else line,
        file=path,
        comment_line=line,
    )


def applied(
    finding: Finding,
    waivers: Iterable[Waiver],
    today: datetime.date,
    *,
    folders: str = "",
    prefix: str = "",
) -> Finding:
    """The finding. If a waiver accepts the finding, the result names the waiver."""
    for waiver in waivers:
        if not waiver.has_expired(today) and _covers(waiver, finding, folders, prefix):
            text = f"accepted until {waiver.until.isoformat()}: {waiver.reason} ({waiver.place})"
            is_comment = waiver.comment_line > 0
            waived: Finding = msgspec.structs.replace(
                finding, waived=text, is_waived_in_source=is_comment
            )
            return waived
    return finding


def _covers(waiver: Waiver, finding: Finding, folders: str, prefix: str) -> bool:
    """Whether a waiver accepts a finding. The paths of the finding are relative to a folder.
    ``prefix`` is the path from this folder to the bundle root. The file of a waiver comment is
    relative to the same folder.
    """
    if waiver.rule is not finding.rule or waiver.line not in (0, finding.line):
        return False
    return any(
        path in waiver.files or matches(below(path, prefix), waiver.files, folders=folders)
        for path in dict.fromkeys((finding.file, finding.path))
    )


def unused(
    waivers: Iterable[Waiver],
    found: Sequence[Finding],
    today: datetime.date,
    changed_lines: Mapping[str, Sequence[int]],
    *,
    folders: str = "",
    prefix: str = "",
) -> tuple[str, ...]:
    """A sentence about new waiver comments that accept no finding. Expired waivers do not count.

    An old waiver comment may have accepted a finding that the base also has by now.
    """
    idle = [
        f"{waiver.rule.value} at {waiver.place}"
        for waiver in waivers
        if _is_new(waiver, changed_lines)
        and not waiver.has_expired(today)
        and not any(_covers(waiver, finding, folders, prefix) for finding in found)
    ]
    if not idle:
        return ()
    more = f" and {len(idle) - _SHOWN} more" if len(idle) > _SHOWN else ""
    what, lines = ("waivers", "these lines") if len(idle) > 1 else ("waiver", "this line")
    told = (
        f"Unused {what}: {', '.join(idle[:_SHOWN])}{more}. The gate has no matching finding at"
        f" {lines}"
    )
    return (f"{told}. To cover the whole file, put the waiver comment on its own line.",)


def _is_new(waiver: Waiver, changed_lines: Mapping[str, Sequence[int]]) -> bool:
    """Whether a waiver is a comment at the end of a changed line."""
    return waiver.comment_line > 0 and waiver.comment_line in changed_lines.get(waiver.file, ())


def expired(waivers: Sequence[Waiver], today: datetime.date, level: Level) -> tuple[Finding, ...]:
    """A finding for each waiver whose last day has passed."""
    if level is Level.OFF:
        return ()
    return tuple(
        Finding(
            rule=Rule.EXPIRED_WAIVER,
            level=level,
            path=waiver.file,
            file=waiver.file,
            line=waiver.comment_line,
            message=(
                f"the waiver of {waiver.rule.value} for {', '.join(waiver.files)} expired on"
                f" {waiver.until.isoformat()} ({waiver.reason}). Fix the finding or extend the"
                f" waiver{f' in {waiver.place}' if waiver.place else ''}"
            ),
        )
        for waiver in waivers
        if waiver.has_expired(today)
    )
