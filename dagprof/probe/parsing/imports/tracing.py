"""Traces imports: the time of every load, and every import statement that ran. Garbage collections
and compilations are counted separately.

The tracer replaces two functions for one parse. Every import, also from C code, looks up
``importlib._bootstrap._find_and_load`` by name, so its replacement sees every load. The replacement
of ``builtins.__import__`` sees every statement, also if the module is loaded already. Both carry
the file name of importlib's frozen code. So tracebacks and ``warnings.warn(stacklevel=…)`` skip
them as they skip importlib.
"""

from __future__ import annotations

import builtins
import gc
import importlib._bootstrap as bootstrap
import importlib._bootstrap_external as external
import sys
from _thread import get_ident
from types import ModuleType
from typing import TYPE_CHECKING, Any, Callable, Sequence

from ... import bounds, origin
from ...system.clocks import perf_counter_ns
from ...system.usage import AnonymousMemory
from .excluded import Excluded, cost_of_tracing
from .importing import IN_FUNCTION, module_line, modules_without_parts, outside_importlib, place_of
from .repeats import without_repeats

if TYPE_CHECKING:
    from .importing import Namespace

OUTSIDE = -1

# Records follow one another in flat lists. Each constant below is the length of one record. A load:
# name, place of the load around it, ns, ns of the loads in it, line and name of the importer,
# running line.
LOAD_FIELDS = 7
_ELAPSED, _INSIDE = 2, 3
# A hit, which is a statement that a module ran: line, whether ``exec`` ran the code, namespace,
# name, fromlist, level.
HIT_FIELDS = 6
# A call, which is a statement that a function ran: line, namespace, name, fromlist, level, place of
# the load under way, its running line, whether it is in a function.
CALL_FIELDS = 8
_MOST_LOADS = bounds.LOADS * LOAD_FIELDS
_MOST_HITS = bounds.IMPORT_STATEMENTS * HIT_FIELDS
_MOST_CALLS = bounds.IMPORT_STATEMENTS * CALL_FIELDS


