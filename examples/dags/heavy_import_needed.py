"""Uses pandas while it is parsed: one task for each quarter that a pandas date range yields."""

import pandas as pd
import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

QUARTERS = [str(period) for period in pd.period_range("2024-01", periods=4, freq="Q")]


@dag(schedule="@monthly", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def heavy_import_needed():
    @task
    def close_quarter(quarter: str) -> str:
        return quarter

    for quarter in QUARTERS:
        close_quarter.override(task_id=f"close_{quarter.lower()}")(quarter)


heavy_import_needed()
