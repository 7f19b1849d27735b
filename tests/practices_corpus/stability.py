"""Fields (DP301, DP303) and DAGs (DP302) that differ from parse to parse or elsewhere."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP301",
        "command_with_uuid",
        """
import uuid

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

with DAG("command_with_uuid", schedule=None):
    BashOperator(task_id="load", bash_command=f"load --run {uuid.uuid4()}")  # <<
""",
    ),
    planted(
        "DP301",
        "described_now",
        """
from datetime import datetime as dt

from airflow import DAG

dag = DAG(
    "described_now",
    start_date=dt(2024, 1, 1),
    schedule="@daily",
    description=f"Parsed at {dt.now().isoformat()}",  # <<
)
""",
    ),
    planted(
        "DP301",
        "work_folder",
        """
from airflow.sdk import dag, task

from work_folders import WORK


@task
def load(folder):
    return folder


@dag(schedule=None)
def work_folder():
    load(WORK)


work_folder()
""",
        {
            "work_folders.py": """import tempfile

WORK = tempfile.mkdtemp(prefix="practices-corpus-")  # <<
""",
        },
    ),
    planted(
        "DP301",
        "spread_retries",
        """
import datetime
import random

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator


def delay():
    return datetime.timedelta(seconds=random.randint(60, 60_000))  # <<


with DAG("spread_retries", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    EmptyOperator(task_id="start", retries=3, retry_delay=delay())
""",
    ),
    planted(
        "DP301",
        "epoch_argument",
        '''
import time

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


class Step(PythonOperator):
    """A step with the time of its version."""

    version = time.time_ns()  # <<

    def __init__(self, **kwargs):
        super().__init__(op_kwargs={"version": self.version}, **kwargs)


def run(version):
    return version


with DAG("epoch_argument", schedule=None):
    Step(task_id="step", python_callable=run)
''',
    ),
    planted(
        "DP302",
        "dated_dag",
        """
import datetime

from airflow.sdk import DAG

with DAG(f"load_{datetime.date.today()}", schedule=None):  # <<
    pass
""",
    ),
    planted(
        "DP302",
        "dag_of_workdays",
        """
from datetime import datetime

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

if datetime.now().weekday() < 5:
    with DAG("dag_of_workdays", start_date=datetime(2024, 1, 1), schedule=None) as dag:  # <<
        EmptyOperator(task_id="start")
""",
    ),
    planted(
        "DP302",
        "sampled_tables",
        """
import random

from airflow.sdk import dag, task

TABLES = [f"table_{number}" for number in range(200)]


def build(table):
    @dag(dag_id=f"check_{table}", schedule=None)
    def check():
        @task
        def count():
            return table

        count()

    return check()


for each in random.sample(TABLES, 5):
    build(each)
""",
    ),
    planted(
        "DP302",
        "dag_of_host",
        """
import datetime

from airflow import DAG
from host_names import own_name

dag = DAG(own_name("clean"), start_date=datetime.datetime(2024, 1, 1), schedule="@daily")
""",
        {
            "host_names.py": """import socket


def own_name(prefix):
    return f"{prefix}_{socket.gethostname().split('.')[0]}"
""",
        },
    ),
    planted(
        "DP302",
        "dag_with_uuid",
        """
from uuid import uuid4 as new_id

import airflow.sdk as af


@af.dag(dag_id="import_" + new_id().hex[:8], schedule=None)
def imported():
    @af.task
    def load():
        return 1

    load()


imported()
""",
    ),
    planted(
        "DP303",
        "param_of_today",
        """
import datetime

from airflow.sdk import DAG, Param

with DAG(
    "param_of_today",
    schedule=None,
    params={"day": Param(str(datetime.date.today()), type="string")},  # <<
):
    pass
""",
    ),
    planted(
        "DP303",
        "host_in_env",
        """
import datetime
import socket

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("host_in_env", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    BashOperator(
        task_id="load",
        bash_command="load",
        env={"PARSED_ON": socket.gethostname()},  # <<
    )
""",
    ),
    planted(
        "DP303",
        "tables_of_set",
        """
from airflow.sdk import dag, task

from set_of_tables import TABLES


@task
def load(tables):
    return tables


@dag(schedule=None)
def tables_of_set():
    load(", ".join(TABLES))


tables_of_set()
""",
        {
            "set_of_tables.py": """OLD = {"orders", "customers", "returns"}
NEW = {"carts", "clicks", "visits", "orders", "mails"}
TABLES = OLD | NEW  # <<
""",
        },
    ),
    planted(
        "DP303",
        "spread_minutes",
        '''
from airflow.sdk import DAG


class Spread:
    """Spreads the DAGs over the hour."""

    NAME = "spread_minutes"
    MINUTE = hash(NAME) % 60


with DAG(Spread.NAME, schedule=f"{Spread.MINUTE} * * * *", catchup=False):
    pass
''',
    ),
    planted(
        "DP303",
        "yesterday_argument",
        """
import datetime

import pendulum
from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator


def load(day):
    return day


dag = DAG("yesterday_argument", start_date=datetime.datetime(2024, 1, 1), schedule="@daily")
PythonOperator(
    task_id="load",
    python_callable=load,
    op_kwargs={"day": pendulum.yesterday("UTC").to_date_string()},  # <<
    dag=dag,
)
""",
    ),
)
