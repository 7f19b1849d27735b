"""Finds the imports in one source text, without executing the text: where each one runs, and
whether the code works without it.
"""

from __future__ import annotations

import ast
import functools
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from dagprof.attribution.sources import absolute_name

# Operators and decorators whose function runs with packages of its own.
_ISOLATED = re.compile(r"^\w*(?:Virtualenv|ExternalPython)Operator$")
_ISOLATING = (
    "virtualenv",
    "external_python",
    "docker",
    "kubernetes",
    "branch_virtualenv",
    "branch_external_python",
)
# Decorators of tasks that a provider adds, and the module that defines them.
_DECORATORS = {
    "docker": "airflow.providers.docker.decorators.docker",
    "kubernetes": "airflow.providers.cncf.kubernetes.decorators.kubernetes",
    "kubernetes_cmd": "airflow.providers.cncf.kubernetes.decorators.kubernetes_cmd",
    "pyspark": "airflow.providers.apache.spark.decorators.pyspark",
    "snowpark": "airflow.providers.snowflake.decorators.snowpark",
    "sql": "airflow.providers.common.sql.decorators.sql",
}
_IMPORTING = ("import_module", "import_string", "__import__")
_MISSING = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
# A provider's class or module as text, as in ``import_string`` and in YAML files.
_PROVIDER = re.compile(r"airflow\.providers(?:\.[A-Za-z_]\w*){2,}")
PROVIDERS = "airflow.providers."
# A dotted name, or the name of a Python file, in any other text.
_NAMED = re.compile(r"(?<![\w.])(?:[\w/-]+\.py\b|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Imported(NamedTuple):
    """One imported name. ``module`` is the part of ``name`` that must be a module; the rest may be
    a name in it.

    ``is_late``: the import is in a function. ``is_optional``: the code handles its failure.
    ``is_never_run``: Airflow never runs it, such as imports for type checkers. ``own_packages`` are
    the packages that its function brings itself, ``*`` for all. ``is_text``: a text names the
    module, and other code imports it.
    """

    name: str
    module: str
    line: int
    is_late: bool = False
    is_optional: bool = False
    is_never_run: bool = False
    own_packages: tuple[str, ...] = ()
    is_text: bool = False


class _Place(NamedTuple):
    is_late: bool = False
    is_optional: bool = False
    is_never_run: bool = False
    own_packages: tuple[str, ...] = ()


def imports(source: bytes, importer: str, *, is_package: bool = False) -> list[Imported]:
    """All imports of a text, by line. ``importer`` is the name of its module. Empty if the text is
    not Python.
    """
    tree = _tree(source)
    if tree is None:
        return []
    found: list[Imported] = []
    own = dict(_given_to_isolating_operators(tree))
    waiting: list[tuple[ast.AST, _Place]] = [(tree, _Place())]
    while waiting:
        node, place = waiting.pop()
        found += _of(node, place, importer, is_package)
        waiting += _inside(node, place, own)
    return sorted(found, key=lambda each: (each.line, each.name))


def is_python(source: bytes) -> bool:
    """Whether a text can be read as Python."""
    return _tree(source) is not None


@functools.lru_cache(maxsize=8)
def _tree(source: bytes) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def modules_in_text(text: str) -> list[Imported]:
    """The names in a text that may be a module, a name in one, or a Python file. Comments of YAML
    do not count.
    """
    return [
        Imported(found[0], found[0], number, is_late=True, is_text=True)
        for number, line in enumerate(text.splitlines(), 1)
        for found in _NAMED.finditer(line.partition("#")[0])
    ]


def _of(node: ast.AST, place: _Place, importer: str, is_package: bool) -> Iterator[Imported]:
    """The imports of one node itself."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Imported(alias.name, alias.name, node.lineno, *place)
    elif isinstance(node, ast.ImportFrom):
        base = absolute_name(node, importer, is_package)
        for alias in node.names if base else ():
            name = base if alias.name == "*" else f"{base}.{alias.name}"
            yield Imported(name, base, node.lineno, *place)
    elif isinstance(node, ast.Call) and _called(node) in _IMPORTING:
        yield from _of_call(node, place)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        if _PROVIDER.fullmatch(node.value):
            late = place._replace(is_late=True)
            yield Imported(
                node.value, node.value.rpartition(".")[0], node.lineno, *late, is_text=True
            )
    elif isinstance(node, _FUNCTIONS):
        for kind, decorator in _decorators(node):
            if (module := _DECORATORS.get(kind)) is not None:
                yield Imported(module, module, decorator.lineno, *place, is_text=True)


def _of_call(call: ast.Call, place: _Place) -> Iterator[Imported]:
    """The import of ``importlib.import_module("name")`` and similar calls."""
    given = call.args[0] if call.args else None
    name = given.value if isinstance(given, ast.Constant) else None
    if isinstance(name, str) and re.fullmatch(r"[A-Za-z_][\w.]*", name):
        module = name.rpartition(".")[0] if _called(call) == "import_string" else ""
        yield Imported(name, module or name, call.lineno, *place)


def _inside(
    node: ast.AST, place: _Place, own: dict[str, tuple[str, ...]]
) -> Iterator[tuple[ast.AST, _Place]]:
    """The nodes inside a node, each with its place."""
    if isinstance(node, _FUNCTIONS):
        packages = own.get(node.name) or _packages_of_decorators(node) or place.own_packages
        body = place._replace(is_late=True, own_packages=packages)
        outside = [*node.decorator_list, node.args, *([node.returns] if node.returns else [])]
        yield from _each(outside, place)
        yield from _each(node.body, body)
    elif isinstance(node, ast.Lambda):
        yield node.args, place
        yield node.body, place._replace(is_late=True)
    elif isinstance(node, ast.If):
        yield from _conditional(node, place)
    elif isinstance(node, ast.Try) and any(map(_catches_missing, node.handlers)):
        optional = place._replace(is_optional=True)
        yield from _each([*node.body, *node.handlers], optional)
        yield from _each([*node.orelse, *node.finalbody], place)
    elif isinstance(node, (ast.With, ast.AsyncWith)) and any(map(_suppresses_missing, node.items)):
        yield from _each(node.body, place._replace(is_optional=True))
    else:
        yield from _each(ast.iter_child_nodes(node), place)


def _each(nodes: Iterable[ast.AST], place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    return ((node, place) for node in nodes)


def _conditional(node: ast.If, place: _Place) -> Iterator[tuple[ast.AST, _Place]]:
    test, body, orelse = node.test, place, place
    text = ast.dump(test)
    if "TYPE_CHECKING" in text:
        never_run = place._replace(is_never_run=True)
        is_negated = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        body, orelse = (place, never_run) if is_negated else (never_run, place)
    elif "'__name__'" in text and "'__main__'" in text:
        # Airflow imports the file and never runs it as a program.
        body = place._replace(is_never_run=True)
    yield test, place
    yield from _each(node.body, body)
    yield from _each(node.orelse, orelse)


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or _names_missing(handler.type)


def _suppresses_missing(item: ast.withitem) -> bool:
    call = item.context_expr
    return (
        isinstance(call, ast.Call)
        and _called(call) == "suppress"
        and any(map(_names_missing, call.args))
    )


def _names_missing(node: ast.expr) -> bool:
    return any(
        (isinstance(each, ast.Name) and each.id in _MISSING)
        or (isinstance(each, ast.Attribute) and each.attr in _MISSING)
        for each in ast.walk(node)
    )


def _called(call: ast.Call) -> str:
    """The last part of the name of the called function."""
    return _last(call.func)


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _decorators(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """The decorators ``@task.NAME`` of a function, as NAME and decorator."""
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(function, ast.Attribute) and _last(function.value) == "task":
            yield function.attr, decorator


def _packages_of_decorators(node: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    for name, decorator in _decorators(node):
        if name in _ISOLATING:
            call = decorator if isinstance(decorator, ast.Call) else None
            return _own_packages(call, is_virtual="virtualenv" in name)
    return ()


def _given_to_isolating_operators(tree: ast.AST) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The functions that operators run with packages of their own, and these packages."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _ISOLATED.match(_called(node)):
            for keyword in node.keywords:
                if keyword.arg == "python_callable" and isinstance(keyword.value, ast.Name):
                    is_virtual = "Virtualenv" in _called(node)
                    yield keyword.value.id, _own_packages(node, is_virtual=is_virtual)


def _own_packages(call: ast.Call | None, *, is_virtual: bool) -> tuple[str, ...]:
    """The packages that a virtual environment of a task installs. ``*`` if the task sees no others,
    or if the text does not name them.
    """
    given = {each.arg: each.value for each in call.keywords} if call is not None else {}
    isolation, wanted = given.get("system_site_packages"), given.get("requirements")
    is_alone = isinstance(isolation, ast.Constant) and not isolation.value
    if is_virtual and not is_alone and wanted is None:
        return ()
    if not is_virtual or is_alone or not isinstance(wanted, (ast.List, ast.Tuple)):
        return ("*",)
    texts = [each.value for each in wanted.elts if isinstance(each, ast.Constant)]
    if len(texts) < len(wanted.elts):
        return ("*",)
    names = (re.match(r"\s*([A-Za-z0-9][\w.-]*)", str(text)) for text in texts)
    return tuple(found[1] for found in names if found) or ("*",)
