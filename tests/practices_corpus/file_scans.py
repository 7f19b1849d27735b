"""Parses that read many or large files (DP109)."""

from __future__ import annotations

from practices_corpus.planted import planted

PLANTED = (
    planted(
        "DP109",
        "dags_by_glob",
        """
import glob
import os

import yaml
from airflow.sdk import DAG

HERE = os.path.dirname(__file__)
for name in sorted(glob.glob(f"{HERE}/glob_configs/*.yaml")):
    with open(name) as file:  # <<
        config = yaml.safe_load(file)
    globals()[config["id"]] = DAG(config["id"], schedule=config["schedule"])
""",
        {
            f"glob_configs/{number}.yaml": f"id: by_glob_{number}\nschedule: '@daily'\n"
            for number in range(150)
        },
    ),
    planted(
        "DP109",
        "tasks_by_path",
        """
import datetime

from airflow import DAG
from airflow.providers.standard.operators.bash import BashOperator
from sql_files import statements

with DAG("tasks_by_path", start_date=datetime.datetime(2024, 1, 1), schedule=None) as dag:
    for name, text in statements().items():
        BashOperator(task_id=name, bash_command=f"psql -c '{text}'")
""",
        {
            "sql_files.py": """from pathlib import Path


def statements():
    folder = Path(__file__).parent / "statements"
    return {path.stem: path.read_text() for path in sorted(folder.rglob("*.sql"))}  # <<
""",
            **{f"statements/{n % 9}/load_{n}.sql": f"SELECT {n}\n" for n in range(200)},
        },
    ),
    planted(
        "DP109",
        "sources_by_walk",
        """
import json
import os

from airflow.sdk import dag, task

SOURCES = []
for folder, _, names in os.walk(os.path.join(os.path.dirname(__file__), "walked")):
    for name in names:
        SOURCES.append(json.load(open(os.path.join(folder, name), "rb")))  # <<


@dag(schedule=None, tags=[f"sources {len(SOURCES)}"])
def sources_by_walk():
    @task
    def load():
        return len(SOURCES)

    load()


sources_by_walk()
""",
        {f"walked/{n // 30}/{n}.json": f'{{"name": "{n}"}}' for n in range(240)},
    ),
    planted(
        "DP109",
        "large_csv",
        '''
import csv
import datetime
import pathlib

from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator


class Stores:
    """The stores of the company."""

    with (pathlib.Path(__file__).parent / "stores.csv").open(newline="") as file:  # <<
        COUNTRIES = sorted({row["country"] for row in csv.DictReader(file)})


with DAG("large_csv", start_date=datetime.datetime(2024, 1, 1), schedule="@daily") as dag:
    for country in Stores.COUNTRIES:
        EmptyOperator(task_id=f"load_{country}")
''',
        {
            "stores.csv": "number,country,address\n"
            + "".join(f"{n},country{n % 5},{'street ' * 20}\n" for n in range(100_000))
        },
    ),
    planted(
        "DP109",
        "large_manifest",
        """
import json
from pathlib import Path

from airflow.sdk import DAG, task

with DAG("large_manifest", schedule=None):
    manifest = json.loads(Path(__file__).with_name("manifest.json").read_bytes())  # <<

    @task
    def run(model):
        return model

    for model in manifest["models"]:
        run.override(task_id=model)(model)
""",
        {"manifest.json": '{"models": ["a", "b"], "text": "' + "x" * 30_000_000 + '"}'},
    ),
)
