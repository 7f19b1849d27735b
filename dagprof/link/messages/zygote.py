"""The configuration of a zygote, and its answers."""

from __future__ import annotations

import enum
from typing import TypedDict

import msgspec

from dagprof.link.messages.base import Message, Short
from dagprof.model import Plugin, Price, SkipReason
from dagprof.model.base import Count, Ms


class ProbeConfig(TypedDict):
    """The configuration at the start of a zygote."""

    scratch: str
    cache: str | None
    removes_scratch: bool
    renews_scratch: bool
    root: str
    temperature: str
    spawns: bool
    variables: dict[str, object]
    connections: dict[str, object]
    missing: str
    safe_mode: bool | None


class AirflowFacts(Message, frozen=True):
    """The measured Airflow. ``config`` holds the settings that decide how it parses, as text."""

    version: str = ""
    config: dict[str, str] = {}
    is_untried: bool = False


class Ready(Message, frozen=True):
    """Airflow is imported. ``trouble`` says in a sentence how the state differs from the real
    manager's.
    """

    airflow: AirflowFacts
    python: str
    executable: str
    trouble: str
    plugins: object = ()
    environment: dict[str, str] = {}


class Fault(str, enum.Enum):
    """Why a zygote cannot start, in the words of the protocol (``dagprof/probe/faults.py``)."""

    NO_AIRFLOW = "no-airflow"
    UNSUPPORTED = "unsupported"
    NO_FORK = "no-fork"
    BROKEN = "broken"


class CannotBegin(Message, frozen=True):
    """The zygote cannot start, and says why."""

    fault: Fault
    reason: str


class Twice(Message, frozen=True):
    """Two paths from the root that lead to one folder."""

    first: str
    second: str
    link: str
    is_loop: bool


class Failed(Message, frozen=True):
    """The zygote could not do the request."""

    failed: str
    twice: Twice | None = None


# A path, the reason, its detail.
SkippedRow = tuple[str, SkipReason, str]


class Listing(Message, frozen=True):
    """DAG files, files that Airflow skips, and files that dagprof measures although Airflow skips
    them.
    """

    files: list[str]
    skipped: list[SkippedRow]
    passed_over: list[SkippedRow]


class PreImported(Message, frozen=True):
    """Modules imported before the first fork, and those that failed, each with its error."""

    modules: list[str]
    failed: list[tuple[str, str]]
    has_collected: bool = True


class Described(Message, frozen=True):
    """The distribution of each file, empty for none, and the versions of all distributions."""

    owners: list[str]
    distributions: dict[str, str]


class Loaded(Message, frozen=True):
    """The files of the user's modules that the zygote has loaded, such as plugins."""

    files: list[str]


class Prices(Message, frozen=True):
    """What look-ups of each kind cost."""

    variable: Price
    connection: Price


class Preloaded(Message, frozen=True):
    """What the import of some modules cost a worker: see ``model.Preloading``."""

    wall_ms: Ms
    rss_kib: Count
    loaded: list[Short]
    failed: list[tuple[str, str]]
    threads: Count
    sockets: Count
    processes: Count


class Costs(Message, frozen=True):
    """What the modules of a layer cost: the ns of each module's own code, the number of garbage
    collections that it causes, the ns of each collection in order, and the share of the time in
    which the imports compute.
    """

    cpu_share: Ms
    own_ns: dict[str, Count]
    collections: dict[str, Count]
    took_ns: list[Count]


class Surveyed(Message, frozen=True):
    """The modules that a layer can share, those that it cannot with the reason, what they cost, and
    the ms of all imports. ``behind_ns``: the ns that the import of each name alone takes.
    """

    names: list[Short]
    left_out: list[tuple[Short, str]]
    costs: Costs
    wall_ms: Ms
    behind_ns: dict[str, Count] = {}


class Layered(Message, frozen=True):
    """A worker has imported a layer. ``is_complete``: it has recorded all imports."""

    is_complete: bool


class Forked(Message, frozen=True):
    """A worker's process."""

    pid: int


# Made here, once and in one thread: msgspec crashes if two threads use a type for the first time.
for _form in (
    Ready,
    CannotBegin,
    Failed,
    Forked,
    Listing,
    Loaded,
    PreImported,
    Preloaded,
    Prices,
    Described,
    Plugin,
    Surveyed,
    Layered,
):
    msgspec.json.Decoder(_form)
