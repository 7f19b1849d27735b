"""The file for speedscope: read back strictly, and replayed as speedscope does."""

from __future__ import annotations

from typing import Literal

import msgspec

from dagprof.model import STATEMENT, FileResult, Run, Stack
from dagprof.report import speedscope
from unit.builders import file, run, statement, trace


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """The parts of speedscope's format that are used, and no others."""


class Frame(Strict, forbid_unknown_fields=True):
    name: str
    file: str = ""
    line: int = 0


class Event(Strict, forbid_unknown_fields=True):
    type: Literal["O", "C"]
    frame: int
    at: float


class Profile(Strict, forbid_unknown_fields=True):
    type: Literal["evented"]
    name: str
    unit: Literal["milliseconds"]
    startValue: float  # noqa: N815 - speedscope's own name
    endValue: float  # noqa: N815
    events: list[Event]


class Shared(Strict, forbid_unknown_fields=True):
    frames: list[Frame]


class Document(Strict, forbid_unknown_fields=True):
    schema: Literal["https://www.speedscope.app/file-format-schema.json"] = msgspec.field(
        name="$schema"
    )
    shared: Shared
    profiles: list[Profile]
    name: str
    activeProfileIndex: int  # noqa: N815
    exporter: str


Path = tuple[str, ...]


def read(shown: Run, *paths: str) -> Document:
    return msgspec.json.decode(speedscope.render(shown, paths or None), type=Document)


def replayed(document: Document, profile: Profile) -> list[tuple[Path, float]]:
    """The names down to each frame and its milliseconds, in the order of opening; refuses what
    speedscope would.
    """
    opened: list[tuple[int, int]] = []
    times: list[tuple[Path, float]] = []
    now = profile.startValue
    for event in profile.events:
        assert event.at >= now
        now = event.at
        if event.type == "O":
            opened.append((event.frame, len(times)))
            times.append((tuple(document.shared.frames[frame].name for frame, _ in opened), -now))
        else:
            frame, place = opened.pop()
            assert frame == event.frame
            times[place] = (times[place][0], round(times[place][1] + now, 6))
    assert not opened
    assert now <= profile.endValue
    return times


def node(function: str, wall_ms: float, *children: Stack, place: str = "/lib/x.py:3") -> Stack:
    path, _, line = place.rpartition(":")
    return Stack(function=function, file=path, line=int(line), wall_ms=wall_ms, children=children)


def parse(wall_ms: float, *children: Stack) -> Stack:
    return node("parse", wall_ms, *children, place=":0")


def slow(path: str = "a.py", wall_ms: float = 100.0) -> FileResult:
    """A file whose line 7 spins and whose block at line 9 holds another call."""
    own = f"/dags/{path}"
    spin = node("spin", 40.5, node("perf_counter", 10.25, place="<built-in>:0"), place=f"{own}:2")
    nested = node(STATEMENT, 30, node("spin", 30, place=f"{own}:2"), place=f"{own}:10")
    module = node(
        "<module>",
        90,
        node(STATEMENT, 41, spin, place=f"{own}:7"),
        node(STATEMENT, 35, nested, place=f"{own}:9"),
        place=f"{own}:1",
    )
    return file(path, wall_ms, stack=parse(wall_ms, module))


def test_nodes_nest_and_keep_their_times_and_order() -> None:
    document = read(run(slow()))
    (profile,) = document.profiles
    module = ("parse", "<module>")
    assert replayed(document, profile) == [
        (("parse",), 100),
        (module, 90),
        ((*module, "line 7"), 41),
        ((*module, "line 7", "spin"), 40.5),
        ((*module, "line 7", "spin", "perf_counter"), 10.25),
        ((*module, "line 9"), 35),
        ((*module, "line 9", "line 10"), 30),
        ((*module, "line 9", "line 10", "spin"), 30),
    ]
    assert (profile.name, profile.startValue, profile.endValue) == ("a.py", 0, 100)


def test_a_function_is_one_frame_with_its_place() -> None:
    frames = read(run(slow())).shared.frames
    assert [frame for frame in frames if frame.name == "spin"] == [
        Frame(name="spin", file="/dags/a.py", line=2)
    ]
    assert frames[0] == Frame(name="parse")
    assert Frame(name="perf_counter", file="<built-in>") in frames


def test_statements_have_the_text_that_the_clock_knows() -> None:
    clocked = trace(
        100, statements=[statement(7, 41_000, text="spin(41)"), statement(7, 1, text="other()")]
    )
    shown = run(msgspec.structs.replace(slow(), trace=clocked))
    names = [frame.name for frame in read(shown).shared.frames]
    assert "line 7: spin(41)" in names
    assert "line 9" in names


def test_the_text_of_one_member_of_an_archive_is_not_given_to_another() -> None:
    clocked = trace(100, statements=[statement(7, 41_000, text="of_another_member()")])
    line = node(STATEMENT, 41, place="/dags/all.zip/member.py:7")
    shown = run(file("all.zip", 100, trace=clocked, stack=parse(100, line)))
    assert [frame.name for frame in read(shown).shared.frames] == ["parse", "line 7"]


def test_one_profile_for_each_file_with_stacks_and_the_longest_first_in_view() -> None:
    shown = run(
        slow("a.py", 100),
        file("fast.py", 5),
        slow("b.py", 300),
        slow("c.py", 200),
        dagprof_version="1.2.3",
    )
    document = read(shown)
    assert [profile.name for profile in document.profiles] == ["a.py", "b.py", "c.py"]
    assert (document.activeProfileIndex, document.exporter, document.name) == (
        1,
        "dagprof 1.2.3",
        "/dags",
    )
    assert [profile.name for profile in read(shown, "c.py", "fast.py").profiles] == ["c.py"]
    assert len({(frame.name, frame.file, frame.line) for frame in document.shared.frames}) == len(
        document.shared.frames
    )


def test_without_stacks_there_are_no_profiles() -> None:
    document = read(run(file("fast.py", 5)))
    assert (document.profiles, document.shared.frames, document.activeProfileIndex) == ([], [], 0)


def test_rounded_times_of_children_stay_inside_their_parent() -> None:
    document = read(
        run(file("a.py", 1, stack=parse(1.0, *(node(f"f{n}", 0.334) for n in range(3)))))
    )
    times = [ms for _, ms in replayed(document, document.profiles[0])]
    assert times == [1.0, 0.334, 0.334, 0.332]


def test_hostile_names_are_made_harmless() -> None:
    text = "\x1b[31m\u202e\ud800</script>"
    document = read(run(file(text, 5, stack=parse(5, node(text, 5, place=f"{text}:1")))))
    assert (
        document.profiles[0].name
        == document.shared.frames[1].name
        == document.shared.frames[1].file
    )
    assert document.shared.frames[1].name == "\\x1b[31m\\u202e\\ud800</script>"


def test_a_deep_stack_is_no_problem() -> None:
    deep = node("last", 1)
    for _ in range(5_000):
        deep = node("f", 1, deep)
    document = read(run(file("a.py", 1, stack=deep)))
    assert len(document.profiles[0].events) == 2 * 5_001
    assert len(document.shared.frames) == 2
