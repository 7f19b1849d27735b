"""The import tree. Each import has two times: the total with nested imports, and the saving without
the import.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagprof.analyse.tree import Branch, import_tree
from dagprof.quantities import count, duration
from dagprof.report.escape import safe_text
from dagprof.report.text.explain.explanation import DEEPEST, SMALLEST_SHARE, Explanation, title

SMALLEST_KIB = 100


def imports_section(explanation: Explanation, console: Console) -> None:
    """Print the import tree of the file. If the user named a line, print only the imports of this
    line.
    """
    if explanation.graph is None:
        return
    smallest_us = max(1000.0, SMALLEST_SHARE * explanation.graph.total_us)
    tree = import_tree(
        explanation.graph, explanation.file, explanation.run, smallest_us=smallest_us
    )
    tree = [branch for branch in tree if explanation.concerns(branch.line)]
    factor = explanation.scale / 1000
    if not tree:
        return
    title(
        "Imports (total: import time with nested imports; alone: time saved if only this line or"
        " module is removed)",
        console,
    )
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, expand=True)
    has_memory = _has_memory(tree)
    for name in ("total", "alone", "modules", *(["MiB"] if has_memory else [])):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("import", overflow="ellipsis", no_wrap=True, ratio=1)
    _branches(tree, 0, factor, table, has_memory=has_memory)
    console.print(table)


def _has_memory(branches: Sequence[Branch]) -> bool:
    return any(
        branch.memory_kib >= SMALLEST_KIB or _has_memory(branch.children) for branch in branches
    )


def _branches(
    branches: Sequence[Branch], depth: int, factor: float, table: Table, *, has_memory: bool
) -> None:
    for branch in branches:
        label = "  " * depth + safe_text(branch.name, 80)
        if branch.place:
            label += f"  ({safe_text(branch.place, 120)})"
        if branch.folded:
            label += f"  and {count(branch.folded, 'module')} of the same distribution"
        table.add_row(
            duration(branch.total_us * factor),
            duration(branch.alone_us * factor) if branch.alone_us >= 50 else "-",
            f"{branch.modules:,}",
            *(
                [f"{branch.memory_kib / 1024:.1f}" if branch.memory_kib >= SMALLEST_KIB else ""]
                if has_memory
                else []
            ),
            Text(label),
        )
        if depth < DEEPEST:
            _branches(branch.children, depth + 1, factor, table, has_memory=has_memory)
