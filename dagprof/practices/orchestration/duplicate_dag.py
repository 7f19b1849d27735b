"""DP205: one DAG id in two files."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.orchestration.imported_dag_file import importers
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.places import line_of_text
from dagprof.practices.subject import Subject


def _find(subject: Subject) -> Iterator[Finding]:
    owners: dict[str, list[str]] = {}
    for file in subject.run.files:
        for dag_id in dict.fromkeys(file.dag_ids):
            owners.setdefault(dag_id, []).append(file.path)
    imported = importers(subject)
    for dag_id, paths in sorted(owners.items()):
        for path in paths[1:]:
            # A file that imports the other one shows its DAGs; DP204 reports that.
            if path in imported[paths[0]] or paths[0] in imported[path]:
                continue
            yield RULE.finding(
                path,
                line_of_text(subject.module(path), dag_id),
                f"{paths[0]} defines the DAG {dag_id}, too.",
                key=dag_id,
                dag_id=dag_id,
            )


RULE = Rule(
    code="DP205",
    name="duplicate-dag",
    family=Family.ORCHESTRATION,
    severity=Severity.ERROR,
    summary="The same DAG id in two files.",
    cost=(
        "Airflow shows and runs the DAG of the file that was parsed last, so it changes at random."
    ),
    advice="Give one of the DAGs another id, or remove one of the files.",
    bad="""
# dags/sales.py and dags/sales_copy.py
with DAG("sales"):
    ...
""",
    good="""
# dags/sales_copy.py
with DAG("sales_of_last_year"):
    ...
""",
    find=_find,
)
