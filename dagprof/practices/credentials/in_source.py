"""DP701: a secret in source code."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.credentials.literals import Where, shown
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    for module in subject.modules():
        for secret in subject.secrets(module):
            if secret.where is Where.SOURCE:
                yield RULE.finding(
                    module.path,
                    secret.line,
                    f"This line contains a secret{shown(secret.name)}.",
                    key=secret.name or "literal",
                )


RULE = Rule(
    code="DP701",
    name="secret-in-source",
    family=Family.CREDENTIALS,
    severity=Severity.ERROR,
    summary="A password, token or key in source code.",
    cost=(
        "Everybody who can read the repository, its history or the code view of Airflow has the"
        " secret."
    ),
    advice="Revoke the secret, and put the new one into a Connection or a secrets backend.",
    bad="""
client = Client(api_key="<the key>")
""",
    good="""
client = Client(api_key=BaseHook.get_connection("client").password)  # in a task
""",
    find=_find,
)
