"""Finds uses of imported names in the source text. A parse cannot show which names tasks will
use.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, TypeGuard

from dagprof.attribution.calls import call_statements
from dagprof.attribution.trees import text_of, tree_of


class NameUse(NamedTuple):
    """A place in a file on disk, and the name that this place uses."""

    file: str
    line: int
    name: str


def bound_names(file: str, line: int) -> frozenset[str]:
    """The names that the import statements or the assignment at a line bind. ``import *`` may bind
    any name, so the result is empty for ``import *``.
    """
    found: set[str] = set()
    for node in _imports_at(file, line):
        found.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
    if not found and line in (calls := call_statements(file)):
        found.update(calls[line].assigned)
    return frozenset(found - {"*"})


def imported_names(file: str, line: int) -> list[str]:
    """The names that the ``from`` import at a line binds, in the order of the statement. Empty for
    any other statement, and for ``import *``.
    """
    return [
        alias.asname or alias.name
        for node in _imports_at(file, line)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name != "*"
    ]


def is_reexported(file: str, line: int) -> bool:
    """Whether an import at a line offers its names to other files. The import is in the
    ``__init__.py`` of a package, or has the form ``import x as x``.
    """
    if os.path.basename(file) == "__init__.py":
        return True
    return any(
        alias.name == alias.asname for node in _imports_at(file, line) for alias in node.names
    )


def is_in_class(file: str, line: int) -> bool:
    """Whether an import at a line is in the body of a class. The imported names are then attributes
    of the class and its instances.
    """
    tree = tree_of(file)
    nodes = set(_imports_at(file, line))
    classes = (
        (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
        if tree is not None
        else ()
    )
    return any(not nodes.isdisjoint(_own_statements(each)) for each in classes)


def modules_at(file: str, line: int) -> frozenset[str]:
    """The dotted names that the import statements at a line may load. A loaded module becomes an
    attribute of its package.
    """
    found: set[str] = set()
    for node in _imports_at(file, line):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif not node.level and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(name for name in found if "." in name)


def reads_module(file: str, modules: Collection[str]) -> bool:
    """Whether a file reads one of these modules as an attribute of its package (``package.module``)
    without importing the module.
    """
    tree = tree_of(file)
    last = {module.rpartition(".")[2] for module in modules}
    return tree is not None and any(
        isinstance(node, ast.Attribute) and node.attr in last and _dotted(node) in modules
        for node in ast.walk(tree)
    )


def has_attribute(file: str, names: Collection[str]) -> bool:
    """Whether a file reads one of these names as an attribute, such as ``self.name``."""
    tree = tree_of(file)
    return tree is not None and any(
        isinstance(node, ast.Attribute) and node.attr in names for node in ast.walk(tree)
    )


def is_used(file: str, names: Collection[str]) -> bool:
    """Whether a file reads one of these names, offers one of these names in ``__all__``, or may
    look up names by their text.
    """
    tree = tree_of(file)
    return tree is not None and (any(True for _ in _reads(tree, names)) or _reads_by_text(tree))


def is_in_hints(file: str, names: Collection[str]) -> bool:
    """Whether only type hints of a file read these names, and Python does not evaluate these type
    hints.

    Python does not evaluate quoted type hints. With ``from __future__ import annotations``, Python
    evaluates no type hints.
    """
    tree = tree_of(file)
    if tree is None or _reads_by_text(tree):
        return False
    hints: set[int] = set()
    if any(_defers_hints(node) for node in tree.body):
        hints = {id(node) for hint in _hints(tree) for node in ast.walk(hint)}
    quoted = {id(node) for node in _quoted_hints(tree)}
    reads = [id(node) for node in _reads(tree, names)]
    return bool(reads) and (hints | quoted).issuperset(reads)


def _reads(tree: ast.Module, names: Collection[str]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        is_name = isinstance(node, ast.Name) and node.id in names and isinstance(node.ctx, ast.Load)
        if is_name or (isinstance(node, ast.Constant) and node.value in names):
            yield node
    for quoted in _quoted_hints(tree):
        if quoted.value not in names and not _names_in(str(quoted.value)).isdisjoint(names):
            yield quoted


def _quoted_hints(tree: ast.Module) -> Iterator[ast.Constant]:
    """String constants that are type hints or parts of type hints: ``x: "pd.DataFrame"``,
    ``cast("pd.DataFrame", x)``.
    """
    for hint in (*_hints(tree), *_casts(tree)):
        for node in ast.walk(hint):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node


def _casts(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = _last_name(node.func)
            if called in ("cast", "ForwardRef") and node.args:
                yield node.args[0]
            elif called == "TypeVar":
                yield from (keyword.value for keyword in node.keywords if keyword.arg == "bound")


def _names_in(text: str) -> frozenset[str]:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _reads_by_text(tree: ast.Module) -> bool:
    """Whether a file looks up names by a text that is known only at run time: ``globals()[name]``,
    ``eval(text)``.

    ``globals()[name] = dag`` offers a DAG and reads no name, so this statement does not count.
    """
    written = {id(node.value) for node in ast.walk(tree) if _is_stored_item(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("eval", "exec"):
                return True
            if node.func.id in ("globals", "vars") and not node.args and id(node) not in written:
                return True
    return False


def _is_stored_item(node: ast.AST) -> TypeGuard[ast.Subscript]:
    return isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)


def _own_statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements of a class body and their nested statements. Statements in functions and inner
    classes do not count.
    """
    waiting = list(ast.iter_child_nodes(node))
    while waiting:
        child = waiting.pop()
        yield child
        if not isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
        ):
            waiting += ast.iter_child_nodes(child)


