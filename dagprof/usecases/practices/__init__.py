"""Check: which practices do the DAG files break, and what does that cost?"""

from __future__ import annotations

import datetime
import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from dagprof import bounded
from dagprof.ab.revision import prefix_of
from dagprof.analyse.dependencies.values import Dependencies
from dagprof.config.policy import today
from dagprof.config.settings import Settings, leading_folders
from dagprof.errors import DagprofError, UsageError
from dagprof.measure.rounds import Progress, Silent
from dagprof.model import Run
from dagprof.practices import baseline as known
from dagprof.practices import checking, choice
from dagprof.practices.checking import Checked
from dagprof.practices.subject import Subject
from dagprof.store import runs
from dagprof.usecases import deps
from dagprof.usecases.practices import declared as declaring
from dagprof.usecases.practices.sources import of_files, sources

_LARGEST_BASELINE = 20_000_000


class CheckedRun(NamedTuple):
    """A Run and what the rules found in it. ``prefix`` leads from the root of the repository to the
    folder of the Run.
    """

    run: Run
    checked: Checked
    prefix: str = ""


def fails(checked: Checked, settings: Settings) -> bool:
    """Whether a finding that nobody accepted fails the check."""
    return any(settings.check.fail_on.fails(each.severity) for each in checked.open)


def with_examination(settings: Settings) -> Settings:
    """The settings of a scan that also finds what the rules need."""
    check = msgspec.structs.replace(settings.check, in_scan=True)
    changed: Settings = msgspec.structs.replace(settings, check=check)
    return changed


def check(
    name: str,
    settings: Settings,
    environ: Mapping[str, str],
    progress: Progress | None = None,
) -> CheckedRun:
    """Apply the rules to a run file, or to a DAG folder, which is scanned first.

    :raises UsageError: paths or settings are invalid, or a rule does not exist.
    :raises RunFileError: the run file cannot be read.
    :raises MeasurementError: Airflow cannot be imported, or no file could be parsed at all.
    """
    accepted = demanded(settings)
    progress = progress or Silent()
    run = deps.run_of(name, with_examination(settings), environ, progress)
    found = examined(run, settings, environ, today(), accepted)
    prefix = prefix_of(Path(run.root)) if os.path.isdir(run.root) else ""
    return CheckedRun(run, found, prefix)


def demanded(settings: Settings) -> known.Baseline | None:
    """The accepted findings. Call it before a measurement that uses the rules.

    :raises UsageError: a rule does not exist, or the accepted findings cannot be read.
    """
    choice.check_known(settings.check)
    return baseline_of(settings)


def checked(
    run: Run,
    settings: Settings,
    environ: Mapping[str, str],
    accepted: known.Baseline | None,
) -> Checked:
    """What the rules find in the Run of a scan. ``accepted`` comes from ``demanded``."""
    return examined(run, settings, environ, today(), accepted)


def in_file(run: Run, settings: Settings, accepted: known.Baseline | None) -> Checked:
    """What the rules find in a Run of one file, from the source of this file only."""
    return applied(Subject(run, of_files(run, ())), settings, today(), accepted)


def examined(
    run: Run,
    settings: Settings,
    environ: Mapping[str, str],
    day: datetime.date,
    accepted: known.Baseline | None = None,
) -> Checked:
    """What the rules find in a Run. The sources are read from the folder of the Run."""
    declared = declaring.declared(Path(run.root))
    wants_image = any(code.startswith("DP8") for code in choice.selected(settings.check))
    dependencies = None
    if wants_image and declared is not None:
        dependencies = _dependencies(run, settings, environ)
    subject = Subject(run, sources(run), dependencies, declared)
    return applied(subject, settings, day, accepted)


def applied(
    subject: Subject,
    settings: Settings,
    day: datetime.date,
    accepted: known.Baseline | None,
) -> Checked:
    """What the selected rules find, with the patterns of files as in the configuration file."""
    return checking.check(
        subject,
        settings.check,
        day,
        baseline=accepted,
        folders=leading_folders(settings, Path(subject.run.root)),
    )


def _dependencies(run: Run, settings: Settings, environ: Mapping[str, str]) -> Dependencies | None:
    """What the DAG files import; None if the interpreter of the Run cannot list its
    distributions.
    """
    try:
        with deps.examined(run, settings, environ) as found:
            return found.dependencies if found.is_complete else None
    except DagprofError:
        return None


def baseline_of(settings: Settings) -> known.Baseline | None:
    """The accepted findings that the settings name.

    :raises UsageError: the file cannot be read, or is not such a file.
    """
    file = settings.check.baseline
    if file is None:
        return None
    try:
        data = bounded.head(file, _LARGEST_BASELINE + 1)
        if len(data) > _LARGEST_BASELINE:
            raise OSError(errno.EFBIG, "larger than 20 MB")
        found = msgspec.json.decode(data, type=known.Baseline)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "--write-baseline did not write this file"
        raise UsageError(
            f"Cannot read the accepted findings in {file!r} ({reason}). Write the file with"
            " `dagprof check --write-baseline`."
        ) from error
    if found.version != known.VERSION:
        raise UsageError(
            f"{file!r} comes from another version of dagprof. Write the file again with"
            " `dagprof check --write-baseline`."
        )
    return found


def write_baseline(checked: Checked, file: Path) -> None:
    """Write the findings that are open, so that later checks accept them.

    :raises OutputError: the file cannot be written.
    """
    open_now = [each for each in checked.findings if not each.waived or each.waived == known.KNOWN]
    text = msgspec.json.format(msgspec.json.encode(known.of(open_now)), indent=2)
    runs.write_atomically(file, text + b"\n")
