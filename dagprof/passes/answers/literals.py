"""Finds values in the source around a failure that the code may expect as an answer: texts that it
compares with, prefixes, patterns, limits and keys.
"""

from __future__ import annotations

import ast
import datetime
import itertools
import math
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from dagprof.attribution import trees
from dagprof.passes.answers import patterns

_T = TypeVar("_T", str, float)
_LONGEST, _LONGEST_PATTERN = 60, 200
_MOST_WORDS, _MOST_NUMBERS, _MOST_KEYS = 20, 12, 12
_MOST_LENGTH = 100
# Longer statements count with their first lines.
_LONGEST_SPAN = 100
_LARGEST = 10**5
# The limits of the search: innermost places, characters and nodes of one source, and seconds.
_MOST_PLACES, _MOST_CHARACTERS, _MOST_NODES, _MOST_S = 8, 1_000_000, 100_000, 2.0
# How often a name leads on to the names in its own value.
_STEPS = 2
_SEPARATORS = 3
_PARTS = "abcdefgh"
# An address, a path, or a host name.
_EXISTING = re.compile(r"://|^[~/.]*/|\\|^[\w-]+(\.[\w-]+)*\.[a-z]{2,}$")
_SOME_TIME = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
_SPLITTING = ("split", "rsplit", "partition", "rpartition", "count", "index", "find")
_MATCHING = ("match", "fullmatch", "search", "compile", "findall", "finditer")
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.comprehension)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Literals(NamedTuple):
    """Values near a failure, the likeliest first.

    ``is_repeated``: a loop contains the place of the failure.
    """

    words: list[str]
    numbers: list[float]
    keys: list[str]
    is_repeated: bool


def near(places: Sequence[tuple[str, int]]) -> Literals:
    """The values in the source around these lines, which are in the order of calls. Values that the
    innermost statement uses come first, then values by their distance in lines.
    """
    words, numbers, keys = dict[str, int](), dict[float, int](), dict[str, int]()
    is_repeated = False
    until = time.monotonic() + _MOST_S
    for file, line in [*reversed(places)][:_MOST_PLACES]:
        around = _around(file, line) if time.monotonic() < until else None
        if around is None:
            continue
        for node in around.nodes:
            distance = around.distance(node)
            _keep(words, itertools.filterfalse(_may_exist, _words(node)), distance)
            _keep(numbers, _numbers(node), distance)
            _keep(keys, _keys(node), distance)
        is_repeated = is_repeated or around.is_repeated
    return Literals(
        _nearest(words, _MOST_WORDS),
        _nearest(numbers, _MOST_NUMBERS),
        _nearest(keys, _MOST_KEYS)[::-1],
        is_repeated,
    )


def _around(file: str, line: int) -> _Around | None:
    """The source around a line. None if it cannot be read, or is too large to search."""
    tree = trees.tree_of(file) if len(trees.text_of(file)) <= _MOST_CHARACTERS else None
    return _Around(tree, line) if tree is not None else None


def _keep(found: dict[_T, int], values: Iterable[_T], distance: int) -> None:
    for value in values:
        found[value] = min(distance, found.get(value, distance))


def _may_exist(text: str) -> bool:
    """Whether a text may be the name of something that exists, such as a host, a file or a bucket:
    code that receives it could use this thing.
    """
    return "dagprof-stub" not in text and _EXISTING.search(text) is not None


def _nearest(found: dict[_T, int], most: int) -> list[_T]:
    return sorted(found, key=lambda value: found[value])[:most]


class _Around:
    """The tree of one source, seen from one line."""

    def __init__(self, tree: ast.Module, line: int) -> None:
        self._line = line
        self.nodes = list(itertools.islice(_walk(tree), _MOST_NODES))
        spanning = [node for node in ast.walk(tree) if _spans(node, line)]
        self.is_repeated = any(isinstance(node, (*_LOOPS, *_COMPREHENSIONS)) for node in spanning)
        self._related_lines = {line}
        for first, last in self._related(spanning):
            self._related_lines.update(range(first, min(last, first + _LONGEST_SPAN) + 1))

    def _related(self, spanning: Sequence[ast.AST]) -> Iterator[tuple[int, int]]:
        """The lines of the conditions around the failure, and of the assignments of their names."""
        names = set[str]()
        for node in spanning:
            test = getattr(node, "test", None)
            if isinstance(test, ast.AST):
                yield _lines(test)
                names |= _names(test)
            elif isinstance(node, ast.stmt) and not hasattr(node, "body"):
                names |= _names(node)
        assigned = [node for node in self.nodes if isinstance(node, (ast.Assign, ast.AnnAssign))]
        for _ in range(_STEPS):
            for node in assigned:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if node.value is not None and any(names & _names(each) for each in targets):
                    yield _lines(node)
                    names = names | _names(node.value)

    def distance(self, node: ast.AST) -> int:
        line: int = getattr(node, "lineno", 0)
        return 0 if line in self._related_lines else abs(self._line - line)


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes outside of texts for people: messages of exceptions and f-strings."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Raise, ast.JoinedStr)):
            continue
        yield node
        if isinstance(node, ast.Assert):
            waiting.append(node.test)
        else:
            waiting.extend(ast.iter_child_nodes(node))


