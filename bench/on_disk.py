"""Makes on disk, in a copy of a folder, the changes that dagprof's experiments make in memory."""

from __future__ import annotations

import ast
import pickle
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from dagprof.model import Place
from dagprof.probe.parsing.experiments.kept import Values

_KEPT, _KEEP = "_bench_kept", "_bench_keep"
_RECORDER = """def {keep}(number, value):
    import pickle
    with open({log!r}, "ab") as stream:
        pickle.dump((number, pickle.dumps(value, 4)), stream)
    return value
"""


class Change(NamedTuple):
    """Statements to take out, statements whose values to write into the file, and the names to take
    out of single imports; without names, the whole statement goes.
    """

    without: tuple[Place, ...]
    kept: tuple[Place, ...] = ()
    names: dict[Place, tuple[str, ...]] = {}

    @property
    def files(self) -> list[str]:
        return sorted({place.file for place in (*self.without, *self.kept)})

    def lines(self, file: str, places: Iterable[Place]) -> list[int]:
        return [place.line for place in places if place.file == file]


def changed_copy(root: Path, folder: Path, change: Change, parse: Callable[[Path], object]) -> Path:
    """A copy of ``root`` with the change. ``parse`` parses the file in another copy, which records
    the values to keep.
    """
    values: dict[str, dict[int, list[bytes]]] = {}
    if change.kept:
        recording = folder.with_name(folder.name + "-recording")
        shutil.copytree(root, recording)
        logs = {
            file: folder.with_name(f"{folder.name}-{number}.values")
            for number, file in enumerate(change.files)
        }
        for file, log in logs.items():
            take_out(recording / file, file, change)
            _rewrite(
                recording / file,
                change.lines(file, change.kept),
                _recorded,
                _RECORDER.format(keep=_KEEP, log=str(log)),
            )
        parse(recording)
        values = {file: _read(log) for file, log in logs.items()}
        shutil.rmtree(recording)
    shutil.copytree(root, folder)
    for file in change.files:
        lines = change.lines(file, change.kept)
        kept = values.get(file, {})
        head = f"{_KEPT} = {{{', '.join(f'{n}: iter({found!r})' for n, found in kept.items())}}}\n"
        # First the statements to take out: the other rewriting moves lines.
        take_out(folder / file, file, change)
        if lines:
            _rewrite(folder / file, lines, _replayed, head)
    return folder


def take_out(path: Path, file: str, change: Change) -> None:
    """Replace imports and calls by ``pass``, or imports by an import of fewer names, in the file."""
    wanted = set(change.lines(file, change.without))
    names = {place.line: found for place, found in change.names.items() if place.file == file}
    texts = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for node in ast.walk(ast.parse("".join(texts))):
        if not isinstance(node, ast.stmt) or node.lineno not in wanted:
            continue
        if not isinstance(
            node, ast.Import | ast.ImportFrom | ast.Expr | ast.Assign | ast.AnnAssign
        ):
            continue
        last = texts[(node.end_lineno or node.lineno) - 1].encode()
        before = texts[node.lineno - 1].encode()[: node.col_offset].decode()
        new = _narrowed(node, names.get(node.lineno, ()))
        texts[node.lineno - 1] = f"{before}{new}{last[node.end_col_offset :].decode()}"
        for number in range(node.lineno, node.end_lineno or node.lineno):
            texts[number] = "\n"
    path.write_text("".join(texts), encoding="utf-8")


def _narrowed(node: ast.stmt, names: Collection[str]) -> str:
    if not names or not isinstance(node, ast.Import | ast.ImportFrom):
        return "pass"
    left = [alias for alias in node.names if (alias.asname or alias.name) not in names]
    if not left:
        return "pass"
    node.names = left
    return ast.unparse(node)


def _rewrite(
    path: Path, lines: Sequence[int], change: Callable[[int, ast.expr], ast.expr], head: str
) -> None:
    """Change the values of the statements at these lines. ``head`` goes behind the docstring and
    the imports from ``__future__``.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    Values({str(path): list(lines)})._changed(tree, str(path), change)
    first = next(
        (number for number, node in enumerate(tree.body) if not _is_leading(node)), len(tree.body)
    )
    tree.body[first:first] = ast.parse(head).body
    path.write_text(ast.unparse(tree) + "\n", encoding="utf-8")


def _is_leading(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _recorded(number: int, value: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(_KEEP, ast.Load()), [ast.Constant(number), value], [])


def _replayed(number: int, value: ast.expr) -> ast.expr:
    return ast.parse(f"__import__('pickle').loads(next({_KEPT}[{number}]))", mode="eval").body


def _read(log: Path) -> dict[int, list[bytes]]:
    """The values of the last parse that the log holds."""
    found: dict[int, list[bytes]] = {}
    with log.open("rb") as stream:
        while True:
            try:
                number, data = pickle.load(stream)
            except EOFError:
                return found
            found.setdefault(number, []).append(data)