def _imports_at(file: str, line: int) -> Iterator[ast.Import | ast.ImportFrom]:
    tree = tree_of(file)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import | ast.ImportFrom) and node.lineno == line:
            yield node


def _defers_hints(node: ast.stmt) -> bool:
    if not isinstance(node, ast.ImportFrom) or node.module != "__future__":
        return False
    return any(alias.name == "annotations" for alias in node.names)


def _hints(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            hint = node.annotation
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            hint = node.returns
        else:
            continue
        if hint is not None:
            yield hint


def uses_in(file: str, wanted: Mapping[str, Collection[str]]) -> Iterator[tuple[str, NameUse]]:
    """The places where a file takes some names from modules (``from module import name``,
    ``module.name``). Each result contains a place and a module.
    """
    text = text_of(file)
    for module, names in wanted.items():
        tree = tree_of(file) if module.rpartition(".")[2] in text else None
        for line, name in _uses(tree, module, names) if tree is not None else ():
            yield module, NameUse(file, line, name)


def _uses(tree: ast.Module, module: str, names: Collection[str]) -> Iterator[tuple[int, str]]:
    aliases, has_star = set(), False
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name for alias in node.names if alias.name == module}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if _is_same(base, module, node.level):
                has_star |= any(alias.name == "*" for alias in node.names)
                yield from (
                    (node.lineno, alias.name) for alias in node.names if alias.name in names
                )
            for alias in node.names:
                if _is_same(f"{base}.{alias.name}".lstrip("."), module, node.level):
                    aliases.add(alias.asname or alias.name)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in names
            and _dotted(node.value) in aliases
        ):
            yield node.lineno, node.attr
        elif (
            has_star
            and isinstance(node, ast.Name)
            and node.id in names
            and isinstance(node.ctx, ast.Load)
        ):
            yield node.lineno, node.id


def _dotted(node: ast.expr) -> str:
    """``a.b.c`` for a name and its attributes. Empty for any other expression."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _last_name(node: ast.expr) -> str:
    """``c`` for ``a.b.c`` and for ``f().c``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _is_same(asked: str, module: str, level: int) -> bool:
    """Whether a name refers to a module. A relative name may refer to any module whose name ends
    with the relative name.
    """
    return asked == module or (level > 0 and bool(asked) and module.endswith("." + asked))
