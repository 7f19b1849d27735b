"""Explain: one DAG file of a Run, or one line of it, with everything that dagprof knows about
it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dagprof import __version__, bounded
from dagprof.attribution.sourcelines import source_lines
from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.measure import scan as scanning
from dagprof.measure.rounds import Progress
from dagprof.model import FileResult, Run
from dagprof.quantities import count
from dagprof.surrogates import without_surrogates

if TYPE_CHECKING:
    from dagprof.analyse.fleet import Fleet


@dataclass(frozen=True)
class ExplainedFile:
    """One file of a Run, and the line that the user asked about.

    ``source`` holds the file's lines, None if the file changed since the measurement.
    """

    run: Run
    file: FileResult
    source: Sequence[str] | None
    line: int | None

    @cached_property
    def fleet(self) -> Fleet:
        """What changes would save over all files of the Run; computed on first use."""
        from dagprof.analyse.fleet import Fleet

        return Fleet(self.run)


def place(target: str) -> tuple[str, int | None]:
    """``dags/a.py:7`` as path and line.

    :raises UsageError: the text after the colon is not a line number.
    """
    found = re.fullmatch(r"(.+):(\d{1,9})", target)
    if os.path.exists(target):
        return target, None
    if found is None:
        if unread := re.fullmatch(r".+\.py:(.*)", target):
            raise UsageError(
                f"{unread[1]!r} is not a line number. Write FILE:LINE, such as dags/sales.py:7."
            )
        return target, None
    if int(found[2]) == 0:
        raise UsageError(f"Line numbers start at 1, but {target!r} requests line 0.")
    return found[1], int(found[2])


def check_line(name: str, line: int) -> None:
    """Reject a line number beyond the end of the file before measuring it.

    :raises UsageError: the file has fewer lines.
    """
    with contextlib.suppress(OSError):
        source = source_lines(bounded.source(name))
        if line > len(source) and not name.endswith(".zip"):
            raise _no_line(name, source, line)


def _no_line(name: str, source: Sequence[str], line: int) -> UsageError:
    lines = count(len(source), "line")
    return UsageError(f"{name} has only {lines}, so line {line} does not exist.")


def measure(
    name: str, settings: Settings, environ: Mapping[str, str], progress: Progress | None = None
) -> Run:
    """Measure one file, to explain it.

    :raises UsageError: the path is a folder, or paths or settings are invalid.
    :raises MeasurementError: Airflow cannot be imported, or the file could not be parsed at all.
    """
    if os.path.isdir(name):
        raise UsageError(
            f"{name!r} is a folder. Give one DAG file, or measure the folder with `dagprof scan`."
        )
    return scanning.scan([name], settings, version=__version__, environ=environ, progress=progress)


def explain(run: Run, name: str, line: int | None = None) -> ExplainedFile:
    """The file of a Run that ``name`` identifies by its path in the Run, by the end of that path,
    or by its path on disk.

    :raises UsageError: no file or several files match, or the file has no such line.
    """
    file = _find(run, name)
    source = _source(run, file)
    if line is not None and source is not None and line > len(source):
        raise _no_line(file.path, source, line)
    return ExplainedFile(run, file, source, line)


def stacks(explained: ExplainedFile) -> str:
    """The sampled call tree of the file, for speedscope.

    :raises UsageError: the file was not sampled.
    """
    from dagprof.report import speedscope

    file = explained.file
    if file.stack is None:
        raise UsageError(
            f"{file.path} has no sampled call stacks, because the parse time is only"
            f" {file.parse_ms:.0f} ms. To sample this file, lower --stacks-from."
        )
    return speedscope.render(explained.run, [file.path])


def _find(run: Run, name: str) -> FileResult:
    absolute = without_surrogates(os.path.abspath(name))
    name = without_surrogates(name)
    exact = [f for f in run.files if f.path == name or os.path.join(run.root, f.path) == absolute]
    ending = [f for f in run.files if f.path.endswith("/" + name.replace(os.sep, "/"))]
    found = exact or ending
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"{name!r} matches both {found[0].path} and {found[1].path}. Give a longer part of the"
            " path."
        )
    raise _not_found(run, name, absolute)


def _not_found(run: Run, name: str, absolute: str) -> UsageError:
    """Why the Run has no such file, and what to ask instead."""
    helped = _loading(run, absolute)
    if helped:
        return UsageError(
            f"{name!r} defines no DAG. Give a DAG file that imports this file, such as"
            f" {', '.join(helped[:3])}."
        )
    for skipped in run.skipped:
        if skipped.path == name or os.path.join(run.root, skipped.path) == absolute:
            return UsageError(f"Airflow does not parse {skipped.path}: {skipped.why}.")
    return UsageError(
        f"This run contains no file {name!r}. All files in this run are under {run.root}."
    )


def _loading(run: Run, path: str) -> list[str]:
    """The DAG files whose parse loads a module."""
    places = {place for place, module in enumerate(run.modules) if module.file == path}
    return [
        file.path
        for file in run.files
        if file.trace and not places.isdisjoint(file.trace.loads.module)
    ]


def _source(run: Run, file: FileResult) -> list[str] | None:
    """The lines of the file without what looks like a secret, if the file has not changed since the
    measurement.
    """
    try:
        data = bounded.source(Path(run.root) / file.path)
    except OSError:
        return None
    if hashlib.sha256(data).hexdigest() != file.sha256 or file.path.endswith(".zip"):
        return None
    from dagprof.redaction import Redactor

    return Redactor().source("\n".join(source_lines(data))).split("\n")
