"""The runs that the scheduler would create for DAGs with ``catchup``: dagprof's number is the number
of Airflow's own timetables, and of a real scheduler.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from live import airflow_version, environment, migrate, processor
from support import TARGET, Scan, write

from dagprof.model import DagSchedule, Run, Status

IS_2 = airflow_version(TARGET).startswith("2.")

PLUGIN = """
import datetime
import pendulum
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

class Exact(Timetable):
    def infer_manual_data_interval(self, run_after):
        return DataInterval.exact(run_after)

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        last = last_automated_data_interval
        at = self.after(last.end) if last else self.first(restriction.earliest)
        if at is None or restriction.latest is not None and at > restriction.latest:
            return None
        return DagRunInfo.exact(at)

    def first(self, earliest):
        return earliest

class Workdays(Exact):
    '''At six in the evening of each workday, but not in the last week of a year.'''
    def first(self, earliest):
        return self.after(earliest.subtract(days=1))

    def after(self, at):
        at = at.add(days=1).replace(hour=18, minute=0, second=0, microsecond=0)
        while at.weekday() > 4 or at.month == 12 and at.day > 24:
            at = at.add(days=1)
        return at

class Doubling(Exact):
    '''Each pause is twice as long, and the last run is the tenth.'''
    def after(self, at):
        hours = (at - pendulum.datetime(2025, 1, 1)).total_seconds() / 3600
        return at.add(hours=hours + 1) if hours < 511 else None

class Late(Exact):
    '''A run that covers one day and starts half a day after it.'''
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        last = last_automated_data_interval
        start = last.end if last else restriction.earliest
        if restriction.latest is not None and start > restriction.latest:
            return None
        end = start.add(days=1)
        return DagRunInfo(run_after=end.add(hours=12), data_interval=DataInterval(start, end))

class Timetables(AirflowPlugin):
    name = "timetables"
    timetables = [Workdays, Doubling, Late]
"""
HEAD = """
import datetime
import pendulum
from airflow import DAG
from airflow.timetables.events import EventsTimetable
from airflow.timetables.interval import CronDataIntervalTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable
from dateutil.relativedelta import relativedelta
from ours import Doubling, Late, Workdays
try:
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import Asset
    from airflow.timetables.assets import AssetOrTimeSchedule
except ImportError:
    from airflow.datasets import Dataset as Asset
    from airflow.operators.empty import EmptyOperator
    from airflow.timetables.datasets import DatasetOrTimeSchedule
    def AssetOrTimeSchedule(timetable, assets):
        return DatasetOrTimeSchedule(timetable=timetable, datasets=assets)
try:
    from airflow.timetables.trigger import MultipleCronTriggerTimetable
except ImportError:
    MultipleCronTriggerTimetable = lambda first, *more, timezone: Workdays()
try:
    from airflow.timetables.trigger import CronPartitionTimetable
except ImportError:
    CronPartitionTimetable = CronTriggerTimetable

BERLIN, NEW_YORK, HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
delta = datetime.timedelta

def ago(**parts):
    return pendulum.parse("THIS HOUR").subtract(**parts)

def at(*parts, tz="UTC"):
    return pendulum.datetime(*parts, tz=tz)

def make(dag_id, schedule, start=None, end=None, task=None, **more):
    more = {"catchup": True, "max_active_runs": 1000, **more}
    if more["catchup"] is None:
        del more["catchup"]
    with DAG(dag_id, schedule=schedule, start_date=start, end_date=end, **more) as dag:
        EmptyOperator(task_id="a", **(task or {}))
    globals()[dag_id] = dag

