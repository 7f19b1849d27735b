"""The parse times of a deployment in the summary of a scan."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from dagprof.analyse.production import compare
from dagprof.model import Run
from dagprof.report import production
from dagprof.report.text.screen import columns, titled

_SHOWN = 10


def render(run: Run, console: Console) -> None:
    """Print the slowest files of production, and what all files show together. Print nothing
    without figures of a deployment.
    """
    found = compare(run)
    if found is None or run.production is None:
        return
    rows = production.rows(found, _SHOWN)
    table = columns(
        ("production", "figure"),
        ("here", "figure"),
        ("difference", "figure"),
        ("file", "place"),
        ("why", "place"),
    )
    for row in rows:
        table.add_row(row.there, row.here, row.difference, Text(row.path), Text(row.why))
    title = production.title(run.production, len(rows))
    if rows:
        titled(title, table, console)
    else:
        console.print()
        console.print(Text(title, style="bold"))
    for sentence in production.sentences(run.production, found):
        console.print(Text(f"  {sentence}"))
