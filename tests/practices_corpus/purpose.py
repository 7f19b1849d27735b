"""Callables that extract and load (DP601), or that have several kinds of effects (DP602)."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP601",
        "api_to_warehouse",
        """
from airflow.sdk import dag, task


@dag(schedule="@daily")
def api_to_warehouse():
    @task
    def sales():
        import requests
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        rows = requests.get("https://shop.example/sales", timeout=30).json()
        PostgresHook("warehouse").insert_rows("sales", [tuple(row) for row in rows])

    sales()


api_to_warehouse()
""",
    ),
    planted(
        "DP601",
        "lake_to_bigquery",
        """
import datetime

from airflow import DAG
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.google.cloud.hooks.bigquery import BigQueryHook
from airflow.providers.standard.operators.python import PythonOperator


def copy_visits(ds, **context):
    lake = S3Hook(aws_conn_id="lake")
    text = lake.read_key(f"visits/{ds}.csv", bucket_name="lake")
    rows = [{"json": {"line": line}} for line in text.splitlines()]
    BigQueryHook().insert_all("shop", "raw", "visits", rows)


with DAG("lake_to_bigquery", start_date=datetime.datetime(2024, 1, 1), schedule="@daily"):
    PythonOperator(task_id="copy_visits", python_callable=copy_visits)
""",
    ),
    planted(
        "DP601",
        "shop_to_mart",
        """
from airflow.sdk import DAG, task

from shop_copy import copy_table

with DAG("shop_to_mart", schedule="@hourly"):

    @task
    def orders():
        copy_table("orders")

    orders()
""",
        {
            "shop_copy.py": """def _read(table):
    from airflow.providers.mysql.hooks.mysql import MySqlHook

    return MySqlHook(mysql_conn_id="shop").get_records(f"SELECT * FROM {table}")


def _write(table, rows):
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    PostgresHook(postgres_conn_id="mart").insert_rows(table=table, rows=rows, replace=True)


def copy_table(table):
    rows = _read(table)
    _write(table, rows)
""",
        },
    ),
    planted(
        "DP601",
        "frames_between_engines",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator
from sqlalchemy import create_engine


def move():
    import pandas as pd

    source = create_engine("mysql://crm/crm")
    target = create_engine("postgresql://warehouse/dwh")
    frame = pd.read_sql("SELECT * FROM partners", source)
    frame.to_sql("partners", target, if_exists="replace", index=False)


dag = DAG("frames_between_engines", start_date=datetime.datetime(2024, 1, 1), schedule=None)
PythonOperator(task_id="move", python_callable=move, dag=dag)
""",
    ),
    planted(
        "DP601",
        "bucket_to_database",
        """
import json

import airflow.sdk as af


@af.dag(schedule="@hourly")
def bucket_to_database():
    @af.task(retries=1)
    def events(ts_nodash=None):
        import boto3
        import psycopg2

        key = f"{ts_nodash}.jsonl"
        body = boto3.client("s3").get_object(Bucket="events", Key=key)["Body"].read()
        rows = [(each["id"], each["kind"]) for each in map(json.loads, body.splitlines())]
        with psycopg2.connect("dbname=events") as connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM events WHERE key = %s", (key,))
            cursor.executemany("INSERT INTO events VALUES (%s, %s)", rows)

    events()


bucket_to_database()
""",
    ),
    planted(
        "DP602",
        "load_and_mail",
        """
from airflow.sdk import dag, task
from airflow.utils.email import send_email


@dag(schedule="@daily")
def load_and_mail():
    @task
    def load(ds=None):
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        PostgresHook("warehouse").insert_rows("sales", [(ds, 1)], replace=True)
        send_email("team@example.com", "Loaded", f"The sales of {ds} are there.")

    load()


load_and_mail()
""",
    ),
    planted(
        "DP602",
        "refresh_and_chat",
        """
import datetime

import requests
from airflow import DAG
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.providers.standard.operators.python import PythonOperator


def refresh(**context):
    DbApiHook.get_hook("warehouse").run("DELETE FROM carts WHERE age > 30")
    requests.post(
        "https://hooks.slack.com/services/A/B/C", json={"text": "Carts are clean."}, timeout=10
    )


with DAG("refresh_and_chat", start_date=datetime.datetime(2024, 1, 1), schedule="@daily"):
    PythonOperator(task_id="refresh", python_callable=refresh)
""",
    ),
    planted(
        "DP602",
        "clean_and_notify",
        """
from airflow.sdk import DAG, task

from bucket_cleaning import clean

with DAG("clean_and_notify", schedule="@weekly"):
    task(clean, retries=2)("exports")
""",
        {
            "bucket_cleaning.py": """import smtplib
from email.message import EmailMessage


def clean(bucket):
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    hook = S3Hook("lake")
    keys = hook.list_keys(bucket)
    hook.delete_objects(bucket=bucket, keys=keys)
    _tell(f"{len(keys)} keys are deleted.")


def _tell(text):
    message = EmailMessage()
    message["To"] = "team@example.com"
    message.set_content(text)
    with smtplib.SMTP("mail.example") as server:
        server.send_message(message)
""",
        },
    ),
    planted(
        "DP602",
        "publish_topic",
        """
import datetime

import boto3
from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator


def publish():
    boto3.resource("s3").Object("prices", "latest.json").put(Body=b"{}")
    topic = boto3.client("sns")
    topic.publish(TopicArn="arn:aws:sns:eu-west-1:123456789012:prices", Message="new prices")


dag = DAG("publish_topic", start_date=datetime.datetime(2024, 1, 1), schedule=None)
PythonOperator(task_id="publish", python_callable=publish, dag=dag)
""",
    ),
    planted(
        "DP602",
        "merge_and_slack",
        """
import airflow.sdk as af

SQL = "UPDATE customers SET city = s.city FROM staging s WHERE s.id = customers.id"

with af.DAG("merge_and_slack", schedule="@daily"):

    @af.task
    def merge(ds=None):
        from airflow.providers.postgres.hooks.postgres import PostgresHook
        from airflow.providers.slack.hooks.slack import SlackHook

        PostgresHook("warehouse").run(SQL)
        client = SlackHook(slack_conn_id="slack").client
        client.chat_postMessage(channel="#data", text=f"Merged {ds}.")

    merge()
""",
    ),
)
