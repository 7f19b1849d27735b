"""Reads a Connection at the top, to put its host into the documentation of the DAG."""

import pendulum

try:
    from airflow.sdk import BaseHook, dag, task
except ImportError:  # Airflow 2 and 3.0
    from airflow.decorators import dag, task
    from airflow.hooks.base import BaseHook

WAREHOUSE = BaseHook.get_connection("warehouse")


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    doc_md=f"Loads from {WAREHOUSE.host}.",
    tags=["example"],
)
def connection_at_top():
    @task
    def load() -> str:
        return "loaded"

    load()


connection_at_top()
