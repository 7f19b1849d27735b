"""Parses again with some import statements taken out, in the DAG file or in the user's helpers; never on disk.

The changed code is compiled before the clock starts and kept, so that an experiment compiles as little as a plain parse
that finds its bytecode. A statement that stands alone in its block is replaced by ``pass``.
"""

from __future__ import annotations

import ast
import gc
import importlib.machinery
import os
from typing import Any


class Removal:
    """Import statements to take out: ``{file: [line, ...]}``; with no lines the file is executed as it is."""

    def __init__(self, without: dict[Any, Any]) -> None:
        self.missing: list[Any] = []
        self._code: dict[Any, Any] = {}
        collects = gc.isenabled()
        gc.disable()  # what is due falls into the parse, as it does in a plain one
        for file, lines in without.items():
            self._code[file] = self._code[os.path.realpath(file)] = self._compile(file, set(lines))
        if collects:
            gc.enable()

    def _compile(self, file: str, lines: set[Any]) -> Any:
        with open(file, "rb") as stream:
            tree = ast.parse(stream.read(), file)
        remover = _Remover(lines)
        tree = ast.fix_missing_locations(remover.visit(tree))
        self.missing += [[file, line] for line in sorted(lines - remover.removed)]
        return compile(tree, file, "exec", dont_inherit=True)

    def install(self) -> None:
        """From now on these files are executed without the statements."""
        ordinary: Any = importlib.machinery.SourceFileLoader.get_code
        known = self._code
        # Each of the hundreds of modules that a parse loads comes by here: only those that may be meant are resolved.
        endings = tuple({_ending(file) for file in known})

        def get_code(loader: Any, name: str) -> Any:
            path = loader.path
            code = known.get(path)
            if code is None and path.endswith(endings):
                code = known.get(os.path.realpath(path))
            return ordinary(loader, name) if code is None else code

        setattr(importlib.machinery.SourceFileLoader, "get_code", get_code)  # noqa: B010


def _ending(file: str) -> str:
    """The end of a path that tells it from most others: its name, for a package that of its folder too."""
    folder, name = os.path.split(file)
    return os.path.join(os.sep + os.path.basename(folder), name) if name == "__init__.py" else os.sep + name


class _Remover(ast.NodeTransformer):
    def __init__(self, lines: set[Any]) -> None:
        self.removed: set[Any] = set()
        self._lines = lines

    def visit_Import(self, node: Any) -> Any:
        if node.lineno not in self._lines or getattr(node, "module", None) == "__future__":
            return node
        self.removed.add(node.lineno)
        return ast.copy_location(ast.Pass(), node)

    def visit_ImportFrom(self, node: Any) -> Any:
        return self.visit_Import(node)
