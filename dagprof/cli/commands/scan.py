"""``dagprof scan``: measure, save, summarise, compare, judge."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dagprof.cli import INTERRUPTED, output
from dagprof.cli.options import (
    from_airflow_option,
    measuring_options,
    output_dir_option,
    source_option,
)
from dagprof.config import settings as settings_module
from dagprof.errors import MeasurementError
from dagprof.model import Run
from dagprof.production.place import without_place
from dagprof.robust import FEWEST
from dagprof.usecases import baselines
from dagprof.usecases.deployment.production import production
from dagprof.usecases.expectations import expectations
from dagprof.usecases.scan import JOURNAL, RUN, Scanned, ScanRequest, scan

if TYPE_CHECKING:
    from dagprof.config.settings import Settings
    from dagprof.practices.baseline import Baseline
    from dagprof.practices.checking import Checked


@click.command("scan", short_help="Measure every DAG file and show where the time goes.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@measuring_options
@output_dir_option
@source_option
@click.option("--open", "opens", is_flag=True, help="Open the report in a browser.")
@click.option(
    "--save-baseline",
    type=click.Path(),
    metavar="FILE",
    help="Also save this run to FILE as a baseline.",
)
@click.option("--baseline", metavar="FILE", help="Compare this scan with FILE, a run.json file.")
@click.option(
    "--fail-on-regression",
    metavar="SHARE",
    help=(
        "Exit with code 1 if a file takes longer to parse than in the baseline. The slowdown must"
        " exceed both SHARE of the parse time and --regression-floor. If SHARE is below 25%,"
        " dagprof uses 25%."
    ),
)
@click.option(
    "--regression-floor",
    metavar="DURATION",
    help=(
        "Ignore slowdowns smaller than DURATION [default: 50ms]. If DURATION is below 50ms,"
        " dagprof uses 50ms."
    ),
)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="REASON",
    help=(
        "Also exit with code 1 for REASON. import-error: a file fails to import. unsure: the"
        " comparison of a file with the baseline is inconclusive. unsure requires"
        " --fail-on-regression. Repeat this option to give both reasons."
    ),
)
@click.option(
    "--write-variables",
    metavar="FILE",
    help=(
        "Write a template to FILE. The template lists each Variable, Connection and environment"
        " variable that a DAG file reads and that has no value."
    ),
)
@click.option(
    "--shard",
    metavar="K/N",
    help=(
        "Measure only shard K of N shards of the DAG files, such as 3/8. To merge the runs of all"
        " shards, use `dagprof merge`."
    ),
)
@click.option(
    "--shard-by",
    metavar="FILE",
    help=(
        "Use the parse times in FILE (a run.json file) to split the files into shards with similar"
        " total parse times. By default, dagprof splits the files by their size."
    ),
)
@click.option(
    "--check/--no-check",
    "checks",
    default=None,
    help=(
        "Also apply the rules of `dagprof check` [default: off]. Findings appear in the summary"
        " and in the report, and can make the scan fail."
    ),
)
@from_airflow_option
@click.option("--resume", is_flag=True, help="Resume an interrupted scan.")
@click.option("--quiet", "-q", is_flag=True, help="Print only errors.")
def command(
    paths: tuple[str, ...],
    save_baseline: str | None,
    write_variables: str | None,
    from_airflow: str | None,
    checks: bool | None,
    resume: bool,
    quiet: bool,
    opens: bool,
    **options: object,
) -> int:
    """Measure every DAG file below PATH. dagprof loads each file as Airflow does, in a separate
    process.

    The scan writes run.json and report.html, and prints a summary. A scan needs no database,
    Variables, Connections or network.
    """
    options["fail_on"] = options["fail_on"] or None
    options["check"] = {"in_scan": checks}
    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    expected = expectations(settings)
    folder = Path(settings.output_dir)
    _check_places(folder, save_baseline, write_variables)
    if settings.shard_by is not None:
        what = f"The scan would overwrite {settings.shard_by}, which the other shards need."
        output.check_spared(settings.shard_by, folder / RUN, what)
    accepted = _accepted(settings)
    request = ScanRequest(
        paths, settings, os.environ, expected, folder, resume, save_baseline is not None
    )
    try:
        with output.progress(is_quiet=quiet) as shown:
            if from_airflow is not None:
                shown.preparing("reading the parse times of the deployment")
                found = production(from_airflow, paths, settings, os.environ)
                request = request._replace(
                    production=found, environ=without_place(os.environ, from_airflow)
                )
            scanned = scan(request, _Loading(shown))
    except KeyboardInterrupt:
        click.echo(
            "Interrupted. dagprof keeps the results of finished files. To continue, repeat the"
            " command with --resume."
            if os.path.exists(folder / JOURNAL)
            else "Interrupted before the first file was finished.",
            err=True,
        )
        return INTERRUPTED
    checked, has_broken = _checked(scanned, settings, accepted)
    written = _write(scanned, folder, save_baseline, checked, with_source=settings.source == "all")
    code = _tell(scanned, written, checked, is_quiet=quiet)
    code = code or int(has_broken)
    if write_variables:
        output.write_answers(scanned.run, Path(write_variables), is_quiet=quiet)
    if opens:
        output.open_in_browser(folder / "report.html")
    return code


def _accepted(settings: Settings) -> Baseline | None:
    """The findings that the practice rules accept. Errors in them come before the scan."""
    if not settings.check.in_scan:
        return None
    from dagprof.usecases import practices

    return practices.demanded(settings)


def _checked(
    scanned: Scanned, settings: Settings, accepted: Baseline | None
) -> tuple[Checked | None, bool]:
    """What the practice rules find, if the settings ask for it, and whether that fails the scan."""
    if not settings.check.in_scan:
        return None, False
    from dagprof.usecases import practices

    checked = practices.checked(scanned.run, settings, os.environ, accepted)
    return checked, practices.fails(checked, settings)


def _check_places(folder: Path, save_baseline: str | None, write_variables: str | None) -> None:
    """Check that every output file of the scan can be written."""
    output.check_writable(folder)
    if save_baseline:
        output.check_writable(
            Path(save_baseline).absolute().parent, "choose another file for --save-baseline"
        )
    if write_variables:
        output.check_new(Path(write_variables), "--write-variables")


class _Loading:
    """Forwards progress, and loads the modules that write reports while the other process imports
    Airflow.
    """

    def __init__(self, shown: output.Quiet) -> None:
        self._shown = shown
        self._is_loading = False
        self.using, self.started, self.measured = shown.using, shown.started, shown.measured

    def preparing(self, what: str) -> None:
        if not self._is_loading:
            self._is_loading = True
            threading.Thread(target=_load_reports, daemon=True).start()
        self._shown.preparing(what)


def _load_reports() -> None:
    # A module that cannot be loaded here fails again when it is needed, and is reported then.
    with contextlib.suppress(ImportError, MemoryError, OSError):
        import networkx  # noqa: F401 - the dominators need it between the rounds

        from dagprof.report import html  # noqa: F401
        from dagprof.report.text import terminal  # noqa: F401


def _write(
    scanned: Scanned,
    folder: Path,
    save_baseline: str | None,
    checked: Checked | None,
    *,
    with_source: bool,
) -> list[Path]:
    """Write the page, and the baseline if the user wants one. Return all files that the scan
    wrote.
    """
    from dagprof.usecases.report import write_page

    written = [folder / RUN, write_page(scanned, folder, checked=checked, with_source=with_source)]
    if save_baseline:
        written.append(Path(save_baseline))
        if thin := baselines.save(scanned.run, written[-1]):
            click.echo(
                f"dagprof: In this baseline, {thin} of {len(scanned.run.files)} files"
                f" {'has' if thin == 1 else 'have'} fewer than {FEWEST} timed parses. A comparison"
                f" needs at least {FEWEST} timed parses."
                f" {advice_on_baseline(scanned.run)}",
                err=True,
            )
    return written


def advice_on_baseline(run: Run) -> str:
    """The options that give each file enough timed parses for a comparison with a later scan.

    Without ``--repeat``, dagprof times files that take more than five seconds only once. A later
    scan needs enough timed parses, too.
    """
    budget = " without --time-budget" if run.settings.get("time_budget") is not None else ""
    repeat = run.settings.get("repeat")
    if isinstance(repeat, int) and repeat >= FEWEST:
        return f"Save the baseline again{budget}."
    return (
        f"Save the baseline again with --repeat {FEWEST}{' and' if budget else ''}{budget}. Scans"
        f" that you compare with this baseline also need --repeat {FEWEST}."
    )


def _tell(scanned: Scanned, written: list[Path], checked: Checked | None, *, is_quiet: bool) -> int:
    """Print the summary, and return the exit code."""
    from dagprof.report.text import terminal

    if not is_quiet:
        terminal.render(
            scanned.run,
            console=output.stdout_console(),
            fleet=scanned.fleet,
            found=scanned.others,
            comparison=scanned.comparison,
            verdict=scanned.verdict,
            written=written,
        )
        if checked is not None:
            from dagprof.report.practices import terminal as practices_terminal

            practices_terminal.render(checked, console=output.stdout_console())
    if output.says_nothing_measured(scanned.run):
        return MeasurementError.exit_code
    return 1 if scanned.has_failed else 0
