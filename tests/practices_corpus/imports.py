"""Slow imports in DAG files (DP101) and in helpers (DP102)."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP101",
        "sales_report",
        """
from airflow.sdk import dag, task
import pandas as pd  # <<


@dag(schedule=None)
def sales_report():
    @task
    def summarise() -> float:
        frame = pd.DataFrame({"amount": [1.0, 2.5]})
        return float(frame["amount"].sum())

    summarise()


sales_report()
""",
    ),
    planted(
        "DP101",
        "churn_training",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator

try:
    from sklearn.ensemble import RandomForestClassifier as Forest  # <<
except ImportError:
    Forest = None


def train(**context):
    model = Forest(n_estimators=10)
    model.fit([[0], [1]], [0, 1])


with DAG("churn_training", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    PythonOperator(task_id="train", python_callable=train)
""",
    ),
    planted(
        "DP101",
        "typed_frames",
        """
from __future__ import annotations

from airflow.sdk import DAG, task
from pandas import DataFrame, concat  # <<


def joined(left: DataFrame, right: DataFrame) -> DataFrame:
    return concat([left, right])


with DAG("typed_frames", schedule="@daily", catchup=False):

    @task
    def join():
        return len(joined(DataFrame({"a": [1]}), DataFrame({"a": [2]})))

    join()
""",
    ),
    planted(
        "DP101",
        "bucket_counts",
        '''
import datetime

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator
from google.cloud import storage  # <<


class Counter:
    """Counts the files of tables."""

    def __init__(self, dataset):
        self.dataset = dataset

    def count(self, table):
        return len(list(storage.Client().list_blobs(self.dataset, prefix=table)))


dag = DAG("bucket_counts", start_date=datetime.datetime(2024, 1, 1), schedule=None)
counter = Counter("sales")
count = PythonOperator(
    task_id="count", python_callable=counter.count, op_args=["orders"], dag=dag
)
''',
    ),
    planted(
        "DP101",
        "export_tables",
        """
import os

from airflow.sdk import DAG, task

with DAG("export_tables", schedule=None) as dag:
    if os.environ.get("STAGE", "prod") != "local":
        import google.cloud.bigquery as bq  # <<

    @task(retries=2)
    def export(table: str) -> str:
        job = bq.Client().extract_table(table, f"gs://exports/{table}.csv")
        return job.job_id

    export.expand(table=["orders", "customers"])
""",
    ),
    planted(
        "DP102",
        "orders_daily",
        """
from airflow.sdk import DAG, task

from order_defaults.reports import DEFAULTS

with DAG("orders_daily", schedule=None, default_args=DEFAULTS):

    @task
    def load():
        from order_defaults.reports import to_frame

        return len(to_frame([{"a": 1}]))

    load()
""",
        {
            "orders_weekly.py": """from airflow.sdk import DAG

import order_defaults.reports as reports

with DAG("orders_weekly", schedule=None, default_args=reports.DEFAULTS):
    pass
""",
            "order_defaults/__init__.py": "",
            "order_defaults/reports.py": """import pandas  # <<

DEFAULTS = {"retries": 2}


def to_frame(rows):
    return pandas.DataFrame(rows)
""",
        },
    ),
    planted(
        "DP102",
        "stock_levels",
        """
from airflow.sdk import dag, task
from stock_library import OWNER


@dag(schedule=None, default_args={"owner": OWNER})
def stock_levels():
    @task
    def count():
        return 1

    count()


stock_levels()
""",
        {
            "stock_alerts.py": """from airflow.sdk import DAG
from stock_library import OWNER

dag = DAG("stock_alerts", schedule=None, default_args={"owner": OWNER}, tags=["stock"])
""",
            "stock_library/__init__.py": """from stock_library.forecast import forecast

OWNER = "stock"

__all__ = ["OWNER", "forecast"]
""",
            "stock_library/forecast.py": """from sklearn.linear_model import LinearRegression  # <<


def forecast(days, levels):
    return LinearRegression().fit(days, levels)
""",
        },
    ),
    planted(
        "DP102",
        "invoices",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator

from invoice_steps import InvoiceReader

reader = InvoiceReader("invoices")

with DAG(
    "invoices",
    start_date=datetime.datetime(2024, 1, 1),
    schedule=None,
    tags=[reader.table],
) as dag:
    PythonOperator(task_id="read", python_callable=reader.read)
""",
        {
            "invoices_of_partners.py": """import datetime

from airflow import DAG
from invoice_steps import InvoiceReader

with DAG("invoices_of_partners", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    reader = InvoiceReader("partner_invoices")
""",
            "invoice_steps.py": """import logging

import google.cloud.bigquery as bq  # <<

log = logging.getLogger(__name__)


class InvoiceReader:
    def __init__(self, table):
        self.table = table

    def read(self):
        log.info("reading %s", self.table)
        return [dict(row) for row in bq.Client().query(f"SELECT * FROM {self.table}")]
""",
        },
    ),
    planted(
        "DP102",
        "clicks",
        """
from airflow.sdk import DAG

from click_settings import schedule_of

with DAG("clicks", schedule=schedule_of("clicks")):
    pass
""",
        {
            "views.py": """from airflow.sdk import DAG

from click_settings import schedule_of

with DAG("views", schedule=schedule_of("views")):
    pass
""",
            "click_settings.py": """from click_frames import columns_of

_SCHEDULES = {"clicks": "@daily", "views": "@weekly"}


def schedule_of(name):
    return _SCHEDULES[name]


def columns(path):
    return columns_of(path)
""",
            "click_frames.py": """import pandas.io.parquet as parquet  # <<


def columns_of(path):
    return list(parquet.read_parquet(path).columns)
""",
        },
    ),
    planted(
        "DP102",
        "pods",
        """
from airflow.sdk import DAG, task
from pod_tools import *

with DAG("pods", schedule=None) as dag:

    @task
    def restart():
        restart_deployment("etl", NAMESPACE)

    restart()
""",
        {
            "pods_of_tests.py": """from airflow.sdk import DAG
import pod_tools as tools

with DAG("pods_of_tests", schedule=None, tags=[tools.NAMESPACE]):
    pass
""",
            "pod_tools.py": """try:
    from kubernetes import client as k8s, config  # <<
except ImportError:
    k8s = config = None

NAMESPACE = "airflow"


def restart_deployment(name, namespace):
    config.load_incluster_config()
    k8s.AppsV1Api().patch_namespaced_deployment(name, namespace, {})
""",
        },
    ),
)
