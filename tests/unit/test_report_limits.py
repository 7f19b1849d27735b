"""What the reports do at their edges: consoles without Unicode, long tables, files that broke
since the baseline.
"""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from rich.console import Console

from dagprof.analyse.comparison import Comparison, compare
from dagprof.model import FileResult, Output, Run, Stack, Status
from dagprof.report import html
from dagprof.report.escape import encodable
from dagprof.report.page import one_file
from dagprof.report.text import terminal
from unit.builders import HELPED, access, file, loads, run, statement, trace
from unit.page import Page

FOREIGN = run(
    file(
        "東京/ü.py",
        400,
        400,
        400,
        trace=trace(400, HELPED, [statement(3, 90_000, text="größe = '→'")]),
    ),
    file("a" * 200 + ".py", 100, 110, 120),
)


def printed(
    shown: Run, encoding: str, comparison: Comparison | None = None, width: int = 120
) -> str:
    """The summary as it arrives at a stream that refuses what its encoding does not have."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", newline="\n")
    console = Console(file=stream, width=width, markup=False, highlight=False)
    terminal.render(shown, console=console, comparison=comparison)
    stream.flush()
    buffer = stream.detach()
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_no_console_is_too_poor_for_the_summary(encoding: str) -> None:
    text = printed(FOREIGN, encoding, compare(FOREIGN, FOREIGN))
    assert "Comparison with the baseline" in text
    assert ("東京/ü.py" if encoding == "utf-8" else "\\u6771\\u4eac/") in text


def test_bars_are_ascii_where_they_must_be() -> None:
    line = next(line for line in printed(FOREIGN, "ascii").splitlines() if "u6771" in line)
    assert "##-=======+." in line
    assert "~" in printed(FOREIGN, "ascii")  # for the sign of the spread


def test_encodable() -> None:
    assert encodable("±1 → 東 é", "ascii") == "~1 > \\u6771 \\xe9"
    assert encodable("±1 é", "latin-1") == "±1 é"
    assert encodable("±1 東", "utf-8") == "±1 東"


def test_the_end_of_a_long_path_is_kept() -> None:
    shown = run(
        file(
            "deep/" * 30 + "last.py",
            100,
            trace=trace(100, statements=[statement(7, 90_000, text="f()")]),
        ),
    )
    text = printed(shown, "utf-8", width=80)
    assert "/last.py" in text
    assert "/last.py:7" in text


def test_what_broke_is_told_and_is_not_called_faster() -> None:
    before = run(
        file("breaks.py", 900, 900, 900), file("fixed.py", 9, 9, 9, status=Status.IMPORT_ERROR)
    )
    now = run(file("breaks.py", 9, 9, 9, status=Status.IMPORT_ERROR), file("fixed.py", 9, 9, 9))
    comparison = compare(before, now)
    text = printed(now, "utf-8", comparison)
    assert "0 slower, 0 faster, 0 added, 0 removed, 0 inconclusive, 1 broken, 1 fixed" in text
    assert "  broken  breaks.py produces no DAGs" in text
    assert "  fixed  fixed.py produces DAGs again" in text
    found = Page(html.render(now, comparison=comparison, baseline=before)).unpacked("comparison")
    assert (found["breaks"], found["fixed"]) == ([["breaks.py", "produces no DAGs"]], ["fixed.py"])
    assert "faster" not in {row["change"] for row in found["files"]}


def test_files_that_are_in_one_run_only_have_no_time_in_the_other() -> None:
    page = html.render(
        run(file("new.py", 70)),
        comparison=compare(run(file("old.py", 50)), run(file("new.py", 70))),
    )
    rows = {
        row["path"]: (row["before"], row["now"])
        for row in Page(page).unpacked("comparison")["files"]
    }
    assert rows == {"new.py": (None, 70), "old.py": (50, None)}


def many() -> FileResult:
    """100 loads and 100 statements of which each costs more than the one before, the first
    enclosing all others.
    """
    imported = loads(
        (0, -1, 0, 900_000, -1, 1), *((1, 0, n * 1000, n * 1000, 0, n) for n in range(1, 100))
    )
    nested = [
        statement(1, 900_000, kind="with"),
        *(statement(n, n * 1000, parent=0) for n in range(2, 101)),
    ]
    calls = Stack(
        function="top",
        file="/a/b/c/d.py",
        line=1,
        wall_ms=900,
        children=tuple(Stack(function=f"f{n}", file="", line=0, wall_ms=n) for n in range(99)),
    )
    accesses = tuple(access(f"k{n}", file="a.py", line=n) for n in range(42))
    return file("a.py", 900, trace=trace(900, imported, nested), stack=calls, accesses=accesses)


def test_long_lists_say_what_they_leave_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOADS", "STATEMENTS", "CALLS", "ROWS"):
        monkeypatch.setattr(one_file, name, 40)
    found = one_file.build(run(many()), many(), with_source=False)
    assert found["left_out"] == {"accesses": 2, "loads": 60, "statements": 60, "calls": 60}
    assert len(found["accesses"]) == 40
    assert [row[1] for row in found["statements"]] == [1, *range(62, 101)]
    assert [row[0] for row in found["statements"]] == [-1, *[0] * 39]
    assert list(found["loads"]["own"]) == [0, *(n * 1000 for n in range(61, 100))]
    assert set(found["loads"]["parent"]) == {-1, 0}
    name, where, ms, children = found["stack"]
    assert (name, where, ms) == ("top", "b/c/d.py:1", 900)
    assert [child[0] for child in children] == [f"f{n}" for n in range(98, 59, -1)]


def test_sampled_calls_are_shown_in_the_time_of_a_plain_parse() -> None:
    """Sampling took 900 ms for what a plain parse does in 300."""
    slowed_down = msgspec.structs.replace(many(), samples=file("a.py", 300).samples)
    _, _, ms, children = one_file.build(run(slowed_down), slowed_down, with_source=False)["stack"]
    assert (ms, children[0][2]) == (300, 32.7)


def test_a_deep_stack_is_no_problem() -> None:
    calls = Stack(function="leaf", file="", line=0, wall_ms=1)
    for _ in range(5000):
        calls = Stack(function="f", file="", line=0, wall_ms=1, children=(calls,))
    page = html.render(run(file("a.py", 900, stack=calls)))
    assert Page(page).details()[0]["left_out"]["calls"] == 5001 - one_file.CALLS


def test_a_folder_of_failures_stays_a_small_page() -> None:
    output = Output(text="x\n" * 15_000, total_bytes=30_000)
    shown = run(
        *(file(f"{n}.py", 5, status=Status.IMPORT_ERROR, stdout=output) for n in range(500))
    )
    page = html.render(shown)
    assert len(page) < 1_000_000
    name, text, total, is_cut = Page(page).details()[0]["outputs"][0]
    assert (name, len(text), total, is_cut) == ("stdout", one_file.OUTPUT_LENGTH + 2, 30_000, True)


def test_a_figure_stays_with_its_unit_in_the_headline() -> None:
    heading = re.search("<h1[^>]*>(.*)</h1>", html.render(FOREIGN))
    assert heading is not None
    assert (
        heading[1]
        == "2 files with 2 DAGs take 510\xa0ms to parse once (at least 400\xa0ms with 2 parsing processes)."
    )
