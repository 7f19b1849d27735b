"""The data about one file, and the lines that the user asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from dagprof.analyse.fleet import FileView, Graphs
from dagprof.attribution.graph import ROOT
from dagprof.attribution.scale import scale
from dagprof.model import FileResult, Origin, Place, Run

# The minimum time, and the minimum share of the file's parse, of a shown row.
SMALLEST_MS = 1.0
SMALLEST_SHARE = 0.02
# The most rows of a section, and the most levels of a tree.
ROWS = 30
DEEPEST = 8


class Explanation:
    """The data about one file. ``source`` holds the lines of the file, or None if the file changed
    after the measurement.

    ``scale`` converts times of the tracing pass into times of an uninstrumented parse.
    """

    def __init__(
        self, run: Run, file: FileResult, source: Sequence[str] | None, line: int | None
    ) -> None:
        self.run, self.file, self.source, self.line = run, file, source, line
        self.graph = Graphs(run).of(file)
        self.view = FileView(run, file, self.graph) if self.graph else None
        self.statement = self._lines_of(line) if line else None
        self.behind = frozenset(self._behind())
        self.scale = scale(file)
        self.libraries = {module.file for module in run.modules if module.origin is not Origin.USER}

    def _lines_of(self, line: int) -> range:
        """The lines of the innermost statement that contains a line."""
        holding = (
            [s for s in self.file.trace.statements if s.line <= line <= s.end_line]
            if self.file.trace
            else []
        )
        smallest = min(holding, key=lambda s: s.end_line - s.line, default=None)
        return range(smallest.line, smallest.end_line + 1) if smallest else range(line, line + 1)

    def _behind(self) -> Iterable[Place]:
        """The import statements of the user's code that a line leads to, including import
        statements in helpers.
        """
        if self.graph is None or self.view is None or self.statement is None:
            return
        for place, statement in self.view.statements.items():
            targets = self.graph.targets(statement)
            chain = self.graph.chain(targets[0]) if targets else ()
            if any(each.importer == ROOT and each.line in self.statement for each in chain):
                yield place

    def concerns(self, line: int) -> bool:
        """Whether the user asked for a line of the DAG file."""
        return self.statement is None or line in self.statement

    def is_asked(self, place: Place) -> bool:
        """Whether the user asked for an import statement, or for a line that leads to this import
        statement.
        """
        is_at_line = place.file == self.file.path and self.concerns(place.line)
        return self.line is None or place in self.behind or is_at_line

    def is_change_asked(self, place: Place) -> bool:
        """Whether the user asked for a change of the whole run. This file may not execute the
        statement of the change.
        """
        return self.view is not None and place in self.view.statements and self.is_asked(place)

    def is_own(self, path: str) -> bool:
        """Whether a path is the path of the DAG file."""
        return path in (self.file.path, f"{self.run.root.rstrip('/')}/{self.file.path}")

    def below_root(self, path: str) -> str:
        """A path relative to the measured folder."""
        return path.removeprefix(self.run.root.rstrip("/") + "/")

    def is_shown(self, ms: float) -> bool:
        """Whether a time is long enough for a line or a mark."""
        return ms >= max(SMALLEST_MS, SMALLEST_SHARE * self.file.parse_ms)


def title(text: str, console: Console) -> None:
    """Print an empty line and the heading of a section."""
    console.print()
    console.print(Text(text, style="bold"))
