"""Look-ups (DP104), deprecated imports (DP112) and parses that read many files (DP109)."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP104",
        "bucket_copy",
        """
from airflow.sdk import DAG, Variable
from airflow.providers.standard.operators.bash import BashOperator

BUCKET = Variable.get("bucket", default="data")  # <<

with DAG("bucket_copy", schedule=None):
    BashOperator(task_id="copy", bash_command=f"aws s3 sync /data s3://{BUCKET}")
""",
    ),
    planted(
        "DP104",
        "tables_of_settings",
        """
import datetime

from airflow import DAG
from airflow.models import Variable as AirflowVariable
from airflow.providers.standard.operators.empty import EmptyOperator

with DAG(
    dag_id="tables_of_settings", start_date=datetime.datetime(2024, 1, 1), schedule="@daily"
) as dag:
    settings = AirflowVariable.get(  # <<
        "settings", default_var={"tables": ["a"]}, deserialize_json=True
    )
    for table in settings["tables"]:
        EmptyOperator(task_id=f"load_{table}")
""",
    ),
    planted(
        "DP104",
        "host_of_warehouse",
        """
from airflow.sdk import dag, task

from warehouse_hosts import host


@dag(schedule=None, tags=[host("warehouse")])
def host_of_warehouse():
    @task
    def ping():
        return 1

    ping()


host_of_warehouse()
""",
        {
            "warehouse_hosts.py": """from airflow.sdk.bases.hook import BaseHook as Base


def host(name):
    try:
        return Base.get_connection(name).host or "none"  # <<
    except Exception:
        return "none"
""",
        },
    ),
    planted(
        "DP104",
        "mail_operator",
        '''
import airflow.sdk
from airflow.sdk import BaseOperator


class MailOperator(BaseOperator):
    """Sends a mail."""

    sender = airflow.sdk.Variable.get("mail_sender", default="a@example.com")  # <<

    def execute(self, context):
        self.log.info("from %s", self.sender)


with airflow.sdk.DAG("mail_operator", schedule=None):
    MailOperator(task_id="mail")
''',
    ),
    planted(
        "DP104",
        "default_connection",
        """
import datetime

from airflow import DAG
from airflow.providers.http.hooks.http import HttpHook
from airflow.providers.standard.operators.python import PythonOperator


def call(login=HttpHook.get_connection("api").login):  # <<
    return login


dag = DAG("default_connection", start_date=datetime.datetime(2024, 1, 1), schedule=None)
PythonOperator(task_id="call", python_callable=call, dag=dag)
""",
    ),
    planted(
        "DP112",
        "old_bash",
        """
import datetime

from airflow import DAG
from airflow.operators.bash import BashOperator  # <<

with DAG("old_bash", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    BashOperator(task_id="hello", bash_command="echo hello")
""",
    ),
    planted(
        "DP112",
        "old_decorators",
        """
import datetime

from airflow.decorators import dag as build_dag, task as build_task  # <<


@build_dag(start_date=datetime.datetime(2024, 1, 1), schedule=None)
def old_decorators():
    @build_task
    def hello():
        return 1

    hello()


old_decorators()
""",
    ),
    planted(
        "DP112",
        "old_module",
        """
import datetime

import airflow.operators.python as python_operators
from airflow import DAG


def hello():
    return 1


with DAG("old_module", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    python_operators.PythonOperator(task_id="hello", python_callable=hello)  # <<
""",
    ),
    planted(
        "DP112",
        "old_helper",
        """
from airflow.sdk import DAG

from own_operators import HelloOperator

with DAG("old_helper", schedule=None):
    HelloOperator(task_id="hello")
""",
        {
            "own_operators.py": """from airflow.models.baseoperator import BaseOperator  # <<


class HelloOperator(BaseOperator):
    def execute(self, context):
        return "hello"
""",
        },
    ),
    planted(
        "DP112",
        "old_in_function",
        """
import datetime

from airflow import DAG


def joined():
    try:
        from airflow.operators.empty import EmptyOperator  # <<
    except ImportError:
        from airflow.operators.dummy import DummyOperator as EmptyOperator
    return EmptyOperator(task_id="join", trigger_rule="none_failed")


with DAG("old_in_function", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    joined()
""",
    ),
    planted(
        "DP109",
        "dags_by_glob",
        """
import glob
import os

import yaml
from airflow.sdk import DAG

HERE = os.path.dirname(__file__)
for name in sorted(glob.glob(f"{HERE}/glob_configs/*.yaml")):
    with open(name) as file:  # <<
        config = yaml.safe_load(file)
    globals()[config["id"]] = DAG(config["id"], schedule=config["schedule"])
""",
        {
            f"glob_configs/{number}.yaml": f"id: by_glob_{number}\nschedule: '@daily'\n"
            for number in range(150)
        },
    ),
    planted(
        "DP109",
        "tasks_by_path",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
from sql_files import statements

with DAG("tasks_by_path", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    for name, text in statements().items():
        BashOperator(task_id=name, bash_command=f"psql -c '{text}'")
""",
        {
            "sql_files.py": """from pathlib import Path


def statements():
    folder = Path(__file__).parent / "statements"
    return {path.stem: path.read_text() for path in sorted(folder.rglob("*.sql"))}  # <<
""",
            **{f"statements/{n % 9}/load_{n}.sql": f"SELECT {n}\n" for n in range(200)},
        },
    ),
    planted(
        "DP109",
        "sources_by_walk",
        """
import json
import os

from airflow.sdk import dag, task

SOURCES = []
for folder, _, names in os.walk(os.path.join(os.path.dirname(__file__), "walked")):
    for name in names:
        SOURCES.append(json.load(open(os.path.join(folder, name), "rb")))  # <<


@dag(schedule=None, tags=[f"sources {len(SOURCES)}"])
def sources_by_walk():
    @task
    def load():
        return len(SOURCES)

    load()


sources_by_walk()
""",
        {f"walked/{n // 30}/{n}.json": f'{{"name": "{n}"}}' for n in range(240)},
    ),
    planted(
        "DP109",
        "large_csv",
        '''
import csv
import datetime
import pathlib

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator


class Stores:
    """The stores of the company."""

    with (pathlib.Path(__file__).parent / "stores.csv").open(newline="") as file:  # <<
        COUNTRIES = sorted({row["country"] for row in csv.DictReader(file)})


with DAG("large_csv", start_date=datetime.datetime(2024, 1, 1), schedule="@daily") as dag:
    for country in Stores.COUNTRIES:
        EmptyOperator(task_id=f"load_{country}")
''',
        {
            "stores.csv": "number,country,address\n"
            + "".join(f"{n},country{n % 5},{'street ' * 20}\n" for n in range(100_000))
        },
    ),
    planted(
        "DP109",
        "large_manifest",
        """
import json
from pathlib import Path

from airflow.sdk import DAG, task

with DAG("large_manifest", schedule=None):
    manifest = json.loads(Path(__file__).with_name("manifest.json").read_bytes())  # <<

    @task
    def run(model):
        return model

    for model in manifest["models"]:
        run.override(task_id=model)(model)
""",
        {"manifest.json": '{"models": ["a", "b"], "text": "' + "x" * 30_000_000 + '"}'},
    ),
)
