"""The import graphs of a Run's files. The graphs contain the calls that experiments tested as
statements.
"""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.attribution.calls import own_us
from dagprof.attribution.candidates import shown_path
from dagprof.attribution.graph import ROOT, ImportGraph, ImportStatement
from dagprof.model import FileResult, Origin, Run


class Graphs:
    """Builds the graph of each file. A call in a helper counts in each file that executes the
    helper. The call counts even if another file tested the call.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._lines: dict[str, set[int]] = {}
        for file in run.files:
            for experiment in file.experiments:
                if experiment.called:
                    place = experiment.without[0]
                    self._lines.setdefault(place.file, set()).add(place.line)
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
        for line in self._lines.get(file.path, ()):
            yield ImportStatement(ROOT, line)
        for position, path in self._modules.items():
            for line in self._lines.get(path, ()):
                yield ImportStatement(position, line)