def _spans(node: ast.AST, line: int) -> bool:
    first, last = _lines(node)
    return first <= line <= last


def _lines(node: ast.AST) -> tuple[int, int]:
    first: int = getattr(node, "lineno", 0)
    last: int | None = getattr(node, "end_lineno", None)
    return first, last or first


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _texts(node: ast.AST, longest: int = _LONGEST) -> Iterator[str]:
    for part in ast.walk(node):
        value = part.value if isinstance(part, ast.Constant) else None
        if isinstance(value, str) and 0 < len(value) < longest:
            yield value


def _words(node: ast.AST) -> Iterator[str]:
    """The texts that would satisfy this piece of code."""
    if isinstance(node, (ast.Dict, ast.Set, ast.List, ast.Tuple)):
        yield from _texts(node)
    elif isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Constant):
        for text in _texts(node.value):
            yield from (text, f"{text}dagprof-stub/2/3/4", f"dagprof-stub{text}")
    elif isinstance(node, ast.Call):
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        for argument in node.args:
            yield from _argument(name, argument)


def _compared(node: ast.Compare) -> Iterator[str]:
    if isinstance(node.ops[0], (ast.In, ast.NotIn)) and isinstance(node.left, ast.Constant):
        for text in _texts(node.left):
            yield f"stub-2{text}dagprof-stub.invalid"
    yield from _texts(node)
    if any(getattr(getattr(part, "func", None), "id", "") == "len" for part in ast.walk(node)):
        for length in _numbers(node):
            if 0 < length <= _MOST_LENGTH:
                yield "2" * int(length)


def _argument(name: str, argument: ast.expr) -> Iterator[str]:
    """The texts that satisfy a call of a method with this argument."""
    if name in _MATCHING:
        found = (patterns.example(text) for text in _texts(argument, _LONGEST_PATTERN))
        yield from (text for text in found if text)
    for text in _texts(argument):
        if name in ("startswith", "removeprefix", "lstrip"):
            yield f"{text}dagprof-stub/2/3/4"
        elif name in ("endswith", "removesuffix", "rstrip"):
            yield f"dagprof-stub{text}"
        elif name == "strptime":
            yield _SOME_TIME.strftime(text)
        elif name in _SPLITTING and len(text) <= _SEPARATORS:
            yield from (text.join(_PARTS[:count]) for count in (len(_PARTS), 3, 2, 4, 5))
            yield from (text.join("2345"[:count]) for count in (3, 2))


def _numbers(node: ast.AST) -> Iterator[float]:
    """The numbers of a comparison, a calculation, a table or an assignment, and those beside
    them.
    """
    kinds = (ast.Compare, ast.BinOp, ast.Dict, ast.Set, ast.List, ast.Tuple, ast.Call, ast.Assign)
    if not isinstance(node, kinds):
        return
    for part in ast.iter_child_nodes(node):
        value = _number(part)
        if value is not None and -_LARGEST < value < _LARGEST:
            whole = math.floor(value)
            yield from (value, whole + 1, whole if value != whole else whole - 1)


def _number(node: ast.AST) -> float | None:
    """The number that a literal stands for; None for other code."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = _number(node.operand)
        return None if operand is None else -operand
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _keys(node: ast.AST) -> Iterator[str]:
    """The keys that code asks a mapping for."""
    if isinstance(node, ast.Subscript):
        part: ast.expr = node.slice
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        part = node.left
    elif isinstance(node, (ast.Set, ast.List, ast.Tuple)):
        yield from _texts(node)
        return
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("get", "pop"):
        part = node.args[0] if node.args else node
    else:
        return
    if isinstance(part, ast.Constant):
        yield from _texts(part)
