"""DP802: a declared distribution that nobody imports."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.image.names import normalised
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import count


def _find(subject: Subject) -> Iterator[Finding]:
    dependencies, declared = subject.dependencies, subject.declared
    if dependencies is None or declared is None:
        return
    for each in dependencies.unused:
        # ``use`` names a way in which Airflow or a DAG file may use it without an import.
        place = declared.lines.get(normalised(each.name))
        if place is None or each.use or place[0] in declared.generated:
            continue
        file, line = place
        more = f" with {count(each.others, 'more distribution')}" if each.others else ""
        yield RULE.finding(
            file,
            line,
            f"No DAG file imports {each.name}.",
            key=each.name,
            cost=f"It takes {each.with_bytes / 1e6:.0f} MB of the image{more}.",
        )


RULE = Rule(
    code="DP802",
    name="unused-dependency",
    family=Family.IMAGE,
    severity=Severity.HINT,
    summary="A declared distribution that no DAG file imports.",
    cost="The image is larger, and each container start takes longer.",
    advice="Remove it, unless something uses it without an import.",
    bad="""
# requirements.txt: tensorflow==2.17.0, which no DAG file imports
""",
    good="""
# requirements.txt names only what DAG files import
""",
    find=_find,
)