"""
# Few runs, so that a real scheduler creates all of them quickly.
SMALL = {
    "daily_ended": "'@daily', at(2025, 1, 1), at(2025, 1, 20)",
    "daily_recent": "'17 5 * * *', ago(days=12)",
    "spring": "'30 2 * * *', at(2025, 3, 25, tz=BERLIN), at(2025, 4, 5, tz=BERLIN)",
    "autumn_trigger": (
        "CronTriggerTimetable('30 2 * * *', timezone=BERLIN), at(2025, 10, 20), at(2025, 11, 1)"
    ),
    "autumn_hours": "'0 * * * *', at(2025, 11, 1, 18, tz=NEW_YORK), at(2025, 11, 2, 16)",
    "day_by_delta": "delta(days=1), at(2025, 3, 25, tz=BERLIN), at(2025, 4, 5, tz=BERLIN)",
    "month_ends": "relativedelta(months=1), at(2024, 1, 31), at(2025, 6, 15)",
    "time_or_asset": (
        "AssetOrTimeSchedule(timetable=CronTriggerTimetable('0 2 * * 1', timezone='UTC'),"
        " assets=[Asset('s3://one')]), at(2025, 1, 1), at(2025, 4, 1)"
    ),
    "workdays": "Workdays(), at(2024, 12, 16), at(2025, 1, 15)",
    "doubling": "Doubling(), at(2025, 1, 1)",
    "events": "EventsTimetable([at(2025, 1, n * n) for n in (1, 2, 3, 5)]), at(2025, 1, 3)",
    "several": (
        "MultipleCronTriggerTimetable('0 8 * * *', '0 8,20 * * 6', timezone=BERLIN),"
        " at(2025, 3, 20), at(2025, 4, 3)"
    ),
    "ends_with_task": "'@daily', at(2025, 1, 1), task={'end_date': at(2025, 1, 9)}",
    "partitions": "CronPartitionTimetable('0 3 * * *', timezone='UTC'), at(2025, 1, 1), at(2025, 1, 9)",
}
OTHERS = {
    "presets.py": {
        "hourly": "'@hourly', ago(days=3)",
        "weekly": "'@weekly', at(2024, 1, 3)",
        "monthly": "'@monthly', at(2023, 1, 15)",
        "quarterly": "'@quarterly', at(2020, 2, 1)",
        "yearly": "'@yearly', at(2011, 7, 1)",
        "once": "'@once', at(2025, 1, 1)",
        "none": "None, at(2025, 1, 1)",
        "continuous": "'@continuous', at(2025, 1, 1), max_active_runs=1",
    },
    "crons.py": {
        "every_minute": "'* * * * *', ago(hours=5)",
        "office_hours": "'*/15 9-17 * * 1-5', ago(days=30)",
        "day_or_weekday": "'0 0 15 * 5', at(2025, 1, 1)",
        "leap_day": "'0 0 29 2 *', at(2000, 1, 1)",
        "howe_half_hours": "'*/30 * * * *', at(2025, 4, 1, tz=HOWE), at(2025, 4, 10, tz=HOWE)",
        "new_york": "'30 2 * * *', at(2024, 1, 1, tz=NEW_YORK)",
        "tokyo": "CronDataIntervalTimetable('0 */3 * * *', timezone='Asia/Tokyo'), ago(days=20)",
        "long_interval": (
            "CronTriggerTimetable('0 18 * * 5', timezone='UTC', interval=delta(days=4, hours=9)),"
            " at(2025, 1, 1)"
        ),
    },
    "rest.py": {
        "five_hours": "delta(hours=5), at(2025, 5, 1, 3)",
        "delta_trigger": "DeltaTriggerTimetable(delta(days=2)), at(2025, 1, 1), at(2025, 9, 1)",
        "asset": "[Asset('s3://one')], at(2025, 1, 1)",
        "late": "Late(), ago(days=50)",
        "starts_later": "'@daily', ago(days=-9)",
        "ends_at_start": "'@daily', at(2025, 1, 1), at(2025, 1, 1)",
        "ends_before_start": "'@daily', at(2025, 1, 2), at(2025, 1, 1)",
        "start_of_task": "'@daily', ago(days=20), task={'start_date': ago(days=33)}",
        "no_catchup": "'@daily', at(2025, 1, 1), catchup=False",
        "silent": "'@daily', at(2025, 1, 1), at(2025, 1, 5), catchup=None",
    },
}
# Without a word about it, DAGs catch up in Airflow 2 only.
UNCOUNTED = {"once", "none", "continuous", "asset", "no_catchup"} | (set() if IS_2 else {"silent"})

# Asks the DAG for one run after the other, as the scheduler does, and skips nothing.
COUNTING = """
import inspect, json, logging, sys, time
logging.disable(logging.CRITICAL)
folder, before, *files = sys.argv[1:]
sys.path.append(folder)
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
from airflow.serialization import serialized_objects
serialiser = getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG)

def count(dag):
    (parameter, *_) = inspect.signature(dag.next_dagrun_info).parameters
    found, last = [], None
    while True:
        info = dag.next_dagrun_info(**{parameter: last})
        if info is None or info.run_after.timestamp() > time.time():
            return len([at for at in found if at <= float(before)]), len(found)
        found.append(info.run_after.timestamp())
        last = info if parameter == "last_automated_run_info" else info.data_interval

answers = {}
for file in files:
    bag = DagBag(file)
    assert not bag.import_errors, bag.import_errors
    for dag_id, dag in bag.dags.items():
        dag = serialiser.from_dict(serialiser.to_dict(dag))
        if dag.catchup and dag.timetable.periodic and dag_id not in ("once", "continuous"):
            answers[dag_id] = count(dag)
print("ANSWER", json.dumps(answers))
"""


@pytest.fixture(autouse=True)
def counting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let scans count past runs."""
    write(tmp_path, {"dagprof.toml": "[check]\nin-scan = true\n"})
    monkeypatch.chdir(tmp_path)


