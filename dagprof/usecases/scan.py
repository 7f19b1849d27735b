"""Scan: measure every DAG file, keep the Run, compare it with a baseline, decide if it fails."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dagprof import __version__
from dagprof.analyse import comparison
from dagprof.analyse.comparison import Comparison
from dagprof.config.checks import Checks
from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.gate import scanned as gate
from dagprof.gate.verdict import Decision, Verdict
from dagprof.judge import runs as judge
from dagprof.measure import scan as scanning
from dagprof.measure.rounds import Progress, Silent
from dagprof.measure.shards import Shard
from dagprof.model import Measured, Production, Run
from dagprof.quantities import parse_shard
from dagprof.store import runs
from dagprof.usecases.baselines import of_files, of_paths
from dagprof.usecases.expectations import Expectations
from dagprof.usecases.resuming import resumable

if TYPE_CHECKING:
    from dagprof.analyse.fleet import Fleet
    from dagprof.analyse.others import Others

RUN = "run.json"
JOURNAL = "run.partial.jsonl"

# Settings that change no result: a resumed scan may use different ones.
_OF_NO_RESULT = (
    "output_dir",
    "baseline",
    "fail_on_regression",
    "fail_on",
    "jobs",
    "time_budget",
    "source",
    "against",
    "gate",
    "overrides",
    "waivers",
    "config_file",
)


class ScanRequest(NamedTuple):
    """What to scan and how. ``environ`` holds the environment variables with which parses begin.

    ``folder`` is the folder for run.json, and for each file's result until run.json is complete;
    None stores nothing. ``resumes`` reuses the results of an interrupted scan in that folder.
    ``with_reference`` also times dagprof's reference parse, which makes Runs of other days
    comparable with this Run. A shard, and a baseline with a reference parse, turn it on, too.
    ``production`` holds what a deployment reports about the files; the Run keeps it.
    """

    paths: tuple[str, ...]
    settings: Settings
    environ: Mapping[str, str]
    expectations: Expectations = Expectations()
    folder: Path | None = None
    resumes: bool = False
    with_reference: bool = False
    production: Production | None = None


@dataclass(frozen=True)
class Scanned:
    """A Run. With a baseline, also the baseline and the comparison; the verdict only if the request
    asks for one.

    ``baseline`` has only the files that were scanned again.
    """

    run: Run
    baseline: Run | None = None
    comparison: Comparison | None = None
    verdict: Verdict | None = None

    @cached_property
    def fleet(self) -> Fleet:
        """The possible savings over all files, and the plan of changes; computed on first use."""
        from dagprof.analyse.fleet import Fleet

        return Fleet(self.run)

    @cached_property
    def others(self) -> Others:
        """The changes that are not in the plan; computed on first use."""
        from dagprof.analyse.others import others

        return others(self.run, self.fleet.plan())

    @property
    def has_failed(self) -> bool:
        """Whether the Run fails for one of the reasons that the request names."""
        return self.verdict is not None and self.verdict.decision is Decision.FAILED


def scan(request: ScanRequest, progress: Progress | None = None) -> Scanned:
    """Measure the DAG files, save the Run if there is a folder for it, and judge it.

    An interrupted scan leaves its results in the folder, in the file ``JOURNAL``.

    :raises UsageError: paths or settings are invalid, or the scan to resume was another scan.
    :raises MeasurementError: Airflow cannot be imported, or no file could be parsed at all.
    :raises OutputError: the folder cannot be written to.
    """
    progress = progress or Silent()
    if request.folder is None:
        return _judged(*_measured(request, progress, {}), request)
    file = request.folder / JOURNAL
    with resumable(file, _key(request), progress, resumes=request.resumes) as kept:
        run, again = _measured(request, kept.progress, kept.known)
        runs.save(run, request.folder / RUN)
        scanned = _judged(run, again, request)
        kept.discard()
    return scanned


def _measured(
    request: ScanRequest, progress: Progress, known: Mapping[tuple[str, str], Measured]
) -> tuple[Run, Run]:
    """The Run, and a second Run of the files that seem slower. These files are parsed again before
    they can fail the scan.
    """
    baseline, demand = request.expectations.baseline, request.expectations.demand

    def suspects(run: Run) -> set[str]:
        if baseline is None or not demand.asks_for_times:
            return set()
        return judge.suspects(
            judge.judge(of_paths(baseline, request.paths, run.root), run, demand.timing)
        )

    run, again = scanning.scan_twice(
        request.paths,
        request.settings,
        suspects,
        version=__version__,
        environ=request.environ,
        progress=progress,
        known=known,
        with_reference=request.with_reference
        or request.settings.shard is not None
        or (baseline is not None and baseline.reference is not None),
        shard=_shard(request.settings),
    )
    return msgspec.structs.replace(run, production=request.production), again


def _shard(settings: Settings) -> Shard | None:
    """The part of the files to measure. The split depends on the parse times of another Run, if the
    settings name one.
    """
    if settings.shard is None:
        if settings.shard_by is not None:
            raise UsageError("--shard-by requires --shard.")
        return None
    number, of = parse_shard(settings.shard)
    if settings.shard_by is None:
        return Shard(number, of)
    earlier = runs.load(settings.shard_by)
    return Shard(number, of, {file.path: file.parse_ms for file in earlier.files if file.is_timed})


def _judged(run: Run, again: Run, request: ScanRequest) -> Scanned:
    expected = request.expectations
    head = judge.with_times_of(again, run)
    if expected.baseline is None:
        verdict = gate.decide(head, None, {}, expected.demand) if expected.need_verdict else None
        return Scanned(run, verdict=verdict)
    baseline = of_paths(expected.baseline, request.paths, run.root)
    if request.settings.shard is not None:
        baseline = of_files(baseline, {file.path for file in run.files})
    judged = judge.judge(baseline, run, expected.demand.timing, again=again)
    verdict = (
        gate.decide(head, baseline, judged, expected.demand) if expected.need_verdict else None
    )
    return Scanned(run, baseline, comparison.compare(baseline, head, judged=judged), verdict)


def _key(request: ScanRequest) -> str:
    """Everything that the results of an interrupted scan depend on."""
    plain = Settings()
    changes = {name: getattr(plain, name) for name in _OF_NO_RESULT}
    changes["check"] = Checks(in_scan=request.settings.check.in_scan)
    settings = msgspec.to_builtins(msgspec.structs.replace(request.settings, **changes))
    paths = sorted(os.path.abspath(path) for path in request.paths)
    # ASCII, because names of files may hold bytes that are not UTF-8.
    return hashlib.sha256(json.dumps([__version__, paths, settings]).encode("ascii")).hexdigest()
