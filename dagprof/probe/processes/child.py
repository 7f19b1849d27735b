"""The process that parses one file once and reports the result."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Callable

from .. import answering, bounds, watch
from ..asked import environment
from ..parsing import bytecode, failures, logged, parse, schedules, serialised, stacks
from ..parsing.experiments import elsewhere, experiment, kept, missed, state
from ..parsing.imports import tracing
from ..parsing.traced import TracedParse, with_room_for_frames
from ..system import interpreter
from ..system.usage import between, now

if TYPE_CHECKING:
    from ..protocol.result import Ending, ExitTimes, Facts, Result
    from ..protocol.rows import AccessRow, LineRow
    from ..protocol.worker import ParseRequest
    from ..versions.shapes import DagBag, Document
    from .surroundings import Surroundings

# Bound before any DAG code can replace them.
_dumps, _exit, _getpid = answering.dumps, os._exit, os.getpid


def run(
    surroundings: Surroundings, request: ParseRequest, pipe: answering.ResultPipe, requests: int
) -> None:
    """Parse and send the result, then end as Airflow's child does and send how the end went: two
    frames of JSON. If the request asks for schedules, they are a third one.

    Before any code of the user runs, the first parse of a file sends the bytecode of the file over
    ``requests``. That is a socket, which no other process can open.
    """
    if request.get("first"):
        answering.send(requests, surroundings.bytecode.warm_up(request["file"]))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2, signal.SIGCHLD):
        signal.signal(number, surroundings.handlers.get(number, signal.SIG_DFL))
    for name in surroundings.own_modules:
        del sys.modules[name]
    process = os.getpid()
    surroundings.delivery.open_streams(requests)
    os.close(requests)
    surroundings.delivery.begin()
    parsing = Child(surroundings, request)
    found = _dumps(parsing.report()).encode("ascii")
    if surroundings.delivery.has_ending():  # which may take long, or end the process
        _leave_if_copy(process)
        pipe.send(found)
        found = b""
    ending = parsing.ending()
    ending["closed_descriptors"] = pipe.is_closed() and not surroundings.delivery.is_supervised
    _leave_if_copy(process)
    pipe.send(*filter(None, (found, _dumps(ending).encode("ascii"))))
    if "schedules" in request:
        counts = request.get("counts_backlog", False)
        pipe.send(parsing.schedules(request["schedules"], counts_backlog=counts))
    _exit(0)


def _leave_if_copy(process: int) -> None:
    """End a copy that the DAG file forked: only the original answers."""
    if _getpid() != process:
        _exit(0)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:  # the user's code may have put any object there
            continue


def _seed_anew() -> None:
    """Seed numpy's random numbers, which numpy does when it is imported. Otherwise all forks of a
    worker that has imported numpy would draw the same numbers.
    """
    seed = getattr(sys.modules.get("numpy.random"), "seed", None)
    if seed is not None:
        seed()


class Child:
    """One parse in one mode."""

    def __init__(self, surroundings: Surroundings, request: ParseRequest) -> None:
        self._surroundings = surroundings
        self._request = request
        self._file = request["file"]
        self._failures = failures.FailureLog()
        self._logged = logged.ExceptionLog()
        self._interpreter = interpreter.Interpreter()
        self._left_out: dict[str, int] = {}
        self._modules: list[str] = []
        self._environment = environment.EnvironmentWatch()
        self._effects: watch.Effects | None = None
        self._documents: dict[str, Document] = {}
        layer = surroundings.before.layer if surroundings.before is not None else None
        if layer is not None:
            layer.scale = request.get("layer_scale", 1.0)
            _seed_anew()

    def report(self) -> Result:
        self._failures.install()
        self._logged.install()
        self._surroundings.answers.begin(self._request.get("guess"))
        if self._request["mode"] == "trace" or "guess" in self._request:
            self._environment.install()
        if self._request.get("list_modules"):
            self._modules = parse.modules_now()
        modes = {
            "timing": self._timing,
            "trace": self._trace,
            "stacks": self._stacks,
            "start": self._task_start,
        }
        facts: Facts
        try:
            facts = modes[self._request["mode"]]()
        except BaseException as error:
            self._failures.add(error)
            facts = {"escaped": bounds.type_name(error)}
        return {
            **facts,
            "accesses": self._accesses(),
            "asked_by_libraries": self._environment.of_libraries(),
            "failures": self._failures.rows(),
            "stops": self._failures.stops(),
            "logged": self._logged.rows(),
            "modules_before": self._modules,
            "left_out": self._counted(failures=self._failures.left_out),
            "environment": self._surroundings.exported.new(),
            "compiled_sources": self._surroundings.bytecode.compiled,
        }

    def ending(self) -> Ending:
        """Let the process end as Airflow's does. Return what the end adds to the report; some parts
        replace earlier ones.
        """
        began = now()
        try:
            self._surroundings.delivery.end()
        except (
            BaseException
        ):  # Python 3.9 and older raise the last handler's exception; the message has been sent
            pass
        took = between(began, now())
        times: ExitTimes = {
            "exit_ms": took.wall_ms,
            "exit_cpu_ms": took.cpu_ms,
            "exit_queued_ms": took.queued_ms,
        }
        facts: Ending = {"ending": times, "accesses": self._accesses()}
        if self._effects is not None:
            facts["effects"] = self._effects.rows()
        facts["left_out"] = self._counted()
        return facts

    def schedules(self, since_s: int, *, counts_backlog: bool) -> bytes:
        """The schedules of the DAGs that Airflow stores, as JSON."""
        deserialise = self._surroundings.api.deserialise
        try:
            return schedules.rows(
                deserialise, self._documents, since_s, counts_backlog=counts_backlog
            )
        except BaseException:  # such as the user's own signal handlers raise
            return b"[]"

    def _accesses(self) -> list[AccessRow]:
        return [*self._surroundings.answers.accesses(), *self._environment.accesses()]

    def _counted(self, **more: int) -> dict[str, int]:
        """The number of rows that are left out so far, by field of the result."""
        accesses = self._surroundings.answers.left_out + self._environment.left_out
        self._left_out.update(more, accesses=accesses)
        if self._effects is not None:
            self._left_out["effects"] = self._effects.left_out
        return {field: count for field, count in self._left_out.items() if count}

    def _timing(self) -> Facts:
        """Do a plain parse, or one without some import statements."""
        seen = missed.Missed() if self._request.get("state") else None
        without, keep = self._request.get("without") or {}, self._request.get("keep") or {}
        names = self._request.get("names") or {}
        unkept: list[LineRow] = []
        shared: list[LineRow] = []
        if keep:
            removal, values = experiment.with_values(without, keep, seen, names, self._only_parse)
            unkept, shared = values.unkept, values.shared
        else:
            if self._request.get("forks"):
                kept.fork_once()
            removal = experiment.Removal(without, seen, names)
            if without:
                removal.install()
        fixed: list[str] = []
        if self._request.get("conditions"):
            fixed = elsewhere.apply(self._request["conditions"])
            self._surroundings.exported.settle()
        compilations = bytecode.Compilations()
        compilations.install()
        parsed, reached = self._reaching() if self._request.get("reach") else (self._parse(), {})
        facts: Facts = {"sample": parsed.figures, "compiled": compilations.count, **reached}
        if fixed:
            facts["fixed"] = fixed
        if unkept:
            facts["unkept"] = unkept
        if shared:
            facts["shared"] = shared[:1]
        if seen is not None:
            facts["state"], facts["missed"] = state.snapshot(), seen.rows
            facts["missing"], facts["stars"] = removal.missing, removal.stars
        if self._request.get("contents"):
            facts["contents"] = serialised.contents(parsed.documents, self._request["contents"])
        return {**facts, "digests": serialised.digests(parsed.documents), **self._describe(parsed)}

    def _reaching(self) -> tuple[parse.Parse, Facts]:
        """Parse, and find what the worker's layer would add."""
        tracer = tracing.ImportTracer(before=self._surroundings.before)
        tracer.install()
        parsed = self._parse()
        tracer.uninstall()
        return parsed, tracer.reached.facts if tracer.reached is not None else {}

    def _only_parse(self) -> None:
        """Build the DAGs, and keep nothing."""
        self._surroundings.api.build_bag(self._file)

    def _trace(self) -> Facts:
        around = self._surroundings
        effects = watch.Effects(around.config["root"], around.config["scratch"], self._file)
        traced = TracedParse(
            self._file,
            around.api.building_classes(),
            effects.checkpoint,
            self._request.get("helpers", ()),
            around.before,
        )
        effects.install(around.api, runs_exit_handlers=around.delivery.is_supervised)
        self._effects = effects
        traced.install()
        parsed = with_room_for_frames(lambda: self._parse(lambda: traced.clock.end(-1)))
        effects.add_warnings(_warnings(parsed.bag))
        lost = traced.lost(parsed.bag.dags)
        facts: Facts = {
            "wall_ms": parsed.figures["wall_ms"],
            "cpu_ms": parsed.figures["cpu_ms"],
            "queued_ms": parsed.figures["queued_ms"],
            "effects": effects.rows_so_far(),
            "trace": traced.report(parsed.figures["load_ms"]),
            "lost": lost[: bounds.LOST_DAGS],
        }
        if traced.tracer.reached is not None:
            facts.update(traced.tracer.reached.facts)
        self._left_out.update(traced.left_out, lost=len(lost) - len(facts["lost"]))
        return {**facts, **self._describe(parsed)}

    def _stacks(self) -> Facts:
        profiler = stacks.load_profiler(self._request.get("pyinstrument"))(
            interval=stacks.INTERVAL_S, async_mode="disabled"
        )
        stacks.limit_depth(profiler)
        profiler.start()
        try:
            parsed = self._parse()
        finally:
            profiler.stop()
        return {"stack": stacks.tree(profiler, self._file), **self._describe(parsed)}

    def _task_start(self) -> Facts:
        """Parse as the start of a task does."""
        around = self._surroundings
        around.api.enter_task(*self._request["task"])
        around.exported.settle()
        compilations = bytecode.Compilations()
        compilations.install()
        parsed = self._parse(for_task=True)
        self._failures.keep_those_of(parsed.bag.import_errors)
        if parsed.escaped is not None:
            self._failures.add(parsed.escaped)
        return {
            "sample": parsed.figures,
            "compiled": compilations.count,
            "dag_ids": sorted(map(serialised.name_of, parsed.bag.dags)),
            "task_count": sum(len(dag.tasks) for dag in parsed.bag.dags.values()),
        }

    def _parse(
        self, loaded: Callable[[], object] = lambda: None, *, for_task: bool = False
    ) -> parse.Parse:
        try:
            return parse.timed(self._surroundings, self._file, loaded, for_task=for_task)
        finally:
            self._interpreter.restore(keeps_profiler=self._request["mode"] == "stacks")

    def _describe(self, parsed: parse.Parse) -> Facts:
        """Describe the result of the parse. Airflow stores the DAGs that it could serialise, and an
        import error for each of the others.
        """
        self._failures.keep_those_of(parsed.bag.import_errors)
        for error in parsed.errors.values():
            self._failures.add(error)
        if parsed.unsent is not None:
            around = self._surroundings.delivery
            self._failures.add_unsent(
                parsed.unsent, around.culprit(parsed.bag, parsed.documents), around.fault
            )
        if parsed.escaped is not None:
            self._failures.add(parsed.escaped)
        stored = list(parsed.documents) if parsed.unsent is None else []
        self._documents = {dag_id: parsed.documents[dag_id] for dag_id in stored}
        warnings = _warnings(parsed.bag)
        self._left_out["warnings"] = max(0, len(warnings) - bounds.WARNINGS)
        return {
            "dag_ids": sorted(map(serialised.name_of, stored)),
            "task_count": sum(len(parsed.bag.dags[dag_id].tasks) for dag_id in stored),
            "is_unsent": parsed.unsent is not None,
            "warnings": [
                bounds.shown(text, bounds.WARNING) for text in warnings[: bounds.WARNINGS]
            ],
        }


def _warnings(bag: DagBag) -> list[str]:
    """The warnings that Airflow recorded during the parse. Airflow 2.11 and later record them."""
    found = getattr(bag, "captured_warnings", {}).values()
    return [bounds.plain(text) for texts in found for text in texts]
