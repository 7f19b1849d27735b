"""Slow calls at the top level (DP103) and sleeps (DP108)."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP103",
        "exchange_rates",
        """
from airflow.sdk import dag, task


def build_rates():
    rates = {}
    for number in range(3_000_000):
        rates[number % 100] = number * 1.01
    return rates


RATES = build_rates()  # <<


@dag(schedule=None)
def exchange_rates():
    @task
    def convert(amount: float) -> float:
        return amount * RATES[7]

    convert(5.0)


exchange_rates()
""",
    ),
    planted(
        "DP103",
        "price_bands",
        '''
import datetime

from airflow import DAG
from airflow.providers.standard.operators.python import PythonOperator


class Bands:
    """The bands of prices."""

    STEP = 5
    LIMITS = sorted((number * 7919) % 1_000_003 for number in range(2_000_000))  # <<

    @classmethod
    def band(cls):
        return cls.LIMITS[cls.STEP]


with DAG("price_bands", start_date=datetime.datetime(2024, 1, 1), schedule="@daily") as dag:
    PythonOperator(task_id="band", python_callable=Bands.band)
''',
    ),
    planted(
        "DP103",
        "checksums",
        """
import hashlib

from airflow.sdk import DAG, task


def digest(text):
    for _ in range(600_000):
        text = hashlib.sha256(text.encode()).hexdigest()
    return text


def compare(expected=digest("release")):  # <<
    return expected == "a"


with DAG("checksums", schedule=None):

    @task
    def check():
        return compare()

    check()
""",
    ),
    planted(
        "DP103",
        "holidays",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from holiday_calendar import is_holiday

dag = DAG("holidays", start_date=datetime.datetime(2024, 1, 1), schedule="@daily")
with dag:
    EmptyOperator(task_id="start", on_success_callback=is_holiday)
""",
        {
            "holiday_calendar.py": """import datetime

HOLIDAYS = set()


def fill():
    day = datetime.date(1900, 1, 1)
    while day.year < 6000:
        if (day.month, day.day) in {(1, 1), (5, 1), (12, 25)}:
            HOLIDAYS.add(day)
        day += datetime.timedelta(days=1)


fill()  # <<


def is_holiday(context):
    return context["logical_date"].date() in HOLIDAYS
""",
        },
    ),
    planted(
        "DP103",
        "regions",
        """
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

total = 0
for number in range(4_000_000):  # <<
    total += number % 7

with DAG("regions", schedule=None) as dag:
    for region in ("north", "south"):
        BashOperator(task_id=region, bash_command=f"load {region} --limit {total}")
""",
    ),
    planted(
        "DP108",
        "wait_for_mount",
        """
import time

from airflow.sdk import DAG

time.sleep(0.3)  # <<

with DAG("wait_for_mount", schedule=None):
    pass
""",
    ),
    planted(
        "DP108",
        "polite_start",
        """
import datetime
from time import sleep as pause

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator


def build(name):
    pause(0.2)  # <<
    return EmptyOperator(task_id=name)


with DAG("polite_start", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    build("first") >> build("second")
""",
    ),
    planted(
        "DP108",
        "wait_for_file",
        """
from airflow.sdk import dag, task

from ready_file import wait_until_ready

wait_until_ready("/data/ready")


@dag(schedule=None)
def wait_for_file():
    @task
    def load():
        return 1

    load()


wait_for_file()
""",
        {
            "ready_file.py": """import os
import time


def wait_until_ready(path, attempts=3):
    while not os.path.exists(path) and attempts:
        attempts -= 1
        time.sleep(0.15)  # <<
""",
        },
    ),
    planted(
        "DP108",
        "retried_settings",
        """
from airflow.sdk import DAG
from tenacity import RetryError, retry, stop_after_attempt, wait_fixed


@retry(stop=stop_after_attempt(3), wait=wait_fixed(0.2))
def settings():
    with open("/opt/settings-that-are-missing.ini") as file:
        return file.read()


class Settings:
    try:
        TEXT = settings()  # <<
    except RetryError:
        TEXT = ""


with DAG("retried_settings", schedule=None, description=Settings.TEXT):
    pass
""",
    ),
    planted(
        "DP108",
        "gathered",
        """
import asyncio

from airflow.sdk import DAG, task


async def names():
    await asyncio.sleep(0.4)
    return ["orders", "customers"]


with DAG("gathered", schedule=None):

    @task
    def load(name):
        return name

    for each in asyncio.run(names()):  # <<
        load.override(task_id=each)(each)
""",
    ),
)
