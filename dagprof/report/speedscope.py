"""The sampled call stacks as a file for https://www.speedscope.app, with one profile for each
sampled DAG file.

The file ``src/lib/file-format-spec.ts`` of speedscope describes the format. Each node starts where
the previous node ends. The time axis shows the duration of the nodes in the order in which the
sampler first saw the nodes. The self time of a node is at the end of the node.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dagprof.model import STATEMENT, FileResult, Run, Stack
from dagprof.report.escape import safe_text
from dagprof.surrogates import encoded

SCHEMA = "https://www.speedscope.app/file-format-schema.json"

Row = dict[str, object]


def render(run: Run, paths: Sequence[str] | None = None) -> str:
    """The call stacks of all files, or of the files in ``paths``, as JSON. speedscope first shows
    the file with the longest sampled parse.
    """
    frames = _Frames()
    sampled = [
        (file, file.stack)
        for file in run.files
        if file.stack and (paths is None or file.path in paths)
    ]
    longest = max(range(len(sampled)), key=lambda place: sampled[place][1].wall_ms, default=0)
    document = {
        "$schema": SCHEMA,
        "shared": {"frames": frames.rows},
        "profiles": [_profile(file, stack, frames) for file, stack in sampled],
        "name": safe_text(run.root),
        "activeProfileIndex": longest,
        "exporter": f"dagprof {safe_text(run.dagprof_version, 40)}",
    }
    return encoded(document).decode()


class _Frames:
    """The table of frames. The table contains each function or statement once, and profiles refer
    to frames by position.
    """

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._places: dict[tuple[str, str, int], int] = {}

    def place(self, name: str, file: str, line: int) -> int:
        place = self._places.setdefault((name, file, line), len(self.rows))
        if place == len(self.rows):
            row: Row = {"name": safe_text(name, 200)}
            if file:
                row["file"] = safe_text(file)
            if line:
                row["line"] = line
            self.rows.append(row)
        return place


def _profile(file: FileResult, stack: Stack, frames: _Frames) -> Row:
    texts = _texts(file)
    events = [
        {
            "type": kind,
            "frame": frames.place(_name(file, node, texts), node.file, node.line),
            "at": us / 1000,
        }
        for kind, node, us in _events(stack)
    ]
    return {
        "type": "evented",
        "name": safe_text(file.path),
        "unit": "milliseconds",
        "startValue": 0,
        "endValue": _us(stack) / 1000,
        "events": events,
    }


def _texts(file: FileResult) -> dict[int, str]:
    """The text of the statement that starts on each line. If several statements start on one line,
    the outermost statement counts.
    """
    texts: dict[int, str] = {}
    for statement in file.trace.statements if file.trace else ():
        texts.setdefault(statement.line, statement.text)
    return texts


def _name(file: FileResult, node: Stack, texts: dict[int, str]) -> str:
    if node.function != STATEMENT:
        return node.function
    # In an archive, a line number does not identify the member. Only lines of a plain file get
    # their text.
    text = texts.get(node.line, "") if node.file.endswith(file.path) else ""
    return f"line {node.line}: {text}" if text else f"line {node.line}"


def _events(root: Stack) -> Iterator[tuple[str, Stack, int]]:
    """The opening and closing of each node, in order. Times are whole microseconds, because sums of
    rounded times must not overlap.
    """
    waiting = [(root, 0, _us(root), False)]
    while waiting:
        node, start, end, closes = waiting.pop()
        yield ("C", node, end) if closes else ("O", node, start)
        if closes:
            continue
        waiting.append((node, start, end, True))
        at, inside = start, []
        for child in node.children:
            began, at = at, min(end, at + _us(child))
            inside.append((child, began, at, False))
        waiting += reversed(inside)


def _us(node: Stack) -> int:
    return round(node.wall_ms * 1000)
