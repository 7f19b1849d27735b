"""Checks a document: all positions are within their tables, and no value contains itself.

A value checks its own fields when it is created. This module checks fields that depend on two
tables. After these checks, code can use each position without checking the position again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from dagprof.model.run import Measured, Run
from dagprof.model.trace import Edge, Loads, Stack, StatementMemory
from dagprof.nesting import outermost_first

# The sampler counts what is deeper for its caller, see ``probe/parsing/stacks.py``.
DEEPEST_STACK = 250
# A serialised DAG has about ten levels of its own; tasks may have arguments with more.
DEEPEST_VALUE = 200
# A minute or two of analysis.
_MOST_LOOKS = 10**8


class _Statement(Protocol):
    @property
    def parent(self) -> int: ...


class _Helper(Protocol):
    @property
    def module(self) -> int: ...
    @property
    def statements(self) -> Sequence[_Statement]: ...


class Traced(Protocol):
    """A value that refers to modules and import sets: a ``Trace``, or the probe's data for a
    ``Trace``.
    """

    @property
    def loads(self) -> Loads: ...
    @property
    def edges(self) -> tuple[Edge, ...]: ...
    @property
    def statements(self) -> Sequence[_Statement]: ...
    @property
    def helpers(self) -> Sequence[_Helper]: ...
    @property
    def memory(self) -> tuple[StatementMemory, ...]: ...


def check_run(run: Run) -> None:
    """Check a Run from a file.

    :raises ValueError: the Run contradicts itself. The message names the contradiction.
    """
    modules, sets = len(run.modules), len(run.import_sets)
    seen: set[str] = set()
    for file in run.files:
        if file.path in seen:
            raise ValueError(f"two results for the file {file.path:.60}")
        seen.add(file.path)
    check_import_sets(run.import_sets, modules)
    for file in run.files:
        if file.trace is not None:
            check_trace(file.trace, modules, sets)
        check_stack(file.stack)


def check_measured(measured: Measured) -> None:
    """Check one file's result from the journal.

    :raises ValueError: the result contradicts itself. The message names the contradiction.
    """
    modules = len(measured.modules)
    check_import_sets(measured.import_sets, modules)
    if measured.result.trace is not None:
        check_trace(measured.result.trace, modules, len(measured.import_sets))
    check_stack(measured.result.stack)


def check_import_sets(sets: Iterable[Iterable[Edge]], modules: int) -> None:
    """Check that all edges refer to existing modules.

    :raises ValueError: an edge refers to a module that does not exist.
    """
    for edges in sets:
        _check_edges(edges, modules)


def check_trace(trace: Traced, modules: int, sets: int) -> None:
    """Check the trace of one parse against the numbers of modules and import sets.

    :raises ValueError: a position is outside its table, or a statement is nested inside itself.
    """
    loads = trace.loads
    for column, most in (
        (loads.module, modules),
        (loads.importer, modules),
        (loads.imports, sets),
        ([row.importer for row in trace.memory], modules),
        ([helper.module for helper in trace.helpers], modules),
    ):
        if max(column, default=-1) >= most:
            raise ValueError("a position in a trace is outside its table")
    _check_edges(trace.edges, modules)
    for statements in (trace.statements, *(helper.statements for helper in trace.helpers)):
        _check_parents([statement.parent for statement in statements])


def _check_edges(edges: Iterable[Edge], modules: int) -> None:
    if any(edge.target >= modules or edge.importer >= modules for edge in edges):
        raise ValueError("an import statement refers to a module that does not exist")


def _check_parents(parents: Sequence[int]) -> None:
    """Check the parents of statements. The body of a function comes before the statement that calls
    the function, so a parent may come after its child.
    """
    if max(parents, default=-1) >= len(parents):
        raise ValueError("a statement refers to a parent statement that does not exist")
    if len(outermost_first(parents)) < len(parents):
        raise ValueError("a statement is nested inside itself")


def check_amount(trace: Traced, are_users: Sequence[bool], sets: Sequence[Sequence[Edge]]) -> None:
    """Check that dagprof can analyse all import statements of the user's code.

    ``are_users`` says for each module whether the module is the user's code. Ten thousand
    statements and ten thousand modules pass the check.

    :raises ValueError: there are too many import statements.
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
    """Check the depth of a sampled call tree. The sampler limits the depth.

    :raises ValueError: the call tree is deeper than the limit.
    """
    level = [stack] if stack is not None else []
    for _ in range(DEEPEST_STACK):
        level = [child for node in level for child in node.children]
        if not level:
            return
    raise ValueError("a call stack is too deep")


def check_depth(value: object) -> None:
    """Check that recursive functions can process a JSON value.

    :raises ValueError: the nesting is deeper than ``DEEPEST_VALUE``.
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
