"""Messages to the zygote, and its answers."""

from __future__ import annotations

from typing import TypedDict

from .rows import Json, TextRow
from .worker import LayerRequest, NoFork


class Config(TypedDict):
    """To the zygote: the configuration at the start. ``renews_scratch``: DAG files were parsed with
    this scratch folder before.
    """

    scratch: str
    cache: str | None
    removes_scratch: bool
    renews_scratch: bool
    root: str
    temperature: str
    spawns: bool
    variables: dict[str, Json]
    connections: dict[str, Json]
    missing: str
    safe_mode: bool | None


class ChildConfig(Config, total=False):
    """The same for a new interpreter, with the modules that it imports before the parse."""

    pre_imported: list[str]


class ZygoteRequest(TypedDict):
    """To the zygote: the field of every request."""

    op: str


class DiscoverRequest(ZygoteRequest):
    paths: list[str]
    safe_mode: bool | None


class DescribeRequest(ZygoteRequest):
    files: list[str]


class PreImportRequest(DescribeRequest, total=False):
    with_folder: bool
    collects: bool


class WorkerRequest(ZygoteRequest, total=False):
    """``preload``: modules that the worker imports, and reports, before its first parse.
    ``survey``: modules for a layer, which the worker only measures, and in detail only if their
    imports take at least ``worth_ms``. The survey ends within ``limit_s``. ``layer``: the layer
    that the worker imports before its first parse.
    """

    preload: list[str]
    survey: list[str]
    worth_ms: float
    limit_s: float
    layer: LayerRequest


class AirflowFacts(TypedDict):
    """``config`` decides how this Airflow parses; ``import_s`` is how long its import took."""

    version: str
    config: dict[str, str]
    import_s: float
    is_untried: bool


class PluginRow(TypedDict):
    """The cost of loading a plugin in the process that forks."""

    name: str
    source: str
    wall_ms: float
    rss_kib: int
    modules: int
    error: str


class Ready(TypedDict):
    """From the zygote: Airflow is imported. ``trouble`` says how the state differs from that of
    Airflow's manager.
    """

    op: str
    airflow: AirflowFacts
    python: str
    executable: str
    plugins: list[PluginRow]
    trouble: str
    environment: dict[str, str]


class CannotBegin(NoFork):
    """From the zygote before it ends: ``op`` is ``failed``, ``fault`` one of ``faults``."""

    op: str


class Twice(TypedDict):
    """Two paths to one folder. ``is_loop``: a link leads to a folder that contains the link."""

    first: str
    second: str
    link: str
    is_loop: bool


class Failed(TypedDict, total=False):
    """From the zygote: the request failed. ``twice``: because two paths lead to one folder."""

    failed: str
    twice: Twice


class Listing(TypedDict):
    """From the zygote: the answer to ``discover``."""

    files: list[str]
    skipped: list[TextRow]
    passed_over: list[TextRow]


class PreImported(TypedDict, total=False):
    """From the zygote: the answer to ``pre_import``."""

    modules: list[str]
    failed: list[TextRow]
    has_collected: bool


class Described(TypedDict):
    """From the zygote: the answer to ``describe``. It has one distribution per file, empty for
    none.
    """

    owners: list[str]
    distributions: dict[str, str]


class Loaded(TypedDict):
    """From the zygote: the answer to ``loaded``, the files of the user's modules."""

    files: list[str]


class PriceRow(TypedDict):
    """The first look-up of a parse, and each further one, in ms."""

    first_ms: float
    next_ms: float


class Prices(TypedDict):
    """From the zygote: the answer to ``prices``."""

    variable: PriceRow
    connection: PriceRow


class Forked(TypedDict):
    pid: int
