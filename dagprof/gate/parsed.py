"""One traced parse as the gate uses it: the loaded modules with their importers, the effects, and
the times of the statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from dagprof.analyse.loads import package
from dagprof.attribution.candidates import place_of, shown_path
from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement
from dagprof.attribution.scale import saving_ms, scale
from dagprof.attribution.statement_times import without_loads_us
from dagprof.gate.waits import done_to
from dagprof.model import Effect, FileResult, Module, Origin, Place, Run


class Link(NamedTuple):
    """An import statement of the user's code, and the module load that the statement started. A
    link can also be a function call; ``module`` is then the module whose code ran.
    """

    place: Place
    module: str
    is_call: bool


class OwnTime(NamedTuple):
    """A statement of the DAG file: place, lines, text and time. The time is in ms of an
    uninstrumented parse. The time excludes nested statements and imports.
    """

    place: Place
    lines: range
    text: str
    own_ms: float
    building_ms: float


class Parsed:
    """The content of a traced parse. All parts are empty if there is no trace."""

    def __init__(self, file: FileResult, run: Run) -> None:
        self.file, self._run = file, run

    @cached_property
    def _graph(self) -> ImportGraph | None:
        run = self._run
        return (
            ImportGraph(self.file.trace, run.modules, run.import_sets)
            if self.file.trace is not None
            else None
        )

    @cached_property
    def loaded(self) -> dict[str, int]:
        """The loaded modules by name, with their positions in the Run."""
        if self.file.trace is None:
            return {}
        return {self._run.modules[place].name: place for place in self.file.trace.loads.module}

    @cached_property
    def packages(self) -> dict[str, int]:
        """The installed packages that the parse loaded, each with the position of the first loaded
        module. The core of Airflow does not count.
        """
        if self.file.trace is None:
            return {}
        found: dict[str, int] = {}
        for place in self.file.trace.loads.module:
            module = self._run.modules[place]
            if module.origin is Origin.DISTRIBUTION and package(module) not in ("airflow", ""):
                found.setdefault(package(module), place)
        return found

    @cached_property
    def asked_for(self) -> dict[str, tuple[int, Place]]:
        """The installed packages that import statements of the user's code name, each with a module
        and a place. Packages that were already loaded count, too.
        """
        graph = self._graph
        if graph is None:
            return {}
        found: dict[str, tuple[int, Place]] = {}
        for statement, named in graph.named.items():
            for position in named if graph.is_users(statement) else ():
                module = self._run.modules[position]
                if module.origin is Origin.DISTRIBUTION and package(module) not in ("airflow", ""):
                    found.setdefault(package(module), (position, self._place(statement)))
        return found

    def module(self, position: int) -> Module:
        return self._run.modules[position]

    def module_ms(self, position: int) -> float:
        """The self time of one module in ms of an uninstrumented parse."""
        return (
            saving_ms(self.file, self._graph.cost_us[position]) if self._graph is not None else 0.0
        )

    def way(self, position: int) -> list[Link]:
        """The import statements of the user's code through which a module was first loaded. The
        first import statement is in the DAG file.
        """
        if self._graph is None:
            return []
        graph = self._graph
        chain = list(graph.chain(position).items())
        called = [statement.importer for statement, _ in chain[1:]]
        return [
            (
                Link(self._place(statement), self._name(began), is_call=False)
                if statement in graph.named or number == len(called)
                else Link(self._place(statement), self._name(called[number]), is_call=True)
            )
            for number, (statement, began) in enumerate(chain)
            if graph.is_users(statement) and statement.line > 0
        ]

    def blamed(self, position: int) -> Place:
        """The line to change: the last line of the user's code in the import chain of a module."""
        way = self.way(position)
        # Both links begin the same load: an import statement took a name from a lazy module, and a
        # function of that module imports the requested one.
        if len(way) > 1 and not way[-2].is_call and way[-2].module == way[-1].module:
            way.pop()
        return way[-1].place if way else Place(file=self.file.path, line=0)

    @cached_property
    def imports(self) -> dict[Place, tuple[str, ...]]:
        """The import statements of the user's code that ran, each with the modules that the
        statement names. Modules that were already loaded count, too.
        """
        graph = self._graph
        if graph is None:
            return {}
        return {
            self._place(statement): tuple(self._name(position) for position in named)
            for statement, named in graph.named.items()
            if graph.is_users(statement) and statement.line > 0
        }

    @property
    def pre_imported(self) -> frozenset[str]:
        """The modules that the DAG processor imports before it forks."""
        return frozenset(self._run.environment.pre_imported)

    def _name(self, position: int) -> str:
        return self._run.modules[position].name if position != ROOT else ""

    def _place(self, statement: ImportStatement) -> Place:
        return place_of(statement, self._run.modules, self.file, self._run.root)

    def shown_file(self, module: Module) -> str:
        """The file of a module. A path below the bundle root is relative to the bundle root."""
        return shown_path(module.file, self._run.root)

    @cached_property
    def statements(self) -> list[OwnTime]:
        """The statements of the DAG file. Their times exclude imports."""
        trace = self.file.trace
        if trace is None:
            return []
        factor = scale(self.file)
        return [
            OwnTime(
                Place(file=self.file.path, line=statement.line),
                range(statement.line, statement.end_line + 1),
                statement.text,
                own / 1000 * factor,
                statement.building_us / 1000 * factor,
            )
            for statement, own in zip(trace.statements, without_loads_us(trace), strict=True)
        ]

    def new_effects(self, base: Parsed | None, kinds: Iterable[str]) -> list[Effect]:
        """Effects of some kinds that the other parse does not have. The comparison ignores line
        numbers.

        If both parses start a program with different arguments, the program counts as new only if
        this parse starts the program more often.
        """
        before = base.file.effects if base is not None else ()
        known = {(effect.kind, effect.what) for effect in before}
        often, oftener = _times(before), _times(self.file.effects)
        return [
            effect
            for effect in self.file.effects
            if effect.kind in kinds
            and (effect.kind, effect.what) not in known
            and oftener[done_to(effect)] > often[done_to(effect)]
        ]

    def shown_place(self, file: str, line: int) -> Place:
        """The place of an effect or an access. If the place is unknown, the place is the DAG
        file.
        """
        return Place(file=shown_path(file, self._run.root) or self.file.path, line=line)


def _times(effects: Iterable[Effect]) -> Counter[tuple[str, str]]:
    """The number of times that the parse performed each action."""
    times: Counter[tuple[str, str]] = Counter()
    for effect in effects:
        times[done_to(effect)] += effect.count
    return times
