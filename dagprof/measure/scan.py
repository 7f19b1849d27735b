"""The scan: zygote, discovery, workers, and one result per file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from dagprof.config.settings import Depth, Settings
from dagprof.errors import MeasurementError
from dagprof.link.messages.zygote import ProbeConfig
from dagprof.link.target import existing, resolve
from dagprof.measure import shards, texts
from dagprof.measure.before import composing, layers, preloading
from dagprof.measure.budget import NO_TIME, Budget, ending
from dagprof.measure.conditions import lookup_prices, reference, seeds
from dagprof.measure.crew import Crew, Zygotes
from dagprof.measure.rounds import Progress, Rounds, Silent
from dagprof.measure.shards import Shard
from dagprof.measure.site import Site, scratch_folder
from dagprof.model import (
    Doubt,
    Isolation,
    Layers,
    Measured,
    Preloading,
    Reference,
    Run,
    Samples,
    Status,
)
from dagprof.model.run import import_timeout_s
from dagprof.passes import file
from dagprof.passes.asking import ParseLimits
from dagprof.quantities import parse_duration_ms


class Interrupted(Exception):
    """The scan was stopped. ``Progress`` has received all results until then."""


def scan(
    paths: Sequence[str],
    settings: Settings,
    *,
    version: str,
    environ: Mapping[str, str],
    progress: Progress | None = None,
    known: Mapping[tuple[str, str], Measured] | None = None,
    with_reference: bool = False,
) -> Run:
    """Measure every DAG file below ``paths``.

    ``known`` holds results of an interrupted scan to reuse, by path and SHA-256. ``with_reference``
    also times dagprof's reference parse, before the files and after. With it, runs of other
    machines or days can be compared.

    :raises UsageError: paths or settings are wrong, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported, or no file could be parsed at all.
    """
    progress, budget = progress or Silent(), _budget(settings)
    with _site(paths, settings, environ, budget, progress) as site:
        return _Scan(
            site, settings, budget, progress, known or {}, environ, with_reference=with_reference
        ).run(version)


def scan_twice(  # noqa: PLR0913 - each is a part of the request
    paths: Sequence[str],
    settings: Settings,
    suspects: Callable[[Run], Collection[str]],
    *,
    version: str,
    environ: Mapping[str, str],
    progress: Progress | None = None,
    known: Mapping[tuple[str, str], Measured] | None = None,
    with_reference: bool = True,
    shard: Shard | None = None,
) -> tuple[Run, Run]:
    """Measure every DAG file and the reference. Then parse the files that ``suspects`` names once
    more, in turns with the reference.

    The second Run has only these files, with the times of their second parses and of the reference
    parses in between. ``known`` and ``with_reference`` are as in ``scan``. ``shard`` measures only
    a part of the files.

    :raises UsageError: paths or settings are wrong, or there is no DAG file.
    :raises MeasurementError: Airflow cannot be imported, or no file could be parsed at all.
    """
    progress, budget = progress or Silent(), _budget(settings)
    with _site(paths, settings, environ, budget, progress) as site:
        run = _Scan(
            site,
            settings,
            budget,
            progress,
            known or {},
            environ,
            with_reference=with_reference,
            shard=shard,
        ).run(version)
        named = suspects(run)
        again = [file for file in run.files if file.path in named]
        if not again or budget.is_spent:
            return run, msgspec.structs.replace(run, files=())
        progress.started(len(again), "parsing possible regressions again")
        files = {file.path: site.target.root / file.path for file in again}
        timed, samples = reference.measure_beside(
            site.zygotes, site.limits(len(files)), _reference_folder(site), files
        )
        second = msgspec.structs.replace(
            run,
            files=tuple(composing.measured_again(file, samples[file.path]) for file in again),
        )
        return run, _with(second, timed)


@contextlib.contextmanager
def _site(
    paths: Sequence[str],
    settings: Settings,
    environ: Mapping[str, str],
    budget: Budget,
    progress: Progress,
) -> Iterator[Site]:
    given = existing(tuple(paths))
    with scratch_folder() as scratch, contextlib.ExitStack() as stack:
        target = resolve(settings, given, scratch, environ)
        progress.using(target.used)
        progress.preparing(f"importing Airflow in {target.python}")
        site = Site(target, settings, given)
        with ending(budget, site.abandon):
            stack.enter_context(site)
        yield site


def _budget(settings: Settings) -> Budget:
    """The time for the whole command, which begins now."""
    if settings.time_budget is None:
        return Budget(None)
    return Budget(parse_duration_ms(settings.time_budget) / 1000)


def _reference_folder(site: Site) -> Path:
    return site.target.scratch / "reference"


def _with(run: Run, timed: Samples) -> Run:
    found = Reference(version=reference.VERSION, samples=timed) if len(timed) else None
    changed: Run = msgspec.structs.replace(run, reference=found)
    return changed


class _Scan:
    def __init__(
        self,
        site: Site,
        settings: Settings,
        budget: Budget,
        progress: Progress,
        known: Mapping[tuple[str, str], Measured],
        environ: Mapping[str, str],
        *,
        with_reference: bool,
        shard: Shard | None = None,
    ) -> None:
        self._environ, self._shard = environ, shard
        self._site, self._settings, self._budget = site, settings, budget
        self._progress, self._known = progress, known
        self._with_reference = with_reference
        self._preloading: Preloading | None = None
        self._layers: Layers | None = None

    def run(self, version: str) -> Run:
        with ending(self._budget, self._site.abandon):
            files = self._site.discover()
            self._progress.preparing(
                "importing the modules that the DAG processor imports before forking"
            )
            self._site.pre_import(files)
        self._budget = self._budget.before_report(len(files))
        before = self._reference() if self._with_reference else Samples()
        chosen, recorded = self._chosen(files)
        run: Run = self._site.run(self._measure(chosen, len(files)), version)
        run = msgspec.structs.replace(
            run,
            preloading=self._preloading,
            layers=self._layers,
            settings={**run.settings, **recorded},
        )
        run = self._with_prices(run)
        _refuse_if_hopeless(run)
        return (
            _with(run, reference.joined(before, self._reference())) if self._with_reference else run
        )

    def _chosen(self, files: Sequence[Path]) -> tuple[Sequence[Path], dict[str, str]]:
        """The files to measure, and what the Run records about them."""
        if self._shard is None:
            return files, {}
        named = {self._site.shown(path): path for path in files}
        sizes = {name: _size(path) for name, path in named.items()}
        part = shards.part(sizes, self._shard)
        chosen = [path for name, path in named.items() if name in part.paths]
        return chosen, {"shard": str(self._shard), "split": part.digest}

    def _with_prices(self, run: Run) -> Run:
        keys = lookup_prices.lookups(run.files)
        if not keys:
            return run
        doubts = list(run.doubts)
        site = self._site
        prices = lookup_prices.prices(
            site.zygotes.current,
            self._settings,
            site.config["cache"],
            doubts,
            self._progress.preparing,
            left_s=self._budget.left_s,
        )
        if self._settings.live_lookups and not self._budget.is_spent:
            self._progress.preparing("timing lookups in your secrets backends")
            is_newer = not site.zygotes.airflow_version.startswith("2.")
            own = prices if is_newer else None
            prices = lookup_prices.live(site.target, self._environ, keys, own, doubts)
        priced: Run = msgspec.structs.replace(run, lookup_prices=prices, doubts=tuple(doubts))
        return priced

    def _reference(self) -> Samples:
        return reference.measure(
            self._site.zygotes, self._site.limits(1), _reference_folder(self._site)
        )

    def _measure(self, files: Sequence[Path], of: int) -> Iterable[Measured]:
        """The results of these files, which are all or some ``of`` the folder's files."""
        site = self._site
        limits = site.limits(of)
        alone = site.crew()
        known = {
            path: measured for path in files if (measured := self._taken_over(path)) is not None
        }
        imports = self._imports([path for path in files if path not in known])
        composed = self._composing(imports, limits, alone)
        rounds = Rounds(
            alone,
            site.crew(lines=1),
            self._settings,
            limits,
            self._budget,
            self._progress,
            str(site.target.root),
            site.shown,
            composed,
        )
        results = rounds.measure(layers.varied(files, imports), known)
        if composed is not None:
            composed.close()
        self._note_composed(composed, rounds)
        if preloading.is_measured(self._settings):
            self._preloading = preloading.measure(
                site.zygotes,
                rounds.results,
                self._settings.depth,
                limits,
                self._budget,
                self._progress.preparing,
            )
        other = None
        is_wanted = self._settings.depth is Depth.FULL or self._settings.check.in_scan
        if is_wanted and not self._budget.is_spent:
            results = rounds.compare_conditions()
            other = seeds.with_another_seed(site.target)
        if other is not None and not self._budget.is_spent:
            # A scratch folder for both, in which DAG files may have written by now.
            config: ProbeConfig = {
                **site.config,
                "removes_scratch": False,
                "renews_scratch": True,
            }
            with Zygotes(other, config) as seeded:
                seeded.pre_import([str(path) for path in files], with_folder=True)
                results = rounds.compare_seeds(site.crew(zygotes=seeded))
        site.doubts.extend(rounds.doubts)
        return results

    def _note_composed(self, composed: composing.Composing | None, rounds: Rounds) -> None:
        """Say how many parse times are composed, and how well."""
        results = rounds.results.values()
        number = sum(measured.result.composed_ms > 0 for measured in results)
        if composed is not None and composed.composed:
            self._layers = composed.summary(number)
            rounds.doubts.append(composing.doubt(self._layers, len(results)))
        elif number:
            rounds.doubts.append(composing.resumed_doubt(number, len(results)))

    def _imports(self, files: Sequence[Path]) -> dict[Path, frozenset[str]]:
        """What each file imports of installed distributions, as far as the scan needs it."""
        is_shared = self._settings.isolation is Isolation.LAYERS
        if not (self._budget.is_limited or (is_shared and len(files) >= layers.FEWEST_FILES)):
            return {}
        target = self._site.target
        return layers.imported(files, [target.root, *texts.code_folders(target.environment)])

    def _composing(
        self, imports: Mapping[Path, frozenset[str]], limits: ParseLimits, alone: Crew
    ) -> composing.Composing | None:
        """What composes parse times, if the settings allow it and the files share modules."""
        if self._settings.isolation is not Isolation.LAYERS:
            return None
        found = layers.surveyed(self._site.zygotes, imports, self._budget, self._progress.preparing)
        if isinstance(found, Doubt):
            self._site.doubts.append(found)
        if not isinstance(found, layers.Survey):
            return None
        layered = self._site.crew(layer=found.layer)
        timeout_s = import_timeout_s(self._site.zygotes.current.airflow.config)
        return composing.Composing(found, layered, alone, limits, timeout_s)

    def _taken_over(self, path: Path) -> Measured | None:
        if not self._known:
            return None
        try:
            return self._known.get((self._site.shown(path), file.identify(path)[0]))
        except OSError:
            return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _refuse_if_hopeless(run: Run) -> None:
    """Raise if there was no time for any file, or if every single file ended the measuring process.
    Then dagprof has failed, not the files.
    """
    if run.files and all(result.status is Status.SKIPPED for result in run.files):
        raise MeasurementError(NO_TIME)
    if all(result.ended_measuring for result in run.files):
        raise MeasurementError(
            "Every parse killed the measuring process. Run `dagprof doctor` to check whether"
            " forking works. If forking works, the DAG files kill the process."
        )
