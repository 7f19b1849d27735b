"""Traces imports: every load with its time, every import statement that ran, the collector and the compiler apart.

Two functions are replaced for one parse. ``importlib._bootstrap._find_and_load`` is looked up by name at each import, by C
code too, and sees every load; ``builtins.__import__`` sees every statement, already-loaded hits included. Both carry the
file name of importlib's frozen code, so that tracebacks and ``warnings.warn(stacklevel=…)`` skip them as they skip importlib.
"""

from __future__ import annotations

import builtins
import gc
import importlib._bootstrap as bootstrap
import importlib._bootstrap_external as external
import sys
from _thread import get_ident
from time import perf_counter_ns, process_time_ns
from types import FrameType
from typing import Any

FROM_FILE, UNSEEN = -1, -2

_IMPORTLIB = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
_ELAPSED, _INSIDE = 2, 3
_LOAD_FIELDS = 6
_HIT_FIELDS = 6


def as_importlib(function: Any) -> Any:
    """The function under the file name of importlib's frozen code, whose frames tracebacks and warnings skip."""
    function.__code__ = function.__code__.replace(co_filename=_IMPORTLIB[0])
    return function


class ImportTracer:
    """Collects while installed. ``excluded_ns`` is the time of collections and compilations so far."""

    def __init__(self) -> None:
        self.loads: list[Any] = []
        self.hits: list[Any] = []
        self.gc_ns = 0
        self.compile_ns = 0
        self.gc_cpu_ns = self.compile_cpu_ns = 0
        self._top = -1
        self._import_code: Any = None
        self._replaced: list[Any] = []
        self._gc_started = self._gc_cpu_started = 0
        self._main = get_ident()

    @property
    def excluded_ns(self) -> int:
        return self.gc_ns + self.compile_ns

    def excluded(self) -> tuple[int, int]:
        """Wall and CPU nanoseconds of collections and compilations so far; on a busy machine they differ."""
        return self.excluded_ns, self.gc_cpu_ns + self.compile_cpu_ns

    def install(self) -> None:
        self._replace(bootstrap, "_find_and_load", self._tracing_load)
        self._replace(builtins, "__import__", self._tracing_import)
        self._replace(external.SourceLoader, "source_to_code", self._tracing_compile)
        gc.callbacks.append(self._on_collection)

    def uninstall(self) -> None:
        """Stop tracing; what is imported from now on, by the report itself for one, is not seen."""
        for owner, name, ordinary in self._replaced:
            setattr(owner, name, ordinary)
        if self._on_collection in gc.callbacks:  # DAG code may have cleared them
            gc.callbacks.remove(self._on_collection)

    def _replace(self, owner: Any, name: str, wrap: Any) -> None:
        ordinary = getattr(owner, name)
        self._replaced.append((owner, name, ordinary))
        setattr(owner, name, wrap(ordinary))

    def _on_collection(self, phase: str, info: dict[Any, Any]) -> None:
        if phase == "start":
            self._gc_started, self._gc_cpu_started = perf_counter_ns(), process_time_ns()
        else:
            self.gc_ns += perf_counter_ns() - self._gc_started
            self.gc_cpu_ns += process_time_ns() - self._gc_cpu_started

    def _tracing_compile(self, compile_source: Any) -> Any:
        if sys.dont_write_bytecode:
            return compile_source  # each parse compiles here, so that is part of what an import costs

        def source_to_code(*args: Any, **kwargs: Any) -> Any:
            started, collected = perf_counter_ns(), self.gc_ns
            cpu_started, cpu_collected = process_time_ns(), self.gc_cpu_ns
            try:
                return compile_source(*args, **kwargs)
            finally:
                self.compile_ns += perf_counter_ns() - started - (self.gc_ns - collected)
                self.compile_cpu_ns += process_time_ns() - cpu_started - (self.gc_cpu_ns - cpu_collected)

        return source_to_code

    def _tracing_import(self, ordinary: Any) -> Any:
        # One flat list, here and for loads: an object of its own per hit would make the collector run more often. And
        # no code objects: kept alive, the memory of each module's would be missing for the next, and cost page faults.
        extend, getframe = self.hits.extend, sys._getframe

        def traced_import(
            name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
        ) -> Any:
            # A module's and a class body's statements pass their namespace, a function's pass None.
            extend((getframe(1).f_lineno, locals is None, globals, name, fromlist, level))
            return ordinary(name, globals, locals, fromlist, level)

        self._import_code = as_importlib(traced_import).__code__
        return traced_import

    def _tracing_load(self, ordinary: Any) -> Any:
        modules, loads, hits, clock, main, getframe = (
            sys.modules,
            self.loads,
            self.hits,
            perf_counter_ns,
            self._main,
            sys._getframe,
        )
        skip = (*_IMPORTLIB, importlib_file())

        def importer() -> tuple[Any, ...]:
            """Line and module of the statement behind this load."""
            frame: FrameType | None = getframe(2)
            if frame is not None and frame.f_code is self._import_code:
                # Straight from an import statement: its hit is the last one. A walk would make an object of each frame.
                line, _, namespace = hits[-_HIT_FIELDS : -_HIT_FIELDS + 3]
                return line, (namespace or {}).get("__name__")
            while frame is not None and frame.f_code.co_filename in skip:
                frame = frame.f_back
            return (0, None) if frame is None else (frame.f_lineno, frame.f_globals.get("__name__"))

        def traced_load(name: str, import_: Any) -> Any:
            if name in modules or get_ident() != main:
                return ordinary(name, import_)
            parent, here = self._top, len(loads)
            loads.extend((name, parent, 0, 0, *importer()))
            self._top = here
            excluded = self.excluded_ns
            started = clock()
            try:
                return ordinary(name, import_)
            finally:
                elapsed = clock() - started - (self.excluded_ns - excluded)
                loads[here + _ELAPSED] = elapsed
                if parent >= 0:
                    loads[parent + _INSIDE] += elapsed
                self._top = parent

        return as_importlib(traced_load)


