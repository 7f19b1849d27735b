"""The findings of the practice rules at the lines that a change touches, for the gate."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence

from dagprof.config.checks import Severity
from dagprof.config.policy import Level, Rule
from dagprof.config.settings import Settings
from dagprof.gate.decide import Demand
from dagprof.gate.verdict import Finding
from dagprof.model import Run
from dagprof.practices.baseline import Baseline
from dagprof.practices.rule import Finding as Breach
from dagprof.practices.subject import Subject
from dagprof.usecases.practices import applied
from dagprof.usecases.practices.sources import of_files


def at_changed_lines(
    run: Run,
    lines: Mapping[str, Sequence[int]],
    prefix: str,
    settings: Settings,
    demand: Demand,
    accepted: Baseline | None,
) -> tuple[Finding, ...]:
    """What the rules find at changed lines. ``run`` is the changed version. ``lines`` has the
    changed lines by the path from the root of the repository, from which ``prefix`` leads to the
    folder of the Run. ``demand`` has the level of the rule ``practice`` for each file.
    """
    subject = Subject(run, of_files(run, _below(lines, prefix)))
    found = applied(subject, settings, demand.today, accepted)
    return tuple(
        _finding(each, path, settings, level)
        for each in found.open
        if each.line in lines.get(path := posixpath.normpath(prefix + each.path), ())
        and (level := demand.limits(path).rules[Rule.PRACTICE]) is not Level.OFF
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
