"""DP601: a callable that both reads from one system and writes to another."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.purpose.acting import first_acts
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.actions import Action
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    for each, first in first_acts(subject):
        reads, writes = first.get(Action.EXTRACT), first.get(Action.LOAD)
        if reads is None or writes is None:
            continue
        yield RULE.finding(
            each.module.path,
            each.node.lineno,
            f"{each.name} extracts with {reads.call}() and loads with {writes.call}().",
            key=each.name,
        )


RULE = Rule(
    code="DP601",
    name="extract-and-load",
    family=Family.PURPOSE,
    severity=Severity.HINT,
    summary="A callable that extracts data from one system and loads data into another.",
    cost="If loading fails, the retry extracts everything again.",
    advice="Make two tasks, with the data in storage between them.",
    bad="""
@task
def sales():
    rows = requests.get(URL).json()
    PostgresHook("warehouse").insert_rows("sales", rows)
""",
    good="""
@task
def extract() -> str:
    return store(requests.get(URL).content)

@task
def load(path: str):
    PostgresHook("warehouse").insert_rows("sales", read(path))
""",
    find=_find,
)
