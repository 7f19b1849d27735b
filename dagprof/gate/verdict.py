"""The gate's verdict: frozen values from which every report is written."""

from __future__ import annotations

import enum

from dagprof.config.policy import Level, Rule
from dagprof.judge.judgement import Outcome
from dagprof.model import Frozen

SCHEMA_VERSION = 1


class Decision(str, enum.Enum):
    """The gate's decision for the whole."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot tell"


class Finding(Frozen, frozen=True):
    """A result of a rule. ``path`` is the DAG file; ``file`` and ``line`` are the place to look at,
    with line 0 if unknown.

    ``message`` is one sentence. ``waived`` says why and until when somebody accepted the finding,
    which then does not fail. ``is_waived_in_source``: a comment in a file accepts it, not the
    configuration.
    """

    rule: Rule
    level: Level
    path: str
    file: str
    line: int
    message: str
    waived: str = ""
    is_waived_in_source: bool = False

    @property
    def fails(self) -> bool:
        """Whether this finding makes the gate fail."""
        return self.level is Level.ERROR and not self.waived


class Timing(Frozen, frozen=True):
    """Parse times of both sides: medians in ms, the change with its confidence interval, and the
    number of pairs of parses.

    ``low_ms`` and ``high_ms`` bound the change. If both sides were parsed in turns, they are a 95 %
    confidence interval; against a baseline, they bound it by four standard errors.
    """

    base_ms: float
    head_ms: float
    change_ms: float
    low_ms: float
    high_ms: float
    pairs: int
    base_samples_ms: tuple[float, ...] = ()
    head_samples_ms: tuple[float, ...] = ()

    @property
    def change_share(self) -> float | None:
        """The change as a share of the base; None where the base has no time."""
        return self.change_ms / self.base_ms if self.base_ms else None


class FileVerdict(Frozen, frozen=True):
    """One measured file: its outcome, in one sentence, and the findings of the rules.

    ``may_be_slower`` says that a regression is neither shown nor ruled out. ``parse_ms`` is the
    parse time of a new file, without waiting for a processor. ``notes`` are sentences about results
    that are no findings, because other DAG files already do the same.
    """

    path: str
    outcome: Outcome
    reason: str
    timing: Timing | None = None
    findings: tuple[Finding, ...] = ()
    may_be_slower: bool = False
    parse_ms: float | None = None
    notes: tuple[str, ...] = ()


class Verdict(Frozen, frozen=True):
    """The whole verdict. ``base`` and ``head`` name the compared versions. ``unaffected`` counts
    files that the change cannot reach.

    ``doubts`` are sentences about omissions and about reasons for less certainty. ``findings`` are
    the findings that belong to no single file.
    """

    decision: Decision
    reason: str
    base: str
    head: str
    files: tuple[FileVerdict, ...] = ()
    unaffected: int = 0
    findings: tuple[Finding, ...] = ()
    doubts: tuple[str, ...] = ()
    wall_s: float = 0.0
    dagprof_version: str = ""
    schema_version: int = SCHEMA_VERSION

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of all files."""
        return tuple(note for file in self.files for note in file.notes)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """All findings: failing ones first, then by file and line."""
        found = [*self.findings, *(finding for file in self.files for finding in file.findings)]
        return tuple(
            sorted(
                found,
                key=lambda f: (
                    not f.fails,
                    f.level is not Level.ERROR,
                    f.file,
                    f.line,
                    f.rule.value,
                ),
            )
        )

    def of(self, outcome: Outcome) -> tuple[FileVerdict, ...]:
        """The files with this outcome, largest change first."""
        found = [file for file in self.files if file.outcome is outcome]
        return tuple(
            sorted(found, key=lambda file: -abs(file.timing.change_ms if file.timing else 0.0))
        )
