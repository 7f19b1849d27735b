"""``dagprof gate``: did this change make parsing slower?"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec

from dagprof import __version__
from dagprof.cli import INTERRUPTED, comments, discard_output, output
from dagprof.cli.options import parsing_options
from dagprof.config import settings as settings_module
from dagprof.config.policy import Level, Rule
from dagprof.config.settings import Settings
from dagprof.errors import MeasurementError, UsageError
from dagprof.report.formats import VERDICTS, VerdictReport

if TYPE_CHECKING:
    from dagprof.gate.decide import Demand
    from dagprof.gate.verdict import Verdict
    from dagprof.model import Run

# The base's Run, which a comparison with a stored one does not write.
_BASE = "gate-base.json"
_RULES = ", ".join(rule.value for rule in Rule)
_FORMATS = " or ".join(", ".join(VERDICTS).rsplit(", ", 1))


@click.command("gate", short_help="Fail when a change makes parsing slower.")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--against",
    metavar="REVISION",
    help=(
        "Compare with the merge base of the working tree and this branch, tag or commit. "
        "Both versions are parsed in turns."
    ),
)
@click.option("--baseline", metavar="FILE", help="Compare with a run saved by `dagprof scan --save-baseline`.")
@click.option(
    "--against-python",
    metavar="PATH",
    help="Measure the other side with this interpreter and its Airflow. Measures all files.",
)
@click.option("--all-files", is_flag=True, help="Measure all files, not only those that the change can reach.")
@click.option("--relative", metavar="SHARE", help="Ignore changes below this share of the parse time [default: 5%].")
@click.option("--absolute", metavar="DURATION", help="Ignore changes below this time [default: 10ms].")
@click.option("--budget", metavar="DURATION", help="Fail files that take longer than this to parse.")
@click.option(
    "--forbid", multiple=True, metavar="PACKAGE", help="Fail files whose parse loads this package; may be repeated."
)
@click.option(
    "--allow",
    multiple=True,
    metavar="PACKAGE",
    help="Allow DAG code to import only these packages while parsing; may be repeated.",
)
@click.option(
    "--time-budget",
    metavar="DURATION",
    help=(
        "Stop the timed parses after this time [default: 120s]. Files without a clear answer by then are inconclusive."
    ),
)
@click.option(
    "--sample", type=int, metavar="N", help="Number of files to measure when the environment changed [default: 40]."
)
@click.option(
    "--false-alarms",
    metavar="SHARE",
    help="Probability that a run without any change reports a regression [default: 1%].",
)
@click.option("--fail-on", multiple=True, metavar="RULE", help=f"Exit with 1 on findings of this rule: {_RULES}.")
@click.option("--warn-on", multiple=True, metavar="RULE", help="Report findings of this rule without failing.")
@click.option("--ignore", multiple=True, metavar="RULE", help="Turn this rule off.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="NAME[=FILE]",
    help=f"Also write {_FORMATS}, to FILE or standard output; may be repeated.",
)
@click.option("--output-dir", "-o", metavar="DIR", help="Folder for gate.json and both runs [default: reports].")
@parsing_options
@click.option("--quiet", "-q", is_flag=True, help="Print only errors and what --format prints.")
def command(
    paths: tuple[str, ...],
    formats: tuple[str, ...],
    all_files: bool,
    against_python: str | None,
    quiet: bool,
    **options: Any,
) -> int:
    """Compare the DAG files below PATH with another version of them, and fail when parsing became slower.

    With --against, only the files that the change can reach are parsed, both versions in turns, until the answer is clear.
    With --baseline, all files are measured and compared with a stored run. `dagprof config` shows the limits in force.

    Exit codes: 0 passed or inconclusive, 1 failed, 2 usage or configuration, 3 could not measure, 130 interrupted.
    """
    settings = settings_module.load(_plain(options), environment=os.environ, start=Path.cwd())
    against, baseline = _versus(options, settings)
    if against is None and (against_python is not None or all_files):
        raise UsageError(
            "--against-python and --all-files need --against; a run against a baseline always measures all files."
        )
    writings = _writings(formats)
    folder = Path(settings.output_dir)
    output.check_writable(folder)
    threading.Thread(target=_load_statistics, daemon=True).start()
    try:
        if against is not None:
            measured = _by_turns(paths, settings, against, against_python, all_files=all_files, is_quiet=quiet)
        else:
            assert baseline is not None
            measured = _by_baseline(paths, settings, baseline, is_quiet=quiet)
            _remove_old_base(folder / _BASE, baseline)
    except KeyboardInterrupt:
        click.echo("Interrupted; the gate reached no decision.", err=True)
        return INTERRUPTED
    return _tell(measured, folder, writings, is_quiet=quiet, with_source=settings.source == "all")


class _Measured(NamedTuple):
    """A verdict, both sides with paths from the repository's root, and the Runs behind them by file name."""

    verdict: Verdict
    base: Run
    head: Run
    runs: Mapping[str, Run]


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """The options with those of the gate in a table of their own."""
    names = ("relative", "absolute", "budget", "time_budget", "sample", "false_alarms")
    table: dict[str, Any] = {name: options.pop(name) for name in names}
    table |= {name: options.pop(name) or None for name in ("forbid", "allow")}
    rules: dict[str, str] = {}
    for option, level in (("ignore", Level.OFF), ("warn_on", Level.WARNING), ("fail_on", Level.ERROR)):
        for name in options.pop(option):
            if name not in [rule.value for rule in Rule]:
                raise UsageError(f"Unknown rule {name!r} in --{option.replace('_', '-')}; choose from {_RULES}.")
            rules[name] = level.value
    return {**options, "gate": {**table, "rules": rules or None}}


