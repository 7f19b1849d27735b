"""Asks a service for the list of tables while it is parsed, with a fallback for when that fails."""

import json
import os
import socket
import urllib.error
import urllib.request

import pendulum

try:
    from airflow.sdk import dag, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task


# A look-up takes no timeout; this one is for silent name servers. The dot at the end of the host leaves search domains out.
os.environ.setdefault("RES_OPTIONS", "timeout:1 attempts:1")


def tables() -> list:
    host = "catalogue.example.invalid."
    try:
        socket.getaddrinfo(host, 443)
        with urllib.request.urlopen(f"https://{host}/tables", timeout=0.5) as answer:
            return json.load(answer)
    except (OSError, urllib.error.URLError, ValueError):
        return ["customers", "orders"]


TABLES = tables()


@dag(schedule="@daily", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), catchup=False, tags=["example"])
def network_at_top():
    @task
    def copy(table: str) -> str:
        return table

    for table in TABLES:
        copy.override(task_id=f"copy_{table}")(table)


network_at_top()
