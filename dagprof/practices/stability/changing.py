"""Findings about fields that differ between parses, for the rules of this family."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from dagprof.model import Condition, FileResult, Instability
from dagprof.practices.rule import Finding, Rule
from dagprof.practices.source.places import line_of_dag, line_of_keyword
from dagprof.practices.subject import Subject
from dagprof.quantities import count

_LONGEST = 60
_IN_AIRFLOW_2 = "Airflow writes the DAG to its database again whenever the value changes."


def findings(
    rule: Rule, subject: Subject, wanted: Callable[[Instability], bool]
) -> Iterator[Finding]:
    """One finding for each name of a field that differs in a file under the same condition, with
    the first field. A parameter, for example, is a field of the DAG and of each task.
    """
    for file in subject.run.files:
        groups: dict[tuple[object, Condition], list[Instability]] = {}
        for each in filter(wanted, file.instabilities):
            groups.setdefault((each.is_existence or name_of(each), each.under), []).append(each)
        for found in groups.values():
            yield _finding(rule, subject, file, found)


def name_of(each: Instability) -> str:
    """The name of the field without positions and without what is around it."""
    return re.sub(r"\[\d+\]", "", each.field.rpartition(".")[2])


def _finding(
    rule: Rule, subject: Subject, file: FileResult, found: Sequence[Instability]
) -> Finding:
    each = found[0]
    module = subject.module(file.path)
    line = line_of_keyword(module, name_of(each)) or line_of_dag(module, each.dag_id)
    more = f" {count(len(found) - 1, 'more field')} of this name differ." if found[2:] else ""
    if each.is_existence:
        message = f"The DAG {each.dag_id} does not exist {each.under.where}."
    else:
        message = (
            f"{each.field} of {each.dag_id} differs {each.under.where}:"
            f" {_cut(each.first)} and {_cut(each.second)}.{more}"
        )
    # Airflow 2 has no versions of DAGs.
    cost = _IN_AIRFLOW_2 if subject.major == 2 and not each.is_existence else ""
    return rule.finding(file.path, line, message, key=name_of(each), dag_id=each.dag_id, cost=cost)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
