"""Checks that repeated parses give the same serialised DAGs. Airflow 3 stores each different DAG as
a new version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dagprof.model import Instability
from dagprof.passes.asking import Ask, ParseLimits
from dagprof.passes.differences import changed, differences
from dagprof.passes.lab import MOST_DAGS, Lab

_SHOWN_FIELDS = 5


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
    return differing(first.contents, second.contents)


def differing(
    first: Mapping[str, object], second: Mapping[str, object], *, by_seed: bool = False
) -> tuple[Instability, ...]:
    """The fields in which the serialised DAGs of two parses differ, a few for each DAG."""
    return tuple(
        Instability(
            dag_id=name, field=found.field, first=found.first, second=found.second, by_seed=by_seed
        )
        for name in sorted(first.keys() & second.keys())
        for found in list(differences(first[name], second[name]))[:_SHOWN_FIELDS]
    )
