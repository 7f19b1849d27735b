"""Whether what refers to each other in a document fits: positions lie within their tables, and
nothing is inside itself.

What a value knows alone, it checks when it is made. This is for what takes two tables. A document
that passes can be analysed without another look at any position.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from dagprof.model.nesting import outermost_first
from dagprof.model.run import Measured, Run
from dagprof.model.trace import Edge, Loads, Stack, StatementMemory

# The sampler counts what is deeper for its caller, see ``probe/parsing/stacks.py``.
DEEPEST_STACK = 250
# A serialised DAG has about ten levels of its own; tasks may have arguments with more.
DEEPEST_VALUE = 200
# A minute or two of analysis.
_MOST_LOOKS = 10**8


class _Statement(Protocol):
    @property
    def parent(self) -> int: ...


class Traced(Protocol):
    """What refers to modules and import sets: a ``Trace``, or what the probe sends for one."""

    @property
    def loads(self) -> Loads: ...
    @property
    def edges(self) -> tuple[Edge, ...]: ...
    @property
    def statements(self) -> Sequence[_Statement]: ...
    @property
    def memory(self) -> tuple[StatementMemory, ...]: ...


def check_run(run: Run) -> None:
    """A Run as it was read.

    :raises ValueError: it contradicts itself; the text says where.
    """
    modules, sets = len(run.modules), len(run.import_sets)
    check_import_sets(run.import_sets, modules)
    for file in run.files:
        if file.trace is not None:
            check_trace(file.trace, modules, sets)
        check_stack(file.stack)


def check_measured(measured: Measured) -> None:
    """One file's result as the journal has it.

    :raises ValueError: it contradicts itself; the text says where.
    """
    modules = len(measured.modules)
    check_import_sets(measured.import_sets, modules)
    if measured.result.trace is not None:
        check_trace(measured.result.trace, modules, len(measured.import_sets))
    check_stack(measured.result.stack)


def check_import_sets(sets: Iterable[Iterable[Edge]], modules: int) -> None:
    """Edges point to modules.

    :raises ValueError: some do not.
    """
    for edges in sets:
        _check_edges(edges, modules)


def check_trace(trace: Traced, modules: int, sets: int) -> None:
    """The trace of one parse, with so many modules and import sets.

    :raises ValueError: a position is outside of its table, or a statement is inside itself.
    """
    loads = trace.loads
    for column, most in (
        (loads.module, modules),
        (loads.importer, modules),
        (loads.imports, sets),
        ([row.importer for row in trace.memory], modules),
    ):
        if max(column, default=-1) >= most:
            raise ValueError("a position in a trace is outside its table")
    _check_edges(trace.edges, modules)
    _check_parents([statement.parent for statement in trace.statements])


def _check_edges(edges: Iterable[Edge], modules: int) -> None:
    if any(edge.target >= modules or edge.importer >= modules for edge in edges):
        raise ValueError("an import statement refers to a module that does not exist")


def _check_parents(parents: Sequence[int]) -> None:
    """A function's body stands before the statement that calls it, so a parent may come later."""
    if max(parents, default=-1) >= len(parents):
        raise ValueError("a statement refers to a parent statement that does not exist")
    if len(outermost_first(parents)) < len(parents):
        raise ValueError("a statement is nested inside itself")


def check_amount(trace: Traced, are_users: Sequence[bool], sets: Sequence[Sequence[Edge]]) -> None:
    """The import statements of the user's code are few enough to look at what each leads to.

    ``are_users`` says of each module whether it is the user's. Ten thousand statements and as many
    modules pass.

    :raises ValueError: they are too many.
    """
    loads = trace.loads
    statements = len(trace.edges) + sum(
        len(sets[number])
        for module, number in zip(loads.module, loads.imports, strict=True)
        if are_users[module]
    )
    if statements * len(loads) > _MOST_LOOKS:
        raise ValueError("the parse has more import statements than dagprof can analyse")


def check_stack(stack: Stack | None) -> None:
    """A sampled call tree is no deeper than samplers make it.

    :raises ValueError: it is.
    """
    level = [stack] if stack is not None else []
    for _ in range(DEEPEST_STACK):
        level = [child for node in level for child in node.children]
        if not level:
            return
    raise ValueError("a call stack is too deep")


def check_depth(value: object) -> None:
    """A JSON value can be walked through by functions that call themselves.

    :raises ValueError: it is nested more than ``DEEPEST_VALUE`` times.
    """
    level = [value]
    for _ in range(DEEPEST_VALUE):
        inside: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inside += each.values()
            elif isinstance(each, list):
                inside += each
        if not inside:
            return
        level = inside
    raise ValueError("values are nested too deeply")
