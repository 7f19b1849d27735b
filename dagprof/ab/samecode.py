"""Finds the changed Python files that compile to the same code as before."""

from __future__ import annotations

import ast
import hashlib
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path

from dagprof import bounded
from dagprof.ab import revision
from dagprof.ab.revision import Difference
from dagprof.measure.site import Site

# Larger files were written by a program, and their syntax trees take gigabytes.
_LARGEST_COMPARED = 1_000_000
# Names of what can read its own source, or the number of its own lines.
_READING = frozenset(
    (
        "__code__", "__file__", "__loader__", "__spec__", "_getframe", "co_lines", "currentframe",
        "f_lineno", "getsource", "getsourcelines", "inspect", "linecache", "stack", "tb_lineno",
        "traceback",
    )
)  # fmt: skip


def unchanged(difference: Difference, tree: Path, sites: Iterable[Site]) -> set[Path]:
    """The changed Python files of which only comments, blank lines or the layout changed.

    Empty if a site runs another version of Python than dagprof: dagprof then does not know to what
    code this version compiles a source.
    """
    own = f"{sys.version_info[0]}.{sys.version_info[1]}."
    if not all(site.zygotes.current.python_version.startswith(own) for site in sites):
        return set()
    return {
        path
        for path in difference.changed
        if path.suffix == ".py"
        and path not in difference.renamed
        and is_same_code(revision.moved(path, difference.top, tree), path)
    }


def is_same_code(before: Path, after: Path) -> bool:
    """Whether two versions of a Python file compile to the same code, apart from line numbers, in
    the Python version that runs dagprof.

    False also for a file that is large, or cannot be read or parsed, for a file whose code may read
    its own source or line numbers, and for a change of dagprof's own comments.
    """
    try:
        texts = [bounded.read(path, _LARGEST_COMPARED) for path in (before, after)]
    except OSError:
        return False
    own = [[line for line in text.splitlines() if b"dagprof:" in line] for text in texts]
    return own[0] == own[1] and (shape := _shape(texts[0])) != "" and shape == _shape(texts[1])


def _shape(text: bytes) -> str:
    """A digest of the code of a source text, without its layout. Empty for code that dagprof does
    not compare.
    """
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ""
    digest = hashlib.sha256(repr([str(each.message) for each in warned]).encode())
    # No recursion, because a chain of ``elif`` is nested as deep as it is long.
    waiting: list[object] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.AST):
            if not _READING.isdisjoint(_names(node)):
                return ""
            # ``kind`` is the prefix of a text, as in ``u"text"``.
            waiting += [getattr(node, name, None) for name in node._fields if name != "kind"]
            value = ""
        elif isinstance(node, list):
            waiting += node
            value = str(len(node))
        else:  # decimal digits of a large number take quadratic time
            value = hex(node) if isinstance(node, int) else repr(node)
        digest.update(f"{type(node).__name__} {value}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _names(node: ast.AST) -> list[str]:
    """The names in one node. Python has normalised them."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.alias):
        return node.name.split(".")
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")
    return []
