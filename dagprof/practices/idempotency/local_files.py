"""DP503: a local file that one task writes and another task reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.callables import reached, task_callables
from dagprof.practices.source.module import Module, keyword
from dagprof.practices.subject import Subject

_WRITES = frozenset(("to_csv", "to_parquet", "to_json", "to_pickle", "to_excel", "urlretrieve"))
_READS = frozenset(
    ("read_csv", "read_parquet", "read_json", "read_pickle", "read_excel", "load_file")
)


def _find(subject: Subject) -> Iterator[Finding]:
    for _, module in subject.dag_modules():
        uses = [(each, use) for each in task_callables(module) for use in files(module, each.node)]
        seen = set()
        for reader, (path, line, is_write) in uses:
            writers = [
                other.name
                for other, (same, _, writes) in uses
                if writes and same == path and other.node is not reader.node
            ]
            if not is_write and writers and (reader.name, path) not in seen:
                seen.add((reader.name, path))
                yield RULE.finding(
                    module.path,
                    line,
                    f"{reader.name} reads {path}, which the task {writers[0]} writes.",
                    key=f"{reader.name} {path}",
                )


def files(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef
) -> Iterator[tuple[str, int, bool]]:
    """The local files that a callable uses: path, line, and whether it writes the file."""
    for node in reached(module, function):
        if not isinstance(node, ast.Call):
            continue
        last = module.dotted(node.func).rpartition(".")[2]
        if last == "open" and node.args:
            path = module.text_of(node.args[0])
            mode = module.text_of(
                keyword(node, "mode") or (node.args[1] if node.args[1:] else None)
            )
            is_write = bool(set(mode or "r") & set("wax"))
        elif last in ("write_text", "write_bytes", "read_text", "read_bytes"):
            path, is_write = _path(module, node.func), last.startswith("write")
        elif last in _WRITES | _READS and (node.args or keyword(node, "filename")):
            value = keyword(node, "filename") or node.args[-1 if last == "urlretrieve" else 0]
            path, is_write = module.text_of(value), last in _WRITES
        else:
            continue
        if path and "://" not in path and ("/" in path or "." in path):
            yield path, node.lineno, is_write


def _path(module: Module, function: ast.AST) -> str | None:
    """The path in ``Path("x").write_text``."""
    before = function.value if isinstance(function, ast.Attribute) else None
    if isinstance(before, ast.Call) and before.args:
        return module.text_of(before.args[0])
    return None


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
