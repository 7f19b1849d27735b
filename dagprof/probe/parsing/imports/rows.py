"""Turns the records of the import tracer into the rows that travel to the parent."""

from __future__ import annotations

import ast
import importlib._bootstrap as bootstrap
import sys
from typing import TYPE_CHECKING, cast

from ... import bounds, origin
from . import tracing
from .importing import targets
from .records import CALL_FIELDS, HIT_FIELDS, LOAD_FIELDS, OUTSIDE

if TYPE_CHECKING:
    from typing import Tuple

    from ...protocol.result import Imports, Loads
    from ...protocol.rows import MemoryRow, ModuleRow

    # One edge, as a row of the protocol.
    Edge = Tuple[int, int, bool, int, int, bool, bool]

# Bound before any DAG code can replace it.
_open = open
FROM_FILE, UNSEEN = -1, -2
_BLOCKS = (ast.If, ast.Try, ast.For, ast.While, ast.ExceptHandler)


class _Modules:
    """Numbers the modules of the result, and records each module's file and origin."""

    def __init__(self, dag_module: str) -> None:
        self.rows: list[ModuleRow] = []
        self._positions: dict[str, int] = {dag_module: FROM_FILE}

    def position(self, name: str) -> int:
        position = self._positions.get(name)
        if position is None:
            position = self._positions[name] = len(self.rows)
            file = _file_of(name)
            shown = bounds.cut(file, bounds.PATH)
            self.rows.append([bounds.cut(name, bounds.NAME), shown, origin.of_file(file)])
        return position

    def is_user(self, position: int) -> bool:
        return position == FROM_FILE or self.rows[position][2] == origin.USER


def report(tracer: tracing.ImportTracer, dag_module: str) -> Imports:
    """Return the traced modules, loads as columns, import sets, edges outside all loads, and memory
    by statement.
    """
    return _Report(tracer, dag_module).build()


