"""``dagprof explain``: one file, with everything that is known about it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dagprof import __version__
from dagprof.attribution.sourcelines import source_lines
from dagprof.cli.options import measuring_options
from dagprof.errors import UsageError
from dagprof.surrogates import without_surrogates

if TYPE_CHECKING:
    from dagprof.model import FileResult, Run


@click.command("explain", short_help="Show where the time of one file goes and what to change.")
@click.argument("target", metavar="FILE[:LINE]")
@click.option("--run", "stored", metavar="RUN", help="Use this run.json instead of measuring FILE now.")
@click.option("--speedscope", metavar="FILE", help="Also write the sampled call tree, for speedscope.app.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@measuring_options
def command(target: str, stored: str | None, speedscope: str | None, quiet: bool, **options: Any) -> int:
    """Explain one DAG file, or one line of it: its source with the time in the margin, what each import costs and what
    removing it saves, what the file does while it is parsed, what experiments proved, and which changes pay.

    Measures FILE now, by default at full depth. Writes nothing except the file given to --speedscope.
    """
    from dagprof.analyse.fleet import Fleet
    from dagprof.cli.output import stdout_console
    from dagprof.report.text import explain
    from dagprof.store import runs

    name, line = _split(target)
    if line is not None and not stored:
        _check_line(name, line)
    run = runs.load(stored) if stored else _measured(name, options, is_quiet=quiet)
    file = _find(run, name)
    fleet = Fleet(run)
    source = _source(run, file)
    if line is not None and source is not None and line > len(source):
        raise _no_line(file.path, source, line)
    explain.render(explain.Explanation(run, file, source, line), fleet, console=stdout_console())
    if speedscope:
        _write_stacks(run, file, speedscope)
    return 0


def _split(target: str) -> tuple[str, int | None]:
    """``dags/a.py:7`` as path and line."""
    found = re.fullmatch(r"(.+):(\d{1,9})", target)
    if os.path.exists(target):
        return target, None
    if found is None:
        if unread := re.fullmatch(r".+\.py:(.*)", target):
            raise UsageError(f"{unread[1]!r} is not a line number; write FILE:LINE, such as dags/sales.py:7.")
        return target, None
    if int(found[2]) == 0:
        raise UsageError(f"Line numbers start at 1; {target!r} asks for line 0.")
    return found[1], int(found[2])


def _check_line(name: str, line: int) -> None:
    """Reject a line number beyond the end of the file before measuring it."""
    with contextlib.suppress(OSError):
        source = source_lines(Path(name).read_bytes())
        if line > len(source) and not name.endswith(".zip"):
            raise _no_line(name, source, line)


def _no_line(name: str, source: list[str], line: int) -> UsageError:
    return UsageError(f"{name} has {len(source)} lines; there is no line {line}.")


def _measured(name: str, options: dict[str, Any], *, is_quiet: bool) -> Run:
    from dagprof.cli import output
    from dagprof.config import settings as settings_module
    from dagprof.measure import scan as scanning

    options = {**options, "depth": options["depth"] or "full"}
    settings = settings_module.load(options, environment=os.environ, start=Path.cwd())
    if Path(name).is_dir():
        raise UsageError(f"{name!r} is a folder; explain one file, or measure the folder with `dagprof scan`.")
    with output.progress(is_quiet=is_quiet) as shown:
        return scanning.scan([name], settings, version=__version__, environ=os.environ, progress=shown)


def _find(run: Run, name: str) -> FileResult:
    """The file of the run that the name means: its path there, or the same file on disk.

    :raises UsageError: none, or several.
    """
    absolute = without_surrogates(os.path.abspath(name))
    name = without_surrogates(name)
    exact = [f for f in run.files if f.path == name or os.path.join(run.root, f.path) == absolute]
    ending = [f for f in run.files if f.path.endswith("/" + name.replace(os.sep, "/"))]
    found = exact or ending
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{name!r} matches {found[0].path} and {found[1].path}; write more of the path.")
    helped = _loading(run, absolute)
    if helped:
        raise UsageError(
            f"{name!r} defines no DAG; explain a DAG file that imports it, such as {', '.join(helped[:3])}."
        )
    for skipped in run.skipped:
        if skipped.path == name or os.path.join(run.root, skipped.path) == absolute:
            raise UsageError(f"Airflow does not parse {skipped.path}: {skipped.why}.")
    raise UsageError(f"This run has no file {name!r}; its files are below {run.root}.")


def _loading(run: Run, path: str) -> list[str]:
    """The DAG files whose parse loads a module."""
    places = {place for place, module in enumerate(run.modules) if module.file == path}
    return [file.path for file in run.files if file.trace and not places.isdisjoint(file.trace.loads.module)]


def _source(run: Run, file: FileResult) -> list[str] | None:
    """The lines of the file, if it has not changed since it was measured."""
    try:
        data = (Path(run.root) / file.path).read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() != file.sha256 or file.path.endswith(".zip"):
        return None
    return source_lines(data)


def _write_stacks(run: Run, file: FileResult, target: str) -> None:
    from dagprof.report import speedscope
    from dagprof.store import runs

    if file.stack is None:
        raise UsageError(
            f"{file.path} has no sampled call stacks: it parses in {file.parse_ms:.0f} ms. "
            "Lower --stacks-from to sample it."
        )
    runs.write_atomically(Path(target), speedscope.render(run, [file.path]).encode("utf-8"))
    click.echo(f"Written: {target}")
