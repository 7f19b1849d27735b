"""Tasks that are not idempotent: appended rows (DP501) and changing values (DP502)."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP501",
        "insert_by_operator",
        """
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG

with DAG("insert_by_operator", schedule="@daily"):
    SQLExecuteQueryOperator(
        task_id="load",
        conn_id="warehouse",
        sql="INSERT INTO sales SELECT * FROM staging WHERE day = '{{ ds }}'",  # <<
    )
""",
    ),
    planted(
        "DP501",
        "insert_by_hook",
        '''
from airflow.sdk import dag, task


@dag(schedule="@daily")
def insert_by_hook():
    @task
    def load(ds=None):
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        hook = PostgresHook(postgres_conn_id="warehouse")
        hook.run(  # <<
            f"""
            insert into mart.visits (day, visits)
            select day, count(*) from raw.visits where day = '{ds}' group by day
            """
        )

    load()


insert_by_hook()
''',
    ),
    planted(
        "DP501",
        "insert_by_cursor",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator
from order_store import store

with DAG("insert_by_cursor", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    PythonOperator(task_id="store", python_callable=store, op_args=[[(1, 2.5)]])
""",
        {
            "order_store.py": """import contextlib

import psycopg2

_ADD = "INSERT INTO orders (number, amount) VALUES (%s, %s)"


def store(rows):
    with contextlib.closing(psycopg2.connect("dbname=shop")) as connection:
        cursor = connection.cursor()
        cursor.executemany(_ADD, rows)
        connection.commit()
""",
        },
    ),
    planted(
        "DP501",
        "insert_by_job",
        '''
import datetime

from airflow import DAG
from airflow.providers.google.cloud.operators.bigquery import BigQueryInsertJobOperator as Job

QUERY = """
INSERT `shop.mart.sales` (day, amount)
SELECT day, SUM(amount) FROM `shop.raw.sales` WHERE day = DATE('{{ ds }}') GROUP BY day
"""
dag = DAG("insert_by_job", start_date=datetime.datetime(2024, 1, 1), schedule="@daily")
Job(
    task_id="add_sales",
    configuration={"query": {"query": QUERY, "useLegacySql": False}},
    dag=dag,
)
''',
    ),
    planted(
        "DP501",
        "insert_by_own_operator",
        '''
import airflow.sdk as af
import sqlalchemy as sa


class AppendOperator(af.BaseOperator):
    """Appends the rows of a staging table."""

    template_fields = ("day",)

    def __init__(self, table, day, **kwargs):
        super().__init__(**kwargs)
        self.table, self.day = table, day

    def execute(self, context):
        engine = sa.create_engine("postgresql://warehouse/shop")
        with engine.begin() as connection:
            statement = sa.text(
                "INSERT INTO " + self.table + " SELECT * FROM staging WHERE day = :day"
            )
            connection.execute(statement, {"day": self.day})


with af.DAG("insert_by_own_operator", schedule="@daily"):
    AppendOperator(task_id="append", table="returns", day="{{ ds }}")
''',
    ),
    planted(
        "DP502",
        "today_in_insert",
        """
import datetime

from airflow.sdk import dag, task


@dag(schedule="@daily")
def today_in_insert():
    @task
    def load():
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        day = datetime.date.today()  # <<
        hook = PostgresHook("warehouse")
        hook.run(f"DELETE FROM sales WHERE day = '{day}'")
        hook.run(f"INSERT INTO sales SELECT * FROM staging WHERE day = '{day}'")

    load()


today_in_insert()
""",
    ),
    planted(
        "DP502",
        "uuid_in_key",
        """
import datetime
import json
from uuid import uuid4

from airflow import DAG
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.standard.operators.python import PythonOperator


def export(**context):
    key = f"exports/{uuid4()}.json"  # <<
    S3Hook("lake").load_string(json.dumps({"ds": context["ds"]}), key=key, bucket_name="lake")


with DAG("uuid_in_key", start_date=datetime.datetime(2024, 1, 1), schedule="@daily") as dag:
    PythonOperator(task_id="export", python_callable=export)
""",
    ),
    planted(
        "DP502",
        "loaded_at",
        """
from airflow.sdk import DAG, task

from stamped_rows import write

with DAG("loaded_at", schedule="@daily"):

    @task
    def load():
        write("customers", [{"name": "Acme"}, {"name": "Beta"}])

    load()
""",
        {
            "stamped_rows.py": """import pendulum


def write(table, rows):
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    stamped = [(row["name"], pendulum.now("UTC")) for row in rows]  # <<
    PostgresHook("warehouse").insert_rows(table, stamped, target_fields=["name", "loaded_at"])
""",
        },
    ),
    planted(
        "DP502",
        "sql_of_today",
        """
import datetime

from airflow import DAG
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator as Query

dag = DAG("sql_of_today", start_date=datetime.datetime(2024, 1, 1), schedule="@daily")
Query(
    task_id="refresh",
    conn_id="warehouse",
    sql=[
        "DELETE FROM daily WHERE day = CURRENT_DATE",
        "INSERT INTO daily SELECT CURRENT_DATE, count(*) FROM orders WHERE day = CURRENT_DATE",  # <<
    ],
    dag=dag,
)
""",
    ),
    planted(
        "DP502",
        "sampled_rows",
        '''
import random
import time

import airflow.sdk as af


class SampleOperator(af.BaseOperator):
    """Writes a sample of the rows."""

    def execute(self, context):
        import boto3

        rows = [f"row {number}" for number in range(100)]
        sample = random.sample(rows, 10)  # <<
        boto3.client("s3").put_object(
            Bucket="lake", Key=f"samples/{int(time.time())}.txt", Body="\\n".join(sample)
        )


with af.DAG("sampled_rows", schedule=None):
    SampleOperator(task_id="sample")
''',
    ),
)
