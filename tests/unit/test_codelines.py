from __future__ import annotations

import time
from pathlib import Path

import pytest

from dagprof.ab.codelines import sorted_out
from dagprof.ab.samecode import is_same_code

SOURCE = '''"""A docstring
of two lines."""
import string
NAME = "a"
def crunch():
    """What it does."""
    return sum(range(9))
TOTAL = crunch()
for i in range(3):
    i += 1
try:
    BIG = [
        n for n in range(9)
    ]
except ValueError:
    BIG = list()
class Table:
    """Says nothing."""
    rows = dict()
    def fill(self):
        return dict()
if NAME: handle = lambda: dict()
match NAME:
    case "a":
        found = len(NAME)
'''


def test_lines_that_work_at_import_are_told_from_others(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SOURCE, encoding="utf-8")
    everything = range(1, len(SOURCE.splitlines()) + 1)
    lines, working, begun = sorted_out({"a.py": everything}, tmp_path)
    assert lines == {"a.py": tuple(line for line in everything if line not in (1, 2, 6, 18))}
    assert working == {"a.py": (8, 9, 10, 12, 13, 14, 16, 19, 25)}
    assert set(begun["a.py"]) <= set(lines["a.py"])


def test_a_file_with_changed_texts_only_has_not_changed(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SOURCE, encoding="utf-8")
    assert sorted_out({"a.py": (1, 6)}, tmp_path) == ({}, {}, {})


@pytest.mark.parametrize("source", [b"def (", b"\0", b"\xff = 1", b"x = " + b"(" * 5_000])
def test_what_is_no_python_keeps_its_lines(tmp_path: Path, source: bytes) -> None:
    (tmp_path / "a.py").write_bytes(source)
    changed = {"a.py": (1,), "gone.py": (3,)}
    assert sorted_out(changed, tmp_path) == (changed, {}, {})


def test_long_expressions_are_walked(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = " + " + ".join(["a"] * 2_000) + "\n", encoding="utf-8")
    assert sorted_out({"a.py": (1,)}, tmp_path)[0] == {"a.py": (1,)}


def test_a_changed_line_belongs_to_the_innermost_statement_around_it(tmp_path: Path) -> None:
    """Of a block only the head is its own: a line in its body is another statement's."""
    text = "from a import (\n    b,\n    c,\n)\nwith d(\n    e,\n):\n    f(\n        g,\n    )\n"
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    assert [sorted_out({"a.py": (line,)}, tmp_path).begun["a.py"] for line in (3, 6, 9)] == [
        (1,),
        (5,),
        (8,),
    ]


def versions(folder: Path, before: str | bytes, after: str | bytes) -> tuple[Path, Path]:
    paths = folder / "before.py", folder / "after.py"
    for path, text in zip(paths, (before, after), strict=True):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return paths


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n", "# why\n\nx = 1  # one\n"),
        ("x = f(1, 2)\n", "x = f(\n    1,\n    2,\n)\n"),
        ("import a\nx = 'a'\n", 'import a\nx = (\n    "a"\n)\n'),
        ("x = u'a'\n", "x = 'a'\n"),
        ("x = 1000\n", "x = 1_000\r\n"),
        ("x = 'é'\n", "# -*- coding: latin-1 -*-\nx = '\xe9'\n".encode("latin-1")),
        ("x = 0x" + "f" * 4_000 + "\n", "x = 0x" + "f" * 4_000 + "  # a key\n"),
        (SOURCE, "\n\n" + SOURCE.replace("range(9)", "range( 9 )")),
        ("x = " + " + ".join(["a"] * 900), "x = (" + " + ".join(["a"] * 900) + ")\n"),
    ],
)
def test_comments_and_layout_do_not_change_the_code(
    tmp_path: Path, before: str, after: str | bytes
) -> None:
    assert is_same_code(*versions(tmp_path, before, after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1\n", "x = 2\n"),
        ("x = 1\n", "x = True\n"),
        ("x = 0.0\n", "x = -0.0\n"),
        ("x = 1\n", "x = 1.0\n"),
        ("x = 'a'\n", "x = b'a'\n"),
        ("import a\n", "import b\n"),
        ("import a\nimport b\n", "import b\nimport a\n"),
        ("from . import a\n", "from .. import a\n"),
        ('"""Text."""\n', '"""Other text."""\n'),
        ("f(a=1)\n", "f(b=1)\n"),
        ("def f(): pass\n", "async def f(): pass\n"),
        ("x = 1\n", "x = 1\ny = 1\n"),
        ("x = (\n", "x = (  # open\n"),  # not Python
        ("x = open(__file__).read()\n", "# why\nx = open(__file__).read()\n"),
        ("x = frame.f_lineno\n", "\nx = frame.f_lineno\n"),
        ("from inspect import getsource\n", "from inspect import getsource  # why\n"),
        ("x = ｉnspect\n", "x = ｉnspect  # the same name, normalised\n"),
        ("x = '\\\\d'\n", "x = '\\d'\n"),  # a warning
        ("x = 1\n", "x = 1  # dagprof: accept slower until 2026-01-01\n"),
        ("x = 1\n", "x = 1\n" + "#" * 1_000_001),
    ],
)
def test_other_code_is_another_code(tmp_path: Path, before: str, after: str) -> None:
    assert not is_same_code(*versions(tmp_path, before, after))


def test_a_file_of_one_version_only_is_another_code(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    assert not is_same_code(tmp_path / "gone.py", tmp_path / "a.py")
    assert not is_same_code(tmp_path / "a.py", tmp_path / "gone.py")


def test_first_lines_of_a_large_module_are_found_in_time(tmp_path: Path) -> None:
    text = "class A:\n" + "".join(f"    x{n} = (\n        {n}\n    )\n" for n in range(5_000))
    (tmp_path / "a.py").write_text(text)
    changed = {"a.py": range(1, 15_001)}
    began = time.process_time()
    begun = sorted_out(changed, tmp_path).begun["a.py"]
    assert time.process_time() - began < 5
    assert begun == (1, *range(2, 15_001, 3))
