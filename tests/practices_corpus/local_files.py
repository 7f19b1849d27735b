"""Local files that one task writes and another one reads (DP503)."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP503",
        "frames_in_tmp",
        """
from airflow.sdk import dag, task


@dag(schedule="@daily")
def frames_in_tmp():
    @task
    def extract():
        import pandas as pd

        pd.DataFrame({"a": [1, 2]}).to_csv("/tmp/frames_in_tmp.csv")  # <<

    @task
    def load():
        import pandas as pd

        return len(pd.read_csv("/tmp/frames_in_tmp.csv"))

    extract() >> load()


frames_in_tmp()
""",
    ),
    planted(
        "DP503",
        "lines_in_tmp",
        """
import datetime
import json

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator


def extract(ds):
    with open(f"/tmp/orders_{ds}.json", "w") as file:
        json.dump([{"order": 1}], file)


def load(ds):
    with open(f"/tmp/orders_{ds}.json") as file:
        return len(json.load(file))


with DAG("lines_in_tmp", start_date=datetime.datetime(2024, 1, 1), schedule="@daily") as dag:
    first = PythonOperator(task_id="extract", python_callable=extract)
    second = PythonOperator(task_id="load", python_callable=load)
    first >> second
""",
    ),
    planted(
        "DP503",
        "path_constant",
        """
from pathlib import Path

from airflow.sdk import DAG, task

WORK = Path("/var/tmp/path_constant")
ROWS = WORK / "rows.txt"

with DAG("path_constant", schedule=None):

    @task
    def write_rows():
        WORK.mkdir(exist_ok=True)
        ROWS.write_text("a\\nb\\n")

    @task
    def count_rows():
        return len(ROWS.read_text().splitlines())

    write_rows() >> count_rows()
""",
    ),
    planted(
        "DP503",
        "download_by_bash",
        """
import datetime
import json

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator

DOWNLOAD = "/tmp/rates.json"


def rates():
    return json.load(open(DOWNLOAD))


dag = DAG("download_by_bash", start_date=datetime.datetime(2024, 1, 1), schedule="@daily")
download = BashOperator(
    task_id="download",
    bash_command=f"curl -s https://rates.example/today -o {DOWNLOAD}",
    dag=dag,
)
download >> PythonOperator(task_id="rates", python_callable=rates, dag=dag)
""",
    ),
    planted(
        "DP503",
        "path_by_xcom",
        """
from airflow.sdk import dag, task

from local_stores import fetch, total


@dag(schedule="@daily")
def path_by_xcom():
    add = task(total)
    add(task(fetch)("orders"))


path_by_xcom()
""",
        {
            "local_stores.py": """import csv
import os


def fetch(table):
    path = os.path.join("/tmp", f"{table}.csv")
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([["order", 1], ["order", 2]])
    return path


def total(path):
    with open(path, newline="") as file:
        return sum(int(amount) for _, amount in csv.reader(file))
""",
        },
    ),
)
