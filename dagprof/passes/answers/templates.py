"""Finds out whether a Jinja template can replace the look-up of a Variable at parse time.

dagprof parses the file with two other answers: a text that no other value contains, and the
template ``{{ var.value.KEY }}``. If both differ only in templated fields of tasks, and the template
stands there just where the text stands, Airflow would look up the Variable when the task runs. If
no DAG differs, only tasks use the value, or code that compares it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from dagprof.link.messages.result import Result
from dagprof.model import Access, LookupOutcome, LookupTrial, Measured
from dagprof.passes.asking import Ask, ParseLimits
from dagprof.passes.lab import MOST_DAGS, Lab
from dagprof.passes.serialised.differences import changed

_MOST_KEYS = 8
_MOST_FIELDS = 3
_FIELD = re.compile(r"dag\.tasks\[(\d+)\]\.(?:__var\.)?(\w+)")
_ANSWERED = ("stub", "file", "default")
_MARK = "dagprofmarkedvalue"
# A name that Jinja looks up as the Variable: no method and no private attribute.
_PLAIN = re.compile(r"[A-Za-z]\w*", re.ASCII)
# Characters that end a text or a template, or that Jinja reads in another way.
_ODD = frozenset("'\\{}%#\n\r")


def text_lookups(accesses: Sequence[Access]) -> list[str]:
    """The Variables that a file reads and that the environment does not answer."""
    keys = dict.fromkeys(
        access.key
        for access in accesses
        if access.kind == "variable"
        and access.operation == "get"
        and access.answered_by in _ANSWERED
        and _ODD.isdisjoint(access.key)
    )
    return list(keys)[:_MOST_KEYS]


def tried(path: Path, measured: Measured, ask: Ask, limits: ParseLimits) -> Measured:
    """The result of a file with a trial for each Variable that it reads."""
    trials = _trials(measured, Lab(path, ask, limits))
    result = msgspec.structs.replace(measured.result, lookup_trials=trials)
    changed_: Measured = msgspec.structs.replace(measured, result=result)
    return changed_


def _trials(measured: Measured, lab: Lab) -> tuple[LookupTrial, ...]:
    keys = text_lookups(measured.result.accesses)
    plain, again = lab.parse(()).result, lab.parse(()).result
    if plain is None or again is None or plain.failures or plain.digests is None:
        return ()
    if changed(plain.digests, again.digests or {}):
        return ()  # the DAGs differ from parse to parse anyway
    return tuple(_trial(key, plain, lab) for key in keys)


def template_of(key: str) -> str:
    """The Jinja template that reads a Variable."""
    is_plain = _PLAIN.fullmatch(key) and key != "get"
    path = f".{key}" if is_plain else f".get('{key}')"
    return f"{{{{ var.value{path} }}}}"


def _trial(key: str, plain: Result, lab: Lab) -> LookupTrial:
    """The outcome for one Variable."""
    names: dict[str, None] = {}
    for text in (_MARK, template_of(key)):
        other = lab.parse((), templates={key: text}).result
        if other is None:
            return _needed(key, "a parse with another value stopped before the end of the file")
        if other.failures:
            last = other.failures[-1]
            place = f" ({last.file.rpartition('/')[2]}:{last.line})" if last.line else ""
            return _needed(key, f"{last.type}: {last.message[:200]}{place}")
        if (plain.digests or {}).keys() != (other.digests or {}).keys():
            return _needed(key, "the value decides which DAGs exist")
        names.update(dict.fromkeys(changed(plain.digests or {}, other.digests or {})))
    if not names:
        return LookupTrial(key=key, outcome=LookupOutcome.TASK)
    return _by_field(key, list(names)[:MOST_DAGS], lab)


def _by_field(key: str, names: Sequence[str], lab: Lab) -> LookupTrial:
    """The outcome for a Variable whose value is in the DAGs with these names."""
    template = template_of(key)
    marked, templated = (
        lab.parse((), contents=names, templates={key: text}).result for text in (_MARK, template)
    )
    if marked is None or templated is None:
        return _needed(key, "a parse with another value stopped before the end of the file")
    fields: dict[str, None] = {}
    for name in names:
        content = templated.contents.get(name)
        for found in _leaves(marked.contents.get(name), content):
            field = _templated(found.field, content)
            if field is None:
                return _needed(key, f"the field {found.field} contains the value")
            if not found.is_replaced(template):
                return _needed(key, f"code changes the value before {field} receives the value")
            fields[field] = None
    if not fields:
        return _needed(key, "code compares the value")
    return LookupTrial(key=key, outcome=LookupOutcome.TEMPLATE, fields=tuple(fields)[:_MOST_FIELDS])


def _needed(key: str, reason: str) -> LookupTrial:
    return LookupTrial(key=key, outcome=LookupOutcome.NEEDED, reason=reason)


class _Leaf(NamedTuple):
    """A place where two values differ, with both values."""

    field: str
    marked: object
    templated: object

    def is_replaced(self, template: str) -> bool:
        """Whether the template stands where the mark stands."""
        if not isinstance(self.marked, str) or not isinstance(self.templated, str):
            return False
        return _MARK in self.marked and self.templated == self.marked.replace(_MARK, template)


def _leaves(marked: object, templated: object, field: str = "") -> Iterator[_Leaf]:
    if (
        isinstance(marked, dict)
        and isinstance(templated, dict)
        and marked.keys() == templated.keys()
    ):
        for key, value in marked.items():
            yield from _leaves(value, templated[key], f"{field}.{key}".lstrip("."))
    elif isinstance(marked, list) and isinstance(templated, list) and len(marked) == len(templated):
        for number, (one, other) in enumerate(zip(marked, templated, strict=True)):
            yield from _leaves(one, other, f"{field}[{number}]")
    elif marked != templated:
        yield _Leaf(field, marked, templated)


def _templated(field: str, content: object) -> str | None:
    """The task and its templated field, as ``task_id.field``; None for any other field."""
    found = _FIELD.match(field)
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