def _versus(options: Mapping[str, Any], settings: Settings) -> tuple[str | None, str | None]:
    """What to compare with: options win over the configuration, and a revision over a baseline there."""
    against, baseline = options["against"], options["baseline"]
    if against is not None and baseline is not None:
        raise UsageError("--against and --baseline cannot be used together; give one of them.")
    if against is not None or baseline is not None:
        return against, baseline
    if settings.against is not None:
        return settings.against, None
    if settings.baseline is not None:
        return None, settings.baseline
    raise UsageError("Nothing to compare with; give --against REVISION (such as origin/main) or --baseline FILE.")


def _writings(formats: Sequence[str]) -> list[tuple[str, Path | None]]:
    """Format and file, None for standard output, each pair once."""
    found: list[tuple[str, Path | None]] = []
    for text in formats:
        name, _, file = text.partition("=")
        if name not in VERDICTS:
            raise UsageError(f"Unknown format {name!r}; choose from {', '.join(VERDICTS)}.")
        found.append((name, Path(file) if file else None))
        if file:
            output.check_writable(Path(file).absolute().parent, f"give --format {name} another file")
    unique = list(dict.fromkeys(found))
    places = [file and file.absolute() for _, file in unique]
    for format_name, target in unique:
        if places.count(target and target.absolute()) > 1:
            where = "Standard output" if target is None else repr(str(target))
            raise UsageError(f"{where} takes only one format; write {format_name} to another file.")
        if target is not None and (target.suffix == ".py" or target.is_dir()):
            raise UsageError(f"Cannot write a report to {str(target)!r}; give --format {format_name} another file.")
    return unique


def _load_statistics() -> None:
    """While Airflow is imported in the other processes."""
    import scipy.stats  # noqa: F401


def _demand(settings: Settings, root: Path, waivers: Iterable[Any] = (), prefix: str = "") -> Demand:
    from dagprof.gate.decide import Demand

    return Demand(
        today=output.today(),
        policy=settings.gate,
        overrides=settings.overrides,
        waivers=(*settings.waivers, *waivers),
        folders=settings_module.leading_folders(settings, root),
        prefix=prefix,
    )


def _by_turns(
    paths: Sequence[str], settings: Settings, revision: str, python: str | None, *, all_files: bool, is_quiet: bool
) -> _Measured:
    from dagprof.ab import against
    from dagprof.gate import decide
    from dagprof.gate.rooted import rooted
    from dagprof.link.target import bundle_root, existing
    from dagprof.quantities import parse_duration_ms

    root = bundle_root(settings, existing(tuple(paths)), os.environ)[0]
    demand = _demand(settings, root)
    asked = against.Asked(
        revision=revision,
        limits=demand.timing,
        false_alarms=demand.false_alarms,
        budget_s=parse_duration_ms(settings.gate.time_budget) / 1000,
        sample=settings.gate.sample,
        python=python,
        every_file=all_files,
    )
    with output.progress(is_quiet=is_quiet) as shown:
        found = against.measure(paths, settings, asked, version=__version__, environ=os.environ, progress=shown)
    duel, prefix = found.duel, found.prefix
    base, head = rooted(duel.base, found.tree, prefix), rooted(duel.head, found.top, prefix)
    waivers, wrong = comments.waivers(head)
    compared = decide.Compared(
        base=base,
        head=head,
        base_name=found.base_name,
        head_name="the working tree",
        unaffected=duel.unaffected,
        doubts=(*duel.doubts, *wrong),
        changed_lines=found.changed.lines,
        working_lines=found.changed.working,
        begun_lines=found.changed.begun,
        renamed={prefix + new: prefix + old for new, old in duel.renamed.items()},
        others=rooted(duel.others, found.tree, prefix) if duel.others is not None else None,
        more_others=duel.more_others,
    )
    verdict = decide.decide(compared, _demand(settings, root, waivers, prefix), __version__)
    return _Measured(verdict, base, head, {_BASE: duel.base, "gate-head.json": duel.head})


