"""DAG files that others import (DP204), and DAG ids in two files (DP205)."""

from __future__ import annotations

from practices_corpus.planted import planted

_HELPER_DAG = """import datetime

from airflow import DAG

DEFAULT_ARGS = {{"retries": 2}}

with DAG("{name}", start_date=datetime.datetime(2024, 1, 1), schedule="@hourly"):
    pass
"""

PLANTED = (
    planted(
        "DP204",
        "daily",
        """
import datetime

from airflow import DAG
from hourly import DEFAULT_ARGS

with DAG(
    "daily",
    start_date=datetime.datetime(2024, 1, 1),
    schedule="@daily",
    default_args=DEFAULT_ARGS,
):
    pass
""",
        {"hourly.py": _HELPER_DAG.format(name="hourly")},
    ),
    planted(
        "DP204",
        "month_end",
        """
from airflow.sdk import dag, task

import quarter.quarter_end as quarter_end


@dag(schedule="@monthly", default_args=quarter_end.DEFAULT_ARGS)
def month_end():
    @task
    def close():
        return 1

    close()


month_end()
""",
        {
            "quarter/__init__.py": "",
            "quarter/quarter_end.py": _HELPER_DAG.format(name="quarter_end"),
        },
    ),
    planted(
        "DP204",
        "nightly",
        """
import importlib

from airflow.sdk import DAG

evening = importlib.import_module("evening")

with DAG("nightly", schedule="@daily", default_args=evening.DEFAULT_ARGS) as dag:
    pass
""",
        {"evening.py": _HELPER_DAG.format(name="evening")},
    ),
    planted(
        "DP204",
        "copy_to_lake",
        """
from airflow.sdk import DAG
from copy_to_warehouse import *

with DAG("copy_to_lake", schedule=None):
    copy("orders", "lake")
""",
        {
            "copy_to_warehouse.py": """from airflow.sdk import dag, task


@task
def copy(table, target):
    return f"{table} to {target}"


@dag(schedule=None)
def copy_to_warehouse():
    copy("orders", "warehouse")


copy_to_warehouse()
""",
        },
    ),
    planted(
        "DP204",
        "monitored",
        """
import datetime

from airflow import DAG


def arguments():
    from watcher import DEFAULT_ARGS as defaults

    return {**defaults, "owner": "ops"}


dag = DAG(
    "monitored",
    start_date=datetime.datetime(2024, 1, 1),
    schedule=None,
    default_args=arguments(),
)
""",
        {"watcher.py": _HELPER_DAG.format(name="watcher")},
    ),
    planted(
        "DP205",
        "sales",
        """
from airflow.sdk import DAG

with DAG("sales", schedule="@daily"):
    pass
""",
        {
            "sales_copy.py": """from airflow.sdk import DAG

with DAG("sales", schedule="@weekly"):
    pass
""",
        },
    ),
    planted(
        "DP205",
        "billing",
        """
import datetime

from airflow import DAG

dag = DAG(dag_id="billing", start_date=datetime.datetime(2024, 1, 1), schedule=None)
""",
        {
            "finance/billing_flow.py": """from airflow.sdk import dag, task


@dag(schedule=None)
def billing():
    @task
    def bill():
        return 1

    bill()


billing()
""",
        },
    ),
    planted(
        "DP205",
        "ingest_all",
        """
from airflow.sdk import DAG

for source in ("crm", "shop", "mail"):
    globals()[source] = DAG(f"ingest_{source}", schedule=None)
""",
        {
            "ingest_shop.py": """import datetime

from airflow import DAG

with DAG("ingest_shop", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    pass
""",
        },
    ),
    planted(
        "DP205",
        "archive_v1",
        """
from airflow.sdk import DAG
from archive_names import NAME

dag = DAG(NAME, schedule=None)
""",
        {
            "archive_v2.py": """import archive_names
from airflow.sdk import dag


@dag(dag_id=archive_names.NAME, schedule="@daily")
def archive_again():
    pass


archive_again()
""",
            "archive_names.py": 'NAME = "archive"\n',
        },
    ),
    planted(
        "DP205",
        "team_a/refresh",
        """
from pathlib import Path

from airflow.sdk import DAG

with DAG(Path(__file__).stem, schedule=None):
    pass
""",
        {
            "team_b/refresh.py": """from pathlib import Path

from airflow.sdk import DAG

with DAG(Path(__file__).stem, schedule=None):
    pass
""",
        },
    ),
)