class ImportTracer:
    """Records imports while it is installed. ``excluded_ns`` is the time of collections,
    compilations and tracing itself so far.

    ``hits`` holds the import statements that modules ran. ``calls`` holds those in functions, with
    the load that was under way, because the module that called the function caused the import.
    ``current_line`` returns the DAG file's running line. ``collected`` receives how long each
    garbage collection took, in ns. ``apart`` holds the time of collections and compilations.
    ``left_out`` counts the loads and import statements beyond the number that is kept. The time of
    such a load counts for the load around it.
    """

    def __init__(
        self,
        current_line: Callable[[], int] = lambda: 0,
        collected: Callable[[int], None] = lambda took_ns: None,
    ) -> None:
        self.loads: list[Any] = []
        self.hits: list[Any] = []
        self.calls: list[Any] = []
        self.memory: list[tuple[object, int, int]] = []
        self._current_line = current_line
        self.anonymous = AnonymousMemory()
        self.apart = Excluded(collected)

        # The cost of tracing: how many statements of each kind (recorded, repeated in a loop,
        # passed on), and the cost of one.
        self._hit_ns = self._repeated = self._repeated_ns = 0
        self._passed_ns = self._passed = 0
        # Recorded statements that were dropped again, and how long dropping took.
        self._dropped = self._dropping_ns = 0
        self.left_out = {"loads": 0, "imports": 0}

        # The load under way, by its place in ``loads``.
        self._top = OUTSIDE
        # The name in the current import statement, until its load begins, and whether the statement
        # is in a function.
        self._asked: str | None = None
        self._of_call = False
        self._replaced: list[tuple[object, str, Callable[..., ModuleType]]] = []
        self._main = get_ident()

    def excluded_ns(self) -> int:
        """Nanoseconds of collections, compilations and tracing so far."""
        kept = len(self.hits) // HIT_FIELDS + len(self.calls) // CALL_FIELDS
        written = self._hit_ns * (kept + self._dropped)
        others = self._repeated_ns * self._repeated + self._passed_ns * self._passed
        tracing = written + others + self._dropping_ns
        return self.apart.gc_ns + self.apart.compile_ns + tracing

    def excluded(self) -> tuple[int, int]:
        """Wall and CPU nanoseconds of collections, compilations and tracing so far. They differ on
        a busy machine.
        """
        wall_ns, apart = self.excluded_ns(), self.apart
        tracing_ns = wall_ns - apart.gc_ns - apart.compile_ns
        return wall_ns, tracing_ns + apart.gc_cpu_ns + apart.compile_cpu_ns

    def install(self) -> None:
        self.anonymous.open()
        self._replace(bootstrap, "_find_and_load", self._tracing_load)
        self._replace(builtins, "__import__", self._tracing_import)
        self._replace(external.SourceLoader, "source_to_code", self.apart.compiling)
        gc.callbacks.append(self.apart.on_collection)

        # The last step, because calibration runs the replaced functions.
        self._calibrate()

    def _calibrate(self) -> None:
        """Measure the cost of tracing, and forget the import statements of this measurement."""
        traced, ordinary = builtins.__import__, self._replaced[1][2]
        self._hit_ns, self._repeated_ns, self._passed_ns = cost_of_tracing(traced, ordinary)
        self.hits.clear()
        self._passed = self._repeated = self._dropped = 0

    def uninstall(self) -> None:
        """Stop tracing. Later imports, such as those of the report itself, are not recorded."""
        for owner, name, ordinary in self._replaced:
            setattr(owner, name, ordinary)
        if self.apart.on_collection in gc.callbacks:  # DAG code may have cleared the callbacks
            gc.callbacks.remove(self.apart.on_collection)

    def _replace(self, owner: object, name: str, wrap: Callable[..., object]) -> None:
        ordinary = getattr(owner, name)
        self._replaced.append((owner, name, ordinary))
        setattr(owner, name, wrap(ordinary))

    def _tracing_import(self, ordinary: Callable[..., ModuleType]) -> object:
        # Hits and loads use one flat list each, because an object per hit would make the collector
        # run more often. The lists hold no code objects: those would keep memory that the next
        # module reuses, and so cause page faults. The names below are bound here, because the inner
        # function runs at every import statement.
        extend, getframe, extend_calls, called = (
            self.hits.extend,
            sys._getframe,
            self.calls.extend,
            self._called,
        )
        of_importlib, modules, known, origin_of = (
            vars(bootstrap),
            sys.modules,
            modules_without_parts(),
            origin.of_file,
        )
        hits, calls = self.hits, self.calls
        last_place, last_name = -1, ""
        last_globals: Namespace | None = None
        executing = place_of

        def traced_import(
            name: str,
            globals: Namespace | None = None,
            locals: object = None,
            fromlist: Sequence[str] | None = (),
            level: int = 0,
        ) -> ModuleType:
            # Statements of modules and class bodies pass their namespace as ``locals``, and
            # statements of functions pass None. A direct call of ``__import__`` in a function can
            # pass any value. A compiled module that is being initialised passes importlib's
            # namespace, because importlib runs it.
            is_module = locals is not None and globals is not of_importlib
            if (
                name in known
                and not level
                and name in modules
                and not (
                    is_module and globals and origin_of(globals.get("__file__")) == origin.USER
                )
            ):
                self._passed += (
                    1  # of modules loaded before tracing, only imports in the user's own code count
                )
                return ordinary(name, globals, locals, fromlist, level)

            frame = getframe(1)
            if is_module and (
                locals is globals
                or not (frame.f_code.co_flags & IN_FUNCTION and frame.f_globals is globals)
            ):
                nonlocal last_place, last_name, last_globals
                place = frame.f_lasti
                if place == last_place and name == last_name and globals is last_globals:
                    self._repeated += (
                        1  # repeated in a loop: compiled code such as strftime imports at each call
                    )
                else:
                    last_place, last_name, last_globals = place, name, globals
                    extend((*executing(frame, globals), name, fromlist, level))
                    if len(hits) > _MOST_HITS:
                        self._drop_repeats()
                self._of_call = False
            else:
                extend_calls((frame.f_lineno, globals, name, fromlist, level, *called(), True))
                if len(calls) > _MOST_CALLS:
                    self._drop_repeats()
                self._of_call = True

            self._asked = name
            try:
                return ordinary(name, globals, locals, fromlist, level)
            finally:
                self._asked = None

        return origin.as_importlib(traced_import)

    def _drop_repeats(self) -> None:
        """Drop repeated import statements, such as those of a loop. Keep half as many as the
        limit.
        """
        started = perf_counter_ns()
        for rows, fields in ((self.hits, HIT_FIELDS), (self.calls, CALL_FIELDS)):
            before = len(rows)
            rows[:], others = without_repeats(rows, fields, bounds.IMPORT_STATEMENTS // 2)
            self._dropped += (before - len(rows)) // fields
            self.left_out["imports"] += others
        self._dropping_ns += perf_counter_ns() - started

    def _called(self, depth: int = 2) -> tuple[int, int]:
        """The load under way and the running line of its module. Outside of all loads, it is the
        DAG file's running line.
        """
        top = self._top
        return top, module_line(sys._getframe(depth)) if top >= 0 else self._current_line()

    def _statement(self, name: str) -> tuple[int, Namespace, int]:
        """Line and namespace of the statement that caused the load of ``name``, and the running
        line of the module.
        """
        asked, self._asked = self._asked, None
        if asked and name.endswith(asked):  # a relative import asks for the end of the name
            # The load comes straight from an import statement, so the last record is its own.
            # Walking the frames would make an object for each.
            if self._of_call:
                return self.calls[-CALL_FIELDS], self.calls[1 - CALL_FIELDS] or {}, self.calls[-2]
            line = self.hits[-HIT_FIELDS]
            return (
                line,
                self.hits[2 - HIT_FIELDS] or {},
                line if self._top >= 0 else self._current_line(),
            )
        frame = outside_importlib(sys._getframe(2))
        if frame is None:
            return 0, {}, self._called(3)[1]
        line, _, namespace = place_of(frame, frame.f_globals)
        return line, namespace or {}, self._called(3)[1]

    def _note_again(self, name: str) -> None:
        """Record a call of ``importlib.import_module`` that finds its module loaded, like any other
        hit.
        """
        frame = outside_importlib(sys._getframe(2))
        if frame is not None:
            is_in_function = bool(frame.f_code.co_flags & IN_FUNCTION)
            self.calls.extend(
                (frame.f_lineno, frame.f_globals, name, (), 0, *self._called(), is_in_function)
            )
            if len(self.calls) > _MOST_CALLS:
                self._drop_repeats()

    def _tracing_load(self, ordinary: Callable[..., ModuleType]) -> object:
        modules, loads, clock, main = sys.modules, self.loads, perf_counter_ns, self._main
        note_again, statement, memory, origin_of = (
            self._note_again,
            self._statement,
            self.memory,
            origin.of_file,
        )
        excluded, anonymous = self.excluded_ns, self.anonymous

        def traced_load(name: str, import_: object) -> ModuleType:
            # ``_top`` is the stack of one thread. A load of another thread would seem to be inside
            # this thread's load.
            if get_ident() != main:
                return ordinary(name, import_)
            if name in modules:
                note_again(name)
                return ordinary(name, import_)
            if len(loads) >= _MOST_LOADS:
                self.left_out["loads"] += 1
                return ordinary(name, import_)

            parent, here = self._top, len(loads)
            line, namespace, running_line = statement(name)
            importer = namespace.get("__name__")
            loads.extend((name, parent, 0, 0, line, importer, running_line))
            self._top = here

            # Read memory only for the user's statements, because each reading is a system call.
            is_users = origin_of(namespace.get("__file__")) == origin.USER
            before_kib = anonymous.kib() if is_users else 0

            # Read the excluded time outside of the clock. Everything that was added between both
            # readings happened inside the load.
            before = excluded()
            started = clock()
            try:
                return ordinary(name, import_)
            finally:
                elapsed = clock() - started - (excluded() - before)
                loads[here + _ELAPSED] = elapsed
                if parent >= 0:
                    loads[parent + _INSIDE] += elapsed
                if is_users:
                    memory.append((importer, line, anonymous.grown_kib(before_kib)))
                self._top = parent

        return origin.as_importlib(traced_load)
