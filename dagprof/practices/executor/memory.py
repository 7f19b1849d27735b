"""DP901: a parse that needs much memory in each worker slot."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject

_LEAST_MIB = 150


def _find(subject: Subject) -> Iterator[Finding]:
    for file in subject.run.files:
        if not file.dag_ids or not file.is_timed:
            continue
        mib = file.samples.median("rss_growth_kib") / 1024
        if mib >= _LEAST_MIB:
            message = f"The parse needs {mib:.0f} MiB of memory."
            cost = f"Each worker slot that runs a task of the file holds these {mib:.0f} MiB."
            yield RULE.finding(file.path, 0, message, key="memory", cost=cost)


RULE = Rule(
    code="DP901",
    name="memory-per-slot",
    family=Family.EXECUTOR,
    severity=Severity.HINT,
    summary="A parse that needs much memory in each worker slot.",
    cost="Each worker slot that runs a task of the file holds the memory.",
    advice="Import the large packages in the tasks that use them.",
    bad="""
import tensorflow  # for one of 20 tasks
""",
    good="""
@task
def predict():
    import tensorflow
""",
    find=_find,
)
