"""What the gate says: frozen values that every report of it is written from."""

from __future__ import annotations

import enum

from dagprof.config.policy import Level, Rule
from dagprof.judge.judgement import Outcome
from dagprof.model import Frozen

SCHEMA_VERSION = 1


class Decision(str, enum.Enum):
    """What the gate decides for the whole."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot tell"


class Finding(Frozen, frozen=True):
    """Something that a rule found. ``path`` is the DAG file, ``file`` and ``line`` the place to
    look at, line 0 if unknown.

    ``message`` is one sentence. ``waived`` says why and until when it was accepted; it does not
    fail then. ``is_waived_in_source``: by a comment in a file, not by the configuration.
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
        """Whether it makes the gate fail."""
        return self.level is Level.ERROR and not self.waived


class Timing(Frozen, frozen=True):
    """Parse times of both sides: medians in ms, the change with its confidence interval, and pairs
    of parses behind it.

    ``low_ms`` and ``high_ms`` bound the change: with 95 % confidence where both sides were parsed
    in turns, by four standard errors against a baseline.
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
    """One measured file: what became of it, in one sentence, and what the rules found.

    ``may_be_slower`` says that a regression is neither shown nor ruled out. ``parse_ms`` is that of
    a new file, without waiting for a processor. ``notes`` are sentences on what a rule would find
    if other DAG files did not do the same already.
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
    """The whole. ``base`` and ``head`` name what was compared; ``unaffected`` counts files that the
    change cannot reach.

    ``doubts`` are sentences that say what was left out or makes the answer less certain.
    ``findings`` are those of no single file.
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
        """All findings, those that fail first, by file and line."""
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
