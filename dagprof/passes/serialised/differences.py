"""Finds where two JSON values differ: serialised DAGs of two parses, or changes that two parses
left in their processes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from dagprof.model import EXISTENCE, Instability

TEXT_LIMIT = 200
_SHOWN_DAGS = 20
_MISSING = object()


class ValueDifference(NamedTuple):
    """A path such as ``dag.tasks[0].bash_command``, and both values as JSON text, cut to
    ``TEXT_LIMIT``.
    """

    field: str
    first: str
    second: str


def differences(first: object, second: object, field: str = "") -> Iterator[ValueDifference]:
    """The innermost places where two JSON values differ, in order."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted(first.keys() | second.keys()):
            yield from differences(
                first.get(key, _MISSING), second.get(key, _MISSING), f"{field}.{key}".lstrip(".")
            )
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from differences(one, other, f"{field}[{number}]")
    elif first != second:
        yield ValueDifference(field, _shown(first), _shown(second))


def appearing(
    parses: Sequence[Collection[str]],
) -> tuple[Instability, ...]:
    """The DAGs that only some parses gave. ``parses`` holds the ids of each parse, in order."""
    every = dict.fromkeys(name for ids in parses for name in sorted(ids))
    restless = [name for name in every if not all(name in ids for ids in parses)]
    return tuple(
        Instability(dag_id=name, field=EXISTENCE, first=first, second=second)
        for name in restless[:_SHOWN_DAGS]
        for first, second in [("there", "missing") if name in parses[0] else ("missing", "there")]
    )


def changed(first: Mapping[str, str], second: Mapping[str, str]) -> list[str]:
    """The keys whose values differ between two mappings."""
    return sorted(
        name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
    )


def _shown(value: object) -> str:
    if value is _MISSING:
        return "(missing)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"


def state_differences(
    plain: Mapping[str, Mapping[str, str]], without: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Describe the state that a process has after a plain parse, but not (or differently) after a
    parse without some imports.
    """
    found = []
    for subject, values in plain.items():
        others = without.get(subject, {})
        changed = sorted(name for name in values if others.get(name, _MISSING) != values[name])
        if changed:
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            found.append(f"{subject}: {', '.join(name[:80] for name in changed[:3])}{more}")
    return found
