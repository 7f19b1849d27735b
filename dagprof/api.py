"""Functions for notebooks and scripts. Each function does the work of a command, and prints
nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dagprof.config import settings as settings_module
from dagprof.config.settings import Depth, Settings
from dagprof.model import Isolation, Run, Temperature
from dagprof.store import runs

if TYPE_CHECKING:
    from dagprof.analyse.comparison import Comparison
    from dagprof.usecases.explain import ExplainedFile
    from dagprof.usecases.gate import Gated

# Arguments that are not settings.
_NO_SETTINGS = ("paths", "against_python", "all_files")


def scan(  # noqa: PLR0913 - one for each setting
    *paths: str | Path,
    bundle_root: str | Path | None = None,
    python: str | Path | None = None,
    temperature: Temperature | Literal["processor", "warm", "cold"] | None = None,
    isolation: Isolation | Literal["layers", "strict", "spawn"] | None = None,
    jobs: int | None = None,
    repeat: int | None = None,
    time_limit_s: float | None = None,
    memory_limit_mib: int | None = None,
    depth: Depth | Literal["quick", "traced", "normal", "full"] | None = None,
    time_budget: str | None = None,
    stacks_from_ms: float | None = None,
    shard: str | None = None,
    shard_by: str | Path | None = None,
    lookup_latency: Sequence[str] | None = None,
    lookup_price: str | None = None,
    live_lookups: bool | None = None,
    variables: str | Path | None = None,
    connections: str | Path | None = None,
    missing_variables: Literal["stub", "error"] | None = None,
    safe_mode: bool | None = None,
    project: bool | None = None,
    plugins: str | Path | None = None,
    pythonpath: Sequence[str | Path] | None = None,
    env_file: str | Path | None = None,
    airflow_home: str | Path | None = None,
) -> Run:
    """Measure the DAG files below ``paths`` and return the Run, without writing anything.

    Each keyword is a setting. If a keyword is missing or None, the value comes from the
    environment or the configuration file.

    :raises dagprof.errors.UsageError: invalid paths or settings.
    :raises dagprof.errors.MeasurementError: nothing could be measured.
    """
    settings = _settings(locals())
    from dagprof.usecases import scan as usecase

    return usecase.scan(usecase.ScanRequest(_texts(paths), settings, os.environ)).run


def run_gate(  # noqa: PLR0913 - one for each setting
    *paths: str | Path,
    against: str | None = None,
    baseline: str | Path | None = None,
    against_python: str | Path | None = None,
    all_files: bool = False,
    bundle_root: str | Path | None = None,
    python: str | Path | None = None,
    temperature: Temperature | Literal["processor", "warm", "cold"] | None = None,
    isolation: Isolation | Literal["layers", "strict", "spawn"] | None = None,
    jobs: int | None = None,
    time_limit_s: float | None = None,
    memory_limit_mib: int | None = None,
    variables: str | Path | None = None,
    connections: str | Path | None = None,
    missing_variables: Literal["stub", "error"] | None = None,
    safe_mode: bool | None = None,
    project: bool | None = None,
    plugins: str | Path | None = None,
    pythonpath: Sequence[str | Path] | None = None,
    env_file: str | Path | None = None,
    airflow_home: str | Path | None = None,
) -> Gated:
    """Compare the DAG files below ``paths`` with another version of these files or a stored Run.

    Give either ``against`` (a branch, tag or commit) or ``baseline`` (the file of a stored Run).
    ``against_python`` selects another interpreter for the base version. ``all_files`` also measures
    files that the change cannot affect. The limits of the gate and all missing settings come from
    the environment and the configuration file. The function writes no files.

    :raises dagprof.errors.UsageError: invalid paths, settings, revision or baseline.
    :raises dagprof.errors.MeasurementError: nothing could be measured.
    """
    settings = _settings(locals())
    from dagprof.usecases import gate as usecase

    request = usecase.requested(
        _texts(paths),
        settings,
        os.environ,
        revision=against,
        baseline=None if baseline is None else os.fspath(baseline),
        python=None if against_python is None else os.fspath(against_python),
        all_files=all_files,
    )
    return usecase.gate(request)


def explain(run: Run, file: str | Path, line: int | None = None) -> ExplainedFile:
    """Explain one file of a Run: its result, its source code and the savings of possible changes.

    The result contains the source code only if the file is unchanged since the measurement.
    ``file`` is the path of the file in the Run, the end of this path, or the path on disk.

    :raises dagprof.errors.UsageError: the Run has no such file, or the file has no such line.
    """
    from dagprof.usecases import explain as usecase

    return usecase.explain(run, os.fspath(file), line)


def compare(before: Run, after: Run, *, share: str = "25%", floor: str = "50ms") -> Comparison:
    """Compare two Runs file by file.

    Changes below ``share`` of the parse time or below the duration ``floor`` do not count. If a
    value is below its default, dagprof uses the default.

    :raises dagprof.errors.UsageError: ``share`` is not a valid share, or ``floor`` not a valid
        duration.
    """
    from dagprof.usecases import compare as usecase

    return usecase.compare(before, after, usecase.limits_of(share=share, floor=floor))


def merge(*runs: Run, partial: bool = False) -> Run:
    """Merge the Runs of several shards into one Run. The times are scaled to the machine of the
    first Run.

    ``partial`` merges the Runs even if shards are missing.

    :raises dagprof.errors.UsageError: the Runs do not belong together, or a shard is missing.
    """
    from dagprof.usecases import merge as usecase

    named = {f"run {number}": run for number, run in enumerate(runs, start=1)}
    return usecase.merge(named, partial=partial)


def render_report(
    run: Run,
    baseline: Run | None = None,
    *,
    format: Literal["html", "markdown"] = "html",  # noqa: A002 - the option's name
    with_source: bool = True,
) -> str:
    """Render the report of a Run as text. With ``baseline``, the report also compares both Runs.

    ``with_source`` includes the source code of the DAG files in the report.
    """
    from dagprof.usecases import report as usecase

    return usecase.report(run, baseline, kind=format, with_source=with_source)


def load(path: str | Path) -> Run:
    """Read a stored Run.

    :raises dagprof.errors.RunFileError: the file is missing, damaged, or from a newer dagprof.
    """
    return runs.load(path)


def _settings(given: Mapping[str, object]) -> Settings:
    """The settings in force, with the keywords that a function received."""
    options = {name: _plain(value) for name, value in given.items() if name not in _NO_SETTINGS}
    return settings_module.load(options, environment=os.environ, start=Path.cwd())


def _plain(value: object) -> object:
    """A path as text, the form that settings hold."""
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return os.fspath(value) if isinstance(value, Path) else value


def _texts(paths: Sequence[str | Path]) -> tuple[str, ...]:
    return tuple(str(path) for path in paths)
