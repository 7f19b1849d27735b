"""Messages to a worker, and its answers."""

from __future__ import annotations

from typing import Any, TypedDict

from .result import Result
from .rows import Form, Json, TextRow


class NoFork(TypedDict):
    """From a worker before it ends: ``fault`` is ``faults.NO_FORK``."""

    fault: str
    reason: str


class OtherAnswers(TypedDict, total=False):
    """Other answers to compare with, see ``asked.stubs.Guess``. ``keys`` are pairs of kind and
    name. ``templates`` has texts of Variables by key, also of those that have an answer.
    ``decoded`` is a JSON text and the form of the document that it decodes to.
    """

    keys: list[list[str]]
    text: str
    json: Form
    extra: Form | None
    environment: dict[str, str]
    connection: dict[str, Json]
    templates: dict[str, str]
    decoded: list[Any] | None


class Preloaded(TypedDict):
    """From a worker before its first parse, if it was asked to import modules."""

    wall_ms: float
    rss_kib: int
    loaded: list[str]
    failed: list[TextRow]
    threads: int
    sockets: int
    processes: int


class Costs(TypedDict):
    """What the modules of a layer cost: the ns of each module's own code, the number of garbage
    collections that it causes, the ns of each collection in order, and the share of the time in
    which the imports compute.
    """

    cpu_share: float
    own_ns: dict[str, int]
    collections: dict[str, int]
    took_ns: list[int]


class LayerRequest(Costs):
    """To a worker: the modules of a layer, to import before the first parse."""

    names: list[str]


class Layered(TypedDict):
    """From a worker before its first parse, if it was asked to import a layer: whether it has
    recorded all imports.
    """

    is_complete: bool


class Surveyed(TypedDict, total=False):
    """From a worker that surveys a layer: the modules that can be in it, those that cannot with the
    reason, what they cost, and the time of all imports without tracing. ``behind_ns``: how long the
    import of each name alone takes, with all modules that it loads.
    """

    failed: str
    names: list[str]
    left_out: list[TextRow]
    costs: Costs
    behind_ns: dict[str, int]
    wall_ms: float


class PlainRequest(TypedDict):
    """To a worker: the fields of every request. ``mode`` is ``timing``, ``trace``, ``stacks`` or
    ``start``.
    """

    op: str
    mode: str
    file: str
    time_limit_s: float


class ParseRequest(PlainRequest, total=False):
    """To a worker: the optional fields.

    ``first``: compile the file before the parse. ``without``: lines of imports to take out, by
    file. ``names``: the names to take out of some of these lines. ``keep``: lines of statements
    whose values come from another parse, by file. ``forks``: fork before the parse, as the
    recording of values does. ``contents``: DAGs whose serialised form is wanted. ``state``: report
    what the parse leaves changed. ``conditions``: change these conditions of the process before the
    parse (see ``parsing.experiments.elsewhere``). ``helpers``: files of modules whose statements
    the tracing pass times, too. ``guess``: other answers. ``pyinstrument``: its folder, for an
    interpreter without it. ``hold_s``: how long to wait for processes that hold the output.
    ``layer_scale``: a factor for the times of the worker's layer. ``reach``: report only what the
    layer would add to the times of a plain parse.
    ``schedules``: after the parse, report the schedules of the DAGs from this time on, in seconds
    since 1970. ``counts_backlog``: also count the past runs of DAGs with ``catchup``.
    ``task``: the DAG and the task that start, for the mode ``start``.
    ``list_modules``: report the modules loaded before the parse. ``database``: the path of a
    migrated database for Airflow 2, and its SHA-256. ``saved``: sources that were saved since the
    last request, to compile anew.
    """

    memory_limit_kib: int | None
    spawn: bool
    first: bool
    without: dict[str, list[int]]
    names: dict[str, dict[str, list[str]]]
    keep: dict[str, list[int]]
    forks: bool
    contents: list[str]
    state: bool
    conditions: list[str]
    helpers: list[str]
    database: list[str]
    guess: OtherAnswers
    pyinstrument: str | None
    hold_s: float
    layer_scale: float
    reach: bool
    list_modules: bool
    schedules: int
    counts_backlog: bool
    task: list[str]
    saved: list[str]


class Reply(TypedDict):
    """From a worker: how the parse ended.

    ``outcome`` is ``result``, ``time-limit``, ``memory-limit``, ``held``, ``abandoned``,
    ``too-large`` (the child sent more than a report has), ``broken`` (it sent something else) or
    ``ended`` (it sent nothing). ``result`` has the fields of ``Result`` unless DAG code wrote it;
    None if there is no result. It is the last field, so that the reader can read the worker's own
    fields whatever it holds.
    Outputs are text and the number of bytes written. ``asked_for_database``: the parse asked for
    Airflow 2's metadata database, and there was none.
    """

    outcome: str
    signal: int | None
    exit_code: int | None
    stdout: list[str | int]
    stderr: list[str | int]
    total_ms: float
    max_rss_kib: int
    blocks_read: int
    leftover_processes: int
    asked_for_database: bool
    result: Result | None
