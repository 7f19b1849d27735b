"""The tracing pass: the instruments around one parse."""

from __future__ import annotations

import os
import sys
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Callable, Collection, Container, TypeVar

from .. import bounds, origin
from ..system.clocks import perf_counter_ns, process_time_ns
from ..versions import loading
from ..watch import callers
from . import building, statements
from .imports import rows, tracing

if TYPE_CHECKING:
    from importlib.machinery import SourceFileLoader

    from ..protocol.result import Traced
    from ..protocol.rows import LineRow, UntracedRow
    from .imports.layer import Before

_Found = TypeVar("_Found")


class TracedParse:
    """The instruments of the tracing pass around one file, or one zip archive. ``helpers`` are
    files of imported modules whose statements are timed, too. ``before``: the modules that the
    worker has loaded instead of the parse.
    """

    def __init__(
        self,
        file: str,
        building_classes: list[type],
        checkpoint: Callable[[str, int], object] = lambda file, line: None,
        helpers: Collection[str] = (),
        before: Before | None = None,
    ) -> None:
        self._file = file
        self._helpers = frozenset(helpers)
        self._clocks: dict[str, statements.StatementClock] = {}
        self._running: list[statements.StatementClock] = []
        self._building_classes = building_classes
        self._dag_module = ""
        self.plain: list[UntracedRow] = []
        self._made: dict[tuple[str, str, int], None] = {}
        self.tracer = tracing.ImportTracer(self._current_line, self._note_collection, before)
        self.clock = statements.StatementClock(
            self.tracer.excluded, lambda line: checkpoint(file, line)
        )

    def install(self) -> None:
        file = self._file
        for loader_class in loading.source_loaders():
            self._instrument(
                loader_class,
                lambda loader, name: loading.is_part_of(loading.path_of(loader, name), file),
            )
        for loader_class in loading.archive_loaders():
            self._instrument(
                loader_class,
                lambda loader, name: os.path.dirname(loader.get_filename(name)) == file,
            )
        clock = building.BuildingClock(self.clock.built, self._note_made)
        for cls in self._building_classes:
            clock.watch(cls)
        self.tracer.install()

    def _note_collection(self, took_ns: int) -> None:
        self.clock.collected(took_ns)
        if self._running:
            self._running[-1].collected(took_ns)

    def _note_made(self, instance: object) -> None:
        """Record the place of each new DAG. Ignore task groups and tasks."""
        try:
            dag_id = getattr(instance, "dag_id", None)
        except Exception:  # a property of the user's own
            return
        if isinstance(dag_id, str) and any(cls.__name__ == "DAG" for cls in type(instance).__mro__):
            caller = callers.find(sys._getframe(2))
            if caller is not None:
                made = (bounds.plain(dag_id), caller.file, caller.line)
                self._made[made] = None

    def lost(self, kept: Container[str]) -> list[LineRow]:
        """The DAGs that the user's code made and that are not among ``kept``. Each has one row of
        id, file and line.
        """
        return [
            [bounds.cut(dag_id, bounds.NAME), bounds.cut(file, bounds.PATH), line]
            for dag_id, file, line in self._made
            if file and dag_id not in kept
        ]

    def _current_line(self) -> int:
        return self.clock.current_line

    def _instrument(
        self, loader_class: Any, is_dag_code: Callable[[SourceFileLoader, str], bool]
    ) -> None:
        ordinary, file = loader_class.get_code, self._file

        def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
            if not is_dag_code(loader, name):
                return self._helper_code(loader, name, ordinary)
            path = loader.get_filename(name)
            if path == file:
                self._dag_module = name
            else:  # a member of an archive is a module with a file and imports of its own
                self.clock.member = os.path.basename(path)
            return self._compile(loader, name, ordinary, self.clock)

        loader_class.get_code = get_code
        executing = loader_class.exec_module

        def exec_module(loader: SourceFileLoader, module: ModuleType) -> None:
            before = len(self._running)
            try:
                executing(loader, module)
            finally:
                while len(self._running) > before:
                    self._running.pop().end(-1)
                if is_dag_code(loader, module.__name__):
                    # End statements that an exception left open here. Otherwise they would include
                    # the time in which Airflow formats the error.
                    self.clock.end(-1)

        loader_class.exec_module = origin.as_importlib(exec_module)

    def _helper_code(
        self, loader: SourceFileLoader, name: str, ordinary: Callable[..., CodeType | None]
    ) -> CodeType | None:
        """The code of a module other than the DAG file; with a clock of its own for a helper."""
        is_timed = self._helpers and loading.path_of(loader, name) in self._helpers
        if not is_timed or name in self._clocks:
            return ordinary(loader, name)
        number = len(self._clocks) + 1
        clock = self._clocks[name] = statements.StatementClock(self.tracer.excluded, number=number)
        self._running.append(clock)
        return self._compile(loader, name, ordinary, clock)

    def _compile(
        self,
        loader: SourceFileLoader,
        name: str,
        ordinary: Callable[..., CodeType | None],
        clock: statements.StatementClock,
    ) -> CodeType | None:
        started, cpu_started = perf_counter_ns(), process_time_ns()
        known = len(clock.rows)
        try:
            path = loader.get_filename(name)
            source = loader.get_data(path)
            return statements.compile_with_clock(source, path, clock)
        except Exception as error:
            if clock is self.clock:
                self.plain.append(_why_plain(error))
            del clock.rows[known:]
            return ordinary(loader, name)
        finally:
            self.tracer.apart.compile_ns += perf_counter_ns() - started
            self.tracer.apart.compile_cpu_ns += process_time_ns() - cpu_started

    @property
    def left_out(self) -> dict[str, int]:
        """The number of rows that are left out, by field of the result."""
        return self.tracer.left_out

    def report(self, load_ms: float) -> Traced:
        """Rows for the Run, with the time of the load stage; call after the parse, outside all
        clocks.
        """
        apart = self.tracer.apart
        tracing_ns = self.tracer.excluded_ns() - apart.gc_ns - apart.compile_ns
        self.tracer.uninstall()
        found = rows.report(self.tracer, self._dag_module)
        places = {row[0]: place for place, row in enumerate(found["modules"])}
        return {
            **found,
            "statements": self.clock.in_microseconds(),
            "helpers": [
                {"module": places[name], "statements": clock.in_microseconds()}
                for name, clock in self._clocks.items()
                if name in places and clock.rows
            ],
            "gc_ms": apart.gc_ns / 1e6,
            "compile_ms": apart.compile_ns / 1e6,
            "recompiled_ms": apart.recompiled_ns / 1e6,
            "load_ms": max(0.0, load_ms - tracing_ns / 1e6),
            "uninstrumented": self.plain,
        }


def _why_plain(error: Exception) -> UntracedRow:
    """Why the statements of a file are not timed. An exception of dagprof's own has no type."""
    name = "" if isinstance(error, statements.TooLarge) else bounds.type_name(error)
    message = bounds.cut(bounds.plain(error), bounds.MESSAGE)
    return [name, message, issubclass(type(error), SyntaxError)]


def with_room_for_frames(function: Callable[[], _Found]) -> _Found:
    """Call ``function`` below a very large frame. The frames of a parse then fit beside it into one
    piece of the interpreter's memory.

    Python 3.11 and later keep frames in such pieces. If a piece is full, each further call takes a
    new one from the system and gives it back. The tracer's own frames would move the place where
    that happens. Some other module would then pay for it: 5 % of an import of pandas.
    """
    return function()


# In pointers. A level of imports takes about 150. The memory is only reserved, never touched.
with_room_for_frames.__code__ = with_room_for_frames.__code__.replace(co_stacksize=70_000)
