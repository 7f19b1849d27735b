"""The findings of the practice rules at the lines that a change touches, for the gate."""

from __future__ import annotations

import datetime
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dagprof.config.checks import Severity
from dagprof.config.policy import Level, Rule
from dagprof.config.settings import Settings, leading_folders
from dagprof.gate.verdict import Finding
from dagprof.model import Run
from dagprof.practices import checking, choice
from dagprof.practices.rule import Finding as Breach
from dagprof.practices.subject import Subject
from dagprof.usecases.practices.sources import of_files


def at_changed_lines(
    run: Run,
    lines: Mapping[str, Sequence[int]],
    prefix: str,
    settings: Settings,
    day: datetime.date,
) -> tuple[Finding, ...]:
    """What the rules find at changed lines, if the settings ask for it. ``run`` is the changed
    version. ``lines`` has the changed lines by the path from the root of the repository, to which
    ``prefix`` is the path of the folder of the Run.

    :raises UsageError: a rule does not exist.
    """
    level = settings.gate.rules.get(Rule.PRACTICE, Level.ERROR)
    if not settings.check.in_scan or level is Level.OFF:
        return ()
    choice.check_known(settings.check)
    texts = of_files(run, _below(lines, prefix))
    found = checking.check(
        Subject(run, texts),
        settings.check,
        day,
        sources=texts,
        folders=leading_folders(settings, Path(run.root)),
    )
    return tuple(
        _finding(each, path, settings, level)
        for each in found.open
        if each.line in lines.get(path := posixpath.normpath(prefix + each.path), ())
    )


def _below(lines: Mapping[str, Sequence[int]], prefix: str) -> Iterable[str]:
    """The changed files by their path from the folder of the Run."""
    return (posixpath.relpath(path, prefix or ".") for path in lines)


def _finding(each: Breach, path: str, settings: Settings, level: Level) -> Finding:
    fails = settings.check.fail_on.fails(each.severity) and each.severity is not Severity.HINT
    return Finding(
        rule=Rule.PRACTICE,
        level=level if fails else Level.WARNING,
        path=path,
        file=path,
        line=each.line,
        message=f"{each.code} {each.message.rstrip('.')}. {each.advice.rstrip('.')}",
    )
