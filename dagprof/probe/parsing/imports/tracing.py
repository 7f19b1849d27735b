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
from .importing import IN_FUNCTION, module_line, outside_importlib, place_of
from .layer import Before
from .records import CALL_FIELDS, ELAPSED, HIT_FIELDS, INSIDE, LOAD_FIELDS, OUTSIDE
from .repeats import without_repeats

if TYPE_CHECKING:
    from .importing import Namespace

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
    such a load counts for the load around it. ``reached`` adds what the parse would have loaded
    without the layer of its worker. The worker knows what was loaded ``before`` its parses.
    """

    def __init__(
        self,
        current_line: Callable[[], int] = lambda: 0,
        collected: Callable[[int], None] = lambda took_ns: None,
        before: Before | None = None,
    ) -> None:
        self.loads: list[Any] = []
        self.hits: list[Any] = []
        self.calls: list[Any] = []
        self.memory: list[tuple[object, int, int]] = []
        self.current_line = current_line
        self.anonymous = AnonymousMemory()
        self.apart = Excluded(collected)

        # The cost of tracing: how many statements of each kind (recorded, repeated in a loop,
        # passed on), and the cost of one.
        self._hit_ns = self._repeated = self._repeated_ns = 0
        self._passed_ns = self._passed = 0
        # Recorded statements that were dropped again, and how long dropping took.
        self._dropped = self._dropping_ns = 0
        self.left_out = {"loads": 0, "imports": 0}
        before = before or Before()
        self.reached = before.layer.reached_by(self) if before.layer is not None else None
        self._leaves = before.leaves

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
        others = self._repeated_ns * self._repeated + self._passed_ns * self._passed
        tracing = others + self._dropping_ns
        if self.reached is not None:
            tracing += self.reached.spent_ns - self.reached.added_ns
        tracing += self._hit_ns * (kept + self._dropped)
        return self.apart.gc_ns + self.apart.compile_ns + tracing

    def excluded(self) -> tuple[int, int]:
        """Wall and CPU nanoseconds of collections, compilations and tracing so far. They differ on
        a busy machine.
        """
        wall_ns, apart = self.excluded_ns(), self.apart
        tracing_ns = wall_ns - apart.gc_ns - apart.compile_ns
        return wall_ns, tracing_ns + apart.gc_cpu_ns + apart.compile_cpu_ns

    @property
    def top(self) -> int:
        """The place of the load under way, or ``OUTSIDE``."""
        return self._top

    @property
    def is_complete(self) -> bool:
        """Whether all records were kept."""
        return not any(self.left_out.values()) and not self._dropped

    def has_room(self) -> bool:
        """Whether another load can be kept. If not, count it."""
        if len(self.loads) < _MOST_LOADS:
            return True
        self.left_out["loads"] += 1
        return False

    def install(self) -> None:
        self.anonymous.open()
        self._replace(bootstrap, "_find_and_load", self._tracing_load)
        self._replace(builtins, "__import__", self._tracing_import)
        self._replace(external.SourceLoader, "source_to_code", self.apart.compiling)
        gc.callbacks.append(self.apart.on_collection)

        self._calibrate()  # the last step, because it runs the replaced functions

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
            self._leaves,
            origin.of_file,
        )
        hits, calls, reached = self.hits, self.calls, self.reached
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
                    hit = (*executing(frame, globals), name, fromlist, level)
                    if reached is not None:
                        reached.by_hit(hit)
                    extend(hit)
                    if len(hits) > _MOST_HITS:
                        self._drop_repeats()
                self._of_call = False
            else:
                call = (frame.f_lineno, globals, name, fromlist, level, *called(), True)
                if reached is not None:
                    reached.by_call(call)
                extend_calls(call)
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
        return top, module_line(sys._getframe(depth)) if top >= 0 else self.current_line()

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
                line if self._top >= 0 else self.current_line(),
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
            call = (frame.f_lineno, frame.f_globals, name, (), 0, *self._called(), is_in_function)
            if self.reached is not None:
                self.reached.by_call(call)
            self.calls.extend(call)
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
        excluded, anonymous, has_room = self.excluded_ns, self.anonymous, self.has_room
        reached = self.reached

        def traced_load(name: str, import_: object) -> ModuleType:
            # ``_top`` is the stack of one thread. A load of another thread would seem to be inside
            # this thread's load.
            if get_ident() != main:
                return ordinary(name, import_)
            if name in modules:
                note_again(name)
                return ordinary(name, import_)
            if not has_room():
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
                if reached is not None:
                    reached.by_load(name, line, importer, running_line)
                return ordinary(name, import_)
            finally:
                elapsed = clock() - started - (excluded() - before)
                loads[here + ELAPSED] = elapsed
                if parent >= 0:
                    loads[parent + INSIDE] += elapsed
                if is_users:
                    memory.append((importer, line, anonymous.grown_kib(before_kib)))
                self._top = parent

        return origin.as_importlib(traced_load)
