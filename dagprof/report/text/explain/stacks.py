"""The sampled call tree of the statements. The call tree omits imports inside libraries, which the
import tree already shows.
"""

from __future__ import annotations

import math

from rich.console import Console
from rich.text import Text

from dagprof.attribution.scale import sampled_scale, scale
from dagprof.model import STATEMENT, Stack
from dagprof.quantities import duration
from dagprof.report.escape import safe_text
from dagprof.report.text.explain.explanation import DEEPEST, Explanation, title

# If samples exceed the clock by more than this, in ms, they belong to code that ran earlier.
LATE_MS = 20.0


def stack_section(explanation: Explanation, console: Console) -> None:
    """Print the sampled call tree of the statements. The call tree omits imports inside libraries,
    which the import tree already shows.
    """
    root = explanation.file.stack
    found = _statements(root, explanation) if root else []
    if root is None or not found:
        return
    title(
        "Sampled call stacks (calls that take at least 2 % of the parse time, scaled to remove the"
        " sampling overhead)",
        console,
    )
    factor = sampled_scale(explanation.file)
    for node in found:
        _node(node, 0, factor, explanation, console)
    late = [
        node.line
        for node in found
        if node.wall_ms * factor > 2 * _clocked_ms(explanation, node.line) + LATE_MS
    ]
    if late:
        text = (
            "  dagprof takes samples only at function calls. The time of line"
            f" {late[0]} therefore includes earlier code without function calls, such as a loop."
            " For the exact time of a line, see the left margin of the source."
        )
        console.print(Text(text, style="dim"), soft_wrap=True)


def _clocked_ms(explanation: Explanation, line: int) -> float:
    """The measured time of the statement at a line, in ms of an uninstrumented parse. The time
    includes garbage collection. Infinite if no time was measured.
    """
    trace = explanation.file.trace
    at = [each for each in trace.statements if each.line <= line <= each.end_line] if trace else []
    took_us = max((each.wall_us for each in at), default=0) + sum(each.gc_us for each in at)
    return took_us / 1000 * scale(explanation.file) if at else math.inf


def _statements(node: Stack, explanation: Explanation) -> list[Stack]:
    if node.function == STATEMENT and explanation.concerns(node.line):
        return [node]
    return [found for child in node.children for found in _statements(child, explanation)]


def _node(
    node: Stack, depth: int, factor: float, explanation: Explanation, console: Console
) -> None:
    ms = node.wall_ms * factor
    if not explanation.is_shown(ms) or depth > 3 * DEEPEST:
        return
    console.print(
        Text(f"{duration(ms):>9}  {'  ' * depth}{_name(node, explanation)}"), soft_wrap=True
    )
    if node.function == "<module>" and node.file in explanation.libraries:
        return
    for child in node.children:
        _node(child, depth + 1, factor, explanation, console)


def _name(node: Stack, explanation: Explanation) -> str:
    if node.function == STATEMENT:
        is_member = node.file and not node.file.endswith(f"/{explanation.file.path}")
        return (
            f"{safe_text(node.file.rpartition('/')[2], 60)}:{node.line}"
            if is_member
            else f"line {node.line}"
        )
    where = (
        f"  {safe_text('/'.join(node.file.split('/')[-2:]), 60)}:{node.line}" if node.file else ""
    )
    return safe_text(node.function, 80) + where
