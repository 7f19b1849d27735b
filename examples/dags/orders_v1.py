"""The first version of a DAG that has been replaced since: a pattern in .airflowignore keeps Airflow from parsing it."""

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def orders_v1():
    @task
    def load() -> str:
        return "loaded"

    load()


orders_v1()
