"""Shared by the commands: consoles, progress, and output files."""

from __future__ import annotations

import contextlib
import math
import os
import re
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from dagprof.errors import OutputError, UsageError, shortened
from dagprof.model import Measured, Run, Used
from dagprof.quantities import count, duration
from dagprof.report.escape import safe_lines, safe_text
from dagprof.report.figures import status

# Without a terminal, at most one line per interval keeps a CI log readable.
_PLAIN_EVERY_S = 10.0
_NAME_WIDTH = 40
_PIPE_WIDTH = 120
_SIZES = ("COLUMNS", "LINES")
_NARROWEST = 10
# The most characters of a sentence about the project.
_SENTENCE = 600


def stdout_console() -> Console:
    """The console for results: as wide as the terminal, or with a fixed width without one."""
    console = _console()
    return console if console.is_terminal else _console(width=_PIPE_WIDTH)


def stderr_console() -> Console:
    """The console for progress and warnings."""
    return _console(stderr=True)


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console that ignores COLUMNS and LINES if they cannot be the size of a terminal."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in _SIZES or (re.fullmatch("[0-9]{1,4}", value) and int(value) >= _NARROWEST)
    }
    return Console(
        stderr=stderr,
        highlight=False,
        emoji=False,
        markup=False,
        width=width,
        _environ=environment,
    )


def warn(message: str) -> None:
    """Print one sentence on standard error. The command continues."""
    click.echo(f"dagprof: {safe_lines(shortened(message))}", err=True)


def check_writable(folder: Path, way_out: str = "choose another folder with --output-dir") -> None:
    """Fail before the work, not after it. ``way_out`` is the next step for the user.

    :raises OutputError: nothing can be written there.
    """
    probe = folder / ".dagprof-writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            # With content, because an empty file fits on a full disk.
            probe.write_bytes(b"dagprof writes its results here\n")
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot write to {str(folder)!r} ({error.strerror})."
            f" {way_out[:1].upper()}{way_out[1:]}."
        ) from error


def check_spared(given: str, output: Path, what: str) -> None:
    """Fail before the work if the output file is a file that the command reads. ``what`` says so.

    :raises UsageError: it is the same file.
    """
    if os.path.exists(given) and output.exists() and os.path.samefile(given, output):
        raise UsageError(f"{what} Choose another folder with --output-dir.")


def check_new(file: Path, option: str) -> None:
    """Fail before the work if the output file already exists.

    :raises UsageError: the file exists.
    :raises OutputError: nothing can be written there.
    """
    if os.path.lexists(file):  # do not write through a broken link
        raise UsageError(
            f"{str(file)!r} already exists and may contain values that you entered. Choose another"
            f" file for {option}, or remove this file."
        )
    check_writable(file.absolute().parent, f"choose another file for {option}")


def write_answers(run: Run, file: Path, *, is_quiet: bool) -> None:
    """Write the values that the DAG files need and that nothing supplies, and say how to use the
    file.
    """
    from dagprof.report import answers_file

    found = {section: len(names) for section, names in answers_file.places(run).items()}
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(answers_file.render(run, file.name))
    except OSError as error:
        if not isinstance(error, FileExistsError):
            with contextlib.suppress(OSError):
                file.unlink()  # half a file would block the next scan
        raise OutputError(
            f"Cannot write {str(file)!r} ({error.strerror}). Choose another file for"
            " --write-variables."
        ) from error
    if is_quiet:
        return
    name = safe_text(str(file), 4096)
    if not any(found.values()):
        broken = (
            f" {count(len(run.broken), 'file')} could not be loaded and may need Variables or"
            " Connections."
            if run.broken
            else ""
        )
        print_line(f"Written: {name}. The DAG files need no Variables or Connections.{broken}")
        return
    counts = (
        count(found["variables"], "Variable"),
        count(found["connections"], "Connection"),
        count(found["environment"], "environment variable"),
    )
    print_line(
        f"Written: {name} ({', '.join(counts)}). Fill in the values, and then add `--variables"
        f" {name} --connections {name}` to the command."
    )


def print_line(text: str) -> None:
    """Print one line on standard output, without wrapping."""
    stdout_console().print(Text(text), soft_wrap=True)


class Quiet:
    """Progress that prints nothing."""

    def __enter__(self) -> Quiet:
        return self

    def __exit__(self, *_: object) -> None: ...

    def preparing(self, what: str) -> None: ...

    def using(self, used: Sequence[Used]) -> None: ...

    def started(self, total: int, what: str = "parsing") -> None: ...

    def measured(self, measured: Measured, done: int) -> None: ...


class Plain(Quiet):
    """Prints a line from time to time, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = 0
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Plain:
        return self

    def preparing(self, what: str) -> None:
        self._console.print(f"dagprof: {what}", soft_wrap=True)

    def using(self, used: Sequence[Used]) -> None:
        for each in used:
            self._console.print(f"dagprof: {safe_text(each.text, _SENTENCE)}", soft_wrap=True)

    def started(self, total: int, what: str = "parsing") -> None:
        self._total = total
        self._console.print(f"dagprof: {what}, {count(total, 'file')}")
        self._began = self._said = time.monotonic()

    def measured(self, measured: Measured, done: int) -> None:
        now = time.monotonic()
        if now - self._said < _PLAIN_EVERY_S and done < self._total:
            return
        self._said = now
        left = (now - self._began) / done * (self._total - done)
        rest = f", about {count(math.ceil(left), 'second')} left" if done < self._total else ""
        self._console.print(
            f"dagprof: {done} of {self._total} files done{rest}; last file:"
            f" {safe_text(measured.result.path)}",
            soft_wrap=True,
        )


class Live(Quiet):
    """A progress bar with the last completed file and the remaining time."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[file]}", markup=False),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Live:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def preparing(self, what: str) -> None:
        self._replace(what[:60], None)

    def using(self, used: Sequence[Used]) -> None:
        for each in used:
            self._progress.console.print(safe_text(each.text, _SENTENCE), soft_wrap=True)

    def started(self, total: int, what: str = "parsing") -> None:
        self._replace(what, total)

    def measured(self, measured: Measured, done: int) -> None:
        if self._task is not None:
            result = measured.result
            took = duration(result.parse_ms) if result.is_timed else status(result.status)
            self._progress.update(
                self._task, completed=done, file=f"{safe_text(result.path)[-_NAME_WIDTH:]}  {took}"
            )

    def _replace(self, description: str, total: int | None) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(description, total=total, file="")


def progress(*, is_quiet: bool) -> Quiet:
    """The progress display that fits the environment of the command."""
    if is_quiet:
        return Quiet()
    console = stderr_console()
    has_bar = console.is_terminal and not console.is_dumb_terminal
    return Live(console) if has_bar else Plain(console)


def says_nothing_measured(run: Run, base: Run | None = None) -> bool:
    """Print a message if no file of a run could be loaded. Return whether that is the case.

    The environment is then at fault, not the files. If a file of ``base`` could be loaded, the
    files are at fault, and dagprof prints nothing.
    """
    from dagprof.analyse import causes

    paths = {file.path for file in run.files}
    loaded = base is not None and any(
        file.path in paths and not file.status.is_failure for file in base.files
    )
    if loaded or not causes.all_failed(run):
        return False
    warn(safe_text(causes.nothing_measured(run), 600))
    return True


def open_in_browser(file: Path) -> None:
    """Open a page in the browser; without a browser, print the path of the page."""
    import webbrowser

    if not webbrowser.open(file.absolute().as_uri()):
        warn(f"No browser found. Open {file} in a browser.")
