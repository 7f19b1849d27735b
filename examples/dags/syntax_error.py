"""Cannot be parsed: a merge conflict that was resolved in a hurry. Airflow says so for this DAG file, on each loop."""

import pendulum
from airflow.decorators import dag

@dag(schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False
def syntax_error():
    pass


syntax_error()
