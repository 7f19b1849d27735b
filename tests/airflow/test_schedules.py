"""The schedule of each DAG is that of Airflow's own timetable."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support import TARGET, Scan, result, write

from dagprof.model import DagSchedule, FileResult, ScheduleKind, Status

# Airflow's own scheduler asks ``DAG.next_dagrun_info`` for one run after the other, from the start
# date on. Unlike dagprof, this program skips nothing, and counts in the window that dagprof chose.
SCHEDULER = """
import datetime, inspect, json, logging, sys
logging.disable(logging.CRITICAL)
folder, file, asked = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sys.path.append(folder)
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
from airflow.serialization import serialized_objects
serialiser = getattr(serialized_objects, "DagSerialization", serialized_objects.SerializedDAG)
bag = DagBag(file)
assert not bag.import_errors, bag.import_errors

def runs(dag, since, until):
    parameter = list(inspect.signature(dag.next_dagrun_info).parameters)[0]
    takes_all = parameter == "last_automated_run_info"
    info = dag.next_dagrun_info(**{parameter: None})
    found = []
    while info is not None and info.run_after.timestamp() < until:
        if info.run_after.timestamp() >= since:
            found.append(info.run_after.timestamp())
        last = info if takes_all else info.data_interval
        info = dag.next_dagrun_info(**{parameter: last})
    return len(found), found[0] if found else None, info is None

answers = {}
for dag_id, (since, until) in asked.items():
    dag = serialiser.from_dict(serialiser.to_dict(bag.dags[dag_id]))
    answers[dag_id] = runs(dag, since, until)
print("ANSWER", json.dumps(answers))
"""

HEAD = """
import airflow
import datetime
from airflow import DAG
from airflow.timetables.events import EventsTimetable
from airflow.timetables.trigger import CronTriggerTimetable
from airflow.timetables.interval import CronDataIntervalTimetable, DeltaDataIntervalTimetable
from dateutil.relativedelta import relativedelta
import pendulum

now = datetime.datetime.now(datetime.timezone.utc)
today = now.replace(hour=0, minute=0, second=0, microsecond=0)

def days(number):
    return today + datetime.timedelta(days=number)

def make(dag_id, schedule, start=-40, end=None, catchup=False):
    if start is None and airflow.__version__ < "3":  # which requires a date
        start = -40
    start = days(start) if isinstance(start, int) else start
    end = days(end) if end is not None else None
    globals()[dag_id] = DAG(
        dag_id, schedule=schedule, start_date=start, end_date=end, catchup=catchup)

