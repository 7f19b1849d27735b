"""DP703: a secret in a serialised DAG."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.places import line_of_dag, line_of_keyword
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    for file in subject.run.files:
        seen = set()
        for each in file.secret_fields:
            if not each.field or each.field in seen:
                continue
            seen.add(each.field)
            module = subject.module(file.path)
            field = each.field.rpartition(".")[2]
            line = line_of_keyword(module, field) or line_of_dag(module, each.dag_id)
            yield RULE.finding(
                file.path,
                line,
                f"The serialised DAG {each.dag_id} contains a secret in {each.field}.",
                key=each.field,
                dag_id=each.dag_id,
            )


RULE = Rule(
    code="DP703",
    name="secret-in-serialised-dag",
    family=Family.CREDENTIALS,
    severity=Severity.ERROR,
    summary="A secret in the serialised DAG, such as in env, in a rendered field or in doc_md.",
    cost=(
        "Airflow stores the secret in its database as plain text and shows it in the user"
        " interface."
    ),
    advice="Pass the name of a Connection, or a template that is rendered in the task.",
    bad="""
BashOperator(
    task_id="load", bash_command="load", env={"TOKEN": Variable.get("load_token")}
)
""",
    good="""
BashOperator(
    task_id="load", bash_command="load", env={"TOKEN": "{{ var.value.load_token }}"}
)
""",
    find=_find,
)
