"""``dagprof doctor``: what a scan would use here, and how reliable it is."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dagprof.cli.options import project_options


@click.command("doctor", short_help="Check that a scan can run here, and measure the timing noise.")
@click.argument("path", required=False, metavar="[PATH]")
@click.option(
    "--python",
    metavar="PATH",
    help="Check the Python interpreter at PATH [default: the interpreter that runs dagprof].",
)
@project_options
def command(path: str | None, **options: object) -> int:
    """Check that a scan can run on this machine. Show which interpreter, Airflow, AIRFLOW_HOME and
    configuration a scan would use, and the source of each value. Report each problem with its fix.
    Exit with code 3 if a scan cannot run.

    PATH is the DAG folder [default: the configured bundle-root, else the folder `dags`, else the
    current folder].
    """
    from rich.table import Table
    from rich.text import Text

    from dagprof.cli.output import stdout_console
    from dagprof.config import settings
    from dagprof.measure.diagnose import examine
    from dagprof.report.escape import safe_text

    in_force = settings.load(options, environment=os.environ, start=Path.cwd())
    folder = path or in_force.bundle_root or ("dags" if os.path.isdir("dags") else ".")
    checks = examine(in_force, os.environ, Path(folder))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        text = Text(safe_text(check.found, 400))
        if check.advice:
            text.append(f"\n→ {safe_text(check.advice, 600)}", style="yellow")
        table.add_row(Text(check.what, style="bold"), text)
    console = stdout_console()
    console.print(table)
    return 3 if any(check.is_blocking for check in checks) else 0
