"""Applies the rules to a Run."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from dagprof.config.checks import Checks, Severity
from dagprof.practices import baseline as known
from dagprof.practices import choice
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding, redacted
from dagprof.practices.subject import Subject
from dagprof.quantities import count, enumerated

# Of one rule, so many findings are kept.
_MOST = 1000


class Checked(NamedTuple):
    """The findings, the most important first, and sentences about what was not checked."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    files: int = 0

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that nobody accepted."""
        return tuple(finding for finding in self.findings if not finding.waived)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The open findings of one severity."""
        return tuple(finding for finding in self.open if finding.severity is severity)


def check(
    subject: Subject,
    checks: Checks,
    today: datetime.date,
    *,
    baseline: known.Baseline | None = None,
    folders: str = "",
) -> Checked:
    """What the selected rules find. Comments in the sources may accept findings."""
    comments: dict[str, list[choice.Comment]] = {}
    notes: list[str] = []
    for path, text in subject.sources.items():
        comments[path], wrong = choice.comments(text, path)
        notes += wrong
    rules = _Rules(subject, checks, comments, today, folders, baseline)
    found = [finding for code in choice.selected(checks) for finding in rules.findings(code)]
    found.sort(key=lambda each: (each.severity.rank, each.path, each.line, each.code))
    notes += [*rules.notes, *_unexamined(subject, checks)]
    return Checked(tuple(found), tuple(notes), len(subject.files))


class _Rules:
    """Applies one rule after the other, and judges each finding."""

    def __init__(
        self,
        subject: Subject,
        checks: Checks,
        comments: Mapping[str, Sequence[choice.Comment]],
        today: datetime.date,
        folders: str,
        baseline: known.Baseline | None,
    ) -> None:
        self._subject, self._checks, self._comments = subject, checks, comments
        self._today, self._folders = today, folders
        self._accepted = known.Accepted(baseline) if baseline is not None else None
        self.notes: list[str] = []

    def findings(self, code: str) -> Iterator[Finding]:
        """What one rule finds. Of the findings that nobody accepted, at most ``_MOST`` are kept. A
        source that breaks the rule must not hide what the other rules find.
        """
        number = 0
        try:
            for finding in RULES[code].find(self._subject):
                judged = self._judged(finding)
                if judged is None:
                    continue
                number += not judged.waived
                if number > _MOST:
                    self.notes.append(
                        f"{code} has more than {_MOST:,} findings. The others are left out."
                    )
                    return
                yield judged
        except Exception as error:  # noqa: BLE001 - see above
            why = redacted(f"{type(error).__name__}: {error}")[:200]
            self.notes.append(f"{code} could not be applied ({why}). This is a bug in dagprof.")

    def _judged(self, finding: Finding) -> Finding | None:
        judged = choice.judged(
            finding, self._checks, self._comments, self._today, folders=self._folders
        )
        if judged is None or judged.waived or self._accepted is None:
            return judged
        return self._accepted.applied(judged)


def _unexamined(subject: Subject, checks: Checks) -> Iterable[str]:
    """Sentences about rules that lack what they need."""
    codes = choice.selected(checks)
    files = [file for file in subject.run.files if file.dag_ids]
    blind = [code for code in codes if code in ("DP303", "DP401", "DP403", "DP703")]
    left = [file for file in files if not file.is_examined]
    if blind and files and len(left) == len(files):
        yield (
            f"{enumerated(blind)} could not be checked, because the run has no schedules of the"
            " DAGs. To check them, give the DAG folder instead of the run file."
        )
    elif blind and left:
        number = count(len(left), "DAG file")
        yield f"{enumerated(blind)} could not be checked in {number}, such as {left[0].path}."
    needs_plan = any(code in ("DP101", "DP102", "DP103") for code in codes)
    if needs_plan and not subject.has_no_plan and subject.plan.untried:
        yield (
            f"DP101, DP102 and DP103 report only what dagprof tested. dagprof did not test"
            f" {count(subject.plan.untried, 'line')} that may save time, too. To test all of them,"
            " use --depth full."
        )
    if subject.dependencies is None and (image := [c for c in codes if c.startswith("DP8")]):
        yield f"{enumerated(image)} could not be checked, because dagprof found no requirements."
    broken = [file.path for file in subject.run.files if file.status.is_failure]
    if broken:
        number = count(len(broken), "file")
        yield f"{number} could not be loaded, such as {broken[0]}. Only the sources were checked."
    uncounted = [f for f in files if any(doubt.code == "schedule" for doubt in f.doubts)]
    if uncounted:
        yield (
            f"dagprof could not count the runs of DAGs in {count(len(uncounted), 'file')}, such as"
            f" {uncounted[0].path}."
        )
    if subject.unread:
        number = count(len(subject.unread), "source file")
        first = min(subject.unread)
        yield f"{number} could not be read as Python, or is too large, such as {first}."
