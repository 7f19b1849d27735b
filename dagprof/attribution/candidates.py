"""Selects the import statements and calls of the user's code for experiments. Each experiment
parses the file without some of these statements.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from dagprof import bounded
from dagprof.attribution.calls import CallStatement, calls_in, own_us
from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement
from dagprof.attribution.scale import saving_ms
from dagprof.model import Edge, FileResult, Module, Place


class Candidate(NamedTuple):
    """A statement, its file on disk, and the place that reports show. ``alone_ms`` is the saving of
    this statement alone. ``behind_ms`` is the maximum saving. ``alone_ms`` and ``behind_ms`` are in
    ms of an uninstrumented parse. ``call`` describes the call of a call statement; it is None for
    an import statement.
    """

    statement: ImportStatement
    file: str
    place: Place
    alone_ms: float
    behind_ms: float
    call: CallStatement | None = None


def place_of(
    statement: ImportStatement, modules: Sequence[Module], file: FileResult, root: str
) -> Place:
    """The place of a statement. A path below the bundle root is relative to the bundle root."""
    path = (
        file.path
        if statement.importer == ROOT
        else shown_path(modules[statement.importer].file, root)
    )
    return Place(file=path, line=statement.line)


def shown_path(path: str, root: str) -> str:
    """The path. A path below ``root`` is relative to ``root``."""
    for below in _forms(root):
        if path.startswith(below):
            return path[len(below) :].replace(os.sep, "/")
    return path


@lru_cache(maxsize=8)
def _forms(root: str) -> tuple[str, str]:
    """The folder as the user wrote it, and the folder with resolved links. Both end with a
    separator.
    """
    return root.rstrip(os.sep) + os.sep, bounded.real(root).rstrip(os.sep) + os.sep


def candidates(
    file: FileResult,
    modules: Sequence[Module],
    import_sets: Sequence[Sequence[Edge]],
    root: str,
    *,
    smallest_ms: float,
) -> list[Candidate]:
    """The import statements and calls of the user's code that cost at least ``smallest_ms``. The
    most promising statement comes first.

    The result includes statements that alone would save nothing, because another statement loads
    the same modules. Such statements may save much time together.
    """
    if file.trace is None or file.status.is_failure:
        return []
    own = own_us(file, modules)
    if saving_ms(file, sum(file.trace.loads.self_us) + sum(own.values())) < smallest_ms:
        return []
    calls = calls_in(file, modules, root)
    graph = ImportGraph(
        file.trace, modules, import_sets, {call: own.get(call, 0) for call in calls}
    )
    if saving_ms(file, graph.total_us) < smallest_ms:
        return []
    behind = {
        statement: saving_ms(file, graph.behind_us(statement))
        for statement in graph.statements()
        if graph.is_changeable(statement)
    }
    worth = [statement for statement, ms in behind.items() if ms >= smallest_ms]
    found = []
    for statement, alone_us in zip(worth, graph.each_alone_us(worth), strict=True):
        place = place_of(statement, modules, file, root)
        path = (
            os.path.join(root, file.path)
            if statement.importer == ROOT
            else modules[statement.importer].file
        )
        alone_ms = saving_ms(file, alone_us)
        found.append(
            Candidate(statement, path, place, alone_ms, behind[statement], calls.get(statement))
        )
    return sorted(
        found, key=lambda candidate: (-candidate.alone_ms, -candidate.behind_ms, candidate.place)
    )
