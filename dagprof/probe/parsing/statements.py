"""Times every top-level statement of a DAG file, or of a module that the DAG file imports.

dagprof compiles the file's syntax tree with a call before each statement. The call tells the clock
which statement begins. The clock also times the statements in blocks of ``with``, ``for``,
``while``, ``if``, ``try`` and ``match``, in class bodies, and in the bodies of ``@dag`` and
``@task_group`` functions. In a loop it does so for the first iterations only: dagprof compiles the
body twice, with and without the calls, and the loop then switches to the plain one.
"""

from __future__ import annotations

import ast
import builtins
import copy
import importlib.util
from types import CodeType
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from .. import bounds
from ..system.clocks import perf_counter_ns, process_time_ns

if TYPE_CHECKING:
    from ..protocol.rows import StatementRow

_CLOCK, _WATCHED_LOOP = "__dagprof_clock_%d__", "__dagprof_loop_%d_%d__"
ITERATIONS = 1000
DEEPEST = 8
_TEXT_LIMIT = 500
_BUILDERS = {"dag", "task_group"}
_Located = TypeVar("_Located", bound=ast.AST)


class TooLarge(Exception):
    """The source is too large to time its statements. The text is a clause."""


class StatementClock:
    """Times statements by their beginnings. A statement ends when its successor begins or when its
    parent ends.

    ``begins`` receives the line of each outermost statement, outside its time. ``member`` names the
    file of a zip archive whose statements are being added. ``number`` distinguishes the clocks of
    several modules.
    """

    def __init__(
        self,
        excluded: Callable[[], tuple[int, int]],
        begins: Callable[[int], object] = lambda line: None,
        number: int = 0,
    ) -> None:
        self.rows: list[list[Any]] = []
        self.member = ""
        self.number = number
        self._begins = begins
        self._iterations: list[int] = []
        self._excluded = excluded
        self._open: list[tuple[int, int, int]] = []

    @property
    def current_line(self) -> int:
        """First line of the innermost running statement; 0 outside of all statements."""
        return self.rows[self._open[-1][0]][1] if self._open else 0

    def built(self, nanoseconds: int) -> None:
        """Add time to the running statement that it spent making a DAG, a task group or a task."""
        if self._open:
            self.rows[self._open[-1][0]][9] += nanoseconds

    def collected(self, nanoseconds: int) -> None:
        """Add the time of a garbage collection to the running statement. The statement's own time
        excludes it.
        """
        if self._open:
            self.rows[self._open[-1][0]][10] += nanoseconds

    def in_microseconds(self) -> list[StatementRow]:
        """The rows as they travel to the worker."""
        return [
            [
                *row[:5],
                *(ns // 1000 for ns in row[5:7]),
                *row[7:9],
                *(ns // 1000 for ns in row[9:11]),
                row[11],
            ]
            for row in self.rows
        ]

    def expect(self, statements: int) -> None:
        """Check the number of statements before they are added.

        :raises TooLarge: the file has too many.
        """
        if len(self.rows) + statements > bounds.STATEMENTS:
            raise TooLarge(f"the file has more than {bounds.STATEMENTS:,} statements")

    def add(self, parent: int, node: ast.stmt, text: str) -> int:
        self.expect(1)
        end_line = getattr(node, "end_lineno", None) or node.lineno
        kind = type(node).__name__.lower()
        self.rows.append(
            [parent, node.lineno, end_line, kind, text, 0, 0, 0, False, 0, 0, self.member]
        )
        return len(self.rows) - 1

    def add_loop(self) -> int:
        """Return a slot for the iterations of one loop. Instrumented code finds it as a builtin of
        its own.
        """
        slot = len(self._iterations)
        self._iterations.append(0)
        setattr(builtins, self.loop_name(slot), True)
        return slot

    @property
    def name(self) -> str:
        """The builtin under which instrumented code finds this clock."""
        return _CLOCK % self.number

    def loop_name(self, slot: int) -> str:
        """The builtin that tells a loop whether its iterations are still timed."""
        return _WATCHED_LOOP % (self.number, slot)

    def begin(self, statement: int) -> None:
        """Begin a statement, and end every open statement beside or below it."""
        self._close_down_to(self.rows[statement][0])
        if self.rows[statement][0] < 0:
            self._begins(self.rows[statement][1])
        self._push(statement)

    def enter(self, function: int) -> None:
        """Begin the body of a function. It belongs to the currently open statement, which called
        the function.
        """
        if self._is_open(function):
            self._close_down_to(function)
            self.rows[function][7] += 1
        else:
            self.rows[function][0] = self._caller_of(function)
            self._push(function)

    def _caller_of(self, function: int) -> int:
        """The statement that is open now, -1 for none. Threads may mix up the open statements: one
        inside the function itself does not count.
        """
        caller = position = self._open[-1][0] if self._open else -1
        while position >= 0:
            if position == function:
                return -1
            position = self.rows[position][0]
        return caller

    def iterate(self, loop: int, slot: int) -> None:
        """Begin an iteration of a loop. After the first ``ITERATIONS`` the plain body takes
        over.
        """
        self._close_down_to(loop)
        self._iterations[slot] += 1
        if self._iterations[slot] >= ITERATIONS:
            self.rows[loop][8] = True
            setattr(builtins, self.loop_name(slot), False)

    def end(self, parent: int) -> None:
        """End everything below ``parent``; -1 ends all statements."""
        self._close_down_to(parent)

    def _push(self, statement: int) -> None:
        wall_excluded, cpu_excluded = self._excluded()
        self._open.append(
            (statement, perf_counter_ns() - wall_excluded, process_time_ns() - cpu_excluded)
        )

    def _is_open(self, statement: int) -> bool:
        return any(entry[0] == statement for entry in self._open)

    def _close_down_to(self, parent: int) -> None:
        if (
            not self._open
            or self._open[-1][0] == parent
            or (parent >= 0 and not self._is_open(parent))
        ):
            return
        wall_excluded, cpu_excluded = self._excluded()
        wall, cpu = perf_counter_ns() - wall_excluded, process_time_ns() - cpu_excluded
        while self._open and self._open[-1][0] != parent:
            statement, wall_began, cpu_began = self._open.pop()
            row = self.rows[statement]
            row[5] += wall - wall_began
            row[6] += max(0, cpu - cpu_began)
            row[7] += 1


class _Instrumenter:
    def __init__(self, clock: StatementClock, source_lines: list[str]) -> None:
        self.clock = clock
        self._lines = source_lines
        self._texts: dict[int, str] = {}

    def module(self, tree: ast.Module) -> None:
        tree.body = self._block(tree.body, -1, 0, keep_head=True)

    def _text(self, node: ast.stmt) -> str:
        first = getattr(node, "decorator_list", None)
        line = first[0].lineno if first else node.lineno
        text = self._texts.get(line)
        if text is None:
            source = self._lines[line - 1].strip() if 0 < line <= len(self._lines) else ""
            text = self._texts[line] = bounds.brief(source, _TEXT_LIMIT)
        return text

    def _block(
        self, body: list[ast.stmt], parent: int, depth: int, keep_head: bool = False
    ) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        for position, node in enumerate(body):
            if keep_head and self._must_stay_first(node, position):
                result.append(node)
                continue
            statement = self.clock.add(parent, node, self._text(node))
            result.append(self._call(node, "begin", statement))
            if depth < DEEPEST:
                self._inside(node, statement, depth + 1)
            result.append(node)
        return result

    @staticmethod
    def _must_stay_first(node: ast.stmt, position: int) -> bool:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            return True
        return (
            position == 0
            and isinstance(node, ast.Expr)
            and isinstance(getattr(node.value, "value", None), str)
        )

    def _inside(self, node: ast.stmt, statement: int, depth: int) -> None:
        if isinstance(node, (ast.For, ast.While)):
            self._loop(node, statement, depth)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if any(_decorator_name(decorator) in _BUILDERS for decorator in node.decorator_list):
                self._function(node, depth)
        elif isinstance(node, ast.ClassDef):
            if not node.bases and not node.keywords:  # a metaclass may make names of what is read
                node.body = self._block(node.body, statement, depth, keep_head=True)
        else:
            for field in ("body", "orelse", "finalbody"):
                if isinstance(getattr(node, field, None), list):
                    setattr(node, field, self._block(getattr(node, field), statement, depth))
            for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                part.body = self._block(part.body, statement, depth)

    def _loop(self, node: ast.For | ast.While, statement: int, depth: int) -> None:
        if any(isinstance(inner, (ast.Global, ast.Nonlocal)) for inner in ast.walk(node)):
            return
        plain, slot = copy.deepcopy(node.body), self.clock.add_loop()
        first, last = plain[0], plain[-1]
        watched = [*self._block(node.body, statement, depth), self._call(last, "end", statement)]
        node.body = [
            _located(
                ast.If(
                    test=self._watched(slot),
                    body=[self._call(first, "iterate", statement, slot)],
                    orelse=[],
                ),
                first,
            ),
            _located(ast.If(test=self._watched(slot), body=watched, orelse=plain), first),
        ]
        node.orelse = self._block(node.orelse, statement, depth)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, depth: int) -> None:
        body = list(node.body)
        function = self.clock.add(-1, node, self._text(node))
        self.clock.rows[function][3] = "body"
        node.body = [self._call(body[0], "enter", function), *self._block(body, function, depth)]
        if ast.get_docstring(ast.Module(body=body, type_ignores=[]), clean=False) is not None:
            node.body = [body[0], *[inner for inner in node.body if inner is not body[0]]]

    def _call(self, before: ast.stmt, method: str, *numbers: int) -> ast.stmt:
        clock = ast.Name(self.clock.name, ast.Load())
        function = ast.Attribute(value=clock, attr=method, ctx=ast.Load())
        call = ast.Call(
            func=function, args=[ast.Constant(number) for number in numbers], keywords=[]
        )
        return _located(ast.Expr(call), before)

    def _watched(self, slot: int) -> ast.expr:
        return ast.Name(self.clock.loop_name(slot), ast.Load())


def _located(node: _Located, like: ast.stmt) -> _Located:
    ast.copy_location(node, like)
    return ast.fix_missing_locations(node)


def _decorator_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def compile_with_clock(source: bytes, file: str, clock: StatementClock) -> CodeType:
    """Compile ``source`` to code that drives ``clock``. The code finds the clock as a builtin.

    :raises SyntaxError: as compiling the file itself would.
    :raises TooLarge: the source has too many statements or bytes.
    """
    if len(source) > bounds.SOURCE_BYTES:
        raise TooLarge(f"the file has more than {bounds.SOURCE_BYTES:,} bytes")
    tree = ast.parse(source, file)
    clock.expect(len(tree.body))
    _Instrumenter(clock, importlib.util.decode_source(source).split("\n")).module(tree)
    setattr(builtins, clock.name, clock)
    code: CodeType = compile(tree, file, "exec", dont_inherit=True)
    return code
