"""Traces imports: every load with its time, every import statement that ran, the collector and the compiler apart.

Two functions are replaced for one parse. ``importlib._bootstrap._find_and_load`` is looked up by name at each import, by C
code too, and sees every load; ``builtins.__import__`` sees every statement, already-loaded hits included. Both carry the
file name of importlib's frozen code, so that tracebacks and ``warnings.warn(stacklevel=…)`` skip them as they skip importlib.
"""

from __future__ import annotations

import builtins
import gc
import importlib
import importlib._bootstrap as bootstrap
import importlib._bootstrap_external as external
import os
import resource
import sys
from _thread import get_ident
from time import perf_counter_ns, process_time_ns
from types import FrameType
from typing import Any, Callable

from . import origin

OUTSIDE = -1

_IMPORTLIB = ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
_ELAPSED, _INSIDE = 2, 3
LOAD_FIELDS = 7
HIT_FIELDS = 5
CALL_FIELDS = 8
_CO_OPTIMIZED = 0x1
_CALIBRATING_LINES = 50
# Frames between an import statement and what it calls in a lazy module; farther away is the work of a call.
_NEAR = 12
_PAGE_KIB = resource.getpagesize() // 1024


def as_importlib(function: Any) -> Any:
    """The function under the file name of importlib's frozen code, whose frames tracebacks and warnings skip."""
    function.__code__ = function.__code__.replace(co_filename=_IMPORTLIB[0])
    return function


