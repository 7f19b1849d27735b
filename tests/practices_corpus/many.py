"""DAG files with many DAGs (DP202), and DAGs with many tasks (DP203)."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP202",
        "loads_by_loop",
        """
from airflow.sdk import DAG, task

TABLES = [f"table_{number}" for number in range(60)]

for name in TABLES:
    with DAG(f"load_{name}", schedule=None) as dag:

        @task
        def load(table):
            return table

        load(name)
    globals()[f"dag_{name}"] = dag
""",
    ),
    planted(
        "DP202",
        "exports_by_function",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator


def create_dag(customer):
    dag = DAG(
        dag_id=f"export_{customer}",
        start_date=datetime.datetime(2024, 1, 1),
        schedule="@daily",
        catchup=False,
    )
    EmptyOperator(task_id="export", dag=dag)
    return dag


for number in range(80):
    globals()[f"export_{number}"] = create_dag(f"customer_{number}")
""",
    ),
    planted(
        "DP202",
        "reports_by_decorator",
        """
from airflow.sdk import dag, task


def build(country, hour):
    @dag(dag_id=f"report_{country}", schedule=f"0 {hour} * * *")
    def report():
        @task
        def send():
            return country

        send()

    return report()


REPORTS = {f"country_{number}": number % 24 for number in range(100)}
DAGS = [build(country, hour) for country, hour in REPORTS.items()]
""",
    ),
    planted(
        "DP202",
        "syncs_by_class",
        """
from airflow.sdk import DAG
from sync_factory import SyncFactory

for name, sync in SyncFactory(70).build().items():
    vars()[name] = sync
""",
        {
            "sync_factory.py": """from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG


class SyncFactory:
    def __init__(self, count):
        self.count = count

    def build(self):
        dags = {}
        for number in range(self.count):
            dags[f"sync_{number}"] = dag = DAG(f"sync_{number}", schedule=None)
            BashOperator(task_id="sync", bash_command=f"sync {number}", dag=dag)
        return dags
""",
        },
    ),
    planted(
        "DP202",
        "tenants_by_tuple",
        """
import datetime

from airflow import DAG as Pipeline

_ARGUMENTS = dict(start_date=datetime.datetime(2024, 1, 1), schedule=None, catchup=False)
TENANTS = [(f"tenant{number}", stage) for number in range(25) for stage in ("test", "prod")]

globals().update(
    {f"{name}_{stage}": Pipeline(f"{name}_{stage}", **_ARGUMENTS) for name, stage in TENANTS}
)
""",
    ),
    planted(
        "DP203",
        "tasks_by_loop",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("tasks_by_loop", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    for number in range(700):
        BashOperator(task_id=f"load_{number}", bash_command=f"load {number}")
""",
    ),
    planted(
        "DP203",
        "tasks_by_decorator",
        """
from airflow.sdk import dag, task


@task
def load(number):
    return number


@dag(schedule=None)
def tasks_by_decorator():
    for number in range(520):
        load(number)


tasks_by_decorator()
""",
    ),
    planted(
        "DP203",
        "tasks_by_group",
        """
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TaskGroup

with DAG("tasks_by_group", schedule=None):
    for region in range(30):
        with TaskGroup(f"region_{region}"):
            start = EmptyOperator(task_id="start")
            start >> [EmptyOperator(task_id=f"load_{table}") for table in range(20)]
""",
    ),
    planted(
        "DP203",
        "tasks_by_helper",
        """
import datetime

from airflow import DAG
from many_steps import add_steps

dag = DAG("tasks_by_helper", start_date=datetime.datetime(2024, 1, 1), schedule=None)
add_steps(dag, 600)
""",
        {
            "many_steps.py": """from airflow.providers.standard.operators.python import PythonOperator


def step():
    return 1


def add_steps(dag, count):
    before = None
    for number in range(count):
        now = PythonOperator(task_id=f"step_{number}", python_callable=step, dag=dag)
        if before is not None:
            before >> now
        before = now
""",
        },
    ),
    planted(
        "DP203",
        "tasks_by_product",
        """
import itertools

import airflow.sdk as sdk

pipeline = sdk.DAG("tasks_by_product", schedule="@daily")
DAYS, TABLES, STAGES = range(7), range(40), ("read", "write")


@sdk.task
def move(day, table, stage):
    return day, table, stage


with pipeline:
    for each in itertools.product(DAYS, TABLES, STAGES):
        move.override(task_id="_".join(map(str, each)))(*each)
""",
    ),
)
