"""Findings about what a parse does besides building DAGs, for the rules about the network,
databases, programs and sleeping.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from dagprof.model import Effect
from dagprof.model.effects import DATABASE
from dagprof.practices.rule import Finding, Rule
from dagprof.practices.subject import Subject
from dagprof.quantities import count, duration

_LONGEST = 60


class At(NamedTuple):
    """The effects at one line: the first one, the DAG files whose parse has them, and the largest
    time in ms.
    """

    path: str
    line: int
    effect: Effect
    files: tuple[str, ...]
    ms: float


def at_lines(subject: Subject, wanted: Callable[[Effect], bool]) -> Iterator[At]:
    """The effects of one kind, one value for each line of the user's code."""
    rows: dict[tuple[str, int], list[tuple[Effect, str]]] = {}
    for path, effect, file in subject.effects():
        if wanted(effect):
            rows.setdefault((path, effect.line), []).append((effect, file.path))
    for (path, line), found in sorted(rows.items()):
        files = tuple(dict.fromkeys(file for _, file in found))
        of_one = [effect for effect, file in found if file == files[0]]
        ms = sum(effect.wall_us or 0 for effect in of_one) / 1000
        yield At(path, line, of_one[0], files, ms)


def findings(
    rule: Rule, subject: Subject, wanted: Callable[[Effect], bool], *, least_ms: float = 0.0
) -> Iterator[Finding]:
    """A finding for each line with such effects. An import statement gets other advice: nobody can
    move what a library does when it is imported, except with the import.
    """
    for at in at_lines(subject, wanted):
        verbs = at.effect.about.verbs
        if at.ms < least_ms or verbs is None or _is_airflows(subject, at):
            continue
        what = _object(at.effect)
        took = f" for {duration(at.ms)}" if at.ms >= 1 else ""
        others = f" of {count(len(at.files), 'DAG file')}" if at.files[1:] else ""
        yield rule.finding(
            at.path,
            at.line,
            f"This line {verbs.present}{what}{took} in each parse{others}.",
            key=f"{at.effect.kind}{what}",
            advice=_IMPORT if _is_import(subject, at) else "",
        )


_IMPORT = "Import the library in the task that uses it, because its import does this."


def _is_airflows(subject: Subject, at: At) -> bool:
    """Whether the line imports a module of Airflow or its providers, or makes a SubDAG. Then
    Airflow's code does this, and the DAG needs the import or the object.
    """
    module = subject.module(at.path)
    statement = module.statement_at(at.line) if module is not None else None
    if module is None or statement is None:
        return False
    if isinstance(statement, ast.ImportFrom):
        return (statement.module or "").split(".")[0] == "airflow"
    if isinstance(statement, ast.Import):
        return all(alias.name.split(".")[0] == "airflow" for alias in statement.names)
    calls = [node for node in ast.walk(statement) if isinstance(node, ast.Call)]
    return any(module.dotted(call.func).endswith("SubDagOperator") for call in calls)


def _object(effect: Effect) -> str:
    """The object of the verb; for a database, what the code does with it."""
    if not effect.about.has_object or not effect.what:
        return ""
    return f" ({_cut(effect.what)})" if effect.about.group is DATABASE else f" {_cut(effect.what)}"


def _is_import(subject: Subject, at: At) -> bool:
    module = subject.module(at.path)
    statement = module.statement_at(at.line) if module is not None else None
    return type(statement).__name__ in ("Import", "ImportFrom")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
