"""DP702: a secret in default arguments."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.credentials.literals import Where, shown
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    for module in subject.modules():
        for secret in subject.secrets(module):
            if secret.where is Where.DEFAULTS:
                yield RULE.finding(
                    module.path,
                    secret.line,
                    f"Default arguments contain a secret{shown(secret.name)}.",
                    key=secret.name or "literal",
                )


RULE = Rule(
    code="DP702",
    name="secret-in-default-arguments",
    family=Family.CREDENTIALS,
    severity=Severity.ERROR,
    summary="A password, token or key in default_args, or as the default of a parameter.",
    cost="Airflow copies the secret into each task and shows it in the user interface.",
    advice="Revoke the secret, and read the new one from a Connection in the task.",
    bad="""
DEFAULT_ARGS = {"password": "<the password>"}
""",
    good="""
DEFAULT_ARGS = {"postgres_conn_id": "warehouse"}
""",
    find=_find,
)
