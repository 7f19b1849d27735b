"""Findings about fields that differ between parses, for the rules of this family."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dagprof.model import FileResult, Instability
from dagprof.practices.rule import Finding, Rule
from dagprof.practices.source.places import line_of_dag, line_of_keyword
from dagprof.practices.subject import Subject

_LONGEST = 60


def findings(
    rule: Rule, subject: Subject, wanted: Callable[[Instability], bool]
) -> Iterator[Finding]:
    """One finding for each field of a file, with the first DAG that shows it."""
    for file in subject.run.files:
        seen: set[str] = set()
        for each in file.instabilities:
            if wanted(each) and each.field not in seen:
                seen.add(each.field)
                yield _finding(rule, subject, file, each)


def _finding(rule: Rule, subject: Subject, file: FileResult, each: Instability) -> Finding:
    module = subject.module(file.path)
    name = each.field.rpartition(".")[2]
    line = line_of_keyword(module, name) or line_of_dag(module, each.dag_id)
    if each.is_existence:
        message = f"The DAG {each.dag_id} exists only in some parses."
    else:
        message = (
            f"{each.field} of {each.dag_id} differs {each.under.where}:"
            f" {_cut(each.first)} and {_cut(each.second)}."
        )
    return rule.finding(file.path, line, message, key=each.field, dag_id=each.dag_id)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
