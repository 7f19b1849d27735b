"""Makes 200 DAGs in a loop: little code, and much to build and to serialise."""

import pendulum

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.empty import EmptyOperator

for number in range(200):
    with DAG(
        f"tenant_{number:03d}",
        schedule="@daily",
        start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
        catchup=False,
        tags=["example"],
    ) as tenant:
        EmptyOperator(task_id="refresh")
    globals()[tenant.dag_id] = tenant