def _sources() -> dict[str, str]:
    tables = {"small.py": SMALL, **OTHERS}
    now = datetime.datetime.now(datetime.timezone.utc)
    head = HEAD.replace("THIS HOUR", now.strftime("%Y-%m-%dT%H:00:00"))
    return {
        name: head + "".join(f"make({dag_id!r}, {rest})\n" for dag_id, rest in table.items())
        for name, table in tables.items()
    }


def _counted(folder: Path, plugins: Path, before: float) -> dict[str, tuple[int, int]]:
    """The runs until ``before`` and until now, as Airflow gives them one after the other."""
    files = map(str, folder.glob("*.py"))
    done = subprocess.run(
        [TARGET, "-W", "ignore", "-c", COUNTING, str(folder), str(before), *files],
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
            "PYTHONPATH": str(plugins),
        },
    )
    assert "ANSWER" in done.stdout, done.stderr[-1500:]
    answers = json.loads(done.stdout.partition("ANSWER")[2])
    return {dag_id: (least, most) for dag_id, (least, most) in answers.items()}


def _schedules(run: Run) -> dict[str, DagSchedule]:
    for file in run.files:
        assert file.status is Status.OK, file.why_no_dags
        assert [doubt.text for doubt in file.doubts if doubt.code == "schedule"] == []
    return {schedule.dag_id: schedule for file in run.files for schedule in file.schedules}


def test_the_past_runs_of_40_dags_are_those_of_airflows_own_timetables(
    tmp_path: Path, scan: Scan
) -> None:
    plugins = write(tmp_path / "plugins", {"ours.py": PLUGIN})
    before = time.time()
    found = _schedules(scan(_sources(), plugins=plugins, depth="quick"))
    expected = _counted(tmp_path / "dags", plugins, before)
    assert len(found) == len(SMALL) + sum(map(len, OTHERS.values())) == 40
    backlogs = {dag_id: row.backlog for dag_id, row in found.items() if row.backlog is not None}
    assert found.keys() - backlogs.keys() == UNCOUNTED
    assert backlogs.keys() == expected.keys()
    # A run may become due between the scan and the count.
    wrong = {
        dag_id: (number, expected[dag_id])
        for dag_id, number in backlogs.items()
        if not expected[dag_id][0] <= number <= expected[dag_id][1]
    }
    assert wrong == {}
    assert not any(row.has_more_backlog for row in found.values())


SILENT = """
    import datetime
    from airflow import DAG

    start = {"start_date": datetime.datetime(2025, 1, 1), "end_date": datetime.datetime(2025, 1, 5)}
    silent = DAG("silent", schedule="@daily", **start)
"""


def test_the_configuration_decides_about_dags_without_a_value(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT", str(not IS_2))
    found = _schedules(scan({"a.py": SILENT}, depth="quick"))
    assert found["silent"].backlog == (None if IS_2 else 5)


def test_a_real_scheduler_creates_as_many_runs(tmp_path: Path, scan: Scan) -> None:
    plugins = write(tmp_path / "plugins", {"ours.py": PLUGIN})
    source = {"small.py": _sources()["small.py"]}
    found = _schedules(scan(source, plugins=plugins, depth="quick"))
    created = _created(tmp_path / "home", tmp_path / "dags", plugins)
    assert {dag_id: row.backlog for dag_id, row in found.items()} == created
    assert len(created) == len(SMALL) >= 10


def _created(home: Path, dags: Path, plugins: Path) -> dict[str, int]:
    """The numbers of runs, once no more runs are due."""
    env = environment(
        home,
        dags,
        PYTHONPATH=str(plugins),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(plugins),
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False",
        AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME="0.01",
        AIRFLOW__SCHEDULER__MAX_DAGRUNS_TO_CREATE_PER_LOOP="100",
        AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL="300",
        AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL="300",
        _AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK="1",
    )
    migrate(home, env)
    with contextlib.ExitStack() as stack:
        if not IS_2:
            stack.enter_context(processor("dag-processor", env, home / "dag-processor.log"))
        stack.enter_context(processor("scheduler", env, home / "scheduler.log"))
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline:
            time.sleep(0.5)
            if (counts := _if_none_is_due(home / "airflow.db")) is not None:
                return counts
    log = (home / "scheduler.log").read_text()[-3000:]
    raise AssertionError(f"The scheduler did not create all runs in time:\n{log}")


def _if_none_is_due(file: Path) -> dict[str, int] | None:
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as base:
        rows = base.execute(
            "SELECT dag.dag_id, next_dagrun_create_after, count(dag_run.id) FROM dag"
            " LEFT JOIN dag_run ON dag_run.dag_id = dag.dag_id GROUP BY dag.dag_id"
        ).fetchall()
    if len(rows) < len(SMALL) or any(due is not None and due <= now for _, due, _ in rows):
        return None
    return {dag_id: number for dag_id, _, number in rows}
