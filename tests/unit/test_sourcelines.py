"""Lines are counted as Python's tokenizer counts them."""

from __future__ import annotations

import ast

import pytest

from dagprof.attribution.sourcelines import source_lines, source_text, with_line_feeds


@pytest.mark.parametrize("separator", ["\f", "\v", "\x1c", "\x85", "\u2028", "\u2029"])
def test_separators_that_end_no_line_for_python(separator: str) -> None:
    source = f"first = 'a{separator}b'\nsecond = 2\n"
    lines = source_lines(source.encode())
    assert len(lines) == 2
    assert lines[ast.parse(source).body[1].lineno - 1] == "second = 2"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_systems(end: str) -> None:
    assert source_lines(f"a = 1{end}b = 2".encode()) == ["a = 1", "b = 2"]
    assert with_line_feeds(f"a = 1{end}b = 2{end}") == "a = 1\nb = 2\n"


def test_the_declared_encoding_is_used() -> None:
    source = "# -*- coding: latin-1 -*-\nname = 'é'\n"
    assert source_text(source.encode("latin-1")) == source
    assert source_lines("\ufeffx = 1\n".encode()) == ["x = 1"]
    assert source_lines(b"x = '\xff'\n") == ["x = '\ufffd'"]
    assert source_lines(b"") == []


@pytest.mark.parametrize(
    "encoding", ["no-such", "rot13", "hex", "zip", "undefined", "punycode", "idna"]
)
def test_an_encoding_that_gives_no_text_is_replaced(encoding: str) -> None:
    source = f"# coding: {encoding}\nname = '\xe9'\n"
    assert source_lines(source.encode()) == source.splitlines()
