"""One source file: its syntax tree, and the dotted names behind its names."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from functools import cached_property

# A larger file is not the code of a person.
_LARGEST = 2_000_000


class Module:
    """A source file that was parsed."""

    def __init__(self, path: str, text: str, tree: ast.Module) -> None:
        self.path, self.text, self.tree = path, text, tree

    @classmethod
    def read(cls, path: str, text: str) -> Module | None:
        """The module of a text; None if the text is not Python."""
        if len(text) > _LARGEST:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return cls(path, text, ast.parse(text))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All nodes of the tree."""
        return list(ast.walk(self.tree))

    @cached_property
    def calls(self) -> list[ast.Call]:
        """All calls, by line."""
        found = [node for node in self.nodes if isinstance(node, ast.Call)]
        return sorted(found, key=lambda call: (call.lineno, call.col_offset))

    @cached_property
    def imported(self) -> dict[str, str]:
        """The dotted name behind each name that an import statement of the file defines."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    name = alias.asname or alias.name.partition(".")[0]
                    found[name] = alias.name if alias.asname else name
            elif isinstance(node, ast.ImportFrom):
                dots = "." * node.level
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{dots}{node.module or ''}.{alias.name}"
        return found

    @cached_property
    def constants(self) -> dict[str, str]:
        """The texts that the top level assigns to names, once each."""
        found: dict[str, str] = {}
        several: set[str] = set()
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                for target in node.targets:
                    if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                        (several if target.id in found else set()).add(target.id)
                        found[target.id] = node.value.value
        return {name: text for name, text in found.items() if name not in several}

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node around each node."""
        return {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
        """The functions at the top level, by name."""
        return {
            node.name: node
            for node in self.tree.body
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        }

    def dotted(self, node: ast.AST) -> str:
        """The dotted name of an expression, such as ``datetime.datetime.now``; empty if it has
        none. ``x().y`` becomes ``x().y``.
        """
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.dotted(node.value)
            return f"{before}.{node.attr}" if before else f".{node.attr}"
        if isinstance(node, ast.Call):
            name = self.dotted(node.func)
            return f"{name}()" if name else ""
        return ""

    def text_of(self, node: ast.AST | None) -> str | None:
        """The text of a constant, of a name of the top level that holds one, or of a joined text
        with its literal parts; None for other expressions.
        """
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.Name):
            return self.constants.get(node.id)
        if isinstance(node, ast.JoinedStr):
            parts = [
                self.text_of(part) if isinstance(part, ast.Constant) else "{}"
                for part in node.values
            ]
            return "".join(part or "" for part in parts)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
            left, right = self.text_of(node.left), self.text_of(node.right)
            return left if left is not None else right
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return self.text_of(node.func.value) if node.func.attr == "format" else None
        return None

    def statement_at(self, line: int) -> ast.stmt | None:
        """The innermost statement that contains a line."""
        best: ast.stmt | None = None
        for node in self.nodes:
            if not isinstance(node, ast.stmt) or not node.lineno <= line <= (node.end_lineno or 0):
                continue
            if best is None or node.lineno >= best.lineno:
                best = node
        return best

    def at_top_level(self) -> Iterator[ast.AST]:
        """All nodes that run while the module is imported: not those in the bodies of functions."""
        waiting: list[ast.AST] = list(self.tree.body)
        while waiting:
            node = waiting.pop()
            yield node
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                waiting += [*node.decorator_list, *node.args.defaults]
                waiting += [default for default in node.args.kw_defaults if default is not None]
            elif not isinstance(node, ast.Lambda):
                waiting += ast.iter_child_nodes(node)


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((each.value for each in call.keywords if each.arg == name), None)
