"""The verdict of the gate. All reports are written from these immutable values."""

from __future__ import annotations

import enum

from dagprof.config.policy import Level, Rule
from dagprof.judge.judgement import Outcome
from dagprof.model import Frozen

SCHEMA_VERSION = 1


class Decision(str, enum.Enum):
    """The decision of the gate on the whole change."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot tell"


class Finding(Frozen, frozen=True):
    """A result of a rule. ``path`` is the DAG file. ``file`` and ``line`` are the place of the
    result. ``line`` is 0 if the line is unknown.

    ``message`` is one sentence. ``waived`` gives the reason and the last day of the waiver that
    accepts the finding. An accepted finding does not fail the gate. ``is_waived_in_source`` says
    that the waiver is a comment in a source file, and not an entry in the configuration.
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
        """Whether this finding fails the gate."""
        return self.level is Level.ERROR and not self.waived


class Timing(Frozen, frozen=True):
    """The parse times of both versions: the medians in ms, the change with its interval, and the
    number of pairs of parses.

    ``low_ms`` and ``high_ms`` are the ends of the interval. If the parses of both versions took
    turns, the interval is a 95 % confidence interval. In a comparison with a baseline, each end of
    the interval is four standard errors away from the change.
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
        """The change as a share of the base. None if the base has no time."""
        return self.change_ms / self.base_ms if self.base_ms else None


class FileVerdict(Frozen, frozen=True):
    """The verdict on one measured file: the outcome, a one-sentence reason, and the findings of the
    rules.

    ``may_be_slower`` says that a regression is possible but not proved. ``parse_ms`` is the parse
    time of a new file, without the time that the parse waited for a CPU. ``notes`` are sentences
    about results that are not findings, because other DAG files already have the same results.
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
    """The verdict on the whole change. ``base`` and ``head`` are the names of the compared
    versions. ``unaffected`` is the number of files that the change cannot affect. ``left_out`` is
    the number of files that the change may affect, but that dagprof did not measure. The measured
    files are a sample of all affected files.

    ``doubts`` are sentences about omissions and about reasons for uncertain results. ``findings``
    are the findings that belong to no single file.
    """

    decision: Decision
    reason: str
    base: str
    head: str
    files: tuple[FileVerdict, ...] = ()
    unaffected: int = 0
    left_out: int = 0
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
        """All findings. Findings that fail the gate come first. The other findings follow, sorted
        by file and line.
        """
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
        """The files with this outcome. The file with the largest change comes first."""
        found = [file for file in self.files if file.outcome is outcome]
        return tuple(
            sorted(found, key=lambda file: -abs(file.timing.change_ms if file.timing else 0.0))
        )
