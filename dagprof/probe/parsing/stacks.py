"""Samples the call stacks of one parse with pyinstrument.

If the target interpreter does not have pyinstrument, the child loads dagprof's own copy by path.

The sampler runs only when functions are called and return. So the time of code without any call
counts for the next statement that makes a call.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import itertools
import os
import sys
import types
import warnings
from typing import TYPE_CHECKING, Any

from .. import bounds, origin
from ..versions import loading
from . import statements

if TYPE_CHECKING:
    from typing import Tuple

    from ..protocol.result import Stack

    # Function, file and line.
    Place = Tuple[str, str, int]

INTERVAL_S = 0.001
SMALLEST_SHARE = 0.01
# The tree has no node for deeper calls; their time counts for their caller. Functions that read and
# write JSON call themselves, so JSON limits the depth.
DEEPEST = 200
# Frames of one sample, from the outermost one. Frames of the probe and of importlib count too.
_FRAMES = 2000
STATEMENT = "<statement>"
_COMPILED = "pyinstrument.low_level.stat_profile"
_LEFT_OUT = (origin.HERE, "<frozen importlib.", "<frozen zipimport>", "<thread>")
# The form of a frame in pyinstrument 4.6 to 5.1: function, file and first line, then attributes,
# each after a letter.
_SEPARATOR, _ATTRIBUTE, _LINE = "\x00", "\x01", "l"


def load_profiler(folder: str | None) -> Any:
    """pyinstrument's ``Profiler`` class, from the target's own installation or from ``folder``.

    :raises ImportError: neither has a version that works here.
    """
    try:
        package = importlib.import_module("pyinstrument")
        _silence()
    except ImportError:
        if not folder:
            raise
        package = _load_from(folder)
    return package.Profiler


def _load_from(folder: str) -> types.ModuleType:
    init = os.path.join(folder, "__init__.py")
    spec = importlib.util.spec_from_file_location(
        "pyinstrument", init, submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise ImportError("cannot load pyinstrument from " + folder)
    package = sys.modules["pyinstrument"] = importlib.util.module_from_spec(spec)
    if importlib.util.find_spec(_COMPILED) is None:
        sys.modules[_COMPILED] = _pure_sampler()
    spec.loader.exec_module(package)
    _silence()
    return package


def _silence() -> None:
    """Silence pyinstrument's message about a slow clock. On a busy machine it would look like the
    DAG file's output.
    """
    sampler: Any = sys.modules.get("pyinstrument.stack_sampler")
    if sampler is not None:
        sampler.IGNORE_OVERHEAD_WARNING = True


def _pure_sampler() -> types.ModuleType:
    """pyinstrument's sampler in Python, for interpreters without a compiled one."""
    pure: Any = importlib.import_module(_COMPILED + "_python")
    module: Any = types.ModuleType(_COMPILED)
    module.setstatprofile = pure.setstatprofile
    module.get_frame_info = pure.get_frame_info = _frame_info
    module.measure_timing_overhead = lambda: {"walltime": 0.0}
    module.walltime_coarse_resolution = lambda: None
    return module


def limit_depth(profiler: Any) -> None:
    """Keep only the outermost frames of each sample. Call this before the profiler starts."""
    ordinary = getattr(profiler, "_sampler_saw_call_stack", None)
    if ordinary is None:  # a version that dagprof does not know
        return

    def saw(call_stack: list[str], *args: object) -> None:
        ordinary(call_stack[:_FRAMES], *args)

    profiler._sampler_saw_call_stack = saw


def _frame_info(frame: types.FrameType) -> str:
    """Format a frame as the compiled sampler does. pyinstrument's own Python version evaluates
    ``self`` as a truth value, which runs the user's code.
    """
    code, line = frame.f_code, frame.f_lineno
    known = (code.co_name, code.co_filename, str(code.co_firstlineno))
    return _SEPARATOR.join(known) + ("%s%s%d" % (_ATTRIBUTE, _LINE, line) if line else "")


def tree(profiler: Any, dag_file: str = "") -> Stack | None:
    """The sampled tree: function, file, first line, milliseconds, and children of at least one per
    cent of the whole.

    Calls of the same function from the same place are one node. Children are in the order in which
    the sampler first saw them. A node's own time is its time minus that of its children. The tree
    omits frames of the probe and of importlib; their callees move up. Below the module of
    ``dag_file``, or below the modules of a zip archive, there is a node for each statement.
    """
    session = profiler.last_session
    root, places = _Node(), _Places(dag_file)
    started = [_identifier(info) for info in session.start_call_stack]
    for stack, seconds in session.frame_records:
        root.add(_below(stack, started), places, seconds)
    if root.seconds <= 0:
        return None
    return root.row(("parse", "", 0), root.seconds * SMALLEST_SHARE)


