"""Imports an in-house helper that imports pandas: the line to change is in common/frames.py, not here."""

import pendulum
from common.frames import totals

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def shared_helper_sales():
    @task
    def report() -> dict:
        return totals([{"region": "north", "amount": 3}, {"region": "south", "amount": 5}])

    report()


shared_helper_sales()
