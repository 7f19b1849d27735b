"""Measures what the import times exclude: garbage collections, compilations, and the cost of
tracing.
"""

from __future__ import annotations

import builtins
import sys
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Callable

from ...system.clocks import perf_counter_ns, process_time_ns

if TYPE_CHECKING:
    from .importing import Namespace

_LINES, _ROUNDS = 25, 4
_FILE = "/calibration.py"
Import = Callable[..., ModuleType]


class Excluded:
    """Wall and CPU nanoseconds of garbage collections and compilations so far.

    ``recompiled_ns``: the compilations of modules without usable bytecode, which each parse
    repeats. If Python writes no bytecode, import times include them, and ``compile_ns`` does not.
    ``collected`` receives how long each garbage collection took, in ns.
    """

    def __init__(self, collected: Callable[[int], None]) -> None:
        self._collected = collected
        self.gc_ns = self.gc_cpu_ns = 0
        self.compile_ns = self.compile_cpu_ns = self.recompiled_ns = 0
        self._started = self._cpu_started = 0

    def on_collection(self, phase: str, info: dict[str, int]) -> None:
        """For ``gc.callbacks``."""
        if phase == "start":
            self._started, self._cpu_started = perf_counter_ns(), process_time_ns()
        else:
            took_ns = perf_counter_ns() - self._started
            self.gc_ns += took_ns
            self._collected(took_ns)
            self.gc_cpu_ns += process_time_ns() - self._cpu_started

    def collected_earlier(self, took_ns: int) -> None:
        """Count a collection that the parse would have paid for if no other process had."""
        if took_ns:
            self.gc_ns += took_ns
            self.gc_cpu_ns += took_ns
            self._collected(took_ns)

    def compiling(self, compile_source: Callable[..., CodeType]) -> Callable[..., CodeType]:
        """Wrap the loader's function that compiles in a clock."""

        def source_to_code(*args: object, **kwargs: object) -> CodeType:
            started, collected = perf_counter_ns(), self.gc_ns
            cpu_started, cpu_collected = process_time_ns(), self.gc_cpu_ns
            try:
                return compile_source(*args, **kwargs)
            finally:
                # A collection during compilation is already counted as a collection.
                took_ns = perf_counter_ns() - started - (self.gc_ns - collected)
                self.recompiled_ns += took_ns
                if not sys.dont_write_bytecode:
                    self.compile_ns += took_ns
                    self.compile_cpu_ns += (
                        process_time_ns() - cpu_started - (self.gc_cpu_ns - cpu_collected)
                    )

        return source_to_code


def cost_of_tracing(traced: Import, ordinary: Import) -> tuple[int, int, int]:
    """How many ns longer an import statement takes when it is traced. Some code runs one a hundred
    thousand times.

    The tracer records each statement of the user's code, but only once if the statement runs again
    and again. It passes on statements of installed modules that nobody will ask for. So there are
    three costs: recorded, repeated, passed on.
    """
    users: Namespace = {"__name__": "calibration", "__file__": _FILE}
    installed: Namespace = {"__name__": "calibration"}  # without a file, the code is not the user's
    plain = _nanoseconds(ordinary, users)
    written = _nanoseconds(traced, users) - plain
    looped = _nanoseconds(ordinary, users, loops=True)
    repeated = _nanoseconds(traced, users, loops=True) - looped
    passed = _nanoseconds(traced, installed) - plain
    return max(0, written), max(0, repeated), max(0, passed)


def _nanoseconds(function: Import, namespace: Namespace, loops: bool = False) -> int:
    """Time one import statement that finds its module, with this function as ``__import__``. With
    ``loops``, the statement runs again and again.
    """
    again = "for _ in range(%d): import sys\n" % (2 * _LINES)
    text = again if loops else "import sys; import gc\n" * _LINES
    code = compile(text, _FILE, "exec")
    traced, builtins.__import__ = builtins.__import__, function
    took = []
    for _ in range(_ROUNDS):
        started = perf_counter_ns()
        exec(code, namespace)
        took.append(perf_counter_ns() - started)
    builtins.__import__ = traced

    # The fastest round: other load disturbed the slower ones.
    return min(took) // (2 * _LINES)
