"""DP101: an import at the top level that parsing does not need."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.analyse.fleet.values import Change
from dagprof.config.checks import Severity
from dagprof.practices.costs import in_loops
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import count, duration

# A smaller saving in one file is not worth a finding.
LEAST_MS = 20.0


def imports(subject: Subject) -> Iterator[tuple[Change, float]]:
    """The import statements that parsing does not need, as an experiment showed, with the saving in
    one file.
    """
    for step in subject.plan.steps:
        for change in step.changes:
            each_ms = change.saving_ms / max(1, change.files)
            is_proved = change.not_needed > 0 and not change.needed
            if not change.called and is_proved and each_ms >= LEAST_MS:
                yield change, each_ms


def advice(change: Change) -> str:
    """What to do with an import statement that parsing does not need."""
    if change.is_unused:
        return "Remove the import, unless it is there for its side effects."
    if change.in_hints:
        return "Move the import below `if TYPE_CHECKING:`, because only type hints use it."
    return RULE.advice


def _find(subject: Subject) -> Iterator[Finding]:
    for change, each_ms in imports(subject):
        if change.place.file not in subject.files:
            continue
        what = _loaded(change)
        message = f"This import takes {duration(each_ms)} of each parse{what}; no DAG needs it"
        yield RULE.finding(
            change.place.file,
            change.place.line,
            f"{message}.",
            key=what,
            cost=in_loops(subject, change.saving_ms, change.files),
            advice=advice(change),
        )


def _loaded(change: Change) -> str:
    """What the statement loads: its first module, and how many more."""
    if not change.loads:
        return ""
    more = f" and {count(len(change.loads) - 1, 'more module')}" if change.loads[1:] else ""
    return f" to load {change.loads[0]}{more}"


RULE = Rule(
    code="DP101",
    name="slow-import",
    family=Family.PARSE,
    severity=Severity.WARNING,
    summary="A slow import at the top level of a DAG file, which parsing does not need.",
    cost="Each parse and each start of a task runs the import.",
    advice="Move the import into the function that uses it.",
    bad="""
import pandas

@task
def report():
    return pandas.read_parquet("s3://bucket/a")
""",
    good="""
@task
def report():
    import pandas

    return pandas.read_parquet("s3://bucket/a")
""",
    find=_find,
)