def _identifier(info: str) -> str:
    return info.partition(_ATTRIBUTE)[0]


def _below(stack: list[str], started: list[str]) -> list[str]:
    """Remove the frames that were there when the profiler started. Ignore the first entry, the
    thread, because its name may change.
    """
    shared = 1
    for info, known in zip(stack[1:], started[1:]):
        if _identifier(info) != known:
            break
        shared += 1
    return stack[shared:]


class _Node:
    """Sampled seconds in one place, and the nodes below it by function, file and line."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._children: dict[Place, _Node] = {}

    def add(self, stack: list[str], places: _Places, seconds: float) -> None:
        node = self
        node.seconds += seconds
        for place in itertools.islice(
            itertools.chain.from_iterable(map(places.of, stack)), DEEPEST
        ):
            node = node._children.get(place) or node._children.setdefault(place, _Node())
            node.seconds += seconds

    def row(self, place: Place, smallest: float) -> Stack:
        children = [
            child.row(key, smallest)
            for key, child in self._children.items()
            if child.seconds >= smallest
        ]
        function, file, line = place
        wall_ms = round(self.seconds * 1000, 3)
        return {
            "function": bounds.cut(function, bounds.NAME),
            "file": bounds.cut(file, bounds.PATH),
            "line": line,
            "wall_ms": wall_ms,
            "children": children,
        }


class _Places:
    """Turns frames into places of the tree: no place for an omitted frame, several for a frame
    inside nested statements.
    """

    def __init__(self, dag_file: str) -> None:
        self._dag_file = dag_file
        self._known: dict[str, list[Place]] = {}
        self._modules: dict[str, list[ast.stmt]] = {}

    def of(self, info: str) -> list[Place]:
        places = self._known.get(info)
        if places is None:
            places = self._known[info] = self._find(info)
        return places

    def _find(self, info: str) -> list[Place]:
        identifier, *attributes = info.split(_ATTRIBUTE)
        parts = identifier.split(_SEPARATOR)
        if len(parts) != 3 or parts[1].startswith(_LEFT_OUT):
            return []
        function, file, first = parts
        places = [(function, file, int(first))]
        if function == "<module>" and self._is_dag_code(file):
            line = next((int(text[1:]) for text in attributes if text.startswith(_LINE)), 0)
            places += [(STATEMENT, file, begun) for begun in _enclosing(self._body(file), line)]
        return places

    def _is_dag_code(self, file: str) -> bool:
        return bool(self._dag_file) and self._dag_file in (file, os.path.dirname(file))

    def _body(self, file: str) -> list[ast.stmt]:
        if file not in self._modules:
            self._modules[file] = _parsed(file, self._dag_file)
        return self._modules[file]


def _parsed(file: str, dag_file: str) -> list[ast.stmt]:
    """The statements of a module; empty if its source is not available."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(_source(file, dag_file)).body
    except Exception:
        return []


def _source(file: str, dag_file: str) -> bytes:
    if file == dag_file and os.path.getsize(file) > bounds.SOURCE_BYTES:
        return b""
    return loading.source_of(file)


def _enclosing(block: list[ast.stmt], line: int) -> list[int]:
    """The first lines of the statements around a line, outermost first, as in the statement clock.

    If several statements begin on one line, only the outermost counts, such as the ``if`` in ``if
    a: b()``.
    """
    found: list[int] = []
    while len(found) <= statements.DEEPEST:
        node = next(
            (
                node
                for node in reversed(block)
                if _first_line(node) <= line <= (node.end_lineno or 0)
            ),
            None,
        )
        if node is None:
            break
        if node.lineno not in found:
            found.append(node.lineno)
        block = _inside(node)
    return found


def _first_line(node: ast.stmt) -> int:
    return min(
        [node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))]
    )


def _inside(node: ast.stmt) -> list[ast.stmt]:
    """The statements in a statement's blocks. The bodies of functions and classes are excluded,
    because they have their own frames.
    """
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return []
    parts = (node, *getattr(node, "handlers", ()), *getattr(node, "cases", ()))
    fields = [
        getattr(part, field, None) for part in parts for field in ("body", "orelse", "finalbody")
    ]
    return [inner for field in fields if isinstance(field, list) for inner in field]
