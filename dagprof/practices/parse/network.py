"""DP105: a network request during parsing."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import Effect
from dagprof.model.effects import NETWORK
from dagprof.practices.parse import effects
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    return effects.findings(RULE, subject, _is_wanted)


def _is_wanted(effect: Effect) -> bool:
    return effect.about.group is NETWORK


RULE = Rule(
    code="DP105",
    name="network",
    family=Family.PARSE,
    severity=Severity.WARNING,
    summary="A network request during parsing.",
    cost="Each parse waits for the other host, and fails or times out if that host is down.",
    advice="Make the request in a task, or read a file that a task writes.",
    bad="""
tables = requests.get("https://config.example/tables").json()
""",
    good="""
@task
def tables():
    import requests

    return requests.get("https://config.example/tables").json()
""",
    find=_find,
)
