"""Text of DAG code forms no command of a CI system, wherever it is cut, wrapped or put together."""

from __future__ import annotations

import io
import itertools
import json
import random

import msgspec
import pytest
from ci_logs import commands, raw_controls
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagprof.report.escape import json_without_commands, safe_lines, safe_text

PIECES = (
    *(":", "::", ":::", "#", "##", "[", "]", " ", "\n", "\r\n", "\r", "\t", "\x1b[0K", "\x1b[31m"),
    *("error", "add-mask", "stop-commands", "notice file=a", "Warning", "x", "1", "é", "\u200b"),
    *(
        "vso[a.b]",
        "task.x",
        "section_",
        "start:",
        "end:",
        "1:",
        "teamcity",
        "::error::",
        "##[group]",
    ),
)
HOSTILE = (
    "::error::x",
    ":::error::x",
    " \t::warning file=a,line=1::x",
    "a\n::add-mask::x",
    "a\r::add-mask::x",
    "##[error]x",
    "###[error]x",
    "a ##vso[task.setvariable variable=a]b",
    "section_start:1560896352:a\r\x1b[0Kb",
    "##teamcity[x]",
    "word " * 20 + "::error::x " + "word " * 20,
    "w" * 37 + "::error::x",
    "w" * 39 + "##[error]x",
)


def texts(number: int) -> list[str]:
    chance = random.Random(number)
    return ["".join(chance.choices(PIECES, k=chance.randint(2, 14))) for _ in range(400)]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("width", [1, 2, 3, 7, 20, 37, 38, 39, 40, 41, 60, 80, 120])
def test_no_width_makes_a_command(text: str, width: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
    table = Table(box=None, show_header=False)
    table.add_column(overflow="fold")
    table.add_row(Text(safe_text(text)))
    for shown in (Text(safe_text(text)), Text(safe_text(text), overflow="fold"), table):
        console.print(shown)
    assert not commands(stream.getvalue())
    assert not raw_controls(stream.getvalue())


@pytest.mark.parametrize("number", range(10))
def test_no_text_makes_a_command(number: int) -> None:
    for text in texts(number):
        for limit in (5, 12, 300):
            assert not commands(safe_text(text, limit)), text
        assert not commands(safe_lines(text)), text
        assert not raw_controls(safe_lines(text)), text


@pytest.mark.parametrize("number", range(10, 15))
def test_no_two_texts_make_a_command_together(number: int) -> None:
    found = texts(number)
    for first, second in itertools.pairwise(found):
        for between in (" ", ": ", ", ", ":7  ", "/", " ("):
            assert not commands(safe_text(first) + between + safe_text(second))


def test_ordinary_text_stays() -> None:
    for text in ("a[::2]", "::1", "fe80::1%eth0", "a ## b", "# title", "## heading", "section_3"):
        assert safe_text(text) == text


def test_json_stays_the_same_value_and_shows_no_command() -> None:
    for text in (*HOSTILE, *texts(99)):
        written = json_without_commands(msgspec.json.encode({text: [text]}).decode())
        assert not commands(written)
        assert json.loads(written) == {text: [text]}
