"""DP108: a sleep during parsing."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import Effect
from dagprof.practices.parse import effects
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    return effects.findings(RULE, subject, _is_wanted, least_ms=1.0)


def _is_wanted(effect: Effect) -> bool:
    return effect.kind == "sleep"


RULE = Rule(
    code="DP108",
    name="sleep",
    family=Family.PARSE,
    severity=Severity.WARNING,
    summary="A sleep during parsing.",
    cost="Each parse occupies a parsing process without doing anything.",
    advice="Wait in a task; use a sensor to wait for something.",
    bad="""
while not os.path.exists("/data/ready"):
    time.sleep(1)
""",
    good="""
ready = FileSensor(task_id="ready", filepath="/data/ready")
""",
    find=_find,
)
