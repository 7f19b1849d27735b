"""The lines of the user's code that executed import statements in one parse. An effect at such a
line is caused by a library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagprof.attribution.candidates import place_of
from dagprof.attribution.graph import ROOT, ImportStatement
from dagprof.model import Edge, FileResult, Origin, Place, Run


def import_places(file: FileResult, run: Run) -> frozenset[Place]:
    """The places of the user's import statements that ran. Empty for an untraced parse."""
    return frozenset(
        place_of(statement, run.modules, file, run.root)
        for statement in set(_statements(file, run))
        if statement.importer == ROOT or run.modules[statement.importer].origin is Origin.USER
    )


def _statements(file: FileResult, run: Run) -> Iterator[ImportStatement]:
    if file.trace is None:
        return
    yield from _of(ROOT, file.trace.edges)
    loads = file.trace.loads
    for module, number in zip(loads.module, loads.imports, strict=True):
        yield from _of(module, run.import_sets[number])
    for importer, line in zip(loads.importer, loads.line, strict=True):
        if importer >= ROOT and line > 0:
            yield ImportStatement(importer, line)


def _of(source: int, edges: Sequence[Edge]) -> Iterator[ImportStatement]:
    for edge in edges:
        yield ImportStatement(edge.importer if edge.importer >= 0 else source, edge.line)
