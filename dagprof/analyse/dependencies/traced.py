"""The import statements of the user's code that ran in traced parses, and what imports cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dagprof.analyse.loads import by_group, group
from dagprof.attribution.scale import saving_ms
from dagprof.model import FileResult, Origin, Run


class Executed(NamedTuple):
    """A line of the user's code that imported a module of a distribution in the parse of the DAG
    file ``entry``. ``file`` is an absolute path.
    """

    entry: str
    file: str
    line: int
    module: str
    distribution: str


def executed(run: Run) -> Iterator[Executed]:
    """All such lines of all traced files."""
    for file in run.files:
        for importer, line, target in _statements(run, file):
            module = run.modules[target]
            is_users = importer < 0 or run.modules[importer].origin is Origin.USER
            if is_users and line > 0 and module.distribution:
                where = run.modules[importer].file if importer >= 0 else ""
                path = where or f"{run.root}/{file.path}"
                yield Executed(file.path, path, line, module.name, module.distribution)


def _statements(run: Run, file: FileResult) -> Iterator[tuple[int, int, int]]:
    """Importer, line and target of each import. The importer is -1 for the DAG file."""
    if file.trace is None:
        return
    for edge in file.trace.edges:
        yield edge.importer, edge.line, edge.target
    loads = file.trace.loads
    for place, number in zip(loads.module, loads.imports, strict=True):
        for edge in run.import_sets[number]:
            yield edge.importer if edge.importer >= 0 else place, edge.line, edge.target
    for importer, line, target in zip(loads.importer, loads.line, loads.module, strict=True):
        if importer >= -1:
            yield importer, line, target


def import_ms(run: Run) -> dict[str, float] | None:
    """The time that all DAG files together spend on importing each distribution in one round, in
    ms, by the name of the distribution. It includes what the distribution imports in turn. None if
    no parse was traced.
    """
    keys = [group(module, "distribution") for module in run.modules]
    if not any(file.trace is not None for file in run.files):
        return None
    totals: dict[str, float] = {}
    for file in run.files:
        if file.trace is not None:
            factor = saving_ms(file, 1000.0)
            for key, (_, cumulative) in by_group(file.trace.loads, keys).items():
                totals[key] = totals.get(key, 0.0) + factor * cumulative
    return totals


def loaded(run: Run) -> set[str]:
    """The distributions with a module that a parse loads, or that the manager imported before."""
    return {module.distribution for module in run.modules if module.distribution}