def _by_baseline(paths: Sequence[str], settings: Settings, name: str, *, is_quiet: bool) -> _Measured:
    from dagprof.ab import revision
    from dagprof.analyse.comparison import below
    from dagprof.gate.baseline import check_reference, decide_by_baseline, suspects
    from dagprof.gate.rooted import rooted
    from dagprof.measure import scan as scanning
    from dagprof.store import runs

    whole = runs.load(name)
    check_reference(whole)

    def baseline_of(run: Run) -> Run:
        return below(whole, output.relative_to_root(paths, run.root))

    with output.progress(is_quiet=is_quiet) as shown:
        run, again = scanning.scan_twice(
            paths,
            msgspec.structs.replace(settings, depth=settings_module.Depth.TRACED),
            lambda run: suspects(baseline_of(run), run, _demand(settings, Path(run.root))),
            version=__version__,
            environ=os.environ,
            progress=shown,
        )
    prefix = revision.prefix_of(Path(run.root))
    top = revision.top_of(Path(run.root))
    base, head, second = (rooted(each, top, prefix) for each in (baseline_of(run), run, again))
    waivers, wrong = comments.waivers(head)
    demand = _demand(settings, Path(run.root), waivers, prefix)
    verdict = decide_by_baseline(base, head, name, demand, __version__, again=second)
    verdict = msgspec.structs.replace(verdict, doubts=(*verdict.doubts, *wrong))
    return _Measured(verdict, base, head, {"gate-head.json": run})


def _remove_old_base(file: Path, baseline: str) -> None:
    """Remove the base of an earlier comparison, unless this run used it: it would not belong to the new head."""
    if file.exists() and not file.samefile(baseline):
        file.unlink()


def _tell(
    measured: _Measured, folder: Path, writings: Sequence[tuple[str, Path | None]], *, is_quiet: bool, with_source: bool
) -> int:
    """Write the requested reports, print the summary, and return the exit code."""
    from dagprof.gate.verdict import Decision
    from dagprof.report import verdict as reports
    from dagprof.store import runs

    for name, run in measured.runs.items():
        runs.save(run, folder / name)
    on_github = os.environ.get("GITHUB_ACTIONS") == "true"
    wanted: list[tuple[str, Path | None]] = [("json", folder / "gate.json"), *writings]
    if on_github and "github" not in dict(writings):
        wanted.append(("github", None))
    for name, file in wanted:
        if file is not None:
            runs.write_atomically(file, _written(name, measured, with_source=with_source).encode("utf-8"))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if on_github and summary:
        with Path(summary).open("a", encoding="utf-8") as stream:
            stream.write(reports.write("markdown", measured.verdict))
    try:
        _print(
            measured,
            {name: _written(name, measured, with_source=with_source) for name, file in wanted if file is None},
            is_quiet=is_quiet,
        )
        sys.stdout.flush()
    except (
        BrokenPipeError,
        SystemExit,
    ):  # from click and rich when the reader is gone; the exit code still tells the result
        discard_output()
    is_failed = measured.verdict.decision is Decision.FAILED
    if output.says_nothing_measured(measured.head, measured.base if is_failed else None):
        return MeasurementError.exit_code
    return 1 if is_failed else 0


def _written(name: str, measured: _Measured, *, with_source: bool) -> str:
    """The verdict in one format."""
    report = VerdictReport(measured.verdict, measured.base, measured.head, with_source=with_source)
    return VERDICTS[name].text(report)


def _print(measured: _Measured, texts: Mapping[str, str], *, is_quiet: bool) -> None:
    """The formats asked for, then the summary for people, which goes to standard error where a program reads the other."""
    from dagprof.report.verdict import terminal

    for text in texts.values():
        click.echo(text, nl=False)
    if not is_quiet:
        goes_aside = any(name != "github" for name in texts)
        terminal.render(measured.verdict, console=output.stderr_console() if goes_aside else output.stdout_console())
