"""Make a DAG folder from the example DAGs in providers' source distributions, for bench/proofs.py.

python bench/provider_examples.py FOLDER SDIST ...

SDIST is an unpacked source distribution; wheels do not contain the examples. The script keeps the
examples that import something besides Airflow, themselves and the standard library, because the DAG
processor imports the rest before it forks and there is nothing to save. This file contains short
stand-ins for the parts of Airflow's own test helpers that the examples use.

Without SDIST the script writes small DAGs that import hooks at the top and use them in tasks only,
as the providers' guides show.
"""

from __future__ import annotations

import ast
import shutil
import sys
from pathlib import Path

OURS = {"airflow", "tests_common", "system", *sys.stdlib_module_names}
HELPERS = {
    "__init__.py": "",
    "test_utils/__init__.py": "",
    "test_utils/system_tests.py": "def get_test_run(found):\n    return lambda: None\n",
    "test_utils/version_compat.py": "AIRFLOW_V_3_0_PLUS = True\n",
    "test_utils/watcher.py": (
        'from airflow.sdk import task\n\n\n@task(trigger_rule="one_failed")\ndef watcher():\n   '
        " pass\n"
    ),
}
HOOKS = {
    "s3": "from airflow.providers.amazon.aws.hooks.s3 import S3Hook",
    "lambdas": "from airflow.providers.amazon.aws.hooks.lambda_function import LambdaHook",
    "glue": "from airflow.providers.amazon.aws.hooks.glue import GlueJobHook",
    "redshift": "from airflow.providers.amazon.aws.hooks.redshift_data import RedshiftDataHook",
    "bigquery": "from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook",
    "gcs": "from airflow.providers.google.cloud.hooks.gcs import GCSHook",
    "pubsub": "from airflow.providers.google.cloud.hooks.pubsub import PubSubHook",
    "dataproc": "from airflow.providers.google.cloud.hooks.dataproc import DataprocHook",
    "kubernetes": "from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook",
    "sdk_boto": "import boto3 as Hook",
    "sdk_storage": "from google.cloud import storage as Hook",
    "sdk_kubernetes": "from kubernetes import client as Hook",
    "gcs_and_s3": (
        "from airflow.providers.amazon.aws.hooks.s3 import S3Hook\n"
        "from airflow.providers.google.cloud.hooks.gcs import GCSHook"
    ),
    "bigquery_and_storage": (
        "from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook\nfrom google.cloud"
        " import storage"
    ),
}
BODY = """
import datetime
from airflow.sdk import dag, task

@dag(start_date=datetime.datetime(2024, 1, 1), schedule=None)
def {name}():
    @task
    def use():
        return {hook}()
    use()

{name}()
"""


def imported(file: Path) -> set[str]:
    """Return the top-level names of everything that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found


def write_hooks(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in HOOKS.items():
        hook = text.rpartition(" ")[2]
        (folder / f"{name}.py").write_text(
            text + BODY.format(name=name, hook=hook), encoding="utf-8"
        )


def main(folder: Path, *sdists: Path) -> None:
    if not sdists:
        write_hooks(folder)
        return
    for name, text in HELPERS.items():
        file = folder / "tests_common" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    kept = 0
    for sdist in sdists:
        for file in sorted((sdist / "tests/system").rglob("*.py")):
            if file.name.startswith("example_"):
                if not imported(file) - OURS:
                    continue
                kept += 1
            to = folder / file.relative_to(sdist / "tests")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, to)
    print(f"{kept} example DAGs in {folder}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
