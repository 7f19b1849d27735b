"""``dagprof merge``: the Runs of several shards as one Run."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dagprof.cli import output
from dagprof.cli.options import output_dir_option, source_option
from dagprof.config import settings as settings_module
from dagprof.errors import MeasurementError
from dagprof.usecases.scan import RUN, Scanned


@click.command("merge", short_help="Merge the runs of several shards into one run.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@output_dir_option
@source_option
@click.option("--partial", is_flag=True, help="Merge the given runs even if shards are missing.")
@click.option("--quiet", "-q", is_flag=True, help="Print only errors.")
def command(runs: tuple[str, ...], partial: bool, quiet: bool, **options: object) -> int:
    """Merge the run files of all shards of a scan into one run. Write the run.json and report.html
    of the merged run. To measure one shard, use `dagprof scan --shard`.

    Each shard also times a reference parse, which shows how fast the machine of the shard was.
    dagprof scales all times to the machine of the first RUN.
    """
    from dagprof.report.text import terminal
    from dagprof.store import runs as stored
    from dagprof.usecases.merge import merge
    from dagprof.usecases.report import write_page

    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    folder = Path(settings.output_dir)
    output.check_writable(folder)
    given = {name: stored.load(name) for name in runs}
    for name in runs:
        output.check_spared(name, folder / RUN, f"The merged run would overwrite {name}.")
    merged = merge(given, partial=partial)
    stored.save(merged, folder / RUN)
    scanned = Scanned(merged)
    page = write_page(scanned, folder, with_source=settings.source == "all")
    if not quiet:
        terminal.render(
            merged,
            console=output.stdout_console(),
            fleet=scanned.fleet,
            found=scanned.others,
            written=[folder / RUN, page],
        )
    return MeasurementError.exit_code if output.says_nothing_measured(merged) else 0
