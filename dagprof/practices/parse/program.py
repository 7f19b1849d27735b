"""DP107: a program that runs during parsing."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.model import Effect
from dagprof.model.effects import PROGRAM
from dagprof.practices.parse import effects
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    return effects.findings(RULE, subject, _is_wanted)


def _is_wanted(effect: Effect) -> bool:
    return effect.about.group is PROGRAM


RULE = Rule(
    code="DP107",
    name="program",
    family=Family.PARSE,
    severity=Severity.WARNING,
    summary="A program that runs during parsing.",
    cost="Each parse starts the program and waits for it.",
    advice="Start the program in a task, or compute its result when the image is built.",
    bad="""
commit = subprocess.check_output(["git", "rev-parse", "HEAD"]).decode()
""",
    good="""
commit = os.environ.get("GIT_COMMIT", "unknown")  # set when the image is built
""",
    find=_find,
)
