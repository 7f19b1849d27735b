"""Cannot be imported: a DAG that was written for a package that is not installed here."""

import pendulum
from acme_data_platform.operators import AcmeExportOperator

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG

with DAG("import_error", schedule=None, start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False):
    AcmeExportOperator(task_id="export")
