"""Builds its DAGs from a YAML file, which is read and parsed at every parse."""

from pathlib import Path

import pendulum
import yaml

try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.operators.empty import EmptyOperator

PIPELINES = yaml.safe_load((Path(__file__).parent / "config" / "pipelines.yaml").read_text())

for pipeline in PIPELINES:
    with DAG(
        f"from_yaml_{pipeline['name']}",
        schedule=pipeline["schedule"],
        start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
        catchup=False,
        tags=["example"],
    ) as built:
        previous = None
        for step in pipeline["steps"]:
            current = EmptyOperator(task_id=step)
            if previous is not None:
                previous >> current
            previous = current
    globals()[built.dag_id] = built
