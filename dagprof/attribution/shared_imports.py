"""Finds the modules of installed distributions that several DAG files import at their top level,
directly or through their helpers. The text of the sources shows this without a parse.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from dagprof.attribution.sources import names_in

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def shared_imports(
    sources: Mapping[str, bytes],
    modules: Mapping[str, Sequence[str]],
    entries: Sequence[str],
    least: int,
) -> list[str]:
    """The dotted names that at least ``least`` of the DAG files ``entries`` import at their top
    level, sorted, so that packages come before their modules. A name may be one in a module.

    ``sources`` holds the text of all Python files of the user by path, ``modules`` the names under
    which each of them can be imported.
    """
    paths = {name: path for path, names in modules.items() for name in names if path in sources}
    imported = {
        path: _top_level(text, modules.get(path, ()), path) for path, text in sources.items()
    }
    counts: Counter[str] = Counter()
    for entry in entries:
        counts.update(_reached(entry, imported, paths))
    own = {name.partition(".")[0] for name in paths}
    return sorted(
        name
        for name, count in counts.items()
        if count >= least and name.partition(".")[0] not in own | sys.stdlib_module_names
    )


def _reached(entry: str, imported: Mapping[str, set[str]], paths: Mapping[str, str]) -> set[str]:
    """The names that a DAG file and its helpers import, except the helpers."""
    seen, waiting, found = {entry}, [entry], set[str]()
    while waiting:
        for name in imported.get(waiting.pop(), ()):
            path = paths.get(name)
            if path is None:
                found.add(name)
            elif path not in seen:
                seen.add(path)
                waiting.append(path)
    return found


def _top_level(text: bytes, names: Sequence[str], path: str) -> set[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    importer, is_package = (names or ("",))[0], path.endswith("/__init__.py")
    return {name for node in _executed(tree) for name in names_in(node, importer, is_package)}


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: none in functions, and none for types."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting.extend(node.orelse)
        elif not isinstance(node, _FUNCTIONS):
            waiting.extend(ast.iter_child_nodes(node))
