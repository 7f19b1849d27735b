"""Counts the runs that Airflow's scheduler would create of a DAG, with the DAG's own timetable.

As in the scheduler, the timetable and the restrictions come from the serialised DAG. This code
follows the sources of 2.7.3, 2.9.3, 2.11.2, 3.0.6 and 3.3.2, like ``airflow_api``.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Callable, Iterator

from .. import bounds
from ..system.clocks import perf_counter

if TYPE_CHECKING:
    from ..protocol.result import ScheduleRow
    from .shapes import Document

TIME, ASSETS, BOTH = "time", "assets", "time-or-assets"
CONTINUOUS, ONCE, NONE, UNKNOWN = "continuous", "once", "none", "unknown"
# The classes of Airflow's timetables whose runs do not depend on the time, and the classes that
# combine a timetable with assets. Airflow 2 calls assets datasets.
_KINDS = {
    "NullTimetable": NONE,
    "OnceTimetable": ONCE,
    "ContinuousTimetable": CONTINUOUS,
    "AssetTriggeredTimetable": ASSETS,
    "DatasetTriggeredTimetable": ASSETS,
}
_COMBINED = ("AssetOrTimeSchedule", "DatasetOrTimeSchedule")
# How many days are counted, and how many runs in them are enough. Whole weeks show what differs
# between the days of a week, and a year shows schedules by month. Airflow's timetables take a
# millisecond for each run.
_WINDOWS = ((7, 168), (28, 8), (365, 0))
# A schedule with more runs in the first window is counted until this run.
_MOST_RUNS = 20_000
# So many runs since the start date are asked for one by one.
_FEW_STEPS = 2000
# A timetable that is slow gets a shorter window, of at least one whole day.
_SLOW_S = 1.0
# The most runs of ``catchup`` that are counted one by one, and the time for all DAGs of a file, for
# each of them, and for each of them if the others took all time.
_MOST_BACKLOG, _BACKLOG_S = 500_000, 20.0
_MOST_S, _LEAST_S = 10.0, 0.1
# The time to pass by the runs before the first window.
_BEFORE_S = 9.0


class Uncountable(Exception):
    """Why the runs of a DAG cannot be counted, as a clause."""


def remember_times() -> None:
    """Let cron timetables remember the times that they compute. Airflow parses the expression for
    each of them, up to eight times for one run. Call it in a process that ends soon.
    """
    from airflow.timetables import _cron

    if hasattr(_cron, "croniter"):
        _cron.croniter = _ReadOnce(_cron.croniter)
    for name in ("_get_next", "_get_prev"):
        setattr(_cron.CronMixin, name, _remembering(getattr(_cron.CronMixin, name)))


class _ReadOnce:
    """Replaces the class ``croniter``. Reading a cron expression takes much longer than computing
    the next time, so each expression is read once. Airflow uses one object after the other.
    """

    def __init__(self, croniter: Any) -> None:
        self._croniter = croniter
        self._known: dict[str, Any] = {}

    def __call__(self, expression: str, start_time: Any = None, *more: Any, **options: Any) -> Any:
        if more or options or start_time is None:
            return self._croniter(expression, start_time, *more, **options)
        if expression not in self._known:
            self._known[expression] = self._croniter(expression, start_time)
        found = self._known[expression]
        found.set_current(start_time, force=True)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._croniter, name)


def _remembering(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    known: dict[tuple[str, str, object], Any] = {}

    def remembered(timetable: Any, current: Any) -> Any:
        key = (timetable._expression, str(timetable._timezone), current)
        if key not in known:
            known[key] = function(timetable, current)
        return known[key]

    return remembered


class Schedules:
    """Describes the schedules of the DAGs of one file. ``since_s`` is the begin of all windows in
    seconds since 1970. It is not in the past.
    """

    def __init__(
        self,
        from_dict: Callable[[Document], Any],
        since_s: int,
        *,
        counts_backlog: bool = False,
    ) -> None:
        self._from_dict, self._counts_backlog = from_dict, counts_backlog
        self._since = datetime.fromtimestamp(since_s, timezone.utc)
        self._until = perf_counter() + _BACKLOG_S
        self._known: dict[tuple[object, ...], dict[str, Any]] = {}

    def row(self, dag_id: str, document: Document) -> ScheduleRow:
        """The schedule of one DAG. A fault is a part of the row."""
        row: ScheduleRow = {
            "dag_id": dag_id,
            "task_id": "",
            "tasks": 0,
            "skipped_tasks": 0,
            "mapped_tasks": 0,
            "kind": UNKNOWN,
            "text": "",
            "timetable": "",
            "catchup": False,
            "max_active_runs": 0,
            "since": self._since.isoformat(),
            "runs": None,
            "days": 0.0,
            "next_run": "",
            "last_run": "",
            "start_date": "",
            "backlog": None,
            "has_more_backlog": False,
            "fault": "",
        }
        try:
            self._describe(row, document)
        except Uncountable as error:
            row["fault"] = str(error)
        except Exception as error:  # the timetable may be the user's own
            message = bounds.brief(" ".join(bounds.plain(error).split()), bounds.WHAT)
            row["fault"] = "%s: %s" % (bounds.type_name(error), message)
        return row

    def _describe(self, row: ScheduleRow, document: Document) -> None:
        dag = self._from_dict(document)
        tasks = list(dag.tasks)
        row["tasks"] = len(tasks)
        started = [task for task in tasks if not _is_skipped(task)]
        for task in started[:1]:
            row["task_id"] = bounds.cut(bounds.plain(task.task_id), bounds.NAME)
        row["skipped_tasks"] = len(tasks) - len(started)
        row["mapped_tasks"] = sum(map(_is_mapped, tasks))
        row["catchup"] = bool(dag.catchup)
        row["max_active_runs"] = int(dag.max_active_runs)
        timetable = dag.timetable
        row["timetable"] = _class_name(timetable)
        row["text"] = bounds.brief(bounds.plain(timetable.summary), bounds.WHAT)
        kind = _kind(timetable)
        restriction = dag._time_restriction
        if restriction.earliest is not None:
            row["start_date"] = restriction.earliest.isoformat()
        if kind in (TIME, BOTH):
            key = (_identity(document), repr(restriction))
            if key not in self._known:
                row.update(self._backlog(timetable, restriction))  # type: ignore[typeddict-item]
                self._known[key] = {
                    **self._count(timetable, restriction),
                    "backlog": row["backlog"],
                    "has_more_backlog": row["has_more_backlog"],
                }
            row.update(self._known[key])  # type: ignore[typeddict-item]
        row["kind"] = kind

    def _count(self, timetable: Any, restriction: Any) -> dict[str, Any]:
        """The runs in the shortest window that shows enough of them."""
        times = _runs(timetable, restriction, self._since)
        started = perf_counter()
        first = last = at = next(times, None)
        runs = whole_days = 0
        for days, enough in _WINDOWS:
            until = self._since + timedelta(days=days)
            while at is not None and at < until:
                passed = at - self._since
                is_late = runs >= _MOST_RUNS or perf_counter() - started > _SLOW_S
                if is_late and passed.days > whole_days:
                    return _counted(runs, float(passed.days), first)
                if runs >= _MOST_RUNS and not passed.days:
                    return _counted(runs, passed / timedelta(days=1), first)
                whole_days = passed.days
                runs, last, at = runs + 1, at, next(times, None)
            if at is None or runs >= enough:
                break
        has_ended = at is None and last is not None
        return _counted(runs, float(days), first, last if has_ended else None)

    def _backlog(self, timetable: Any, restriction: Any) -> dict[str, Any]:
        """The runs that the scheduler would create until now, one after the other, for a DAG with
        ``catchup`` that has no runs.
        """
        if not (self._counts_backlog and restriction.catchup):
            return {}
        now = datetime.now(timezone.utc)
        started = perf_counter()
        # The DAGs before must not leave a DAG without time.
        until = started + max(_LEAST_S, min(_MOST_S, self._until - started))
        runs, before = 0, None
        info = _next(timetable, None, restriction)
        while info is not None:
            at = _utc(info)
            if at > now or at == before:
                break
            if runs >= _MOST_BACKLOG or perf_counter() > until:
                return {"backlog": runs, "has_more_backlog": True}
            runs, before = runs + 1, at
            info = _next(timetable, info, restriction)
        return {"backlog": runs}


def _counted(
    runs: int, days: float, first: datetime | None, last: datetime | None = None
) -> dict[str, Any]:
    return {
        "runs": runs,
        "days": round(days, 6),
        "next_run": first.isoformat() if first is not None else "",
        "last_run": last.isoformat() if last is not None else "",
    }


def _runs(timetable: Any, restriction: Any, since: datetime) -> Iterator[datetime]:
    """The times from ``since`` on at which the scheduler would create a run, if it is never late.

    The scheduler has created all runs before ``since``, also those of a DAG with ``catchup``.
    """
    info = _next(timetable, None, restriction)
    if info is not None and restriction.catchup and _utc(info) < since:
        info = _caught_up(timetable, restriction, since) or info
    before = None
    until = perf_counter() + _BEFORE_S
    while info is not None:
        at = _utc(info)
        if at < since and perf_counter() > until:
            raise Uncountable("the timetable returns too many runs before today")
        if before is not None and at <= before:
            raise Uncountable("the timetable returns a run that is not after the last run")
        if at >= since:
            yield at
        before = at
        info = _next(timetable, info, restriction)


def _next(timetable: Any, last: Any, restriction: Any) -> Any:
    """The next run after ``last``, as the scheduler asks for it. From 3.2 on, timetables get the
    whole last run.
    """
    ask = getattr(timetable, "next_dagrun_info_v2", None)
    if ask is not None:
        return ask(last_dagrun_info=last, restriction=restriction)
    interval = last.data_interval if last is not None else None
    return timetable.next_dagrun_info(
        last_automated_data_interval=interval, restriction=restriction
    )


def _caught_up(timetable: Any, restriction: Any, since: datetime) -> Any:
    """A run shortly before ``since``, without asking for all runs since the start date. Time
    differences count from the start date. Other timetables find the latest run by themselves. None
    if it takes few steps to ask for all runs.
    """
    inner = getattr(timetable, "timetable", timetable)
    delta, earliest = getattr(inner, "_delta", None), restriction.earliest
    if delta is None or earliest is None:
        return _next(timetable, None, restriction._replace(catchup=False))
    passed = since - datetime.fromtimestamp(earliest.timestamp(), timezone.utc)
    steps = int(passed / (since + delta - since))
    if steps < _FEW_STEPS:
        return None
    if not isinstance(delta, timedelta):  # months differ in length
        return _next(timetable, None, restriction._replace(catchup=False))
    from airflow.timetables.base import DagRunInfo

    end = earliest + (steps - 1) * delta
    return _next(timetable, DagRunInfo.interval(end - delta, end), restriction)


def _utc(info: Any) -> datetime:
    at: datetime = info.run_after
    if at.tzinfo is None:
        raise Uncountable("the timetable returns a run without a time zone")
    return datetime.fromtimestamp(at.timestamp(), timezone.utc)


def _kind(timetable: Any) -> str:
    names = [cls.__name__ for cls in type(timetable).__mro__]
    if any(name in names for name in _COMBINED):
        inner = _kind(timetable.timetable)
        return BOTH if inner == TIME else ASSETS if inner in (NONE, ONCE) else inner
    return next((_KINDS[name] for name in names if name in _KINDS), TIME)


def _class_name(timetable: Any) -> str:
    """The class, with its module unless it is Airflow's own."""
    module, name = type(timetable).__module__, type(timetable).__qualname__
    is_airflows = module.startswith("airflow.timetables.")
    return bounds.cut(bounds.plain(name if is_airflows else "%s.%s" % (module, name)), bounds.NAME)


def _identity(document: Document) -> str:
    """The serialised timetable. DAGs that share it have the same runs."""
    dag: Any = document.get("dag", document)
    parts = [dag.get(name) for name in ("timetable", "schedule_interval", "timezone")]
    return json.dumps(parts, sort_keys=True, default=repr)


def _is_skipped(task: Any) -> bool:
    """Whether the scheduler marks the task as successful and starts no process for it."""
    return bool(
        getattr(task, "inherits_from_empty_operator", False)
        and not getattr(task, "on_execute_callback", None)
        and not getattr(task, "on_success_callback", None)
        and not getattr(task, "has_on_execute_callback", False)
        and not getattr(task, "has_on_success_callback", False)
        and not getattr(task, "outlets", None)
    )


def _is_mapped(task: Any) -> bool:
    """Whether the number of instances is known only at run time."""
    groups = getattr(task, "iter_mapped_task_groups", tuple)
    is_mapped = any(cls.__name__.endswith("MappedOperator") for cls in type(task).__mro__)
    return is_mapped or next(iter(groups()), None) is not None
