"""Starts another program while it is parsed, to stamp the DAG with a version."""

import subprocess
import sys

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

VERSION = subprocess.run(
    [sys.executable, "-I", "-c", "print('release 7')"], capture_output=True, text=True, check=True
).stdout.strip()


@dag(
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    doc_md=f"Deployed from {VERSION}.",
    tags=["example"],
)
def subprocess_at_top():
    @task
    def deploy() -> str:
        return VERSION

    deploy()


subprocess_at_top()
