"""Jobs that compare the DAGs of files under other conditions and with another hash seed.

The hashes of texts differ from process to process, but not among forks of one zygote. So a second
zygote with another hash seed parses each file once, and the first zygote parses each file once
more. If the user has fixed ``PYTHONHASHSEED``, the order is fixed too, and there is nothing to
compare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from dagprof.link.messages.result import Result
from dagprof.link.target import Target
from dagprof.measure.crew import Job
from dagprof.model import Condition, Measured
from dagprof.passes.asking import Ask, ParseLimits
from dagprof.passes.lab import Lab
from dagprof.passes.serialised.stability import MOST_COMPARED, between, elsewhere

SEED_VARIABLE = "PYTHONHASHSEED"


# The parse of each file with the other seed.
Parses = dict[Path, Result]


def with_another_seed(target: Target) -> Target | None:
    """The same target with another hash seed; None if the user has fixed the seed."""
    if target.environment.get(SEED_VARIABLE, "random") != "random":
        return None
    changed: Target = msgspec.structs.replace(
        target, environment={**target.environment, SEED_VARIABLE: "1"}
    )
    return changed


def is_asked(measured: Measured) -> bool:
    """Whether a file's DAGs can be compared: it has some, and they are the same in repeated
    parses.
    """
    result = measured.result
    return (
        result.is_timed
        and bool(result.dag_ids)
        and not result.status.is_failure
        and not result.instabilities
    )


def asking_jobs(
    files: Iterable[tuple[Path, Measured]], limits: ParseLimits, found: Parses
) -> list[Job]:
    """Jobs for the zygote with the other seed. They keep the serialised DAGs of each file in
    ``found``.
    """

    def keeping(measured: Measured) -> Callable[[Path, str, Ask], Measured]:
        def work(path: Path, shown: str, ask: Ask) -> Measured:
            found[path] = _parse(path, measured, ask, limits)
            return measured

        return work

    return [Job(path, keeping(measured), otherwise=measured) for path, measured in files]


def comparing_jobs(
    files: Iterable[tuple[Path, Measured]], limits: ParseLimits, found: Parses
) -> list[Job]:
    """Jobs for the first zygote. They add the differences to each file's result."""

    def comparing(measured: Measured) -> Callable[[Path, str, Ask], Measured]:
        def work(path: Path, shown: str, ask: Ask) -> Measured:
            here = _parse(path, measured, ask, limits)
            differences = between(here, found[path], Condition.HASH_SEED)
            if not differences:
                return measured
            result = msgspec.structs.replace(measured.result, instabilities=differences)
            changed: Measured = msgspec.structs.replace(measured, result=result)
            return changed

        return work

    return [
        Job(path, comparing(measured), otherwise=measured)
        for path, measured in files
        if path in found and found[path].dag_ids
    ]


def _parse(path: Path, measured: Measured, ask: Ask, limits: ParseLimits) -> Result:
    """One parse. A parse that fails has the ids of the earlier ones and nothing else to compare."""
    result = Lab(path, ask, limits).settled(measured.result.dag_ids[:MOST_COMPARED])
    if result is None or result.failures:
        return Result(failures=(), dag_ids=measured.result.dag_ids)
    return result


def elsewhere_jobs(
    files: Iterable[tuple[Path, Measured]], limits: ParseLimits, fixed: set[str]
) -> list[Job]:
    """Jobs that parse each file under other conditions. ``fixed`` gets the names of the conditions
    that this system does not let dagprof change.
    """

    def comparing(measured: Measured) -> Callable[[Path, str, Ask], Measured]:
        def work(path: Path, shown: str, ask: Ask) -> Measured:
            found = elsewhere(path, measured, ask, limits)
            fixed.update(found.fixed)
            return found.measured

        return work

    return [Job(path, comparing(measured), otherwise=measured) for path, measured in files]
