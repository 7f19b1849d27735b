"""Puts the current time into an argument: no two parses give the same serialised DAG, so Airflow stores it anew each time."""

from datetime import datetime, timezone

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    params={"parsed_at": datetime.now(timezone.utc).isoformat()},
    tags=["example"],
)
def now_in_arguments():
    @task
    def stamp() -> str:
        return "done"

    stamp()


now_in_arguments()