"""

# By name: the schedule, and the other arguments of ``make``.
CRONS = {
    "every_minute": "* * * * *",
    "every_5": "*/5 * * * *",
    "every_15_in_office_hours": "*/15 9-17 * * 1-5",
    "half_past": "30 * * * *",
    "every_7_hours": "0 */7 * * *",
    "at_six": "0 6 * * *",
    "workdays": "0 9 * * 1-5",
    "twice_on_sundays": "0 3,15 * * 0",
    "mondays": "15 4 * * 1",
    "first_of_month": "0 0 1 * *",
    "fifteenth_or_friday": "0 0 15 * 5",
    "last_of_quarter": "0 12 31 3,6,9,12 *",
    "leap_day": "0 0 29 2 *",
    "new_year": "0 0 1 1 *",
}
PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
DELTAS = {
    "half_hour": "datetime.timedelta(minutes=30)",
    "five_hours": "datetime.timedelta(hours=5)",
    "one_day": "datetime.timedelta(days=1)",
    "ten_days": "datetime.timedelta(days=10)",
    "odd": "datetime.timedelta(hours=7, minutes=13)",
    "relative_month": "relativedelta(months=1)",
    "relative_day": "relativedelta(days=+2)",
}
OTHERS = {
    "zone_of_start": "'30 2 * * *', start=pendulum.datetime(2024, 1, 1, tz='America/New_York')",
    "trigger": "CronTriggerTimetable('0 2 * * *', timezone='Europe/Berlin')",
    "trigger_interval": "CronTriggerTimetable('0 18 * * 5', timezone='UTC',"
    " interval=datetime.timedelta(days=4, hours=9))",
    "explicit_interval": "CronDataIntervalTimetable('0 */3 * * *', timezone='Asia/Tokyo')",
    "events": "EventsTimetable([pendulum.instance(days(n)) for n in (-3, 2, 4, 9)])",
    "ends_soon": "'@daily', end=10",
    "has_ended": "'@daily', end=-10",
    "starts_later": "'@hourly', start=5",
    "starts_much_later": "'@weekly', start=100",
    "no_start": "'@daily', start=None",
    "catchup_daily": "'@daily', catchup=True",
    "catchup_hourly": "'20 * * * *', catchup=True",
    "catchup_delta": "datetime.timedelta(hours=5), catchup=True",
    "catchup_odd_delta": "datetime.timedelta(hours=7, minutes=13), start=-39, catchup=True",
    "catchup_relative": "relativedelta(days=+2), start=-39, catchup=True",
    "catchup_old_delta": "datetime.timedelta(minutes=13), catchup=True",
    "catchup_trigger": "CronTriggerTimetable('0 2 * * 2', timezone='UTC'), catchup=True",
    "catchup_events": "EventsTimetable([pendulum.instance(days(n)) for n in (-3, 2)]), catchup=True",
    "catchup_ends": "'0 */2 * * *', end=3, catchup=True",
}


def _source() -> str:
    lines = [f"make({name!r}, {cron!r})" for name, cron in CRONS.items()]
    lines += [f"make({name[1:]!r}, {name!r})" for name in PRESETS]
    lines += [f"make({name!r}, {delta})" for name, delta in DELTAS.items()]
    lines += [f"make({name!r}, {arguments})" for name, arguments in OTHERS.items()]
    return HEAD + "\n".join(lines) + "\n"


def _airflows(folder: Path, found: Mapping[str, DagSchedule]) -> dict[str, Any]:
    """The runs of each DAG in dagprof's window, as Airflow gives them."""
    windows = {}
    for dag_id, schedule in found.items():
        since = datetime.datetime.fromisoformat(schedule.since).timestamp()
        windows[dag_id] = (since, since + schedule.days * 86_400)
    rest = (str(folder / "a.py"), json.dumps(windows))
    done = subprocess.run(
        [TARGET, "-W", "ignore", "-c", SCHEDULER, str(folder), *rest],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
    )
    assert "ANSWER" in done.stdout, done.stderr[-1500:]
    answers: dict[str, Any] = json.loads(done.stdout.partition("ANSWER")[2])
    return answers


def _schedules(file: FileResult) -> dict[str, DagSchedule]:
    return {schedule.dag_id: schedule for schedule in file.schedules}


def test_runs_are_exactly_those_of_airflows_own_timetables(tmp_path: Path, scan: Scan) -> None:
    file = result(scan({"a.py": _source()}, depth="full"), "a.py")
    assert file.status is Status.OK, file.why_no_dags
    assert [doubt.text for doubt in file.doubts if doubt.code == "schedule"] == []
    found = _schedules(file)
    assert sorted(found) == sorted(file.dag_ids)
    assert len(found) == len(CRONS) + len(PRESETS) + len(DELTAS) + len(OTHERS) >= 40
    assert {schedule.kind for schedule in found.values()} == {ScheduleKind.TIME}
    expected = _airflows(tmp_path / "dags", found)

    def first(schedule: DagSchedule) -> float | None:
        text = schedule.next_run
        return datetime.datetime.fromisoformat(text).timestamp() if text else None

    # Airflow 3.3 counts a time difference without catchup from the moment at which it is asked.
    moving = DELTAS
    wrong = {
        dag_id: (schedule.runs, first(schedule), expected[dag_id][:2])
        for dag_id, schedule in found.items()
        if schedule.runs != expected[dag_id][0]
        or (schedule.runs and dag_id not in moving and first(schedule) != expected[dag_id][1])
    }
    assert wrong == {}


