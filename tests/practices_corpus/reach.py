"""Network requests (DP105), database queries (DP106) and programs (DP107).

``@PORT@`` stands for the port of a server on this machine that answers each request with JSON.
"""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP105",
        "tables_by_request",
        """
import requests
from airflow.sdk import DAG, task

with DAG("tables_by_request", schedule=None):

    @task
    def load(name):
        return name

    for table in requests.get("http://127.0.0.1:@PORT@/tables", timeout=5).json():  # <<
        load.override(task_id=table)(table)
""",
    ),
    planted(
        "DP105",
        "settings_by_url",
        """
import datetime

from airflow import DAG
from remote_settings import SETTINGS

dag = DAG("settings_by_url", start_date=datetime.datetime(2024, 1, 1), schedule=None, tags=SETTINGS)
""",
        {
            "remote_settings.py": """import json
from urllib.request import urlopen as fetch

with fetch("http://127.0.0.1:@PORT@/settings") as answer:  # <<
    SETTINGS = json.load(answer)
""",
        },
    ),
    planted(
        "DP105",
        "health",
        '''
import http.client

from airflow.sdk import dag, task


class Service:
    """The state of a service."""

    connection = http.client.HTTPConnection("127.0.0.1", @PORT@)
    connection.request("GET", "/health")  # <<
    STATUS = connection.getresponse().status


@dag(schedule=None, tags=[str(Service.STATUS)])
def health():
    @task
    def report():
        return Service.STATUS

    report()


health()
''',
    ),
    planted(
        "DP105",
        "schema_registry",
        """
import httpx
from airflow.sdk import DAG


def schemas():
    with httpx.Client(base_url="http://127.0.0.1:@PORT@", timeout=5) as client:
        return client.get("/subjects").json()  # <<


with DAG("schema_registry", schedule=None, params={"schemas": schemas()}):
    pass
""",
    ),
    planted(
        "DP105",
        "buckets",
        """
import datetime

import boto3
from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from botocore.config import Config

dag = DAG("buckets", start_date=datetime.datetime(2024, 1, 1), schedule=None)
try:
    client = boto3.client(
        "s3",
        endpoint_url="http://127.0.0.1:@PORT@",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        region_name="eu-west-1",
        config=Config(retries={"max_attempts": 0}),
    )
    BUCKETS = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]  # <<
except Exception:
    BUCKETS = ["default"]
for bucket in BUCKETS:
    EmptyOperator(task_id=f"load_{bucket}", dag=dag)
""",
    ),
    planted(
        "DP106",
        "tables_by_sqlite",
        """
import sqlite3

from airflow.sdk import DAG, task

connection = sqlite3.connect("/tmp/practices_corpus_state.db")
rows = connection.execute("SELECT name FROM sqlite_master").fetchall()  # <<

with DAG("tables_by_sqlite", schedule=None, tags=[f"tables {len(rows)}"]):

    @task
    def load():
        return 1

    load()
""",
    ),
    planted(
        "DP106",
        "tables_by_engine",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from sqlalchemy import create_engine, text


def tables():
    engine = create_engine("sqlite:////tmp/practices_corpus_engine.db")
    with engine.connect() as connection:
        return connection.execute(text("SELECT 'orders' AS name")).scalars().all()  # <<


with DAG("tables_by_engine", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    for table in tables():
        EmptyOperator(task_id=table)
""",
    ),
    planted(
        "DP106",
        "frame_by_query",
        """
from airflow.sdk import dag, task

from state_frames import STATE


@dag(schedule=None, tags=[f"rows {len(STATE)}"])
def frame_by_query():
    @task
    def count():
        return len(STATE)

    count()


frame_by_query()
""",
        {
            "state_frames.py": """import pandas as pd
import sqlalchemy as sa

ENGINE = sa.create_engine("sqlite:////tmp/practices_corpus_frames.db")
STATE = pd.read_sql("SELECT 1 AS a", ENGINE)  # <<
""",
        },
    ),
    planted(
        "DP106",
        "runs_of_airflow",
        """
import datetime

from airflow import DAG
from airflow.models import DagRun
from airflow.utils.session import create_session

try:
    with create_session() as session:
        RUNS = session.query(DagRun).filter(DagRun.dag_id == "other").count()  # <<
except Exception:
    RUNS = 0

with DAG(
    "runs_of_airflow",
    start_date=datetime.datetime(2024, 1, 1),
    schedule=None,
    tags=[f"runs {RUNS}"],
):
    pass
""",
    ),
    planted(
        "DP106",
        "partners",
        '''
import psycopg2
from airflow.sdk import DAG, task


class Partners:
    """The partners, from the database."""

    try:
        with psycopg2.connect(host="127.0.0.1", port=1, dbname="crm", user="ada") as crm:  # <<
            cursor = crm.cursor()
            cursor.execute("SELECT name FROM partners")
            NAMES = [name for (name,) in cursor]
    except psycopg2.OperationalError:
        NAMES = ["default"]


with DAG("partners", schedule=None):

    @task
    def load(name):
        return name

    load.expand(name=Partners.NAMES)
''',
    ),
    planted(
        "DP107",
        "commit_tag",
        """
import subprocess

from airflow.sdk import DAG

commit = subprocess.check_output(["uname", "-r"], text=True).strip()  # <<

with DAG("commit_tag", schedule=None, tags=[commit]):
    pass
""",
    ),
    planted(
        "DP107",
        "clean_folder",
        """
import datetime
import os

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

os.system("rm -rf /tmp/practices_corpus_old")  # <<

with DAG("clean_folder", start_date=datetime.datetime(2024, 1, 1), schedule="@daily") as dag:
    EmptyOperator(task_id="start")
""",
    ),
    planted(
        "DP107",
        "free_space",
        '''
from airflow.sdk import dag, task


class Disk:
    """The free space, as df prints it."""

    import os

    FREE = os.popen("df -P / | tail -1").read()  # <<


@dag(schedule=None)
def free_space():
    @task
    def report():
        return Disk.FREE

    report()


free_space()
''',
    ),
    planted(
        "DP107",
        "dbt_models",
        """
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator
from model_lists import models

with DAG("dbt_models", schedule=None):
    for model in models():
        BashOperator(task_id=model, bash_command=f"dbt run --select {model}")
""",
        {
            "model_lists.py": """from subprocess import PIPE, Popen


def models():
    process = Popen(["printf", "orders\\\\ncustomers"], stdout=PIPE, text=True)  # <<
    output, _ = process.communicate()
    return output.split()
""",
        },
    ),
    planted(
        "DP107",
        "versions",
        """
import datetime
from subprocess import run as execute

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator


def report(version=execute("bash --version", shell=True, capture_output=True).stdout[:8]):  # <<
    return version


with DAG("versions", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    PythonOperator(task_id="report", python_callable=report)
""",
    ),
)
