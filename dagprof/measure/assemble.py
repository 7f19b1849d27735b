"""Puts measured files together into one Run, storing what they share once."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dagprof.model import Edge, FileResult, Loads, Measured, Module, Origin, Trace


class Assembler:
    """Collects measured files. Modules are told apart by name and file; their import statements are merged."""

    def __init__(self) -> None:
        self._positions: dict[tuple[str, str], int] = {}
        self._edges: list[dict[Edge, None]] = []
        self._files: list[FileResult] = []

    def add(self, measured: Measured) -> None:
        """Take one file in."""
        places = [self._position(name, file) for name, file in measured.modules]
        for importer, line, target, in_function in measured.edges:
            if importer >= 0:
                self._edges[places[importer]][Edge(line=line, target=places[target], in_function=bool(in_function))] = (
                    None
                )
        self._files.append(_moved(measured.result, places))

    def _position(self, name: str, file: str) -> int:
        position = self._positions.setdefault((name, file), len(self._positions))
        if position == len(self._edges):
            self._edges.append({})
        return position

    @property
    def names_and_files(self) -> list[tuple[str, str]]:
        """The modules seen, in the order of their positions."""
        return list(self._positions)

    def files(self) -> tuple[FileResult, ...]:
        """The files, by path."""
        return tuple(sorted(self._files, key=lambda file: file.path))

    def modules(self, described: Iterable[tuple[str, str]]) -> tuple[Module, ...]:
        """The modules with their origin and distribution, given in the order of ``names_and_files``."""
        return tuple(
            Module(name=name, file=file, origin=Origin(origin), distribution=distribution, edges=tuple(edges))
            for (name, file), (origin, distribution), edges in zip(self._positions, described, self._edges, strict=True)
        )


def _moved(file: FileResult, places: list[int]) -> FileResult:
    """The same result with positions that point into the Run."""
    if file.trace is None:
        return file
    loads = file.trace.loads
    moved = Loads(
        module=tuple(places[module] for module in loads.module),
        parent=loads.parent,
        self_us=loads.self_us,
        cumulative_us=loads.cumulative_us,
        importer=tuple(places[importer] if importer >= 0 else importer for importer in loads.importer),
        line=loads.line,
    )
    edges = tuple(Edge(line=e.line, target=places[e.target], in_function=e.in_function) for e in file.trace.edges)
    trace: Trace = msgspec.structs.replace(file.trace, loads=moved, edges=edges)
    return msgspec.structs.replace(file, trace=trace)
