"""How the probe cuts what DAG files say, and what a worker takes for an answer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dagprof.model import Doubt
from dagprof.passes import doubts
from dagprof.probe import answering, bounds

from .test_probe_parts import in_child


def test_a_short_text_is_as_it_is() -> None:
    assert bounds.shown("short", 10) == "short"
    assert bounds.brief("short", 10) == "short"
    assert bounds.cut("short", 10) == "short"


def test_a_long_text_says_how_much_is_missing() -> None:
    text = "x" * 1_000_000
    assert bounds.shown(text, 10) == "xxxxxxxxxx… (999,990 more characters)"
    assert bounds.brief(text, 10) == "xxxxxxxxxx…"
    assert bounds.cut(text, 10) == "xxxxxxxxxx… (999,990 more characters)"


@pytest.mark.parametrize("before", [0, 5, 90, 99, 100, 4000, 5000])
@pytest.mark.parametrize("after", [0, 10, 10_000])
@pytest.mark.parametrize("mark", [" ", "=", "/", "'", ":"])
def test_no_part_of_a_word_is_shown_where_the_cut_falls_into_it(
    before: int, after: int, mark: str
) -> None:
    text = "." * before + mark + "k" * 2000 + " " + "." * after
    for found in (bounds.shown(text, 100), bounds.brief(text, 100)):
        assert "k" not in found.partition("… (")[0]
        assert len(found) < 150


class Text(str):
    def __str__(self) -> str:
        raise ValueError("my own")

    __getitem__ = __len__ = __hash__ = __eq__ = __str__  # type: ignore[assignment]


class Unprintable:
    __str__ = None  # type: ignore[assignment]


def test_text_of_any_class_is_plain_text() -> None:
    assert type(bounds.plain(Text("own"))) is str
    assert bounds.plain(Text("own")) == "own"
    assert bounds.plain(Unprintable()) == "<text not printable: TypeError>"
    assert bounds.plain(7) == "7"


@pytest.mark.parametrize("value", [-1, 10**20, "7", 7.0, True, None])
def test_a_line_number_is_a_number_of_a_line(value: object) -> None:
    assert bounds.line_number(value) == 0
    assert bounds.line_number(7) == 7


def frame(data: bytes) -> bytes:
    return b"%d\n" % len(data) + data


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", []),
        (b"12", []),
        (frame(b"{}")[:-1], []),
        (frame(b"{}"), [b"{}"]),
        (frame(b"{}") + frame(b"[]"), [b"{}", b"[]"]),
        (frame(b"{}") + frame(b"[]") + b"garbage", [b"{}", b"[]"]),
        (b"x" * 100, []),
    ],
)
def test_frames(data: bytes, found: list[bytes]) -> None:
    assert answering.frames(data) == found


@pytest.mark.parametrize(
    "data", [b"x\n", b"-1\n", b"99999999999\n", frame(b"{}") + b"%d\n" % (bounds.ANSWER_BYTES + 1)]
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"frame|literal"):
        answering.frames(data)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[" * 100_000 + b"]" * 100_000,
        b"1" * 5000,
        b"[" + b"[]," * 2_000_000 + b"[]]",
        b"\xff",
    ],
    ids=lambda data: f"{data[:4]!r}, {len(data)} bytes",
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        answering.decoded([data])


def test_a_pipe_that_does_not_block_takes_a_whole_answer() -> None:
    """As DAG code may have left it."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    pipe = answering.ResultPipe(write, read)
    if (pid := os.fork()) == 0:
        pipe.send(b"x" * 1_000_000)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        assert len(stream.read()) == 1_000_008
    assert os.waitpid(pid, 0)[1] == 0


def test_a_repeated_import_is_kept_once() -> None:
    code = """
from _dagprof_probe.parsing.imports import tracing
tracing._MOST_HITS, tracing._MOST_CALLS = 60, 80
tracer = tracing.ImportTracer()
tracer.install()
def function():
    import json, sys
for _ in range(1000):
    function()
    import json
    import sys
tracer.uninstall()
print(json.dumps([len(tracer.hits), len(tracer.calls), tracer.left_out]))
"""
    hits, calls, left_out = json.loads(in_child(code))
    assert hits <= 66
    assert calls <= 88
    assert left_out == {"loads": 0, "imports": 0}


def test_loads_beyond_the_limit_are_counted() -> None:
    code = """
from _dagprof_probe.parsing.imports import rows, tracing
tracing._MOST_LOADS = 10 * tracing.LOAD_FIELDS
tracer = tracing.ImportTracer()
tracer.install()
for number in range(25):
    try:
        __import__("missing_%d" % number)
    except ImportError:
        pass
tracer.uninstall()
found = rows.report(tracer, "none")
print(json.dumps([len(found["loads"]["module"]), tracer.left_out["loads"]]))
"""
    assert json.loads(in_child(code)) == [10, 15]


def test_conditional_imports_are_found_in_one_walk(tmp_path: Path) -> None:
    """A generated file has thousands of branches, one in the other."""
    code = """
import time
from _dagprof_probe.parsing.imports import rows
with open(sys.argv[1], "w") as stream:
    stream.write("if x == 0:\\n    import a\\n")
    for number in range(1, 700):
        stream.write("elif x == %d:\\n    import b\\n" % number)
    stream.write("import c\\ntry:\\n    import d\\nexcept ImportError:\\n    import e\\n")
    stream.write("def f():\\n    import g\\n    if f:\\n        import h\\n")
found = rows.conditional_imports(sys.argv[1])
print(json.dumps(sorted(found)[-5:]), len(found))
"""
    last, count = in_child(code, str(tmp_path / "a.py")).rsplit(maxsplit=1)
    assert json.loads(last) == [1398, 1400, 1403, 1405, 1409]
    assert int(count) == 703


def test_what_is_left_out_is_one_note() -> None:
    assert doubts.left_out({}) == []
    assert doubts.left_out({"warnings": 12, "effects": 995_000, "other": 3, "loads": 0}) == [
        Doubt(
            code="left-out",
            text="This result omits 12 warnings, 995,000 effects, because dagprof stores only a"
            " limited number of each kind.",
        )
    ]


def test_memory_that_processes_share_counts_once() -> None:
    code = """
import os, time
from _dagprof_probe.processes import memory
hoard = bytearray(b"x") * (200 << 20)
read, write = os.pipe()
for _ in range(6):
    if os.fork() == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
rss = {pid: memory.rss_kib(pid) for pid in memory._descendants(os.getpid(), time.monotonic() + 9)}
shared = memory._proportional_kib(rss, 1 << 40, time.monotonic() + 9)
print(len(rss), sum(rss.values()) // 1024, shared // 1024)
os.close(write)
"""
    processes, resident_mib, shared_mib = map(int, in_child(code).split())
    assert processes == 6
    assert resident_mib > 1000
    assert shared_mib < 260
