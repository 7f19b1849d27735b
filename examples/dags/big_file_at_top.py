"""Reads a price list while it is parsed, though only the task needs it."""

import csv
from pathlib import Path

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

with (Path(__file__).parent / "data" / "prices.csv").open(newline="") as file:
    PRICES = {row["article"]: [float(row[f"week_{week}"]) for week in range(1, 9)] for row in csv.DictReader(file)}


@dag(schedule="@weekly", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def big_file_at_top():
    @task
    def cheapest() -> str:
        return min(PRICES, key=lambda article: PRICES[article][-1])

    cheapest()


big_file_at_top()