class _Report:
    def __init__(self, tracer: tracing.ImportTracer, dag_module: str) -> None:
        self._tracer = tracer
        self._modules = _Modules(dag_module)
        self._loads = list(zip(*[iter(tracer.loads)] * LOAD_FIELDS))
        # If a module was loaded more than once, its statements belong to the last load.
        self._place = {load[0]: place for place, load in enumerate(self._loads)}
        self._sets: dict[int, dict[Edge, None]] = {}
        self._conditionals: dict[str, frozenset[int]] = {}
        self._left = bounds.EDGES

    def build(self) -> Imports:
        for name in self._place:
            self._modules.position(name)
        columns = self._columns()
        self._collect_hits()
        self._collect_calls()
        self._collect_reached()
        sets: dict[tuple[Edge, ...], int] = {(): 0}
        columns["imports"] = [
            sets.setdefault(tuple(self._sets.get(place, ())), len(sets))
            for place in range(len(self._loads))
        ]
        return {
            "loads": cast("Loads", columns),
            "import_sets": [[list(edge) for edge in edges] for edges in sets],
            "edges": [list(edge) for edge in self._sets.get(OUTSIDE, ())],
            "memory": self._memory(),
            "modules": self._modules.rows,
        }

    def _columns(self) -> dict[str, list[int]]:
        names = ("module", "parent", "self_us", "cumulative_us", "importer", "line", "caller_line")
        columns: dict[str, list[int]] = {name: [] for name in names}
        for name, parent, elapsed, inside, line, importer, caller_line in self._loads:
            around = parent // LOAD_FIELDS
            who, where = self._place_of(importer, line, around)
            row = (
                self._modules.position(name),
                around,
                max(0, elapsed - inside) // 1000,
                elapsed // 1000,
                self._modules.position(who) if isinstance(who, str) else UNSEEN,
                where,
                caller_line,
            )
            for column, value in zip(names, row):
                columns[column].append(value)
        return columns

    def _place_of(self, importer: str | None, line: int, enclosing: int) -> tuple[str | None, int]:
        """Module and line of an import statement. An import by a compiled module has the line 0."""
        if importer != bootstrap.__name__:
            return importer, line
        return (self._loads[enclosing][0] if enclosing >= 0 else None), 0

    def _collect_hits(self) -> None:
        for line, is_executed, namespace, name, fromlist, level in zip(
            *[iter(self._tracer.hits)] * HIT_FIELDS
        ):
            importer = _name_of(namespace)
            if importer is None:
                continue
            enclosing = self._place.get(importer, OUTSIDE)
            named = targets(namespace, name, fromlist, level)
            self._add(enclosing, importer, line, False, 0, named, is_executed=is_executed)

    def _collect_calls(self) -> None:
        for line, namespace, name, fromlist, level, top, caller, is_inside in zip(
            *[iter(self._tracer.calls)] * CALL_FIELDS
        ):
            enclosing = top // LOAD_FIELDS
            importer, where = self._place_of(_name_of(namespace), line, enclosing)
            if importer is not None:
                is_in_function = is_inside and where > 0
                self._add(
                    enclosing,
                    importer,
                    where,
                    is_in_function,
                    caller,
                    targets(namespace, name, fromlist, level),
                )

    def _collect_reached(self) -> None:
        """Add the statements of the modules that a layer has loaded instead of the parse."""
        if self._tracer.reached is None:
            return
        for name, statement in self._tracer.reached.statements():
            self._add(
                self._place[name],
                statement.importer,
                statement.line,
                statement.in_function,
                statement.running,
                statement.targets,
                is_executed=statement.is_executed,
            )

    def _add(
        self,
        enclosing: int,
        importer: str,
        line: int,
        is_in_function: bool,
        caller_line: int,
        targets: list[str],
        *,
        is_executed: bool = False,
    ) -> None:
        """Keep edges to modules that this parse loaded, and all of the user's statements. All other
        imports cost nothing, with or without them.
        """
        who = self._modules.position(importer)
        around = FROM_FILE if enclosing < 0 else self._modules.position(self._loads[enclosing][0])
        edges = self._sets.setdefault(enclosing, {})
        for target in targets:
            if target in self._place or (not is_in_function and self._modules.is_user(who)):
                other = FROM_FILE if who == around else who
                is_conditional = self._modules.is_user(who) and line in self._conditional(importer)
                place = self._modules.position(target)
                flags = is_conditional, is_executed
                self._keep(edges, (line, place, is_in_function, other, caller_line, *flags))

    def _keep(self, edges: dict[Edge, None], edge: Edge) -> None:
        if edge in edges:
            return
        if self._left:
            self._left -= 1
            edges[edge] = None
        else:
            self._tracer.left_out["imports"] += 1

    def _conditional(self, importer: str) -> frozenset[int]:
        """The lines of a user module with import statements that may not run."""
        if importer not in self._conditionals:
            self._conditionals[importer] = conditional_imports(_file_of(importer))
        return self._conditionals[importer]

    def _memory(self) -> list[MemoryRow]:
        totals: dict[tuple[int, int], int] = {}
        for importer, line, grown in self._tracer.memory:
            if isinstance(importer, str):
                key = (self._modules.position(importer), line)
                totals[key] = totals.get(key, 0) + max(0, grown)
        return [[*key, grown] for key, grown in totals.items()]


def conditional_imports(file: str) -> frozenset[int]:
    """The lines of import statements inside ``if``, ``try``, loops and the like; empty if the
    source cannot be read.
    """
    try:
        with _open(file, "rb") as stream:
            source = stream.read(bounds.SOURCE_BYTES + 1)
        tree = ast.parse(source if len(source) <= bounds.SOURCE_BYTES else "")
    except Exception:  # also what an audit hook of the user raises
        return frozenset()
    found, waiting = set(), [(node, False) for node in ast.iter_child_nodes(tree)]
    while waiting:
        node, is_inside = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)) and is_inside:
            found.add(node.lineno)
        is_inside = is_inside or isinstance(node, _BLOCKS)
        waiting += [(inner, is_inside) for inner in ast.iter_child_nodes(node)]
    return frozenset(found)


def _file_of(name: str) -> str:
    """The file of a loaded module; empty if it has none, or does not behave like a module."""
    try:
        file = getattr(sys.modules.get(name), "__file__", None)
    except Exception:  # a lazy module may load, and fail
        return ""
    return bounds.plain(file) if isinstance(file, str) else ""


def _name_of(namespace: object) -> str | None:
    name = namespace.get("__name__") if isinstance(namespace, dict) else None
    return bounds.plain(name) if isinstance(name, str) else None
