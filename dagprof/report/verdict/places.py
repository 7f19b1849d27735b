"""The place of a finding in a code review: a path from the root of the repository, a line, and a
stable fingerprint.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from dagprof.config.policy import Rule
from dagprof.gate.verdict import Finding

# The messages of these rules contain figures, which differ from run to run. A file has at most one
# finding of each.
_WITH_FIGURES = {Rule.SLOWER, Rule.UNSURE, Rule.NEW_MODULES, Rule.TIMEOUT, Rule.BUDGET}


class ReviewPlace(NamedTuple):
    """A path from the root of the repository, and a line. The path is empty if the finding belongs
    to no file. The line is 1 if the line is unknown.
    """

    path: str
    line: int


def rooted(path: str, prefix: str) -> str:
    """A path below the bundle root, converted into a path from the root of the repository."""
    return posixpath.normpath(posixpath.join(prefix, path)) if path else ""


def place(finding: Finding, prefix: str) -> ReviewPlace:
    """The place of a finding. For a finding outside the bundle root, the place is the DAG file,
    because a review shows no other files.
    """
    if _is_inside(finding.file):
        return ReviewPlace(rooted(finding.file, prefix), max(1, finding.line))
    return ReviewPlace(rooted(finding.path, prefix) if _is_inside(finding.path) else "", 1)


def message(finding: Finding) -> str:
    """The message of a finding. If the finding is outside the bundle root, the message also
    contains the place.
    """
    if not finding.file or _is_inside(finding.file):
        return finding.message
    return f"{finding.message} ({shown(finding)})"


def shown(finding: Finding, prefix: str = "") -> str:
    """The place for people, such as ``a.py:3``. Without a known line, the place is the file. Empty
    if the finding belongs to no file.
    """
    file = finding.file or finding.path
    file = rooted(file, prefix) if _is_inside(file) else file
    return f"{file}:{finding.line}" if file and finding.line > 0 else file


def with_fingerprints(findings: Iterable[Finding]) -> list[tuple[Finding, str]]:
    """Each finding with a fingerprint. The fingerprint is the same in all runs, even if lines
    move.
    """
    seen: Counter[str] = Counter()
    marked = []
    for finding in findings:
        text = "" if finding.rule in _WITH_FIGURES else finding.message
        key = "\0".join((finding.rule.value, finding.path, finding.file, text))
        # Number equal findings in one file by their order.
        digest = hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "surrogatepass")).hexdigest()
        seen[key] += 1
        marked.append((finding, digest))
    return marked


def _is_inside(path: str) -> bool:
    return bool(path) and not path.startswith("/") and ".." not in path.split("/")