def test_windows_are_whole_weeks_or_a_year(scan: Scan) -> None:
    found = _schedules(result(scan({"a.py": _source()}, depth="full"), "a.py"))
    names = ("half_past", "at_six", "workdays", "mondays")
    days = {name: found[name].days for name in names}
    assert days == {"half_past": 7.0, "at_six": 28.0, "workdays": 28.0, "mondays": 365.0}
    assert found["every_minute"].runs_per_day == 1440.0
    assert found["at_six"].runs_per_day == 1.0
    assert found["mondays"].runs in (52, 53)
    assert found["catchup_daily"].catchup is True
    assert found["daily"].catchup is False
    assert (found["has_ended"].runs, found["has_ended"].next_run) == (0, "")
    assert found["ends_soon"].last_run != "" == found["daily"].last_run


UNTIMED = """
    import datetime
    from airflow import DAG
    try:
        from airflow.sdk import Asset
        from airflow.timetables.assets import AssetOrTimeSchedule as OrTime
        combined = {"assets": [Asset("s3://one")]}
    except ImportError:
        from airflow.datasets import Dataset as Asset
        from airflow.timetables.datasets import DatasetOrTimeSchedule as OrTime
        combined = {"datasets": [Asset("s3://one")]}
    from airflow.timetables.trigger import CronTriggerTimetable

    START = datetime.datetime(2024, 1, 1)
    schedules = {
        "none": None, "once": "@once", "continuous": "@continuous", "asset": [Asset("s3://one")],
        "both": OrTime(timetable=CronTriggerTimetable("0 2 * * *", timezone="UTC"), **combined),
    }
    for name, schedule in schedules.items():
        more = {"max_active_runs": 1} if name == "continuous" else {}
        with DAG(name, schedule=schedule, start_date=START, catchup=False, **more) as dag:
            globals()[name] = dag
"""


def test_schedules_without_times_have_a_kind_and_no_number(scan: Scan) -> None:
    file = result(scan({"a.py": UNTIMED}, depth="full"), "a.py")
    assert file.status is Status.OK, file.why_no_dags
    found = _schedules(file)
    assert {name: (row.kind, row.runs_per_day) for name, row in found.items()} == {
        "none": (ScheduleKind.NONE, None),
        "once": (ScheduleKind.ONCE, None),
        "continuous": (ScheduleKind.CONTINUOUS, None),
        "asset": (ScheduleKind.ASSETS, None),
        "both": (ScheduleKind.TIME_OR_ASSETS, 1.0),
    }
    assert found["continuous"].max_active_runs == 1
    assert found["continuous"].text == "@continuous"


TASKS = """
    import datetime
    from airflow import DAG
    try:
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.providers.standard.operators.python import PythonOperator
    except ImportError:
        from airflow.operators.empty import EmptyOperator
        from airflow.operators.python import PythonOperator

    with DAG("a", schedule="0 */6 * * *", start_date=datetime.datetime(2024, 1, 1), catchup=False):
        EmptyOperator(task_id="begin") >> PythonOperator(task_id="x", python_callable=print)
        PythonOperator.partial(task_id="m", python_callable=print).expand(op_args=[[1], [2]])
        EmptyOperator(task_id="called", on_success_callback=print)
"""


def test_tasks_that_no_worker_starts_are_counted_apart(scan: Scan) -> None:
    (row,) = result(scan({"a.py": TASKS}, depth="full"), "a.py").schedules
    assert (row.tasks, row.skipped_tasks, row.mapped_tasks, row.started_tasks) == (4, 1, 1, 3)
    assert row.starts_per_day == 12.0


