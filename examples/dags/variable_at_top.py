"""Reads two Variables at the top: a look-up in the database or the secrets backend at every parse."""

import pendulum

try:
    from airflow.sdk import Variable, dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.models import Variable

BUCKET = Variable.get("export_bucket")
SETTINGS = Variable.get("export_settings", deserialize_json=True)


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def variable_at_top():
    @task
    def export() -> str:
        return f"{BUCKET}/{SETTINGS['prefix']}"

    export()


variable_at_top()
