"""``dagprof starts``: what tasks pay for the parse of their DAG file when they start."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dagprof.cli.options import measuring_options


@click.command("starts", short_help="Measure how much time parsing adds to the start of each task.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--container-start",
    metavar="DURATION",
    help=(
        "Time from the start of a container to the start of Python, such as 12s [default: 0]."
        " dagprof adds this time only for executors that start a container for each task."
    ),
)
@click.option(
    "--save",
    type=click.Path(),
    metavar="FILE",
    help="Also save the results to FILE, a run.json file.",
)
@click.option("--quiet", "-q", is_flag=True, help="Do not show progress.")
@measuring_options
def command(
    paths: tuple[str, ...],
    container_start: str | None,
    save: str | None,
    quiet: bool,
    **options: object,
) -> int:
    """Measure how much time the parse of the DAG file adds to each task start. Show the cost per
    day for each executor.

    When a task starts, the task parses its DAG file again. dagprof parses each DAG file as
    Airflow does for a task: in a process that is forked from a worker, and in a new interpreter.
    To count the task starts, dagprof uses the timetables of the DAGs. The command scans the DAG
    files first.
    """
    from dagprof.cli import output
    from dagprof.config import settings as settings_module
    from dagprof.quantities import parse_duration_ms
    from dagprof.report.text import starts as shown_starts
    from dagprof.store import runs
    from dagprof.usecases.deployment import starts
    from dagprof.usecases.scan import Scanned

    container_ms = parse_duration_ms(container_start) if container_start else 0.0
    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    with output.progress(is_quiet=quiet) as progress:
        run = starts.measure(paths, settings, os.environ, progress)
    if save:
        runs.save(run, Path(save))
    shown_starts.render(
        run, Scanned(run).fleet, container_ms=container_ms, console=output.stdout_console()
    )
    return 0
