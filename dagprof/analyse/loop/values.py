"""The input and the output of the simulated parse loop. All times are in seconds."""

from __future__ import annotations

from typing import NamedTuple

MODIFIED, ALPHABETICAL, RANDOM = "modified_time", "alphabetical", "random_seeded_by_host"
SORT_MODES = (MODIFIED, RANDOM, ALPHABETICAL)


class LoopFile(NamedTuple):
    """One DAG file in the loop. ``parse_s`` is the time of one parse without waiting for a CPU, and
    ``cpu_share`` is the part of this time that the parse uses a CPU. ``modified`` is the
    modification time in seconds since the epoch; 0.0 if unknown.
    """

    path: str
    parse_s: float
    cpu_share: float = 1.0
    dags: int = 1
    modified: float = 0.0


class Costs(NamedTuple):
    """The times that the manager adds to the parses.

    ``start_s``, ``store_s`` and ``store_dag_s`` occupy the manager: the start of a parsing process,
    the work on a result, and the work on each DAG of a result. ``turn_s`` is the time of one turn
    of the manager's loop. ``child_s`` and ``child_dag_s`` are the time of a parsing process outside
    the parse: fork, database and exit, and the work on each DAG.
    """

    start_s: float = 0.0
    store_s: float = 0.0
    store_dag_s: float = 0.0
    turn_s: float = 0.0
    child_s: float = 0.0
    child_dag_s: float = 0.0


class LoopSettings(NamedTuple):
    """Airflow's settings for the loop, and the number of CPU cores of the DAG processor.

    ``refresh_s`` is the time between two searches for new files, and ``check_s`` the time between
    two checks whether a search is due (Airflow 3). ``is_airflow_3`` selects the manager.
    """

    processes: int = 2
    interval_s: float = 30.0
    refresh_s: float = 300.0
    check_s: float = 5.0
    sort_mode: str = MODIFIED
    timeout_s: float = 50.0
    import_timeout_s: float = 30.0
    cores: int = 2
    is_airflow_3: bool = True


class Parse(NamedTuple):
    """One parse in the simulation. ``file`` is the position of the file.

    ``queued`` is the time at which the manager put the file into the queue. ``start`` and ``end``
    are the lifetime of the parsing process, and ``stored`` is the time at which Airflow has stored
    the result. ``is_killed`` says that the manager ended the parse after the timeout.
    """

    file: int
    slot: int
    queued: float
    start: float
    end: float
    stored: float
    is_killed: bool = False


class Refill(NamedTuple):
    """A time at which the queue was empty and the manager looked for files to parse. At ``free``, a
    parsing process was free.
    """

    at: float
    free: float


class Timeline(NamedTuple):
    """A simulation of ``span_s`` seconds. The parses are in the order of their results.

    ``first`` is the number of parses until the manager had parsed each file once, and ``round_s``
    is the time until then. ``manager_s`` is the time that the manager was busy.
    """

    parses: tuple[Parse, ...]
    refills: tuple[Refill, ...]
    span_s: float
    manager_s: float
    first: int
    round_s: float
