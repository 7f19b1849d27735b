"""DP204: a DAG file that other DAG files import."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from dagprof.config.checks import Severity
from dagprof.practices.rule import Family, Finding, Rule
from dagprof.practices.source.module import Module
from dagprof.practices.subject import Subject
from dagprof.quantities import count, duration


def _find(subject: Subject) -> Iterator[Finding]:
    for path, found in sorted(importers(subject).items()):
        if not found:
            continue
        file = subject.files[path]
        first = min(found)
        more = f" and {count(len(found) - 1, 'more DAG file')}" if len(found) > 1 else ""
        yield RULE.finding(
            path,
            0,
            f"{first}{more} import this DAG file." if more else f"{first} imports this DAG file.",
            key="imported",
            cost=(
                f"Each parse of the importing files also builds the DAGs of this file, which takes"
                f" {duration(file.own_ms)}."
            ),
        )


def importers(subject: Subject) -> dict[str, set[str]]:
    """By DAG file: the DAG files that import it."""
    with_dags = {file.path for file in subject.run.files if file.dag_ids}
    names = {_name(path): path for path in with_dags}
    found = {path: subject.users_modules.get(path, set()) - {path} for path in with_dags}
    for file, module in subject.dag_modules():
        for target in _imported(module, file.path, names):
            if target != file.path:
                found[target].add(file.path)
    return found


def _name(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _imported(module: Module, path: str, names: dict[str, str]) -> Iterator[str]:
    """The DAG files that a file imports while it is loaded."""
    package = _name(path).rpartition(".")[0]
    hints = {
        inner
        for node in module.tree.body
        if isinstance(node, ast.If) and module.dotted(node.test).endswith("TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    for node in module.at_top_level():
        if node in hints:
            continue
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).strip(".")
            wanted = [base, *(f"{base}.{alias.name}".strip(".") for alias in node.names)]
        else:
            continue
        yield from (names[name] for name in wanted if name in names)


RULE = Rule(
    code="DP204",
    name="imported-dag-file",
    family=Family.ORCHESTRATION,
    severity=Severity.WARNING,
    summary="A DAG file that other DAG files import as a helper.",
    cost="Each parse of the importing files also builds the DAGs of the imported file.",
    advice="Move the shared code into a module without DAGs.",
    bad="""
# dags/daily.py
from hourly import DEFAULT_ARGS  # dags/hourly.py defines a DAG
""",
    good="""
# dags/daily.py
from common.defaults import DEFAULT_ARGS
""",
    find=_find,
)
