"""DP106: a database query during parsing."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import Effect
from dagprof.model.effects import DATABASE
from dagprof.practices.parse import effects
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    return effects.findings(RULE, subject, _is_wanted)


def _is_wanted(effect: Effect) -> bool:
    return effect.about.group is DATABASE


RULE = Rule(
    code="DP106",
    name="database",
    family=Family.PARSE,
    severity=Severity.WARNING,
    summary="A database query during parsing.",
    cost="Each parse opens a connection to the database and waits for the answer.",
    advice="Query the database in a task.",
    bad="""
engine = create_engine(URL)
tables = engine.connect().execute(text("SELECT name FROM tables")).all()
""",
    good="""
@task
def tables():
    return PostgresHook("warehouse").get_records("SELECT name FROM tables")
""",
    find=_find,
)
