"""Catchup (DP401, DP403) and moving start dates (DP402)."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP401",
        "hourly_sales",
        """
from datetime import datetime

from airflow.sdk import DAG

with DAG("hourly_sales", start_date=datetime(2019, 1, 1), schedule="@hourly", catchup=True):
    pass
""",
    ),
    planted(
        "DP401",
        "berlin_invoices",
        """
import pendulum
from airflow.sdk import dag, task


@dag(
    start_date=pendulum.datetime(2023, 3, 1, tz="Europe/Berlin"),
    schedule="15 2 * * 1-5",
    catchup=True,
)
def berlin_invoices():
    @task
    def load():
        return 1

    load()


berlin_invoices()
""",
    ),
    planted(
        "DP401",
        "delta_readings",
        """
import datetime as dt

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from reading_settings import COMMON

dag = DAG("delta_readings", schedule=dt.timedelta(hours=6), **COMMON)
EmptyOperator(task_id="read", dag=dag)
""",
        {
            "reading_settings.py": """import datetime

COMMON = {
    "start_date": datetime.datetime(2022, 5, 1),
    "catchup": True,
    "tags": ["readings"],
}
""",
        },
    ),
    planted(
        "DP401",
        "timetable_orders",
        """
import datetime

from airflow.sdk import DAG
from airflow.timetables.interval import CronDataIntervalTimetable

with DAG(
    "timetable_orders",
    default_args={"start_date": datetime.datetime(2024, 1, 1), "retries": 1},
    schedule=CronDataIntervalTimetable("0 6 * * *", timezone="Europe/Paris"),
    catchup=True,
):
    from airflow.providers.standard.operators.bash import BashOperator

    BashOperator(task_id="load", bash_command="load", depends_on_past=True)
""",
    ),
    planted(
        "DP401",
        "regional_loads",
        """
import datetime

from airflow import DAG


def build(region, since):
    dag = DAG(
        dag_id=f"regional_load_{region}",
        start_date=since,
        end_date=datetime.datetime(2026, 1, 1),
        schedule="@daily",
    )
    dag.catchup = True
    return dag


north = build("north", datetime.datetime(2025, 1, 1))
south = build("south", datetime.datetime(2024, 7, 1))
""",
    ),
    planted(
        "DP402",
        "since_yesterday",
        """
from datetime import datetime, timedelta

from airflow.sdk import DAG

with DAG(
    "since_yesterday",
    start_date=datetime.now() - timedelta(days=1),  # <<
    schedule="@daily",
    catchup=False,
):
    pass
""",
    ),
    planted(
        "DP402",
        "since_pendulum",
        """
import pendulum as pdl
from airflow.sdk import dag, task


@dag(start_date=pdl.today("UTC").add(days=-3), schedule="@hourly")  # <<
def since_pendulum():
    @task
    def load():
        return 1

    load()


since_pendulum()
""",
    ),
    planted(
        "DP402",
        "since_default_args",
        """
import datetime as dt

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

default_args = {
    "owner": "sales",
    "start_date": dt.datetime.combine(dt.date.today(), dt.time.min),  # <<
}
dag = DAG("since_default_args", default_args=default_args, schedule="0 4 * * *")
EmptyOperator(task_id="start", dag=dag)
""",
    ),
    planted(
        "DP402",
        "since_helper",
        """
from airflow.sdk import DAG

from start_dates import days_back

with DAG("since_helper", start_date=days_back(2), schedule="@daily"):
    pass
""",
        {
            "start_dates.py": """from datetime import timedelta

from airflow.sdk import timezone


def days_back(days):
    midnight = timezone.utcnow().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days)
""",
        },
    ),
    planted(
        "DP402",
        "since_constant",
        """
import time
from datetime import datetime, timezone

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

NOW = datetime.fromtimestamp(time.time(), tz=timezone.utc)
START = NOW.replace(minute=0, second=0, microsecond=0)

with DAG("since_constant", schedule="@hourly", start_date=START) as dag:
    BashOperator(task_id="load", bash_command="load")
""",
    ),
    planted(
        "DP403",
        "all_hours",
        """
from datetime import datetime

from airflow.sdk import DAG

with DAG("all_hours", start_date=datetime(2021, 1, 1), schedule="@hourly", catchup=True):
    pass
""",
    ),
    planted(
        "DP403",
        "all_days",
        """
import pendulum
from airflow.sdk import dag, task


@dag(
    start_date=pendulum.datetime(2020, 1, 1, tz="America/New_York"),
    schedule="@daily",
    catchup=True,
    max_active_runs=50,
    max_active_tasks=8,
)
def all_days():
    @task
    def load():
        return 1

    load()


all_days()
""",
    ),
    planted(
        "DP403",
        "all_quarters",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from backfill_settings import defaults

dag = DAG("all_quarters", schedule=datetime.timedelta(minutes=15), **defaults(2025))
EmptyOperator(task_id="read", dag=dag)
""",
        {
            "backfill_settings.py": """from datetime import datetime


def defaults(year):
    return {"start_date": datetime(year, 1, 1), "catchup": True}
""",
        },
    ),
    planted(
        "DP403",
        "all_mornings",
        """
import datetime

from airflow.sdk import DAG, CronTriggerTimetable

ARGUMENTS = dict(catchup=True, max_active_runs=32)

with DAG(
    "all_mornings",
    start_date=datetime.datetime(2023, 1, 1),
    schedule=CronTriggerTimetable("0 7 * * *", timezone="UTC"),
    **ARGUMENTS,
):
    pass
""",
    ),
    planted(
        "DP403",
        "all_stores",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator

for store in ("berlin", "paris"):
    with DAG(
        f"all_stores_{store}",
        start_date=datetime.datetime(2022, 1, 1),
        end_date=datetime.datetime(2025, 12, 31),
        schedule="30 */2 * * *",
        catchup=bool(store),
    ) as dag:
        BashOperator(task_id="load", bash_command=f"load {store}")
    globals()[store] = dag
""",
    ),
)
