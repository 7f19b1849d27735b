"""Helpers for all console summaries: safe output in any encoding, and a common table style."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagprof.report.escape import encodable


def is_unicode(console: Console) -> bool:
    """Whether the console can show every character."""
    return "utf" in console.encoding.lower()


@contextmanager
def within_encoding(console: Console) -> Iterator[None]:
    """Replace characters that the encoding of the console lacks. Output then never fails because of
    the encoding.
    """
    if is_unicode(console):
        yield
        return
    with console.capture() as captured:
        yield
    console.file.write(encodable(captured.get(), console.encoding))


def columns(*named: tuple[str, str]) -> Table:
    """A table without lines. Each column is a pair of a name and a kind: ``figure``, ``bar``,
    ``place`` or ``text``.
    """
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name, kind in named:
        if kind == "figure":
            made.add_column(name, justify="right", no_wrap=True)
        elif kind == "place":
            made.add_column(name, overflow="fold")
        else:
            made.add_column(name, no_wrap=kind == "bar", overflow="ellipsis")
    return made


def titled(title: str, rows: Table, console: Console) -> None:
    """Print a title and a table."""
    console.print()
    console.print(Text(title, style="bold"))
    console.print(rows)
