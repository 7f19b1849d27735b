"""Parses with the values that some statements computed in another parse.

A fork of the parsing process parses the file first and sends the values of the statements to the
parsing process, in the order of their evaluation. The parse that counts takes these values instead
of computing them: it makes no call, opens no file, starts no program and sends no request for them.
The values live in memory, and only for this one parse.

Values travel as pickles, because that is what a cache would store. The parse builds each value from
its pickle where the statement stands, so the time of the parse includes this work, as it would with
a cache.
"""

from __future__ import annotations

import ast
import builtins
import os
import pickle
import sys
from typing import TYPE_CHECKING, Any, Callable, Iterator

from ... import answering, bounds

if TYPE_CHECKING:
    from ...protocol.rows import LineRow

NAME = "__dagprof_kept_value__"
# Bound before any DAG code can replace them.
_dumps, _loads, _fork, _exit, _pipe, _read, _close, _waitpid = (
    pickle.dumps,
    pickle.loads,
    os.fork,
    os._exit,
    os.pipe,
    os.read,
    os.close,
    os.waitpid,
)
_open, _dup2, _getrefcount = os.open, os.dup2, sys.getrefcount
_MUTABLE = (list, dict, set, bytearray)
_CHUNK = 1 << 20
_PROTOCOL = 4  # the newest of Python 3.8 without out-of-band buffers

# The fields of each kind of statement whose expressions are kept.
_FIELDS = {
    ast.Assign: ("value",),
    ast.AnnAssign: ("value",),
    ast.AugAssign: ("value",),
    ast.Expr: ("value",),
    ast.If: ("test",),
    ast.While: ("test",),
    ast.For: ("iter",),
    ast.Assert: ("test",),
    ast.FunctionDef: ("decorator_list", "args"),
    ast.AsyncFunctionDef: ("decorator_list", "args"),
    ast.ClassDef: ("decorator_list", "keywords"),
    ast.With: ("items",),
}
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Values:
    """The values of some statements. ``lines`` names the statements by file; ``where`` has the file
    and line of each value. ``unkept`` says which values no pickle can hold: name of the type, file
    and line; the type is empty if the other parse ended before it could send its values. ``shared``
    says in the same way to which values other objects refer, too: a change of one then does not
    change the other.
    """

    def __init__(self, lines: dict[str, list[int]]) -> None:
        self.lines = lines
        self.where: list[tuple[str, int]] = []
        self.unkept: list[LineRow] = []
        self.shared: list[LineRow] = []
        self._references = 0
        self._pickles: list[list[bytes]] = []

    def recorded(self, tree: ast.Module, file: str) -> ast.Module:
        """The tree of a file with a call that receives each value."""
        return self._changed(tree, file, _call)

    def replayed(self, tree: ast.Module, file: str) -> ast.Module:
        """The tree of a file with a call that returns each value."""
        return self._changed(tree, file, lambda number, value: _call(number))

    def _changed(
        self, tree: ast.Module, file: str, change: Callable[[int, ast.expr], ast.expr]
    ) -> ast.Module:
        def numbered(value: ast.expr, line: int) -> ast.expr:
            self.where.append((file, line))
            return ast.copy_location(change(len(self.where) - 1, value), value)

        _change_values(tree, frozenset(self.lines.get(file, ())), numbered)
        return ast.fix_missing_locations(tree)

    def record(self, parse: Callable[[], object]) -> None:
        """Fork. Parse there with ``parse``, and receive the values.

        The fork can do what it wants with its copy of this process. Whatever it sends is read as
        pickles of the user's code, in a process that runs the user's code anyway.
        """
        read, write = _pipe()
        pid = _fork()
        if pid == 0:
            try:
                _close(read)
                _be_silent()
                self._pickles = [[] for _ in self.where]
                self._references = _references_of_a_new_value()
                setattr(builtins, NAME, self._note)
                try:
                    parse()
                except BaseException:  # the parse that counts fails in the same way
                    pass
                found = (self._pickles, self.unkept, self.shared)
                answering.send(write, _dumps(found, _PROTOCOL))
            finally:
                _exit(0)
        _close(write)
        try:
            sent = answering.frames(_all(read), 1)
        except ValueError:
            sent = []
        finally:
            _close(read)
        _waitpid(pid, 0)
        if sent:
            self._pickles, self.unkept, self.shared = _loads(sent[0])
        else:
            self.unkept = [["", *place] for place in self.where[:1]]

    def _note(self, number: int, value: object) -> object:
        if _getrefcount(value) > self._references and isinstance(value, _MUTABLE):
            self.shared.append([bounds.type_name(value), *self.where[number]])
        if not any(row[1:] == list(self.where[number]) for row in self.unkept):
            try:
                self._pickles[number].append(_dumps(value, _PROTOCOL))
            except BaseException:
                self.unkept.append([bounds.type_name(value), *self.where[number]])
        return value

    def install(self) -> None:
        """From now on, the statements get their values from here."""
        values: list[Iterator[bytes]] = [iter(each) for each in self._pickles]

        def kept_value(number: int) -> Any:
            for data in values[number]:
                return _loads(data)
            raise RuntimeError("dagprof kept no value for this statement")

        setattr(builtins, NAME, kept_value)


