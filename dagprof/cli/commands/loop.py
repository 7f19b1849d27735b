"""``dagprof loop``: the forecast of the DAG processor's parse loop from a stored run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

_SORT_MODES = ("modified_time", "random_seeded_by_host", "alphabetical")
# Options that try other settings of Airflow, with their meaning.
_SECONDS = {
    "min_file_process_interval": "Airflow waits at least this time before it parses a file again",
    "refresh_interval": "Airflow searches for new files at this interval [Airflow 2:"
    " dag_dir_list_interval]",
    "dag_file_processor_timeout": "Airflow ends a parsing process after this time",
    "dagbag_import_timeout": "Airflow stops the execution of a DAG file after this time",
}


def _settings_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for name, meaning in reversed(_SECONDS.items()):
        function = click.option(
            f"--{name.replace('_', '-')}",
            type=click.FloatRange(min=0),
            metavar="SECONDS",
            help=f"{meaning} [default: the value in RUN].",
        )(function)
    return function


@click.command("loop", short_help="Forecast the parse loop of the DAG processor.")
@click.argument("run")
@click.option(
    "--parsing-processes",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Number of parallel parses in the DAG processor [default: the value in RUN].",
)
@_settings_options
@click.option(
    "--file-parsing-sort-mode",
    type=click.Choice(_SORT_MODES),
    help="Order in which Airflow parses the files [default: the value in RUN].",
)
@click.option(
    "--cores",
    type=click.IntRange(1, 10_000),
    metavar="N",
    help=(
        "Number of CPU cores of the DAG processor [default: the number of cores of the machine"
        " that ran the scan]."
    ),
)
@click.option(
    "--parse-overhead",
    metavar="DURATION",
    help=(
        "Time that Airflow's own work adds to each parse, such as 80ms [default: dagprof estimates"
        " this time]."
    ),
)
@click.option(
    "--within",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help=(
        "Find settings with which Airflow can parse all files within SECONDS [default:"
        " min_file_process_interval]."
    ),
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Format of the output.",
)
def command(
    run: str,
    cores: int | None,
    parse_overhead: str | None,
    within: float | None,
    kind: str,
    **options: object,
) -> int:
    """Forecast the parse loop of Airflow's DAG processor from RUN, a run.json file.

    Show how long Airflow takes to parse all files once, and how long to store a changed file. Show
    how busy the parsing processes are, which files are close to a timeout, and which settings are
    enough to parse all files in time. Show the same figures with the proposed changes.
    """
    from dagprof.analyse.loop import LoopRequest
    from dagprof.cli.output import stdout_console
    from dagprof.quantities import parse_duration_ms
    from dagprof.report.parse_loop import as_json
    from dagprof.report.text import loop as text
    from dagprof.store import runs
    from dagprof.usecases.deployment.loop import loop

    request = LoopRequest(
        {name: str(value) for name, value in options.items() if value is not None},
        cores,
        None if parse_overhead is None else parse_duration_ms(parse_overhead),
        within,
    )
    found = loop(runs.load(run), request)
    if kind == "json":
        click.echo(as_json.render(found).encode("utf-8"), nl=False)
    else:
        text.render(found, console=stdout_console())
    return 0
