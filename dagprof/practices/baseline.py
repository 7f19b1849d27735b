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


def applied(findings: Iterable[Finding], baseline: Baseline) -> list[Finding]:
    """The findings. Those of the baseline are accepted."""
    left = Counter(baseline.findings)
    found = []
    for finding in findings:
        mark = fingerprint(finding)
        if left[mark] > 0 and not finding.waived:
            left[mark] -= 1
            known: Finding = msgspec.structs.replace(finding, waived=KNOWN)
            found.append(known)
            continue
        found.append(finding)
    return found
