"""Parses again without some import statements or calls of the DAG file or of the user's helpers.
The files on disk stay unchanged.

The changed code is compiled before the clock starts, and kept. So an experiment compiles as little
as a plain parse that finds its bytecode. A removed statement becomes ``pass``.
"""

from __future__ import annotations

import ast
import gc
import os
import sys
from types import CodeType
from typing import TYPE_CHECKING, Any, Callable

from ...versions import loading
from .kept import Values
from .missed import Missed

if TYPE_CHECKING:
    from importlib.machinery import SourceFileLoader

    from ...protocol.rows import LineRow


class Removal:
    """Statements to take out: ``{file: [line, ...]}``. A file without lines is executed as it is.

    ``names`` says for some of the lines which names of a ``from`` import to take out: ``{file:
    {line: [name, ...]}}``; without an entry, the whole statement goes. ``missing`` are lines
    without an import statement and without a call whose value is unused, and all lines in zip
    archives before Python 3.10. ``stars`` are those of
    ``import *``, which cannot move into a function. With ``missed``, dagprof records which of the
    removed names are requested. ``keep`` changes the trees of the files once more.
    """

    def __init__(
        self,
        without: dict[str, list[int]],
        missed: Missed | None = None,
        names: dict[str, dict[str, list[str]]] | None = None,
        keep: Callable[[ast.Module, str], ast.Module] | None = None,
    ) -> None:
        self.missing: list[LineRow] = []
        self.stars: list[LineRow] = []
        self._missed, self._keep, self._only = missed, keep, names or {}
        self._names: dict[CodeType, frozenset[str] | None] = {}
        self._code: dict[str, CodeType] = {}
        collects = gc.isenabled()
        gc.disable()  # a collection that is due falls into the parse, as in a plain parse
        for file, lines in without.items():
            self._code[file] = self._code[os.path.realpath(file)] = self._compile(file, set(lines))
        if collects:
            gc.enable()

    def _compile(self, file: str, lines: set[int]) -> CodeType:
        tree = ast.parse(loading.source_of(file), file)
        only = {int(line): names for line, names in self._only.get(file, {}).items()}
        # Without a loader whose code can be replaced, Python executes the member as it is.
        is_closed = not os.path.isfile(file) and not loading.archive_loaders()
        remover = _Remover(set() if is_closed else lines, only)
        tree = ast.fix_missing_locations(remover.visit(tree))
        if self._keep is not None:
            tree = self._keep(tree, file)
        self.missing += [[file, line] for line in sorted(lines - remover.removed)]
        self.stars += [[file, line] for line in sorted(remover.stars)]
        code: CodeType = compile(tree, file, "exec", dont_inherit=True)
        self._names[code] = None if remover.stars else frozenset(remover.names)
        return code

    def install(self) -> None:
        """From now on, execute these files without the statements."""
        for loader_class in (*loading.source_loaders(), *loading.archive_loaders()):
            self._replace_code(loader_class)

    def _replace_code(self, loader_class: Any) -> None:
        ordinary = loader_class.get_code
        known = self._code
        # This code runs for each of the hundreds of modules that a parse loads. So it resolves only
        # paths with a matching end.
        endings = tuple({_ending(file) for file in known})

        def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
            path = loading.path_of(loader, name)
            code = known.get(path)
            if code is None and path.endswith(endings):
                code = known.get(os.path.realpath(path))
            if code is None:
                return ordinary(loader, name)
            if self._missed is not None and name in sys.modules:
                self._missed.watch(sys.modules[name], code.co_filename, self._names[code])
            return code

        loader_class.get_code = get_code


def _ending(file: str) -> str:
    """The end of a path that differs from most others: the file's name, for a package also the
    folder's name.
    """
    folder, name = os.path.split(file)
    return (
        os.path.join(os.sep + os.path.basename(folder), name)
        if name == "__init__.py"
        else os.sep + name
    )


def with_values(
    without: dict[str, list[int]],
    keep: dict[str, list[int]],
    missed: Missed | None,
    names: dict[str, dict[str, list[str]]],
    parse: Callable[[], object],
) -> tuple[Removal, Values]:
    """An installed removal that also takes the values of the statements ``keep`` from another
    parse, and these values. ``parse`` parses the file.
    """
    files: dict[str, list[int]] = {**{file: [] for file in keep}, **without}
    values = Values(keep)
    recording = Removal(files, None, names, values.recorded)

    def parse_and_record() -> None:
        recording.install()
        parse()

    values.record(parse_and_record)
    values.where.clear()
    removal = Removal(files, missed, names, values.replayed)
    values.install()
    removal.install()
    return removal, values


def bound_name(alias: ast.alias) -> str:
    """The name that one part of an import statement binds."""
    return alias.asname or alias.name.partition(".")[0]


class _Remover(ast.NodeTransformer):
    def __init__(self, lines: set[int], only: dict[int, list[str]]) -> None:
        self._only = only
        self.removed: set[int] = set()
        self.stars: set[int] = set()
        self.names: set[str] = set()
        self._lines = lines

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        if node.lineno not in self._lines or not isinstance(node.value, ast.Call):
            return node
        self.removed.add(node.lineno)
        return ast.copy_location(ast.Pass(), node)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        return self._without(node, node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        return self._without(node, [node.target])

    def _without(self, node: ast.stmt, targets: list[ast.expr]) -> ast.stmt:
        if node.lineno not in self._lines:
            return node
        self.removed.add(node.lineno)
        for target in targets:
            self.names.update(part.id for part in ast.walk(target) if isinstance(part, ast.Name))
        return ast.copy_location(ast.Pass(), node)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> ast.stmt:
        if node.lineno not in self._lines:
            return node
        self.removed.add(node.lineno)
        only = self._only.get(node.lineno)
        gone = [alias for alias in node.names if only is None or bound_name(alias) in only]
        self.names.update(map(bound_name, gone))
        if len(gone) < len(node.names):
            node.names = [alias for alias in node.names if alias not in gone]
            return node
        return ast.copy_location(ast.Pass(), node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        if node.module == "__future__":
            return node
        if node.lineno in self._lines and any(alias.name == "*" for alias in node.names):
            self.stars.add(node.lineno)
        return self.visit_Import(node)