CUSTOM = """
    from airflow.plugins_manager import AirflowPlugin
    from airflow.timetables.base import DagRunInfo, DataInterval, Timetable
    import datetime, pendulum

    class Base(Timetable):
        def infer_manual_data_interval(self, run_after):
            return DataInterval.exact(run_after)

    class Works(Base):
        def next_dagrun_info(self, *, last_automated_data_interval, restriction):
            last = last_automated_data_interval
            start = last.end if last else pendulum.instance(restriction.earliest)
            if not restriction.catchup:
                start = max(start, pendulum.now("UTC"))
            return DagRunInfo.exact(start.add(hours=8))

    class Raises(Base):
        def next_dagrun_info(self, *, last_automated_data_interval, restriction):
            raise KeyError("password=hunter2hunter2")

    class Loops(Base):
        def next_dagrun_info(self, *, last_automated_data_interval, restriction):
            while True:
                try:
                    [0] * 1000
                except BaseException:
                    pass

    class Stands(Base):
        def next_dagrun_info(self, *, last_automated_data_interval, restriction):
            return DagRunInfo.exact(pendulum.tomorrow("UTC").add(days=1))

    class Kills(Base):
        def next_dagrun_info(self, *, last_automated_data_interval, restriction):
            import os
            os._exit(3)

    class Timetables(AirflowPlugin):
        name = "timetables"
        timetables = [Works, Raises, Loops, Stands, Kills]
"""
CUSTOM_DAG = """
    import datetime
    from airflow import DAG
    from ours import {name}

    DAG("plain", schedule="@daily", start_date=datetime.datetime(2024, 1, 1), catchup=False)
    with DAG("a", schedule={name}(), start_date=datetime.datetime(2024, 1, 1), catchup=False):
        pass
"""


@pytest.mark.parametrize(
    ("name", "kind", "runs", "doubt"),
    [
        ("Works", ScheduleKind.TIME, 84, ""),
        ("Raises", ScheduleKind.UNKNOWN, None, "KeyError"),
        ("Stands", ScheduleKind.UNKNOWN, None, "not after the last run"),
        ("Loops", None, None, "take too long or end"),
        ("Kills", None, None, "take too long or end"),
    ],
)
def test_a_timetable_of_the_users_own_is_counted_or_a_doubt(
    tmp_path: Path, scan: Scan, name: str, kind: ScheduleKind | None, runs: int | None, doubt: str
) -> None:
    plugins = write(tmp_path / "plugins", {"ours.py": CUSTOM})
    files = {"a.py": CUSTOM_DAG.format(name=name).replace('DAG("plain"', 'plain = DAG("plain"')}
    run = scan(files, depth="full", plugins=plugins)
    file = result(run, "a.py")
    assert (file.status, file.dag_ids) == (Status.OK, ("a", "plain")), file.why_no_dags
    assert (file.signal, file.exit_code, len(file.samples)) == (None, 0, 1)
    row = _schedules(file).get("a")
    assert (row and row.kind, row and row.runs) == (kind, runs)
    texts = [each.text for each in file.doubts if each.code == "schedule"]
    assert (doubt in texts[0]) if doubt else texts == []
    assert "hunter2" not in json.dumps(texts)
    assert not any(each.code == "leftover-processes" for each in file.doubts)


def test_the_process_that_counts_runs_prints_nothing_and_leaves_the_parse_time(
    tmp_path: Path, scan: Scan
) -> None:
    noisy = CUSTOM.replace(
        "start = last.end if", "print('from the timetable'); start = last.end if"
    )
    slow = noisy.replace(
        "if not restriction.catchup:", "import time; time.sleep(0.01)\n            if 1:"
    )
    plugins = write(tmp_path / "plugins", {"ours.py": slow})
    run = scan({"a.py": CUSTOM_DAG.format(name="Works")}, depth="full", plugins=plugins)
    file = result(run, "a.py")
    assert "from the timetable" not in file.stdout.text + file.stderr.text
    assert (file.schedules[0].runs, file.schedules[0].days) != (None, 0.0)
    assert file.own_ms < 700
