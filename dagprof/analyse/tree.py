"""The folded import tree of one file. The inner modules of a distribution share one row."""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from dagprof.analyse.loads import group
from dagprof.attribution.candidates import place_of
from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement
from dagprof.model import FileResult, Origin, Run

# Below this branches only count: nobody reads a tree so deep.
_DEEPEST = 40


class Branch(NamedTuple):
    """A module load, or several nested module loads of one distribution.

    ``total_us`` includes all nested loads. ``alone_us`` is the time of the modules that only this
    statement of the user's code, or only this module, loads. If one statement starts several loads,
    ``alone_us`` is the time of the statement or of the module, whichever is smaller. ``line`` is
    the importing line of the DAG file, or 0 elsewhere. ``place`` is the importing line of the
    user's code, or empty elsewhere. ``folded`` counts the hidden modules of the same distribution.
    ``modules`` counts all modules loaded inside.
    """

    name: str
    line: int
    place: str
    total_us: int
    alone_us: int
    modules: int
    folded: int
    memory_kib: int
    children: tuple[Branch, ...]


def import_tree(
    graph: ImportGraph, file: FileResult, run: Run, *, smallest_us: float
) -> list[Branch]:
    """The outermost loads that took at least ``smallest_us``, each with its nested loads."""
    return _Folder(graph, file, run, smallest_us).branches(-1)


class _Folder:
    def __init__(self, graph: ImportGraph, file: FileResult, run: Run, smallest_us: float) -> None:
        assert file.trace is not None
        self._file = file
        self._graph, self._run, self._smallest = graph, run, smallest_us
        self._loads = file.trace.loads
        self._memory = {(row.importer, row.line): row.grown_kib for row in file.trace.memory}
        self._inside: dict[int, list[int]] = {}
        for place, parent in enumerate(self._loads.parent):
            self._inside.setdefault(parent, []).append(place)
        self._begun = Counter(map(self._begins, range(len(self._loads))))
        self._keys = [group(module, "distribution") for module in run.modules]

    def branches(self, parent: int) -> list[Branch]:
        """The loads directly inside a load. -1 stands for the outermost level."""
        return [
            self._branch(place)
            for place in self._inside.get(parent, ())
            if self._loads.cumulative_us[place] >= self._smallest
        ]

    def _branch(self, place: int, depth: int = 0) -> Branch:
        module = self._loads.module[place]
        statement = ImportStatement(self._loads.importer[place], self._loads.line[place])
        is_users = statement.importer >= ROOT and self._graph.is_users(statement)
        begins = self._begins(place)
        is_whole = is_users and begins is not None and self._begun[begins] == 1
        alone_us = self._graph.alone_us(statement if is_whole else module)
        if is_users and not is_whole:
            alone_us = min(alone_us, self._graph.alone_us(statement))
        inner, folded = self._unfold(place)
        return Branch(
            name=self._run.modules[module].name,
            line=statement.line if statement.importer == ROOT else self._loads.caller_line[place],
            place=self._shown(statement) if is_users else "",
            total_us=self._loads.cumulative_us[place],
            alone_us=alone_us,
            modules=1 + self._count(place),
            folded=folded,
            memory_kib=self._memory.get((statement.importer, statement.line), 0) if is_users else 0,
            children=(
                tuple(self._branch(child, depth + 1) for child in inner) if depth < _DEEPEST else ()
            ),
        )

    def _begins(self, place: int) -> tuple[int, ImportStatement] | None:
        """The enclosing load of a load, and the line of the enclosing module that started the load.
        A parent package that Python loads before its module has no such line.
        """
        around = self._graph.around(place)
        return (around, self._graph.ran(place)) if around == self._loads.parent[place] else None

    def _shown(self, statement: ImportStatement) -> str:
        if statement.importer == ROOT:
            return f"line {statement.line}"
        return str(place_of(statement, self._run.modules, self._file, self._run.root))

    def _unfold(self, place: int) -> tuple[list[int], int]:
        """The loads of other distributions inside this load, and the number of modules of the same
        distribution in between.
        """
        module = self._loads.module[place]
        own = self._keys[module]
        folds = self._run.modules[module].origin is not Origin.USER
        found, folded = [], 0
        waiting = deque(self._inside.get(place, ()))
        while waiting:
            child = waiting.popleft()
            if folds and self._keys[self._loads.module[child]] == own:
                folded += 1
                waiting += self._inside.get(child, ())
            elif self._loads.cumulative_us[child] >= self._smallest:
                found.append(child)
        return sorted(found), folded

    def _count(self, place: int) -> int:
        waiting = list(self._inside.get(place, ()))
        number = 0
        while waiting:
            number += 1
            waiting += self._inside.get(waiting.pop(), ())
        return number
