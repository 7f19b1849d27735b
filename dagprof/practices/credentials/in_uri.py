"""DP704: a password in a URI."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.credentials.literals import Where, shown
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    for module in subject.modules():
        for secret in subject.secrets(module):
            if secret.where is Where.URI:
                yield RULE.finding(
                    module.path,
                    secret.line,
                    f"This line contains a URI with a password{shown(secret.name)}.",
                    key=secret.name or "literal",
                )


RULE = Rule(
    code="DP704",
    name="secret-in-uri",
    family=Family.CREDENTIALS,
    severity=Severity.ERROR,
    summary="A URI with a password in source code.",
    cost=(
        "Everybody who can read the repository, its history or the code view of Airflow has the"
        " secret."
    ),
    advice="Change the password, and put the URI into a Connection.",
    bad="""
engine = create_engine("postgresql://etl:<the password>@db/sales")
""",
    good="""
engine = PostgresHook("sales").get_sqlalchemy_engine()  # in a task
""",
    find=_find,
)
