"""A rule, and what a rule finds."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from dagprof.config.checks import Severity
from dagprof.model import Frozen
from dagprof.model.base import LineNumber
from dagprof.redaction import Redactor

if TYPE_CHECKING:
    from dagprof.practices.subject import Subject


redacted = Redactor()


class Family(str, enum.Enum):
    """The subject of a rule. The first digit of a code stands for the family."""

    PARSE = "parse"
    ORCHESTRATION = "orchestration"
    STABILITY = "stability"
    SCHEDULE = "schedule"
    IDEMPOTENCY = "idempotency"
    PURPOSE = "single purpose"
    CREDENTIALS = "credentials"
    IMAGE = "image"
    EXECUTOR = "executor"


class Finding(Frozen, frozen=True):
    """One breach of a rule. ``path`` is the source file, relative to the bundle root if it is below
    it, and empty if the finding belongs to no file. ``line`` is 0 if it is unknown.

    ``message`` says what dagprof found, ``cost`` what it costs, and ``advice`` what to do; each is
    one sentence. ``key`` identifies the finding in a file: it stays the same when lines move and
    figures change. ``waived`` says why the finding is accepted; an accepted finding does not fail.
    """

    code: str
    name: str
    severity: Severity
    path: str
    line: LineNumber
    message: str
    cost: str
    advice: str
    dag_id: str = ""
    key: str = ""
    waived: str = ""

    @property
    def place(self) -> str:
        """``a.py:3``, or the file if the line is unknown."""
        return f"{self.path}:{self.line}" if self.path and self.line > 0 else self.path


class Rule(NamedTuple):
    """One practice. ``find`` yields the breaches. ``summary`` is one sentence. ``bad`` and ``good``
    are examples of source code. ``cost`` and ``advice`` are the sentences of findings that have no
    figures of their own.
    """

    code: str
    name: str
    family: Family
    severity: Severity
    summary: str
    cost: str
    advice: str
    bad: str
    good: str
    find: Callable[[Subject], Iterable[Finding]]

    def finding(
        self,
        path: str,
        line: int,
        message: str,
        *,
        key: str,
        cost: str = "",
        advice: str = "",
        dag_id: str = "",
        severity: Severity | None = None,
    ) -> Finding:
        """A breach of this rule. No part of it contains a secret, also if a name does."""
        message, cost, key = (redacted(text) for text in (message, cost, key))
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity or self.severity,
            path=path,
            line=line,
            message=message,
            cost=cost or self.cost,
            advice=advice or self.advice,
            dag_id=dag_id,
            key=key,
        )
