"""Parses again with some import statements taken out, in the DAG file or in the user's helpers; never on disk.

The changed code is compiled before the clock starts and kept, so that an experiment compiles as little as a plain parse
that finds its bytecode. A statement that stands alone in its block is replaced by ``pass``.
"""

from __future__ import annotations

import ast
import importlib.machinery
import os
from typing import Any


class Removal:
    """Import statements to take out: ``{file: [line, ...]}``."""

    def __init__(self, without: dict[Any, Any]) -> None:
        self.missing: list[Any] = []
        self._code = {os.path.realpath(file): self._compile(file, set(lines)) for file, lines in without.items()}

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

        def get_code(loader: Any, name: str) -> Any:
            code = known.get(os.path.realpath(loader.path))
            return ordinary(loader, name) if code is None else code

        setattr(importlib.machinery.SourceFileLoader, "get_code", get_code)  # noqa: B010


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
