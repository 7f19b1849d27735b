"""One parse: clocks around DagBag and serialisation."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Callable

from ..system.clocks import perf_counter
from ..system.usage import between, children_cpu_ms, now, rss_kib
from . import exceptions

if TYPE_CHECKING:
    from typing import Protocol

    from ..protocol.result import Sample
    from ..versions.airflow_api import AirflowApi
    from ..versions.delivery import Delivery
    from ..versions.shapes import Dag, DagBag, Document

    class ParsesWith(Protocol):
        """The surroundings of a parse. The times of Airflow's import are 0 unless each parse
        includes that import.
        """

        api: AirflowApi
        delivery: Delivery
        airflow_ms: float
        airflow_cpu_ms: float
        airflow_queued_ms: float


class Stages:
    """Measures the wall milliseconds of executing the DAG file's modules, and calls ``loaded``
    afterwards.
    """

    def __init__(self, loaded: Callable[[], object]) -> None:
        self.load_ms = 0.0
        self._loaded = loaded

    def clock(self, function: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(function)
        def timed(*args: object, **kwargs: object) -> object:
            started = perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                self.load_ms += (perf_counter() - started) * 1000
                self._loaded()

        return timed


class NoBag:
    """Replaces the DagBag if an exception ended the parse before there was one."""

    dags: dict[str, Dag] = {}
    import_errors: dict[str, str] = {}


class Parse:
    """One parse: the bag, the figures of a sample, serialised DAGs, and errors on the way from the
    bag to Airflow.

    ``errors`` are those of serialising, by file. ``unsent`` is the reason why the child's message
    cannot be sent, None if it can. ``escaped`` is an exception that DagBag did not catch. It ends
    Airflow's process, and the time until then counts for the file.
    """

    def __init__(self, bag: DagBag, escaped: BaseException | None = None) -> None:
        self.bag, self.escaped = bag, escaped
        self.figures: Sample
        self.documents: dict[str, Document] = {}
        self.errors: dict[str, BaseException] = {}
        self.unsent: BaseException | None = None

    def deliver(self, api: AirflowApi, delivery: Delivery, file: str) -> None:
        """Serialise the DAGs and encode the message, as Airflow's child does."""
        for dag_id, dag in self.bag.dags.items():
            try:
                self.documents[dag_id] = api.serialise(dag)
            except Exception as error:
                self.errors[dag.fileloc] = error
        try:
            texts = {place: exceptions.one_line(error) for place, error in self.errors.items()}
            delivery.encode(file, self.bag, self.documents, texts)
        except Exception as error:
            self.unsent = error


def timed(
    around: ParsesWith,
    file: str,
    loaded: Callable[[], object] = lambda: None,
    *,
    for_task: bool = False,
) -> Parse:
    """Parse ``file`` once in the given surroundings. The start of a task serialises no DAG."""
    api = around.api
    build = api.build_task_bag if for_task else api.build_bag
    stages = Stages(loaded)
    api.time_loading(stages.clock)
    rss, children = rss_kib(), children_cpu_ms()
    began = now()
    try:
        parsed = Parse(build(file))
    except (
        BaseException
    ) as error:  # such as the import timeout of Airflow 2.9, which its DagBag does not catch
        parsed = Parse(NoBag(), error)
    bagged = perf_counter()
    if parsed.escaped is None and not for_task:
        parsed.deliver(api, around.delivery, file)
    ended = now()
    took = between(began, ended)
    bag_ms = (bagged - began.wall) * 1000
    parsed.figures = {
        "wall_ms": took.wall_ms + around.airflow_ms,
        "cpu_ms": took.cpu_ms + around.airflow_cpu_ms,
        "children_cpu_ms": children_cpu_ms() - children,
        "queued_ms": took.queued_ms + around.airflow_queued_ms,
        "airflow_ms": around.airflow_ms,
        "load_ms": stages.load_ms,
        "bag_ms": max(0.0, bag_ms - stages.load_ms),
        "serialise_ms": (ended.wall - bagged) * 1000,
        "exit_ms": 0.0,
        "dagbag_ms": _dagbag_ms(parsed.bag),
        "rss_growth_kib": max(0, rss_kib() - rss),
    }
    return parsed


def _dagbag_ms(bag: DagBag) -> float:
    return sum(stat.duration.total_seconds() for stat in getattr(bag, "dagbag_stats", ())) * 1000


def modules_now() -> list[str]:
    """The names of all modules in this process. They show which modules a parse starts with."""
    return sorted(sys.modules)
