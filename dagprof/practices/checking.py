"""Applies the rules to a Run."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from dagprof.config.checks import Checks, Severity
from dagprof.practices import baseline as known
from dagprof.practices import choice
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding
from dagprof.practices.subject import Subject
from dagprof.quantities import count

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
    sources: Mapping[str, str],
    baseline: known.Baseline | None = None,
    folders: str = "",
) -> Checked:
    """What the selected rules find. Comments in ``sources`` may accept findings."""
    comments: dict[str, list[choice.Comment]] = {}
    notes: list[str] = []
    for path, text in sources.items():
        comments[path], wrong = choice.comments(text, path)
        notes += wrong
    found = []
    for code in choice.selected(checks):
        breaches, problem = _breaches(code, subject)
        notes += problem
        for finding in breaches:
            judged = choice.judged(finding, checks, comments, today, folders=folders)
            if judged is not None:
                found.append(judged)
    found.sort(key=lambda each: (each.severity.rank, each.path, each.line, each.code))
    if baseline is not None:
        found = known.applied(found, baseline)
    return Checked(tuple(found), (*notes, *_unexamined(subject, checks)), len(subject.files))


def _breaches(code: str, subject: Subject) -> tuple[list[Finding], list[str]]:
    """What one rule finds, and a sentence if the rule failed. A source that breaks one rule must
    not hide what the other rules find.
    """
    try:
        found = list(islice(RULES[code].find(subject), _MOST + 1))
    except Exception as error:  # noqa: BLE001 - see above
        why = f"{type(error).__name__}: {error}"[:200]
        return [], [f"{code} could not be applied ({why}). This is a bug in dagprof."]
    if len(found) > _MOST:
        return found[:_MOST], [f"{code} has more than {_MOST:,} findings. The others are left out."]
    return found, []


def _unexamined(subject: Subject, checks: Checks) -> Iterable[str]:
    """Sentences about rules that lack what they need."""
    codes = choice.selected(checks)
    files = [file for file in subject.run.files if file.dag_ids]
    blind = [code for code in codes if code in ("DP401", "DP403", "DP703")]
    if blind and files and not any(file.is_examined for file in files):
        yield (
            f"{_few(blind)} could not be checked, because the run has no schedules of the DAGs. To"
            " check them, give the DAG folder instead of the run file."
        )
    if any(code in ("DP101", "DP102", "DP103") for code in codes) and subject.plan.untried:
        yield (
            f"DP101, DP102 and DP103 report only what dagprof tested. dagprof did not test"
            f" {count(subject.plan.untried, 'line')} that may save time, too. To test all of them,"
            " use --depth full."
        )
    if subject.dependencies is None and (image := [c for c in codes if c.startswith("DP8")]):
        yield f"{_few(image)} could not be checked, because dagprof found no requirements."
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
        yield f"{number} could not be read as Python, or is too large, such as {subject.unread[0]}."


def _few(codes: Sequence[str]) -> str:
    return ", ".join(codes[:-1]) + f" and {codes[-1]}" if codes[1:] else codes[0]
