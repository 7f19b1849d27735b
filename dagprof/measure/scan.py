"""The scan: zygote, discovery, workers, and one result per file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dagprof.errors import MeasurementError
from dagprof.measure import file, seeds
from dagprof.measure.crew import Zygotes
from dagprof.measure.rounds import Progress, Rounds, Silent
from dagprof.measure.site import Site, scratch_folder
from dagprof.measure.target import existing, resolve
from dagprof.model import Measured, Run
from dagprof.settings import Depth, Settings


class Interrupted(Exception):
    """The scan was stopped; what was measured before was handed out through ``Progress``."""


def scan(
    paths: Sequence[str],
    settings: Settings,
    *,
    version: str,
    environ: Mapping[str, str],
    progress: Progress | None = None,
    known: Mapping[tuple[str, str], Measured] | None = None,
) -> Run:
    """Measure every DAG file below ``paths``.

    ``known`` holds results to take over, by path and SHA-256, from a scan that was interrupted.

    :raises UsageError: paths or settings are at fault, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported, or no file could be parsed at all.
    """
    given = existing(tuple(paths))
    with scratch_folder() as scratch:
        target = resolve(settings, given, scratch, environ)
        progress = progress or Silent()
        progress.preparing(f"importing Airflow in {target.python}")
        with Site(target, settings, given) as site:
            return _Scan(site, settings, progress, known or {}).run(version)


class _Scan:
    def __init__(
        self, site: Site, settings: Settings, progress: Progress, known: Mapping[tuple[str, str], Measured]
    ) -> None:
        self._site, self._settings = site, settings
        self._progress, self._known = progress, known

    def run(self, version: str) -> Run:
        files = self._site.discover()
        self._progress.preparing("importing what the DAG processor imports before it forks")
        self._site.pre_import(files)
        run = self._site.run(self._measure(files), version)
        _refuse_if_hopeless(run)
        return run

    def _measure(self, files: Sequence[Path]) -> Iterable[Measured]:
        site = self._site
        limits = site.limits(len(files))
        rounds = Rounds(
            site.crew(limits),
            site.crew(limits, lines=1),
            self._settings,
            limits,
            self._progress,
            str(site.target.root),
            site.shown,
        )
        known = {path: measured for path in files if (measured := self._taken_over(path)) is not None}
        results = rounds.measure(files, known)
        other = seeds.with_another_seed(site.target) if self._settings.depth is Depth.FULL else None
        if other is not None:
            with Zygotes(other, {**site.config, "removes_scratch": False}) as seeded:
                seeded.pre_import([str(path) for path in files])
                results = rounds.compare_seeds(site.crew(limits, zygotes=seeded))
        site.doubts.extend(rounds.doubts)
        return results

    def _taken_over(self, path: Path) -> Measured | None:
        if not self._known:
            return None
        try:
            return self._known.get((self._site.shown(path), file.identify(path)[0]))
        except OSError:
            return None


def _refuse_if_hopeless(run: Run) -> None:
    """Where every single file was killed with the measuring process, the tool has failed, not the files."""
    if all(result.detail.startswith("Its parse ended the measuring") for result in run.files):
        raise MeasurementError(
            "Every parse ended the measuring process; `dagprof doctor` shows whether forking works here."
        )
