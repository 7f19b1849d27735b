"""Checks that repeated parses give the same serialised DAGs, also on another day, on another host,
and so on. Airflow 3 stores each different DAG as a new version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from dagprof.link.messages.result import Result
from dagprof.model import Condition, Doubt, Instability, Measured
from dagprof.passes.asking import Ask, ParseLimits
from dagprof.passes.lab import MOST_DAGS, Lab
from dagprof.passes.serialised.differences import appearing, changed, differences

_SHOWN_FIELDS = 5
_NOT_AGAIN = (
    "dagprof could not compare the DAGs across days and hosts, because the file failed when dagprof"
    " parsed it again."
)
# The most DAGs of one file whose serialised form is compared under other conditions.
MOST_COMPARED = 20
# What a process can change by itself. Another hash seed takes another zygote.
CONDITIONS = (
    Condition.DAY,
    Condition.ENVIRONMENT,  # before those that may add a variable
    Condition.HOST,
    Condition.USER,
    Condition.TIME_ZONE,
    Condition.RANDOM_SEED,
)


def instabilities(
    path: Path, digests: Sequence[Mapping[str, str]], ask: Ask, limits: ParseLimits
) -> tuple[Instability, ...]:
    """The fields in which the serialised DAGs of repeated parses differ. ``digests`` holds the
    hashes of each parse.
    """
    unstable = sorted({name for other in digests[1:] for name in changed(digests[0], other)})[
        :MOST_DAGS
    ]
    if not unstable:
        return ()
    lab = Lab(path, ask, limits)
    first, second = (lab.parse((), contents=unstable).result for _ in range(2))
    if first is None or second is None:
        return ()
    return _differing(first.contents, second.contents)


def between(first: Result, second: Result, condition: Condition) -> tuple[Instability, ...]:
    """The differences between the DAGs of two parses, of which the second had another
    ``condition``.
    """
    found = (
        *appearing((first.dag_ids, second.dag_ids)),
        *_differing(first.contents, second.contents),
    )
    mark = {"by_seed": True} if condition is Condition.HASH_SEED else {"condition": condition}
    return tuple(msgspec.structs.replace(each, **mark) for each in found)


def _differing(
    first: Mapping[str, object], second: Mapping[str, object]
) -> tuple[Instability, ...]:
    """The fields in which the serialised DAGs of two parses differ, a few for each DAG."""
    return tuple(
        Instability(dag_id=name, field=found.field, first=found.first, second=found.second)
        for name in sorted(first.keys() & second.keys())
        for found in list(differences(first[name], second[name]))[:_SHOWN_FIELDS]
    )


class Elsewhere(NamedTuple):
    """The result of a file after parses under other conditions, and the conditions that this system
    does not let dagprof change.
    """

    measured: Measured
    fixed: tuple[str, ...]


def elsewhere(path: Path, measured: Measured, ask: Ask, limits: ParseLimits) -> Elsewhere:
    """Parse once as before, and once with all conditions changed. If the DAGs differ, parse once
    more for each condition to find the one that matters.
    """
    lab = Lab(path, ask, limits)
    contents = measured.result.dag_ids[:MOST_COMPARED]

    def parse(*conditions: Condition) -> Result | None:
        return lab.parse((), contents=contents, conditions=conditions).result

    here = lab.settled(contents)
    if here is None or here.failures:
        return Elsewhere(_with(measured, (), [Doubt(code="conditions", text=_NOT_AGAIN)]), ())
    there = parse(*CONDITIONS)
    if there is not None and not there.failures and not between(here, there, Condition.SEVERAL):
        return Elsewhere(measured, there.fixed)
    again = parse()
    alone = {condition: parse(condition) for condition in CONDITIONS}
    fixed = tuple(name for result in alone.values() if result is not None for name in result.fixed)
    found = _attributed(here, {Condition.NONE: again, **alone, Condition.SEVERAL: there})
    return Elsewhere(_with(measured, found, _failing(there, alone)), fixed)


def _with(
    measured: Measured, instabilities: tuple[Instability, ...], doubts: list[Doubt]
) -> Measured:
    result = msgspec.structs.replace(
        measured.result,
        instabilities=instabilities,
        doubts=(*measured.result.doubts, *doubts),
    )
    changed: Measured = msgspec.structs.replace(measured, result=result)
    return changed


def _attributed(here: Result, parses: Mapping[Condition, Result | None]) -> tuple[Instability, ...]:
    """The differences by the first condition that makes them. A field that differs without any
    condition differs in each parse. A DAG that no single condition changes needs several.
    """
    found: dict[tuple[str, str], Instability] = {}
    for condition, result in parses.items():
        if result is None or result.failures:
            continue
        known = {dag_id for dag_id, _ in found} if condition is Condition.SEVERAL else ()
        for each in between(here, result, condition):
            if each.dag_id not in known:
                found.setdefault((each.dag_id, each.field), each)
    return tuple(found.values())


def _failing(there: Result | None, alone: Mapping[Condition, Result | None]) -> list[Doubt]:
    """A note about the first condition under which the parse fails."""
    results = {**alone, Condition.SEVERAL: there}
    for condition, result in results.items():
        if result is None or result.failures:
            failures = result.failures if result is not None else ()
            why = f": {failures[-1].type}: {failures[-1].message[:200]}" if failures else ""
            text = f"The parse fails {condition.where}{why}."
            return [Doubt(code="conditions", text=text)]
    return []
