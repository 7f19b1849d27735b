"""One source file: its syntax tree, and the dotted names behind its names."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from functools import cached_property

# A larger file is not the code of a person.
_LARGEST, _MOST_NODES = 1_000_000, 300_000
# Methods that keep most of a text, and functions that keep their argument.
_SAME = frozenset(("format", "strip", "dedent", "as_posix", "resolve"))
_KEEPS = frozenset(("Path", "PurePath", "text", "dedent", "str"))


class Module:
    """A source file that was parsed."""

    def __init__(self, path: str, text: str, tree: ast.Module) -> None:
        self.path, self.text, self.tree = path, text, tree
        self._walked: dict[ast.AST, list[ast.AST]] = {}

    @classmethod
    def read(cls, path: str, text: str) -> Module | None:
        """The module of a text; None if the text is not Python."""
        if len(text) > _LARGEST:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                module = cls(path, text, ast.parse(text))
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
        return module if len(module.nodes) <= _MOST_NODES else None

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
    def assigned(self) -> dict[str, ast.expr]:
        """The value of each name that the file assigns exactly once."""
        found: dict[str, list[ast.expr]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        found.setdefault(target.id, []).append(node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.setdefault(node.target.id, []).extend([node.value] if node.value else [])
        return {name: values[0] for name, values in found.items() if len(values) == 1}

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

    def walked(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
        """The nodes in the body of a function. They are computed once."""
        if function not in self._walked:
            self._walked[function] = [n for each in function.body for n in ast.walk(each)]
        return self._walked[function]

    def dotted(self, node: ast.AST, depth: int = 50) -> str:
        """The dotted name of an expression, such as ``datetime.datetime.now``; empty if it has
        none. ``x().y`` becomes ``x().y``.
        """
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if depth <= 0:
            return ""
        if isinstance(node, ast.Attribute):
            before = self.dotted(node.value, depth - 1)
            return f"{before}.{node.attr}" if before else f".{node.attr}"
        if isinstance(node, ast.Call):
            name = self.dotted(node.func, depth - 1)
            return f"{name}()" if name else ""
        return ""

    def text_of(self, node: ast.AST | None, depth: int = 5) -> str | None:
        """The text of an expression, as far as the file shows it: ``{}`` stands for each unknown
        part. None if no part is known.
        """
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if depth <= 0 or node is None:
            return None
        parts = self._parts(node)
        texts = [self.text_of(part, depth - 1) for part in parts]
        if all(text is None for text in texts):
            return None
        separator = "/" if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) else ""
        return separator.join("{}" if text is None else text for text in texts)

    def _parts(self, node: ast.AST) -> list[ast.expr]:
        """The expressions whose texts make up the text of an expression."""
        if isinstance(node, ast.Name):
            return [self.assigned[node.id]] if node.id in self.assigned else []
        if isinstance(node, ast.JoinedStr):
            return node.values
        if isinstance(node, ast.BinOp):
            if isinstance(node.op, (ast.Add, ast.Div)):
                return [node.left, node.right]
            return [node.left] if isinstance(node.op, ast.Mod) else []
        if isinstance(node, ast.Call):
            last = self.dotted(node.func).rpartition(".")[2]
            if last in _SAME and isinstance(node.func, ast.Attribute):
                return [node.func.value]
            if last in _KEEPS:
                return node.args[:1]
        return []

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
