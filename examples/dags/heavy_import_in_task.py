"""Imports pandas at the top, for a task only: every parse pays for it, though no parse needs it."""

import pandas as pd
import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


@dag(schedule="@hourly", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def heavy_import_in_task():
    @task
    def summarise() -> float:
        orders = pd.DataFrame({"amount": [12.5, 40.0, 7.25]})
        return float(orders["amount"].sum())

    summarise()


heavy_import_in_task()
