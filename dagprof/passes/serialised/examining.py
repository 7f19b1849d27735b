"""One more parse of a file, for what the rules of ``dagprof check`` need: the schedules of the
DAGs, and the fields of the serialised DAGs that contain a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from dagprof.link.masking import Hidden
from dagprof.link.messages.result import ScheduleRow
from dagprof.model import SecretField
from dagprof.passes.asking import Ask, ParseLimits, next_hour_s, parse_request
from dagprof.passes.plan import Mode

# dagprof looks into so many DAGs of a file, and keeps so many fields.
_MOST_DAGS, _MOST_FIELDS = 100, 50


class Examined(NamedTuple):
    """What the parse found. ``schedules`` is None if the parse gave none."""

    schedules: tuple[ScheduleRow, ...] | None
    secrets: tuple[SecretField, ...]


def examine(path: Path, dag_ids: Sequence[str], ask: Ask, limits: ParseLimits) -> Examined | None:
    """Parse the file once more. None if that parse failed.

    :raises OutOfTime: the time budget ran out.
    """
    wanted = list(dag_ids[:_MOST_DAGS])
    request = {**parse_request(Mode.TIMING, path, limits), "first": True, "contents": wanted}
    result = ask({**request, "schedules": next_hour_s(), "counts_backlog": True}).result
    if result is None:
        return None
    fields = [
        SecretField(dag_id=dag_id, field=field)
        for dag_id, document in result.contents.items()
        for field in dict.fromkeys(_hidden(_inner(document)))
    ]
    return Examined(result.schedules, tuple(fields[:_MOST_FIELDS]))


def _inner(document: object) -> object:
    """The DAG of a serialised document."""
    return document.get("dag", document) if isinstance(document, dict) else document


def _hidden(value: object, path: str = "") -> Iterator[str]:
    """The paths of the texts that contain a secret. A task has its id in the path."""
    if isinstance(value, Hidden):
        if value.is_certain:
            yield path
    elif isinstance(value, dict):
        inner = value.get("__var", value)
        if inner is not value:
            yield from _hidden(inner, path)
            return
        name = value.get("task_id")
        here = name if isinstance(name, str) and not isinstance(name, Hidden) else path
        for key, item in value.items():
            yield from _hidden(item, f"{here}.{key}" if here else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _hidden(item, path)
