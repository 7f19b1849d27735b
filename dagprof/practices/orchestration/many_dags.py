"""DP202: a file that builds all of its many DAGs at each start of a task."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import FileResult
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import duration

# So many DAGs, if the parse takes so long, or very many DAGs.
_MANY, _LEAST_MS, _VERY_MANY = 10, 100.0, 50
_GUARD = "get_parsing_context"


def _find(subject: Subject) -> Iterator[Finding]:
    for file, module in subject.dag_modules():
        number = len(file.dag_ids)
        is_slow = number >= _VERY_MANY or file.own_ms >= _LEAST_MS
        if number < _MANY or not is_slow or _GUARD in module.text or not _builds_all(file):
            continue
        loop = next((each for each in subject.others.loops if each.place.file == file.path), None)
        cost = (
            f"Each start of a task builds {number} DAGs to run a task of one. The parse takes"
            f" {duration(file.own_ms)}."
        )
        yield RULE.finding(
            file.path,
            loop.place.line if loop is not None else 0,
            f"This file builds {number} DAGs without a check for the DAG that is needed.",
            key="many",
            cost=cost,
        )


def _builds_all(file: FileResult) -> bool:
    """Whether measured task starts build more than one DAG, if they were measured."""
    return all(start.dags > 1 for start in file.starts if not start.problem)


RULE = Rule(
    code="DP202",
    name="many-dags",
    family=Family.ORCHESTRATION,
    severity=Severity.WARNING,
    summary="A file that builds all of its many DAGs at each start of a task.",
    cost="Each start of a task builds all DAGs of the file to run a task of one.",
    advice="In the loop, skip the DAGs that get_parsing_context() does not ask for.",
    bad="""
for name in TABLES:
    with DAG(f"load_{name}"):
        load(name)
""",
    good="""
current = get_parsing_context().dag_id

for name in TABLES:
    if current not in (None, f"load_{name}"):
        continue
    with DAG(f"load_{name}"):
        load(name)
""",
    find=_find,
)
