"""``dagprof report``: render a stored run again."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("report", short_help="Write the HTML report of a stored run.")
@click.argument("run")
@click.option("--baseline", metavar="FILE", help="Compare with this run.")
@click.option(
    "--output", "-o", metavar="FILE", default="reports/report.html", show_default=True, help="Where the page goes."
)
def command(run: str, baseline: str | None, output: str) -> int:
    """Write the HTML report of RUN (a run.json), compared with a baseline where one is named."""
    from dagprof.analyse.comparison import compare
    from dagprof.analyse.fleet import Fleet
    from dagprof.report import html
    from dagprof.store import runs

    current = runs.load(run)
    compared = compare(runs.load(baseline), current) if baseline else None
    runs.write_atomically(Path(output), html.render(current, fleet=Fleet(current), comparison=compared).encode("utf-8"))
    click.echo(f"Written: {output}")
    return 0
