"""DP103: a slow call or computation at the top level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagprof.analyse.fleet.values import Change
from dagprof.config.checks import Severity
from dagprof.model import FileResult, Statement
from dagprof.practices.costs import in_loops
from dagprof.practices.parse.slow_import import LEAST_MS
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import duration

# A statement without an experiment must take this long by itself.
_LEAST_MS = 50.0
_NO_CALLS = ("import", "importfrom", "functiondef", "asyncfunctiondef", "classdef", "with")


def _find(subject: Subject) -> Iterator[Finding]:
    seen = set()
    explained = {(path, effect.line) for path, effect, _ in subject.effects() if effect.about.verbs}
    for step in subject.plan.steps:
        for change in step.changes:
            each_ms = change.saving_ms / max(1, change.files)
            if not change.called or change.needed or not change.not_needed or each_ms < LEAST_MS:
                continue
            seen.add((change.place.file, change.place.line))
            if (change.place.file, change.place.line) in explained or _is_airflows(subject, change):
                continue
            why = (
                f"{change.needed_at} needs the value, but not a new one in each parse"
                if change.is_kept and change.needed_at
                else "no DAG needs it"
            )
            yield RULE.finding(
                change.place.file,
                change.place.line,
                f"{change.called}() takes {duration(each_ms)} of each parse; {why}.",
                key=change.called,
                cost=in_loops(subject, change.saving_ms, change.files),
                advice=_KEEP if change.is_kept else "",
            )
    for file in subject.run.files:
        for statement, ms in computations(file):
            place = (file.path, statement.line)
            if place not in seen and not _overlaps(statement, file.path, explained, seen):
                yield RULE.finding(
                    *place,
                    f"`{_short(statement.text)}` computes for {duration(ms)} in each parse.",
                    key=_short(statement.text),
                    cost=in_loops(subject, ms),
                    advice=_COMPUTE,
                )


def _is_airflows(subject: Subject, change: Change) -> bool:
    """Whether the call makes an object of Airflow. Such an object is a part of a DAG."""
    module = subject.module(change.place.file)
    if module is None:
        return False
    first, dot, rest = change.called.partition(".")
    return f"{module.imported.get(first, first)}{dot}{rest}".startswith("airflow.")


def computations(file: FileResult) -> Iterator[tuple[Statement, float]]:
    """The innermost statements of a DAG file that compute for long and build no DAG, with the CPU
    time in ms.
    """
    if file.trace is None or file.status.is_failure:
        return
    statements = file.trace.statements
    inner = _inner_us(statements)
    for position, statement in enumerate(statements):
        own_us = statement.cpu_us - inner[position] - statement.building_us
        is_own = statement.kind not in _NO_CALLS and not statement.member
        if is_own and own_us / 1000 >= _LEAST_MS and 2 * statement.building_us < own_us:
            yield statement, own_us / 1000


def _inner_us(statements: Sequence[Statement]) -> list[int]:
    """The CPU time of the statements in each statement."""
    found = [0] * len(statements)
    for statement in statements:
        if statement.parent >= 0:
            found[statement.parent] += statement.cpu_us
    return found


def _overlaps(statement: Statement, path: str, *places: set[tuple[str, int]]) -> bool:
    last = min(statement.end_line, statement.line + 200)
    lines = range(statement.line, last + 1)
    return any((path, line) in known for line in lines for known in places)


def _short(text: str) -> str:
    first = text.strip().partition("\n")[0]
    return first if len(first) <= 60 else f"{first[:59]}…"


_COMPUTE = "Do this work in a task, or once when the image is built."
_KEEP = "Compute the value once, for example with functools.cache in a function that tasks call."
RULE = Rule(
    code="DP103",
    name="top-level-call",
    family=Family.PARSE,
    severity=Severity.WARNING,
    summary="A slow call or computation at the top level of a DAG file or a helper.",
    cost="Each parse and each start of a task runs the call.",
    advice="Call it in the task that needs the result.",
    bad="""
import yaml

CONFIG = yaml.safe_load(open("/opt/airflow/large.yaml"))
""",
    good="""
import functools

@functools.cache
def config():
    import yaml

    with open("/opt/airflow/large.yaml") as file:
        return yaml.safe_load(file)

@task
def load():
    return config()["tables"]
""",
    find=_find,
)
