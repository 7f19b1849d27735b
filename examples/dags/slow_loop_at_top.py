"""Computes a calendar of working days in a slow loop at every parse."""

import datetime

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task

WORKING_DAYS = []
day = datetime.date(1900, 1, 1)
while day < datetime.date(2300, 1, 1):
    if day.weekday() < 5 and not (day.month == 12 and day.day in (25, 26)):
        WORKING_DAYS.append(day.strftime("%Y-%m-%d"))
    day += datetime.timedelta(days=1)


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def slow_loop_at_top():
    @task
    def is_working_day(date: str) -> bool:
        return date in WORKING_DAYS

    is_working_day("{{ ds }}")


slow_loop_at_top()
