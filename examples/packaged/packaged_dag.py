"""A DAG that is delivered as a zip archive, together with the helper package it imports."""

import pendulum
from packaged_helpers.names import task_names

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.empty import EmptyOperator

with DAG(
    "packaged_dag",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    catchup=False,
    tags=["example"],
) as packaged:
    for name in task_names():
        EmptyOperator(task_id=name)
