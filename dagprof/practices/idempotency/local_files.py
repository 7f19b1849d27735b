"""DP503: a local file that one task writes and another task reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.module import Module, keyword
from dagprof.practices.subject import Subject

_WRITES = frozenset(("to_csv", "to_parquet", "to_json", "to_pickle", "to_excel", "urlretrieve"))
_MOST_WRITERS = 5
_METHODS = frozenset(("write_text", "write_bytes", "read_text", "read_bytes", "open"))
_OUTPUT = re.compile(r"(?:>{1,2}|\s-[oO]|\s--output|\btee)[\s=]*(/[\w./-]+)")
_PATH = re.compile(r"(?<![\w:/])(/(?:tmp|data|var|opt|home|mnt|srv)/[\w./-]+)")
_READS = frozenset(
    ("read_csv", "read_parquet", "read_json", "read_pickle", "read_excel", "load_file")
)


class Use(NamedTuple):
    """One use of a local file: the task, the function or call, the path, and the place."""

    task: str
    owner: ast.AST
    path: str
    file: str
    line: int
    is_write: bool


def _find(subject: Subject) -> Iterator[Finding]:
    for _, module in subject.dag_modules():
        uses = [*_in_commands(module)]
        for each in subject.callables(module):
            for where, node in subject.reached(each):
                uses += _of_call(each.name, each.node, where, node)
        seen = set()
        writing: dict[str, list[Use]] = {}
        for use in uses:
            if use.is_write and len(writing.setdefault(use.path, [])) < _MOST_WRITERS:
                writing[use.path].append(use)
        for use in uses:
            found = writing.get(use.path, ())
            writers = [other.task for other in found if other.owner is not use.owner]
            if not use.is_write and writers and (use.task, use.path) not in seen:
                seen.add((use.task, use.path))
                yield RULE.finding(
                    use.file,
                    use.line,
                    f"{use.task} reads {use.path}, which the task {writers[0]} writes.",
                    key=f"{use.task} {use.path}",
                )


def _of_call(name: str, owner: ast.AST, module: Module, node: ast.AST) -> Iterator[Use]:
    """The local file that a call reads or writes."""
    if not isinstance(node, ast.Call):
        return
    last = module.dotted(node.func).rpartition(".")[2]
    path, is_write = None, False
    if last == "open" and node.args and isinstance(node.func, ast.Name):
        path = module.text_of(node.args[0])
        mode = module.text_of(keyword(node, "mode") or (node.args[1] if node.args[1:] else None))
        is_write = bool(set(mode or "r") & set("wax"))
    elif last in _METHODS and isinstance(node.func, ast.Attribute):
        path = module.text_of(node.func.value)
        mode = module.text_of(node.args[0]) if last == "open" and node.args else ""
        is_write = last.startswith("write") or bool(set(mode or "") & set("wax"))
    elif last in _WRITES | _READS and (node.args or keyword(node, "filename")):
        value = keyword(node, "filename") or node.args[-1 if last == "urlretrieve" else 0]
        path, is_write = module.text_of(value), last in _WRITES
    if path and "://" not in path and "/" in path.strip("{}/") + path[:1]:
        yield Use(name, owner, path, module.path, node.lineno, is_write)


def _in_commands(module: Module) -> Iterator[Use]:
    """The local files in the commands of BashOperator."""
    for call in module.calls:
        text = module.text_of(keyword(call, "bash_command"))
        if text is None:
            continue
        name = module.text_of(keyword(call, "task_id")) or "a command"
        written = set(_OUTPUT.findall(text))
        for path in dict.fromkeys(_PATH.findall(text)):
            yield Use(name, call, path, module.path, call.lineno, path in written)


RULE = Rule(
    code="DP503",
    name="local-files",
    family=Family.IDEMPOTENCY,
    severity=Severity.HINT,
    summary="A local file that one task writes and another task reads.",
    cost=(
        "The tasks may run on different machines or in different containers, where the file is"
        " missing."
    ),
    advice="Pass the data through object storage or a database, or do both steps in one task.",
    bad="""
@task
def extract():
    rows().to_csv("/tmp/sales.csv")

@task
def load():
    insert(pandas.read_csv("/tmp/sales.csv"))
""",
    good="""
@task
def extract():
    rows().to_csv("s3://bucket/sales.csv")

@task
def load():
    insert(pandas.read_csv("s3://bucket/sales.csv"))
""",
    find=_find,
)
