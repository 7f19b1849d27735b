"""Look-ups (DP104) and deprecated imports (DP112)."""

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
)
