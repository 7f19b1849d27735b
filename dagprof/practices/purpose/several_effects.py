"""DP602: a callable that changes data and sends a message."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.purpose.acting import first_acts
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.actions import Action
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    for each, first in first_acts(subject):
        writes, tells = first.get(Action.LOAD), first.get(Action.NOTIFY)
        if writes is None or tells is None:
            continue
        yield RULE.finding(
            each.module.path,
            each.node.lineno,
            f"{each.name} writes data with {writes.call}() and sends a message with"
            f" {tells.call}().",
            key=each.name,
        )


RULE = Rule(
    code="DP602",
    name="several-effects",
    family=Family.PURPOSE,
    severity=Severity.HINT,
    summary="A callable that changes data and sends a message.",
    cost=(
        "If sending fails, the retry changes the data again; if the data fail, the message is"
        " wrong."
    ),
    advice="Send the message in a task of its own, or in a callback.",
    bad="""
@task
def load():
    hook().insert_rows("sales", rows())
    send_email("team@example.com", "Loaded", "")
""",
    good="""
@task
def load():
    hook().insert_rows("sales", rows())

load() >> EmailOperator(task_id="tell", to="team@example.com", subject="Loaded")
""",
    find=_find,
)
