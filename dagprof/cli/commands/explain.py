"""``dagprof explain``: one file, with everything that is known about it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagprof.cli.options import measuring_options

if TYPE_CHECKING:
    from dagprof.model import Run
    from dagprof.usecases.explain import ExplainedFile


@click.command("explain", short_help="Explain the parse time of one DAG file.")
@click.argument("target", metavar="FILE[:LINE]")
@click.option(
    "--run",
    "stored",
    metavar="RUN",
    help="Read the results of FILE from RUN, a run.json file, instead of measuring FILE.",
)
@click.option(
    "--speedscope",
    metavar="FILE",
    help="Also write the sampled call stacks to FILE, in the file format of speedscope.",
)
@click.option("--quiet", "-q", is_flag=True, help="Do not show progress.")
@measuring_options
def command(
    target: str, stored: str | None, speedscope: str | None, quiet: bool, **options: object
) -> int:
    """Explain the parse time of one DAG file, or of one line in the file. Show the source code with
    times, the cost of each import, side effects, experiments and proposed changes.

    Without --run, dagprof first measures FILE, by default with --depth full. This command writes a
    file only with --speedscope.
    """
    from dagprof.cli.output import stdout_console
    from dagprof.report.text.explain import Explanation, render
    from dagprof.store import runs
    from dagprof.usecases.explain import explain, place

    name, line = place(target)
    run = runs.load(stored) if stored else _measured(name, line, options, is_quiet=quiet)
    found = explain(run, name, line)
    render(Explanation(run, found.file, found.source, line), found.fleet, console=stdout_console())
    if speedscope:
        _write_stacks(found, speedscope)
    return 0


def _measured(name: str, line: int | None, options: dict[str, object], *, is_quiet: bool) -> Run:
    from dagprof.cli import output
    from dagprof.config import settings as settings_module
    from dagprof.usecases.explain import check_line, measure

    if line is not None:
        check_line(name, line)
    options = {**options, "depth": options["depth"] or "full"}
    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    with output.progress(is_quiet=is_quiet) as shown:
        return measure(name, settings, os.environ, shown)


def _write_stacks(found: ExplainedFile, target: str) -> None:
    from dagprof.cli.output import print_line
    from dagprof.report.escape import safe_text
    from dagprof.store import runs
    from dagprof.usecases.explain import stacks

    runs.write_atomically(Path(target), stacks(found).encode("utf-8"))
    print_line(f"Written: {safe_text(target, 4096)}")
