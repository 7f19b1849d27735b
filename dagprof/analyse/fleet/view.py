"""One file of the fleet: the saving of its parse without some import statements."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from dagprof.attribution.candidates import place_of
from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement
from dagprof.attribution.reduced import Reduced
from dagprof.attribution.scale import saving_ms
from dagprof.model import Experiment, FileResult, Need, Place, Run


class ImportedModules(NamedTuple):
    """The modules that a statement loads, the user's statements through which these modules were
    first loaded, whether a function call executed the statement, and the modules whose functions
    imported others while the statement ran.
    """

    modules: tuple[str, ...]
    chain: tuple[Place, ...]
    in_function: bool
    executors: tuple[str, ...] = ()


class FileView:
    """One traced file: its reduced graph, its statements by place, and the results of
    experiments.
    """

    def __init__(
        self,
        run: Run,
        file: FileResult,
        graph: ImportGraph,
        texts: Collection[str] = (),
        partial: Collection[Place] = (),
    ) -> None:
        self.path, self._own_ms = file.path, file.own_ms
        self._per_us = saving_ms(file, 1.0)
        self._reduced = Reduced(graph)
        self.statements: dict[Place, ImportStatement] = {
            place_of(statement, run.modules, file, run.root): statement
            for statement in self._reduced.statements
        }
        lines = {row.line: row.text for row in (file.trace.statements if file.trace else ())}
        # Calls that stand in several DAG files in the same way, by place.
        self.texts = {
            place: lines[statement.line]
            for place, statement in self.statements.items()
            if statement in graph.calls and statement.importer == ROOT
            if lines.get(statement.line) in texts
        }
        self._run, self._file = run, file
        self._memory = _memory(run, file)
        # Of these imports only some names can go. The graph does not know what a name loads, so
        # only a measured saving counts.
        self._partial = {
            e.without[0]: e.proved_ms for e in file.experiments if e.names and e.is_shorter
        }
        self._are_partial = frozenset(partial)
        self._proved = self._proofs(file.experiments)
        self.trials: dict[Place, Experiment] = {
            e.without[0]: e for e in file.experiments if len(e.without) == 1
        }

    def freed_by(self, place: Place) -> frozenset[Place]:
        """The calls that alone need this import. Without these calls, the parse does not need the
        import. Empty if no experiment found such calls.
        """
        trial = self.trials.get(place)
        if trial is None or trial.need is Need.NOT_NEEDED:
            return frozenset()
        return next(
            (
                frozenset(experiment.without) - {place}
                for experiment in self._file.experiments
                if experiment.need is Need.NOT_NEEDED and place in experiment.without
            ),
            frozenset(),
        )

    def needs(self, place: Place) -> bool:
        """Whether an experiment found that the parse needs this statement, even if other statements
        are removed.
        """
        trial = self.trials.get(place)
        is_needed = trial is not None and trial.need in (Need.RAISES, Need.CHANGES_DAGS)
        return is_needed and not self.freed_by(place)

    def asked_for(self, place: Place) -> ImportedModules:
        """The modules that a statement loads, and the import chain to these modules.

        This method rebuilds the graph of the file. Few callers need the graph, and the graphs of
        10,000 files would use too much memory.
        """
        assert self._file.trace is not None
        graph = ImportGraph(
            self._file.trace, self._run.modules, self._run.import_sets, self._reduced.calls
        )
        statement = self.statements[place]
        targets = graph.targets(statement)
        names = _innermost([self._run.modules[module].name for module in targets])
        return ImportedModules(
            names,
            _chain(graph, targets, self._run, self._file),
            graph.is_in_function(statement),
            tuple(self._run.modules[module].name for module in graph.executors(statement)),
        )

    def _here(self, places: Collection[Place]) -> frozenset[Place]:
        return frozenset(place for place in places if place in self.statements) - self._are_partial

    def _proofs(self, experiments: Iterable[Experiment]) -> dict[int, float]:
        """The median saving for each set of removed modules. Experiments that remove the same
        modules count as rounds of one experiment.
        """
        rounds: dict[int, list[float]] = {}
        for experiment in experiments:
            is_whole = len(self._here(experiment.without)) == len(experiment.without)
            if experiment.is_proof and is_whole and not experiment.names:
                rounds.setdefault(self._lost(experiment.without), []).extend(experiment.saving_ms)
        return {lost: statistics.median(savings) for lost, savings in rounds.items()}

    def _lost(self, places: Collection[Place]) -> int:
        return self._reduced.lost([self.statements[place] for place in self._here(places)])

    def is_proved(self, places: Collection[Place]) -> bool:
        """Whether experiments measured parses without exactly the modules that these statements
        load.
        """
        lost = self._lost(places)
        return lost in self._proved or (not lost and any(p in self._partial for p in places))

    def saving_ms(self, places: Collection[Place]) -> float:
        """The saving in ms if the parse of this file runs without these statements. The saving is
        proved if an experiment measured a parse without the same modules.
        """
        lost = self._lost(places)
        saved = sum(self._partial.get(place, 0.0) for place in set(places))
        if lost:
            saved += self._proved[lost] if lost in self._proved else self._estimate(lost)
        return max(0.0, min(saved, self._own_ms))

    def estimated_ms(self, places: Collection[Place]) -> float:
        """The saving in ms if the parse of this file runs without these statements, computed from
        the graph.
        """
        return self._estimate(self._lost(places))

    def _estimate(self, lost: int) -> float:
        return self._reduced.sums(lost)[0] * self._per_us

    def memory_kib(self, place: Place) -> int:
        """The anonymous memory in KiB that a statement added to the process in the tracing pass."""
        return self._memory.get(self.statements[place], 0)

    def modules(self, place: Place) -> int:
        """The number of modules that only this statement loads."""
        return self._reduced.falls_away([self.statements[place]])[1]

    def behind_ms(self, place: Place) -> float:
        """The maximum saving of a statement. The statement saves this time if all other statements
        that load the same modules are removed, too.
        """
        if place in self._are_partial:
            return self._partial.get(place, 0.0)
        return self._reduced.behind_us(self.statements[place]) * self._per_us


def _memory(run: Run, file: FileResult) -> dict[ImportStatement, int]:
    rows = file.trace.memory if file.trace else ()
    return {ImportStatement(row.importer, row.line): row.grown_kib for row in rows}


def _chain(
    graph: ImportGraph, targets: Sequence[int], run: Run, file: FileResult
) -> tuple[Place, ...]:
    found = graph.chain(targets[0]) if targets else []
    return tuple(
        place_of(one, run.modules, file, run.root)
        for one in found
        if one.line > 0 and graph.is_users(one)
    )


def _innermost(names: Sequence[str]) -> tuple[str, ...]:
    """The names without parent packages of other names in the list."""
    packages = {
        ".".join(parts[:length])
        for parts in (name.split(".") for name in names)
        for length in range(1, len(parts))
    }
    return tuple(name for name in names if name not in packages)
