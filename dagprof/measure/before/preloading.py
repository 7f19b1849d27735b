"""Measures what preloading would save: parses from a worker that has imported the most expensive
packages, in turns with ordinary parses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from dagprof.attribution import preloads
from dagprof.attribution.preloads import Package
from dagprof.config.settings import Depth, Settings
from dagprof.link import reading
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.link.reading import Timed
from dagprof.measure.budget import GRACE_S, Budget, within
from dagprof.measure.crew import PRELOAD_S, Worker, Zygotes
from dagprof.model import (
    Isolation,
    Measured,
    PreloadedFile,
    PreloadedPackage,
    Preloading,
    Temperature,
)
from dagprof.passes.asking import OutOfTime, ParseLimits, parse_request
from dagprof.passes.plan import Mode

MOST_PACKAGES = 6
# How many files are considered for each file that is parsed with preloaded packages.
_CONSIDERED = 4


class _Effort(NamedTuple):
    """The least saving of a package, as a share of the parse loop and in ms, that is worth an
    experiment; the number of files, and of pairs of parses of each.
    """

    share: float
    least_ms: float
    files: int
    rounds: int


_EFFORTS = {
    Depth.NORMAL: _Effort(share=0.2, least_ms=500.0, files=2, rounds=2),
    Depth.FULL: _Effort(share=0.03, least_ms=50.0, files=12, rounds=5),
}


def is_measured(settings: Settings) -> bool:
    """Whether a scan with these settings measures preloading: only a processor forks its parsing
    processes, and one parse of a file shows no saving.
    """
    return (
        settings.depth in _EFFORTS
        and settings.temperature is Temperature.PROCESSOR
        and settings.isolation is not Isolation.SPAWN
        and (settings.repeat != 1 or settings.depth is Depth.FULL)
    )


def measure(
    zygotes: Zygotes,
    files: Mapping[Path, Measured],
    depth: Depth,
    limits: ParseLimits,
    budget: Budget,
    begins: Callable[[str], object],
) -> Preloading | None:
    """Preload the packages that cost the most, and parse the files that gain the most. None if no
    package costs enough. dagprof calls ``begins`` with each step.
    """
    if budget.is_spent:
        return None
    effort = _EFFORTS[depth]
    total_ms = sum(measured.result.own_ms for measured in files.values())
    least_ms = max(effort.least_ms, effort.share * total_ms)
    wanted = preloads.packages(files.values(), least_ms=least_ms)[:MOST_PACKAGES]
    if not wanted:
        return None
    packages = _each_alone(zygotes, wanted, budget, begins)
    safe = [package for package in packages if package.is_safe]
    if not safe:
        return Preloading(packages=packages)
    begins("parsing with preloaded packages")
    names = [name for package in safe for name in package.modules]
    worker = Worker(zygotes, names, _limit_s(budget))
    try:
        facts = worker.preloaded()
        gaining = _gaining(files, {package.name for package in safe}, effort.files)
        measured = _in_turns(zygotes, worker, gaining, effort.rounds, limits, budget)
    except ConnectionLost:
        return Preloading(packages=packages)
    finally:
        worker.end()
    return Preloading(
        packages=packages,
        loaded=tuple(facts.loaded),
        wall_ms=round(facts.wall_ms, 3),
        rss_kib=facts.rss_kib,
        files=measured,
    )


def _each_alone(
    zygotes: Zygotes,
    wanted: Iterable[Package],
    budget: Budget,
    begins: Callable[[str], object],
) -> tuple[PreloadedPackage, ...]:
    """Each package by itself, except those that come with an earlier one."""
    found, known = [], set[str]()
    for package in wanted:
        if known.issuperset(package.modules) or budget.is_spent:
            continue
        begins(f"testing the preloading of {package.name}")
        result, loaded = _alone(zygotes, package, _limit_s(budget))
        if result.error and budget.left_s <= 0:
            break  # the budget may be what stopped the import
        found.append(result)
        if result.is_safe:
            known.update(loaded)
    return tuple(found)


def _limit_s(budget: Budget) -> float:
    """The time for the imports of a worker."""
    return max(GRACE_S, min(PRELOAD_S, budget.left_s))


def _alone(
    zygotes: Zygotes, package: Package, limit_s: float
) -> tuple[PreloadedPackage, list[str]]:
    """What importing a package costs and leaves behind, and the names of all modules that come with
    it.
    """
    worker = Worker(zygotes, package.modules, limit_s)
    try:
        facts = worker.preloaded()
    except ConnectionLost:
        error = f"{package.name}: the import ended or stopped the process, or took too long"
        return PreloadedPackage(name=package.name, modules=package.modules, error=error), []
    finally:
        worker.end()
    result = PreloadedPackage(
        name=package.name,
        modules=package.modules,
        wall_ms=round(facts.wall_ms, 3),
        rss_kib=facts.rss_kib,
        threads=facts.threads,
        sockets=facts.sockets,
        processes=facts.processes,
        error=": ".join(facts.failed[0]) if facts.failed else "",
    )
    return result, facts.loaded


def _gaining(files: Mapping[Path, Measured], names: set[str], most: int) -> dict[Path, str]:
    """The files that gain the most from these packages, with their paths in results. Only the
    slowest files that load one of the packages are considered.
    """
    loading = [path for path, measured in files.items() if preloads.is_loading(measured, names)]
    slowest = sorted(loading, key=lambda path: -files[path].result.own_ms)[: _CONSIDERED * most]
    gains = {path: preloads.saving_without(files[path], names) for path in slowest}
    best = sorted((path for path, ms in gains.items() if ms > 0), key=lambda path: -gains[path])
    return {path: files[path].result.path for path in best[:most]}


def _in_turns(
    zygotes: Zygotes,
    preloaded: Worker,
    files: Mapping[Path, str],
    rounds: int,
    limits: ParseLimits,
    budget: Budget,
) -> tuple[PreloadedFile, ...]:
    ordinary = Worker(zygotes)
    found = []
    try:
        for path, shown in files.items():
            pairs = [
                (
                    _parse(ordinary, path, shown, limits, budget),
                    _parse(preloaded, path, shown, limits, budget),
                )
                for _ in range(rounds + 1)
            ][1:]  # the first pair warms up
            savings = [(a.sample, b.sample) for a, b in pairs if a is not None and b is not None]
            if savings:
                found.append(
                    PreloadedFile(
                        path=shown,
                        saving_ms=tuple(round(a.own_ms - b.own_ms, 3) for a, b in savings),
                        memory_kib=tuple(a.rss_growth_kib - b.rss_growth_kib for a, b in savings),
                    )
                )
    except OutOfTime:
        pass  # the files so far count
    finally:
        ordinary.end()
    return tuple(found)


def _parse(
    worker: Worker, path: Path, shown: str, limits: ParseLimits, budget: Budget
) -> Timed | None:
    ask = within(budget, lambda request: worker.ask(request, shown))
    return reading.timed(ask(parse_request(Mode.TIMING, path, limits)))
