"""A model citizen: imports what the DAG needs to exist, and nothing else."""

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def clean_taskflow():
    @task
    def extract() -> list:
        return [3, 1, 2]

    @task
    def load(rows: list) -> int:
        return len(rows)

    load(extract())


clean_taskflow()
