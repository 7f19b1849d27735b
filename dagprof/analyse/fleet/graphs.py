"""The import graphs of a Run's files. The graphs contain the calls that experiments tested as
statements, and the same calls in other files.
"""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.attribution.calls import own_us
from dagprof.attribution.candidates import shown_path
from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement
from dagprof.model import Experiment, FileResult, Need, Origin, Run, Statement


class Graphs:
    """Builds the graph of each file. A call in a helper counts in each file that executes the
    helper. The call counts even if another file tested the call.

    A statement such as ``init_sentry()`` counts in each DAG file that contains the same statement.
    ``texts`` has the statements that some DAG file did not need, each with the called function.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lines: dict[str, set[int]] = {}
        self.texts: dict[str, str] = {}
        for file in run.files:
            for experiment in file.experiments:
                if experiment.called:
                    place = experiment.without[0]
                    self._lines.setdefault(place.file, set()).add(place.line)
                    if _is_free_call(experiment) and place.file == file.path:
                        for row in _statements(file):
                            if row.line == place.line:
                                self.texts[row.text] = experiment.called
        self._modules = {
            position: shown_path(module.file, run.root)
            for position, module in enumerate(run.modules)
            if self._lines and module.origin is Origin.USER
        }

    def of(self, file: FileResult) -> ImportGraph | None:
        """The graph of one file. None if the file was not traced."""
        if file.trace is None:
            return None
        own = own_us(file, self._run.modules)
        calls = {call: own.get(call, 0) for call in self._calls(file)}
        return ImportGraph(file.trace, self._run.modules, self._run.import_sets, calls)

    def _calls(self, file: FileResult) -> Iterator[ImportStatement]:
        lines = set(self._lines.get(file.path, ()))
        lines |= {row.line for row in _statements(file) if row.text in self.texts}
        for line in sorted(lines):
            yield ImportStatement(ROOT, line)
        for position, path in self._modules.items():
            for line in self._lines.get(path, ()):
                yield ImportStatement(position, line)


def _is_free_call(experiment: Experiment) -> bool:
    """Whether the parse does not need a call whose value no variable stores."""
    is_free = experiment.need is Need.NOT_NEEDED and not experiment.kept
    return is_free and len(experiment.without) == 1 and not experiment.assigned


def _statements(file: FileResult) -> Iterator[Statement]:
    """The statements of a file that only call a function. Loops and functions run some of them
    several times.
    """
    for row in file.trace.statements if file.trace is not None else ():
        if row.kind == "expr" and not row.building_us and not row.member:
            yield row
