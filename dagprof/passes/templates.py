"""Finds out whether a Jinja template can replace the look-up of a Variable at parse time.

dagprof parses the file again and answers the look-up with the template text
``{{ var.value.KEY }}``. If then only templated fields of tasks differ, Airflow would look up the
Variable when the task runs. If nothing differs, only tasks use the value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from dagprof.link.messages.result import Result
from dagprof.model import Access, LookupOutcome, LookupTrial, Measured
from dagprof.passes.asking import Ask, ParseLimits
from dagprof.passes.differences import ValueDifference, changed, differences
from dagprof.passes.lab import MOST_DAGS, Lab

_MOST_KEYS = 8
_MOST_FIELDS = 3
_FIELD = re.compile(r"dag\.tasks\[(\d+)\]\.(?:__var\.)?(\w+)")
_ANSWERED = ("stub", "file", "default")


def text_lookups(accesses: Sequence[Access]) -> list[str]:
    """The Variables that a file reads and that the environment does not answer."""
    keys = dict.fromkeys(
        access.key
        for access in accesses
        if access.kind == "variable"
        and access.operation == "get"
        and access.answered_by in _ANSWERED
        and "'" not in access.key
    )
    return list(keys)[:_MOST_KEYS]


def tried(path: Path, measured: Measured, ask: Ask, limits: ParseLimits) -> Measured:
    """The result of a file with a trial for each Variable that it reads."""
    trials = _trials(path, measured, Lab(path, ask, limits))
    result = msgspec.structs.replace(measured.result, lookup_trials=trials)
    changed_: Measured = msgspec.structs.replace(measured, result=result)
    return changed_


def _trials(path: Path, measured: Measured, lab: Lab) -> tuple[LookupTrial, ...]:
    keys = text_lookups(measured.result.accesses)
    plain, again = lab.parse(()).result, lab.parse(()).result
    if plain is None or again is None or plain.failures or plain.digests is None:
        return ()
    if changed(plain.digests, again.digests or {}):
        return ()  # the DAGs differ from parse to parse anyway
    found = []
    for key in keys:
        answer = {key: template_of(key)}
        other = lab.parse((), templates=answer).result
        if other is not None:
            found.append(_trial(key, plain, other, answer, lab))
    return tuple(found)


def template_of(key: str) -> str:
    """The Jinja template that reads a Variable."""
    path = f".{key}" if key.isidentifier() else f".get('{key}')"
    return f"{{{{ var.value{path} }}}}"


def _trial(
    key: str, plain: Result, other: Result, answer: Mapping[str, str], lab: Lab
) -> LookupTrial:
    if other.failures:
        last = other.failures[-1]
        place = f" ({last.file.rpartition('/')[2]}:{last.line})" if last.line else ""
        reason = f"{last.type}: {last.message[:200]}{place}"
        return LookupTrial(key=key, outcome=LookupOutcome.NEEDED, reason=reason)
    with_value, with_template = plain.digests or {}, other.digests or {}
    names = changed(with_value, with_template)
    if not names:
        return LookupTrial(key=key, outcome=LookupOutcome.TASK)
    if with_value.keys() != with_template.keys():
        return LookupTrial(
            key=key, outcome=LookupOutcome.NEEDED, reason="the value decides which DAGs exist"
        )
    before = lab.parse((), contents=names[:MOST_DAGS]).result
    after = lab.parse((), contents=names[:MOST_DAGS], templates=answer).result
    if before is None or after is None:
        return LookupTrial(key=key, outcome=LookupOutcome.NEEDED, reason="the DAGs differ")
    fields: dict[str, None] = {}
    for name in names[:MOST_DAGS]:
        content = after.contents.get(name)
        for difference in differences(before.contents.get(name), content):
            field = _templated(difference, content)
            if field is None:
                reason = f"the field {difference.field} contains the value"
                return LookupTrial(key=key, outcome=LookupOutcome.NEEDED, reason=reason)
            fields[field] = None
    return LookupTrial(key=key, outcome=LookupOutcome.TEMPLATE, fields=tuple(fields)[:_MOST_FIELDS])


def _templated(difference: ValueDifference, content: object) -> str | None:
    """The task and its templated field, as ``task_id.field``; None for any other field."""
    found = _FIELD.match(difference.field)
    task = _task(content, int(found[1])) if found else None
    if found is None or task is None or found[2] not in _texts(task.get("template_fields")):
        return None
    return f"{task.get('task_id')}.{found[2]}"


def _task(content: object, number: int) -> dict[str, object] | None:
    dag = content.get("dag") if isinstance(content, dict) else None
    tasks = dag.get("tasks") if isinstance(dag, dict) else None
    task = tasks[number] if isinstance(tasks, list) and number < len(tasks) else None
    inner = task.get("__var", task) if isinstance(task, dict) else None
    return inner if isinstance(inner, dict) else None


def _texts(value: object) -> list[str]:
    """The texts of a list, or of a serialised tuple."""
    if isinstance(value, dict):
        value = value.get("__var")
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
