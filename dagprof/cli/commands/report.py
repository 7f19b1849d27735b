"""``dagprof report``: render a stored run again."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import click

from dagprof.cli import output as screen
from dagprof.cli.options import from_airflow_option, source_option
from dagprof.config import settings as settings_module
from dagprof.report.escape import safe_text
from dagprof.report.formats import RUNS

_OUTPUT = "reports/report.html"


@click.command("report", short_help="Write the report of a stored run.")
@click.argument("run")
@click.option("--baseline", metavar="FILE", help="Compare RUN with FILE, another run.json file.")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    default=_OUTPUT,
    show_default=True,
    help="Write the report to FILE.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(list(RUNS)),
    default="html",
    show_default=True,
    help=(
        "Format of the report. html: a web page. markdown: a text with the proposed changes and the"
        " comparison, for a wiki or a pull request. To print the report to standard output, use"
        " '-o -'."
    ),
)
@from_airflow_option
@source_option
@click.option("--open", "opens", is_flag=True, help="Open the report in a browser.")
def command(
    run: str,
    baseline: str | None,
    output: str,
    kind: str,
    from_airflow: str | None,
    source: str | None,
    opens: bool,
) -> int:
    """Write the report of RUN, a run.json file."""
    from dagprof.store import runs
    from dagprof.usecases.report import report

    settings = settings_module.load({"source": source}, environment=os.environ, start=Path.cwd())
    current = runs.load(run)
    if from_airflow is not None:
        from dagprof.usecases.deployment.production import with_production

        current = with_production(current, from_airflow, settings, os.environ)
    before = runs.load(baseline) if baseline else None
    # A Run of 10,000 files has millions of objects. Garbage collections would visit them all and
    # free none.
    gc.disable()
    text = report(current, before, kind=kind, with_source=settings.source == "all")
    if output == "-":
        click.echo(text.encode("utf-8"), nl=False)
        return 0
    if output == _OUTPUT:
        output = str(Path(output).with_suffix(RUNS[kind].suffix))
    runs.write_atomically(Path(output), text.encode("utf-8"))
    screen.print_line(f"Written: {safe_text(output, 4096)}")
    if opens and kind == "html":
        screen.open_in_browser(Path(output))
    return 0