class ImportTracer:
    """Collects while installed. ``excluded_ns`` is the time of collections, compilations and tracing itself so far.

    ``hits`` holds the import statements that modules ran, ``calls`` those in functions, with the load that was under way:
    the module that called the function is what caused the import. ``current_line`` tells the DAG file's running line.
    """

    def __init__(self, current_line: Callable[..., int] = lambda: 0) -> None:
        self.loads: list[Any] = []
        self.hits: list[Any] = []
        self.calls: list[Any] = []
        self.memory: list[Any] = []
        self._current_line = current_line
        self._statm = -1
        self.gc_ns = 0
        self.compile_ns = 0
        self.gc_cpu_ns = self.compile_cpu_ns = 0
        self._top = OUTSIDE
        self._hit_ns = self._repeated = 0
        self._import_code: Any = None
        self._replaced: list[Any] = []
        self._gc_started = self._gc_cpu_started = 0
        self._main = get_ident()

    @property
    def _tracing_ns(self) -> int:
        """What writing down the import statements so far has taken."""
        return self._hit_ns * (len(self.hits) // HIT_FIELDS + len(self.calls) // CALL_FIELDS + self._repeated)

    @property
    def excluded_ns(self) -> int:
        return self.gc_ns + self.compile_ns + self._tracing_ns

    def excluded(self) -> tuple[int, int]:
        """Wall and CPU nanoseconds of collections, compilations and tracing so far; on a busy machine they differ."""
        return self.excluded_ns, self.gc_cpu_ns + self.compile_cpu_ns + self._tracing_ns

    def install(self) -> None:
        try:
            self._statm = os.open("/proc/self/statm", os.O_RDONLY)
        except OSError:
            self._statm = -1
        self._replace(bootstrap, "_find_and_load", self._tracing_load)
        self._replace(builtins, "__import__", self._tracing_import)
        self._replace(external.SourceLoader, "source_to_code", self._tracing_compile)
        gc.callbacks.append(self._on_collection)
        self._calibrate()

    def _calibrate(self) -> None:
        """How much longer an import statement takes when it is traced: some code runs one a hundred thousand times."""
        traced = builtins.__import__
        namespace = {"__name__": "calibration"}
        code = compile("import sys; import gc\n" * _CALIBRATING_LINES, "calibration", "exec")
        took = []
        for function in (self._replaced[1][2], traced):
            builtins.__import__ = function
            took.append(min(_nanoseconds(code, namespace) for _ in range(5)))
        self._hit_ns = max(0, took[1] - took[0]) // (2 * _CALIBRATING_LINES)
        self.hits.clear()

    def uninstall(self) -> None:
        """Stop tracing; what is imported from now on, by the report itself for one, is not seen."""
        for owner, name, ordinary in self._replaced:
            setattr(owner, name, ordinary)
        if self._on_collection in gc.callbacks:  # DAG code may have cleared them
            gc.callbacks.remove(self._on_collection)

    def _anonymous_kib(self) -> int:
        """Anonymous memory of this process in KiB: what its own objects take, without files mapped into it."""
        if self._statm < 0:
            return 0
        resident, shared = os.pread(self._statm, 100, 0).split()[1:3]
        return (int(resident) - int(shared)) * _PAGE_KIB

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
        extend, getframe, extend_calls, called = self.hits.extend, sys._getframe, self.calls.extend, self._called
        of_importlib, hits = vars(bootstrap), self.hits
        last: tuple[int, str] = (-1, "")

        def traced_import(
            name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
        ) -> Any:
            # A module's and a class body's statements pass their namespace, a function's pass None. Compiled modules that
            # are being initialised pass that of importlib, which is running them.
            if locals is not None and globals is not of_importlib:
                nonlocal last
                frame = getframe(1)
                if hits and last == (frame.f_lasti, name) and globals is hits[-HIT_FIELDS + 1]:
                    self._repeated += 1  # the same in a loop: compiled code such as strftime imports at each call
                else:
                    last = (frame.f_lasti, name)
                    extend((frame.f_lineno, globals, name, fromlist, level))
            else:
                extend_calls((getframe(1).f_lineno, globals, name, fromlist, level, *called(), True))
            return ordinary(name, globals, locals, fromlist, level)

        self._import_code = as_importlib(traced_import).__code__
        return traced_import

    def _called(self, depth: int = 2) -> tuple[int, int]:
        """The load under way and its module's running line, or the DAG file's outside of all loads."""
        top = self._top
        return top, _module_line(sys._getframe(depth)) if top >= 0 else self._current_line()

    def _statement(self) -> tuple[Any, ...]:
        """Line and namespace of the statement behind the load that called this."""
        frame: FrameType | None = sys._getframe(2)
        if frame is not None and frame.f_code is self._import_code:
            # Straight from an import statement: its hit is the last one. A walk would make an object of each frame.
            if frame.f_locals["locals"] is None or frame.f_locals["globals"] is vars(bootstrap):
                return self.calls[-CALL_FIELDS], self.calls[-CALL_FIELDS + 1] or {}
            return self.hits[-HIT_FIELDS], self.hits[-HIT_FIELDS + 1] or {}
        frame = _outside_importlib(frame)
        return (0, {}) if frame is None else (frame.f_lineno, frame.f_globals)

    def _note_again(self, name: str) -> None:
        """``importlib.import_module`` of a module that is there already is a hit like any other."""
        frame = _outside_importlib(sys._getframe(2))
        if frame is not None:
            is_in_function = bool(frame.f_code.co_flags & _CO_OPTIMIZED)
            self.calls.extend((frame.f_lineno, frame.f_globals, name, (), 0, *self._called(), is_in_function))

    def _tracing_load(self, ordinary: Any) -> Any:
        modules, loads, clock, main = sys.modules, self.loads, perf_counter_ns, self._main
        note_again, statement, called = self._note_again, self._statement, self._called

        def traced_load(name: str, import_: Any) -> Any:
            if get_ident() != main:
                return ordinary(name, import_)
            if name in modules:
                note_again(name)
                return ordinary(name, import_)
            parent, here = self._top, len(loads)
            line, namespace = statement()
            importer = namespace.get("__name__")
            loads.extend((name, parent, 0, 0, line, importer, called()[1]))
            self._top = here
            is_users = _is_users(namespace)
            before_kib = self._anonymous_kib() if is_users else 0
            excluded = self.excluded_ns
            started = clock()
            try:
                return ordinary(name, import_)
            finally:
                elapsed = clock() - started - (self.excluded_ns - excluded)
                loads[here + _ELAPSED] = elapsed
                if parent >= 0:
                    loads[parent + _INSIDE] += elapsed
                if is_users:
                    self.memory.append((importer, line, self._anonymous_kib() - before_kib))
                self._top = parent

        return as_importlib(traced_load)


def _nanoseconds(code: Any, namespace: dict[Any, Any]) -> int:
    started = perf_counter_ns()
    exec(code, namespace)
    return perf_counter_ns() - started


def _is_users(namespace: dict[Any, Any]) -> bool:
    file = namespace.get("__file__")
    return type(file) is str and origin.of_file(file) == origin.USER


def _module_line(frame: FrameType | None) -> int:
    """The line of the module body a few frames above: of ``from lazy import name`` for what lazy's ``__getattr__`` imports."""
    for _ in range(_NEAR):
        if frame is None:
            break
        if not frame.f_code.co_flags & _CO_OPTIMIZED:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def _outside_importlib(frame: FrameType | None) -> FrameType | None:
    """The innermost frame at or above this one that is not the import system's."""
    while frame is not None and frame.f_code.co_filename in _SKIPPED:
        frame = frame.f_back
    return frame


# ``importlib/__init__.py`` too: its ``import_module`` is no importer of its own.
_SKIPPED = (*_IMPORTLIB, importlib.__file__)
