"""The schedule of one DAG, how many task starts it causes, and what a task start costs."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from dagprof.model.base import Count, Frozen, Ms

Days = Annotated[float, Meta(ge=0, le=1000)]


class ScheduleKind(str, enum.Enum):
    """What creates the runs of a DAG. ``UNKNOWN`` means that dagprof could not find out."""

    TIME = "time"
    ASSETS = "assets"
    TIME_OR_ASSETS = "time-or-assets"
    CONTINUOUS = "continuous"
    ONCE = "once"
    NONE = "none"
    UNKNOWN = "unknown"


class DagSchedule(Frozen, frozen=True):
    """The schedule of one DAG, as Airflow's own timetable gives it.

    The scheduler creates ``runs`` runs in ``days`` days after ``since``. ``runs`` is None if the
    timetable gives no times. ``text`` is Airflow's own summary of the schedule. ``timetable`` is
    the class of the timetable, with the module unless the class is Airflow's own. ``next_run`` is
    the first run after ``since``. ``last_run`` is the last run, and is empty unless the schedule
    ends within ``days`` days. The scheduler marks ``skipped_tasks`` tasks as successful without
    starting a process, such as an EmptyOperator. ``task_id`` is one of the other tasks.
    ``mapped_tasks`` tasks have an unknown number of instances. ``start_date`` is the date before
    which the timetable creates no run. ``backlog`` is the number of runs that the scheduler would
    create today for a DAG with ``catchup`` that has no runs yet. ``backlog`` is None if dagprof did
    not count these runs. ``has_more_backlog`` says that there was no time to count all of them.
    """

    dag_id: str
    kind: ScheduleKind
    task_id: str = ""
    tasks: Count = 0
    skipped_tasks: Count = 0
    mapped_tasks: Count = 0
    text: str = ""
    timetable: str = ""
    catchup: bool = False
    max_active_runs: Count = 0
    since: str = ""
    runs: Count | None = None
    days: Days = 0.0
    next_run: str = ""
    last_run: str = ""
    start_date: str = ""
    backlog: Count | None = None
    has_more_backlog: bool = False

    @property
    def runs_per_day(self) -> float | None:
        """The average number of runs per day. None if the timetable gives no times."""
        return self.runs / self.days if self.runs is not None and self.days else None

    @property
    def started_tasks(self) -> int:
        """The tasks of one run that a worker starts. A mapped task counts as one task."""
        return max(0, self.tasks - self.skipped_tasks)

    @property
    def starts_per_day(self) -> float | None:
        """The average number of task starts per day, without retries and deferred tasks."""
        per_day = self.runs_per_day
        return None if per_day is None else per_day * self.started_tasks


class StartKind(str, enum.Enum):
    """The process in which a task starts: forked from a worker that has imported Airflow, or a new
    interpreter.
    """

    FORK = "fork"
    NEW_INTERPRETER = "new-interpreter"


class TaskStart(Frozen, frozen=True):
    """What the start of a task of one DAG costs: the parse of the DAG file with Airflow's parsing
    context, and without serialisation.

    The times are medians of ``parses`` parses. They include ``airflow_ms``, the time to start the
    interpreter and import Airflow. ``own_ms`` excludes the time that parses waited for a CPU.
    ``memory_kib`` is the memory that the parse adds, or the whole memory of a new interpreter.
    ``dags`` is the number of DAGs that the parse builds. ``problem`` is the reason why there is no
    time.
    """

    dag_id: str
    kind: StartKind
    own_ms: Ms = 0.0
    cpu_ms: Ms = 0.0
    airflow_ms: Ms = 0.0
    memory_kib: Count = 0
    parses: Count = 0
    dags: Count = 0
    problem: str = ""
