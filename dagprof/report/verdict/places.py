"""Where a finding is, as a code review needs it: a path from the repository's root, a line, and
a mark that stays.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from dagprof.config.policy import Rule
from dagprof.gate.verdict import Finding

# Their messages carry figures, which differ from run to run; there is one of each to a file.
_WITH_FIGURES = {Rule.SLOWER, Rule.UNSURE, Rule.NEW_MODULES, Rule.TIMEOUT, Rule.BUDGET}


class ReviewPlace(NamedTuple):
    """A path from the repository's root, empty where the finding is of no file, and a line, 1
    where it is unknown.
    """

    path: str
    line: int


def rooted(path: str, prefix: str) -> str:
    """A path below the bundle's root, seen from the repository's."""
    return posixpath.normpath(posixpath.join(prefix, path)) if path else ""


def place(finding: Finding, prefix: str) -> ReviewPlace:
    """The finding's place; its DAG file where it lies outside the bundle, since a review shows
    nothing else.
    """
    if _is_inside(finding.file):
        return ReviewPlace(rooted(finding.file, prefix), max(1, finding.line))
    return ReviewPlace(rooted(finding.path, prefix) if _is_inside(finding.path) else "", 1)


def message(finding: Finding) -> str:
    """What was found, with the place where that is outside the bundle."""
    if not finding.file or _is_inside(finding.file):
        return finding.message
    return f"{finding.message} ({shown(finding)})"


def shown(finding: Finding, prefix: str = "") -> str:
    """The place for people: ``a.py:3``; only the file where the line is unknown; empty for a
    finding of no file.
    """
    file = finding.file or finding.path
    file = rooted(file, prefix) if _is_inside(file) else file
    return f"{file}:{finding.line}" if file and finding.line > 0 else file


def with_fingerprints(findings: Iterable[Finding]) -> list[tuple[Finding, str]]:
    """Each finding with a mark that stays from run to run, also when lines move."""
    seen: Counter[str] = Counter()
    marked = []
    for finding in findings:
        text = "" if finding.rule in _WITH_FIGURES else finding.message
        key = "\0".join((finding.rule.value, finding.path, finding.file, text))
        # Equal findings in one file differ by their order.
        digest = hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "surrogatepass")).hexdigest()
        seen[key] += 1
        marked.append((finding, digest))
    return marked


def _is_inside(path: str) -> bool:
    return bool(path) and not path.startswith("/") and ".." not in path.split("/")
