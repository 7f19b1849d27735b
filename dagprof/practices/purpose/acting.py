"""What the callables of DAG files do to other systems, for the rules of this family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dagprof.practices.source.actions import Act, Action, acts
from dagprof.practices.source.callables import TaskCallable
from dagprof.practices.subject import Subject


def first_acts(subject: Subject) -> Iterator[tuple[TaskCallable, Mapping[Action, Act]]]:
    """The callables of tasks, each with its first act of each kind. Methods of operators are left
    out: moving data is the one purpose of an operator.
    """
    for _, module in subject.dag_modules():
        for each in subject.callables(module):
            if "." not in each.name:
                found = reversed(acts(subject.reached(each)))
                yield each, {act.action: act for act in found}
