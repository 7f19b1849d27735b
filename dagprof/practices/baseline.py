"""A file with the findings that a project had when it began to use the rules."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

import msgspec

from dagprof.practices.rule import Finding

VERSION = 1
KNOWN = "known in the baseline"


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The accepted findings: how many there are of each fingerprint."""

    version: int
    findings: dict[str, int]


def fingerprint(finding: Finding) -> str:
    """What identifies a finding: code, file, DAG and key, but neither the line nor figures."""
    parts = (finding.code, finding.path, finding.dag_id, finding.key)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def of(findings: Iterable[Finding]) -> Baseline:
    """The baseline that accepts these findings."""
    return Baseline(version=VERSION, findings=dict(Counter(map(fingerprint, findings))))


class Accepted:
    """The findings of a baseline that were not seen yet."""

    def __init__(self, baseline: Baseline) -> None:
        self._left = Counter(baseline.findings)

    def applied(self, finding: Finding) -> Finding:
        """The finding. If the baseline has it, it is accepted."""
        mark = fingerprint(finding)
        if self._left[mark] <= 0:
            return finding
        self._left[mark] -= 1
        accepted: Finding = msgspec.structs.replace(finding, waived=KNOWN)
        return accepted
