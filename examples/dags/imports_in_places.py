"""Imports in three places: at the top, under a condition, and inside the function that needs it, where no parse pays."""

import os

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

if os.environ.get("EXAMPLE_USE_DECIMALS", "yes") == "yes":
    from decimal import Decimal as Number
else:
    Number = float


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def imports_in_places():
    @task
    def total() -> str:
        import pandas as pd

        return str(Number(int(pd.Series([1, 2, 3]).sum())))

    total()


imports_in_places()
