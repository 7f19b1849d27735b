"""DP801: a distribution that DAG files import and that the project does not declare."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.image.names import squashed
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    dependencies, declared = subject.dependencies, subject.declared
    if dependencies is None or declared is None or not declared.lines:
        return
    known = {squashed(name) for name in declared.lines}
    files = " or ".join(declared.files[:2])
    for each in dependencies.needed:
        # The official image contains some distributions that nobody declares.
        if squashed(each.name) in known or each.in_image.value == "yes" or each.is_optional:
            continue
        line = each.lines[0]
        yield RULE.finding(
            line.file,
            line.line,
            f"This line imports {line.name} from {each.name}, which is not in {files}.",
            key=each.name,
        )


RULE = Rule(
    code="DP801",
    name="undeclared-dependency",
    family=Family.IMAGE,
    severity=Severity.HINT,
    summary="A distribution that DAG files import and that the project does not declare.",
    cost="The import works only as long as another distribution happens to require it.",
    advice=(
        "Add the distribution to the requirements; `dagprof deps --requirements` prints the line."
    ),
    bad="""
# requirements.txt does not name requests
import requests
""",
    good="""
# requirements.txt: requests==2.32.3
import requests
""",
    find=_find,
)