def fork_once() -> None:
    """Fork as the recording of values does. After a fork, the first write to each page of memory
    costs a page fault: some milliseconds for each parse. A parse to compare with needs the same.
    """
    pid = _fork()
    if pid == 0:
        _exit(0)
    _waitpid(pid, 0)


def _references_of_a_new_value() -> int:
    """How many references ``_note`` sees of a value that only the expression refers to."""
    seen: list[int] = []
    namespace = {NAME: lambda number, value: seen.append(_getrefcount(value))}
    exec(compile(NAME + "(0, [])", "<dagprof>", "exec"), namespace)
    return seen[0]


def _call(number: int, *value: ast.expr) -> ast.expr:
    return ast.Call(
        func=ast.Name(NAME, ast.Load()), args=[ast.Constant(number), *value], keywords=[]
    )


def _change_values(
    tree: ast.AST, lines: frozenset[int], change: Callable[[ast.expr, int], ast.expr]
) -> None:
    """Replace the expressions of the statements at these lines that contain a call. Functions are
    left alone, but not the expressions that run when they are defined.
    """
    waiting = [*ast.iter_child_nodes(tree)]
    while waiting:
        node = waiting.pop(0)
        line = getattr(node, "lineno", 0)
        if line in lines:
            for field in _FIELDS.get(type(node), ()):
                _change_field(node, field, line, change)
        if not isinstance(node, _INNER):
            waiting[:0] = [
                each
                for each in ast.iter_child_nodes(node)
                if isinstance(each, (ast.stmt, ast.excepthandler))
                or type(each).__name__ == "match_case"
            ]


def _change_field(
    node: Any, field: str, line: int, change: Callable[[ast.expr, int], ast.expr]
) -> None:
    found = getattr(node, field)
    if isinstance(found, ast.arguments):
        found.defaults = [_with_call(each, line, change) for each in found.defaults]
        found.kw_defaults = [each and _with_call(each, line, change) for each in found.kw_defaults]
    elif isinstance(found, list):
        for each in found:
            if isinstance(each, ast.withitem):
                each.context_expr = _with_call(each.context_expr, line, change)
            elif isinstance(each, ast.keyword):
                each.value = _with_call(each.value, line, change)
            elif isinstance(each, ast.Call):
                # A decorator is a function, which no pickle can hold. Its arguments are values.
                each.args = [_with_call(value, line, change) for value in each.args]
                for keyword in each.keywords:
                    keyword.value = _with_call(keyword.value, line, change)
    elif found is not None:
        setattr(node, field, _with_call(found, line, change))


def _with_call(value: ast.expr, line: int, change: Callable[[ast.expr, int], ast.expr]) -> ast.expr:
    waiting: list[ast.AST] = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            return change(value, line)
        if not isinstance(node, ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return value


def _be_silent() -> None:
    """Write nothing: the parse that counts writes the same."""
    nowhere = _open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        _dup2(nowhere, stream)


def _all(descriptor: int) -> bytes:
    """All bytes until the end of the pipe, at most as many as an answer may have."""
    parts, size = [], 0
    while size <= bounds.ANSWER_BYTES:
        part = _read(descriptor, _CHUNK)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)
