"""The process that parses one file once, and says what happened."""

from __future__ import annotations

import json
import os
import signal
import sys
from time import perf_counter, process_time
from typing import Any, Callable

from . import (
    airflow_api,
    answers,
    bytecode,
    experiment,
    failures,
    missed,
    parse,
    redact,
    serialised,
    stacks,
    state,
    watch,
)

# Bound before any DAG code can replace them.
_dumps, _write, _exit, _getpid = json.dumps, os.write, os._exit, os.getpid


class Surroundings:
    """What a parsing process stands on: Airflow at a temperature, answers for look-ups, a scratch folder."""

    def __init__(self, config: dict[Any, Any]) -> None:
        self.config = config
        self.airflow_ms = self.airflow_cpu_ms = 0.0
        bytecode.redirect(os.path.join(config["scratch"], "bytecode"))
        secrets = [value for value in config["secrets"] if isinstance(value, str)]
        self.redact = redact.Redactor(secrets)
        self.answers = answers.Answers(config["variables"], config["connections"], config["missing"])
        self.api: Any = None
        self.handlers: dict[Any, Any] = {}

    def import_airflow(self) -> None:
        wall, cpu = perf_counter(), process_time()
        self.api = airflow_api.AirflowApi(self.config["root"], self.config["temperature"])
        if self.config["temperature"] == airflow_api.COLD:
            self.airflow_ms = (perf_counter() - wall) * 1000
            self.airflow_cpu_ms = (process_time() - cpu) * 1000
        answers.install(self.api, self.answers)


def run_spawned(request_descriptor: int, result_descriptor: int) -> None:
    """A new interpreter that parses one file: the child of spawn isolation."""
    os.set_inheritable(request_descriptor, False)
    os.set_inheritable(result_descriptor, False)
    with os.fdopen(request_descriptor, "rb") as stream:
        message = json.loads(stream.read())
    surroundings = Surroundings(message["config"])
    surroundings.import_airflow()
    for name in message["config"].get("pre_imported", ()):
        try:
            __import__(name)
        except BaseException:
            continue
    surroundings.api.prepare_child()
    run(surroundings, message["request"], result_descriptor)


def run(surroundings: Surroundings, request: dict[Any, Any], result_descriptor: int) -> None:
    """Parse, write the result as JSON, end at once: nothing that the DAG file registered runs afterwards."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, surroundings.handlers.get(number, signal.SIG_DFL))
    _leave_no_module()
    process = os.getpid()
    report = Child(surroundings, request).report()
    if _getpid() != process:  # a copy that the DAG file forked: only the original answers
        _exit(0)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            continue
    _write_all(result_descriptor, _dumps(report).encode("ascii"))
    _exit(0)


def _leave_no_module() -> None:
    """Take the probe out of ``sys.modules``: what the DAG file finds there is what it would find in Airflow's own process."""
    package = __name__.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def _write_all(descriptor: int, data: bytes) -> None:
    data = b"%d\n" % len(data) + data
    while data:
        data = data[_write(descriptor, data) :]


class Child:
    """One parse in one mode."""

    def __init__(self, surroundings: Surroundings, request: dict[Any, Any]) -> None:
        self._surroundings = surroundings
        self._request = request
        self._file = request["file"]
        self._failures = failures.FailureLog(surroundings.redact)
        self._modules: list[Any] = []

    def report(self) -> dict[Any, Any]:
        self._failures.install()
        if self._request.get("list_modules"):
            self._modules = parse.modules_now()
        try:
            facts = getattr(self, "_" + self._request["mode"])()
        except BaseException as error:
            self._failures.add(error)
            facts = {"escaped": type(error).__name__}
        facts["accesses"] = self._surroundings.answers.accesses()
        facts["failures"] = self._failures.rows()
        facts["modules_before"] = self._modules
        return facts

    def _timing(self) -> dict[Any, Any]:
        """A plain parse, or one without some import statements."""
        if self._request.get("first"):
            bytecode.warm_up(self._file)
        seen = missed.Missed() if self._request.get("state") else None
        removal = experiment.Removal(self._request.get("without") or {}, seen)
        if self._request.get("without"):
            removal.install()
        compilations = bytecode.Compilations()
        compilations.install()
        bag, figures, errors, documents = self._parse()
        facts = {"sample": figures, "compiled": compilations.count}
        if seen is not None:
            facts.update(state=state.snapshot(), missing=removal.missing, stars=removal.stars, missed=seen.rows)
        if self._request.get("contents"):
            facts["contents"] = serialised.contents(documents, self._request["contents"], self._surroundings.redact)
        return {**facts, "digests": serialised.digests(documents), **self._describe(bag, errors, documents)}

    def _trace(self) -> dict[Any, Any]:
        around = self._surroundings
        effects = watch.Effects(around.redact, around.config["root"], around.config["scratch"], self._file)
        traced = parse.TracedParse(self._file, around.redact, around.api.building_classes(), effects.checkpoint)
        effects.install(around.api)
        traced.install()
        bag, figures, errors, documents = parse.with_room_for_frames(lambda: self._parse(lambda: traced.clock.end(-1)))
        effects.add_warnings(_warnings(bag))
        times = {name: figures[name] for name in ("wall_ms", "cpu_ms", "queued_ms")}
        facts = {**times, "effects": effects.rows(), "trace": traced.report()}
        return {**facts, **self._describe(bag, errors, documents)}

    def _stacks(self) -> dict[Any, Any]:
        profiler = stacks.load_profiler(self._request.get("pyinstrument"))(
            interval=stacks.INTERVAL_S, async_mode="disabled"
        )
        profiler.start()
        try:
            bag, _, errors, documents = self._parse()
        finally:
            profiler.stop()
        return {"stack": stacks.tree(profiler, self._file), **self._describe(bag, errors, documents)}

    def _parse(self, loaded: Callable[..., Any] = lambda: None) -> tuple[Any, ...]:
        around = self._surroundings
        return parse.timed(around.api, self._file, around.airflow_ms, around.airflow_cpu_ms, loaded)

    def _describe(self, bag: Any, errors: dict[Any, Any], documents: dict[Any, Any]) -> dict[Any, Any]:
        """What the file gave. Airflow stores the DAGs that could be serialised, and an import error for the others."""
        for error in errors.values():
            self._failures.add(error)
        if not self._failures.rows():
            for file, text in bag.import_errors.items():
                self._failures.add_text(str(file), str(text))
        warnings = _warnings(bag)
        return {
            "dag_ids": sorted(map(str, documents)),
            "task_count": sum(len(bag.dags[dag_id].tasks) for dag_id in documents),
            "warnings": [self._surroundings.redact(text)[:500] for text in warnings[:50]],
        }


def _warnings(bag: Any) -> list[Any]:
    """The warnings that Airflow caught while it parsed; it does so in 2.11 and later."""
    return [str(text) for texts in getattr(bag, "captured_warnings", {}).values() for text in texts]