def importlib_file() -> str:
    """The file of ``importlib/__init__.py``, whose ``import_module`` is no importer of its own."""
    import importlib

    return importlib.__file__ or ""


class _Modules:
    """Positions of module names in the result, and their files."""

    def __init__(self, dag_module: str) -> None:
        self.rows: list[Any] = []
        self._positions: dict[Any, Any] = {dag_module: FROM_FILE}

    def position(self, name: str) -> int:
        position = self._positions.get(name)
        if position is None:
            position = self._positions[name] = len(self.rows)
            module = sys.modules.get(name)
            file = getattr(module, "__file__", None) or ""
            self.rows.append([name, file if isinstance(file, str) else ""])
        return position


def report(tracer: ImportTracer, dag_module: str) -> dict[Any, Any]:
    """What was traced: modules, loads as columns, edges as rows of importer, line, target, in a function or not."""
    modules = _Modules(dag_module)
    loads = list(zip(*[iter(tracer.loads)] * _LOAD_FIELDS))
    for name, *_ in loads:
        modules.position(name)
    columns: dict[Any, Any] = {
        name: [] for name in ("module", "parent", "self_us", "cumulative_us", "importer", "line")
    }
    for name, parent, elapsed, inside, line, importer in loads:
        columns["module"].append(modules.position(name))
        columns["parent"].append(parent // _LOAD_FIELDS)
        columns["self_us"].append(max(0, elapsed - inside) // 1000)
        columns["cumulative_us"].append(elapsed // 1000)
        columns["importer"].append(UNSEEN if not importer else modules.position(importer))
        columns["line"].append(line)
    return {"loads": columns, "edges": _edges(tracer, modules), "modules": modules.rows}


def _edges(tracer: ImportTracer, modules: _Modules) -> list[Any]:
    edges: dict[Any, None] = {}
    columns = [iter(tracer.hits)] * _HIT_FIELDS
    for line, is_in_function, namespace, name, fromlist, level in zip(*columns):
        importer = namespace.get("__name__") if isinstance(namespace, dict) else None
        if not isinstance(importer, str):
            continue
        for target in _targets(namespace, name, fromlist, level):
            edges[(modules.position(importer), line, modules.position(target), int(is_in_function))] = None
    return [list(edge) for edge in edges]


def _targets(namespace: dict[Any, Any], name: str, fromlist: Any, level: int) -> list[Any]:
    """The loaded modules that one import statement asked for."""
    if level:
        package = namespace.get("__package__") or ""
        base = package.rsplit(".", level - 1)[0] if level > 1 else package
        name = base + "." + name if name else base
    found = [name] if name in sys.modules else []
    for part in fromlist or ():
        if isinstance(part, str) and name + "." + part in sys.modules:
            found.append(name + "." + part)
    return found
