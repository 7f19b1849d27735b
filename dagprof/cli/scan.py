"""``dagprof scan``: measure, save, summarise, compare, judge."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from dagprof import __version__
from dagprof.cli import INTERRUPTED, output
from dagprof.cli.options import measuring_options
from dagprof.config import settings as settings_module
from dagprof.config.settings import Settings
from dagprof.errors import MeasurementError, UsageError
from dagprof.measure import scan as scanning
from dagprof.model import Measured, Run
from dagprof.robust import FEWEST, are_enough
from dagprof.store import journal as journals
from dagprof.store import runs

JOURNAL = "run.partial.jsonl"


@click.command("scan", short_help="Measure every DAG file and show where the time goes.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@measuring_options
@click.option("--output-dir", "-o", metavar="DIR", help="Folder for run.json and report.html [default: reports].")
@click.option(
    "--source",
    type=click.Choice(["all", "none"]),
    help="Include the source of the DAG files in the report (default), or leave it out.",
)
@click.option("--open", "opens", is_flag=True, help="Open the report in a browser.")
@click.option("--save-baseline", type=click.Path(), metavar="FILE", help="Also save this run as a baseline.")
@click.option("--baseline", metavar="FILE", help="Compare with this run.")
@click.option(
    "--fail-on-regression",
    metavar="SHARE",
    help="Exit with 1 if a file became slower by at least this share, such as 20%.",
)
@click.option("--regression-floor", metavar="DURATION", help="Ignore slowdowns below this time [default: 20ms].")
@click.option("--fail-on", multiple=True, metavar="REASON", help="Also exit with 1 on: import-error, unsure.")
@click.option(
    "--write-variables",
    metavar="FILE",
    help=(
        "Write the Variables, Connections and environment variables that the DAG files need to FILE, ready to fill in."
    ),
)
@click.option("--resume", is_flag=True, help="Resume an interrupted scan.")
@click.option("--quiet", "-q", is_flag=True, help="Print only errors.")
def command(
    paths: tuple[str, ...],
    save_baseline: str | None,
    write_variables: str | None,
    resume: bool,
    quiet: bool,
    opens: bool,
    **options: Any,
) -> int:
    """Measure every DAG file below PATH as Airflow loads it, each in a process of its own.

    Writes run.json and report.html, and prints a summary. Needs no database, Variables, Connections or network.
    """
    options["fail_on"] = options["fail_on"] or None
    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    check = _Check(settings)
    folder = Path(settings.output_dir)
    output.check_writable(folder)
    if save_baseline:
        output.check_writable(Path(save_baseline).absolute().parent, "give --save-baseline another file")
    if write_variables:
        output.check_new(Path(write_variables), "--write-variables")
    try:
        run = _measure(
            paths, settings, folder, is_resumed=resume, is_quiet=quiet, is_baseline=save_baseline is not None
        )
    except KeyboardInterrupt:
        kept = "finished files are kept. Repeat the command with --resume to continue."
        click.echo(f"Interrupted; {kept if (folder / JOURNAL).exists() else 'no file was finished.'}", err=True)
        return INTERRUPTED
    code = check.tell(run, folder, paths, save_baseline=save_baseline, is_quiet=quiet)
    if write_variables:
        output.write_answers(run, Path(write_variables), is_quiet=quiet)
    if opens:
        output.open_in_browser(folder / "report.html")
    return code


def _load_reports() -> None:
    import networkx  # noqa: F401 - for dominators, which are requested between the rounds

    from dagprof.report import html  # noqa: F401
    from dagprof.report.text import terminal  # noqa: F401


def _measure(
    paths: tuple[str, ...], settings: Settings, folder: Path, *, is_resumed: bool, is_quiet: bool, is_baseline: bool
) -> Run:
    file, key = folder / JOURNAL, _key(paths, settings)
    known = _known(file, key) if is_resumed else {}
    with output.progress(is_quiet=is_quiet) as shown, journals.Journal(file, key, resumes=is_resumed) as journal:
        run = scanning.scan(
            paths,
            settings,
            version=__version__,
            environ=os.environ,
            known=known,
            with_reference=is_baseline,
            progress=_Journaling(shown, journal, known.values()),
        )
        runs.save(run, folder / "run.json")
        journal.discard()
    return run


def _key(paths: Iterable[str], settings: Settings) -> str:
    """Everything that the results of an interrupted scan depend on."""
    plain = Settings()
    judging = ["output_dir", "baseline", "fail_on_regression", "fail_on", "jobs"]
    judging += ["source", "against", "gate", "overrides", "waivers", "config_file"]
    kept = msgspec.structs.replace(settings, **{name: getattr(plain, name) for name in judging})
    parts = [__version__, *sorted(os.path.abspath(path) for path in paths), msgspec.json.encode(kept).decode()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _known(file: Path, key: str) -> Mapping[tuple[str, str], Measured]:
    found, known = journals.read(file)
    if found != key:
        raise UsageError(
            "The interrupted scan used other paths or options; repeat its command line, or scan without --resume."
        )
    return known


class _Journaling:
    """Passes progress on, and keeps each result that is new."""

    def __init__(self, shown: output.Quiet, journal: journals.Journal, known: Iterable[Measured]) -> None:
        self._shown, self._journal = shown, journal
        self._kept = {id(measured) for measured in known}
        self._is_loading = False
        self.using, self.started = shown.using, shown.started

    def preparing(self, what: str) -> None:
        if not self._is_loading:  # pandas and the templates load while Airflow does, in the other process
            self._is_loading = True
            threading.Thread(target=_load_reports, daemon=True).start()
        self._shown.preparing(what)

    def measured(self, measured: Measured, done: int) -> None:
        if id(measured) not in self._kept:
            self._journal.add(measured)
        self._shown.measured(measured, done)


class _Check:
    """The baseline and the limits, read before anything is measured."""

    def __init__(self, settings: Settings) -> None:
        from dagprof import quantities
        from dagprof.analyse import comparison
        from dagprof.gate import simple as gate

        self._settings = settings
        self._fail_on = gate.check_fail_on(settings.fail_on)
        share = quantities.parse_share(settings.fail_on_regression) if settings.fail_on_regression else None
        if share is not None and settings.baseline is None:
            raise UsageError("--fail-on-regression needs a baseline; name one with --baseline.")
        floor = quantities.parse_duration_ms(settings.regression_floor)
        default = comparison.Limits()
        self._limits = comparison.Limits(relative=default.relative if share is None else share, absolute_ms=floor)
        self._baseline = runs.load(settings.baseline) if settings.baseline else None

    def tell(self, run: Run, folder: Path, paths: tuple[str, ...], *, save_baseline: str | None, is_quiet: bool) -> int:
        """Write the reports, print the summary, and return the exit code."""
        from dagprof.analyse import comparison
        from dagprof.analyse.fleet import Fleet
        from dagprof.gate import simple as gate
        from dagprof.report import formats
        from dagprof.report.page.overview import judged
        from dagprof.report.text import terminal

        fleet = Fleet(run)
        old = compared = None
        if self._baseline is not None:
            old = comparison.below(self._baseline, output.relative_to_root(paths, run.root))
            compared = comparison.compare(old, run, self._limits)
        judges = bool(self._settings.fail_on_regression or self._fail_on)
        verdict = (
            gate.decide(
                run, compared, fails_on_regression=bool(self._settings.fail_on_regression), fail_on=self._fail_on
            )
            if judges
            else None
        )
        written = [folder / "report.html"]
        report = formats.RunReport(
            run,
            fleet,
            compared,
            old,
            judged(verdict) if verdict is not None else None,
            with_source=self._settings.source == "all",
        )
        page = formats.RUNS["html"].text(report)
        runs.write_atomically(written[0], page.encode("utf-8"))
        if save_baseline:
            written.append(Path(save_baseline))
            runs.save(run, written[-1])
            if thin := sum(file.is_timed and not are_enough(file.samples.own_ms) for file in run.files):
                click.echo(
                    f"dagprof: {thin} of {len(run.files)} files in this baseline have fewer than "
                    f"{FEWEST} parses, too few to compare with; save it without --repeat and "
                    "--time-budget, on a quieter machine.",
                    err=True,
                )
        if not is_quiet:
            terminal.render(
                run,
                console=output.stdout_console(),
                fleet=fleet,
                comparison=compared,
                verdict=verdict,
                written=[folder / "run.json", *written],
            )
        if output.says_nothing_measured(run):
            return MeasurementError.exit_code
        return 1 if verdict is not None and verdict.outcome is gate.Outcome.FAILED else 0
