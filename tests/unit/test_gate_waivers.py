"""Waivers: comments and tables that accept findings."""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest

from dagprof.config.policy import Level, Rule, Waiver
from dagprof.gate import waivers
from unit.gating import FRAMES, TODAY, finding, judged, slower, waiver


def test_a_comment_on_a_line_accepts_what_is_found_there() -> None:
    text = (
        "import os\nimport pandas  # dagprof: accept new-package until 2027-01-31: the report needs"
        " it\n"
    )
    (read,), wrong = waivers.in_source(text, "a.py")
    assert wrong == []
    assert read == Waiver(
        files=("a.py",),
        rule=Rule.NEW_PACKAGE,
        reason="the report needs it",
        until=datetime.date(2027, 1, 31),
        line=2,
        file="a.py",
        comment_line=2,
    )


def test_a_comment_on_a_line_of_its_own_accepts_for_the_whole_file() -> None:
    (read,), _ = waivers.in_source(
        "def f():\n    #dagprof:ACCEPT Slower until 2027-01-31:x y\n    pass", "a.py"
    )
    assert (read.line, read.place, read.reason, read.rule) == (0, "a.py:2", "x y", Rule.SLOWER)


@pytest.mark.parametrize(
    ("comment", "why"),
    [
        ("accept", "a waiver requires a rule, a last day and a reason"),
        (
            "allow new-variable until 2027-01-31: needed",
            "a waiver requires a rule, a last day and a reason",
        ),
        ("accept slower", "a waiver requires a rule, a last day and a reason"),
        (
            "accept slower, new-modules until 2027-01-31: x",
            "a waiver comment accepts only one rule",
        ),
        ("accept slower until tomorrow: x", "a waiver requires a rule, a last day and a reason"),
        ("accept slower until 2027-02-30: x", "2027-02-30 is not a valid date"),
        ("accept slower until 2027-01-31", "the reason is missing"),
        ("accept slower until 2027-01-31: ", "the reason is missing"),
        (
            "accept new-pakage until 2027-01-31: x",
            "unknown rule 'new-pakage', did you mean 'new-package'?",
        ),
        ("accept qqq until 2027-01-31: x", "unknown rule 'qqq', the rules are slower, unsure, "),
        (
            "accept expired-waiver until 2027-01-31: x",
            "unknown rule 'expired-waiver', the rules are ",
        ),
    ],
)
def test_a_comment_that_accepts_nothing_is_told(comment: str, why: str) -> None:
    read, (wrong,) = waivers.in_source(f"x = 1\n# dagprof: {comment}\n", "a.py")
    assert read == []
    assert wrong.startswith(f"Invalid waiver at a.py:2: {why}")
    assert wrong.endswith(" Write the waiver as `# dagprof: accept RULE until YYYY-MM-DD: reason`.")


@pytest.mark.parametrize(
    "text",
    [
        "x = '# dagprof: accept rain'",
        "# see dagprof: accept",
        "",
        "def (",
        "'''\n# dagprof: accept",
    ],
)
def test_what_is_no_such_comment_is_left_alone(text: str) -> None:
    assert waivers.in_source(text, "a.py") == ([], [])


def test_comments_before_a_syntax_error_are_read() -> None:
    text = "# dagprof: accept import-error until 2027-01-31: moving\nx = (\n"
    assert [read.rule for read in waivers.in_source(text, "a.py")[0]] == [Rule.IMPORT_ERROR]


@pytest.mark.parametrize(
    ("changes", "accepts"),
    [
        ({}, True),
        ({"files": ("common/*.py",)}, True),  # where the finding points
        ({"files": ("dags/**",)}, True),  # as seen from the configuration file
        ({"files": ("b.py", "a.*")}, True),
        ({"files": ("b.py",)}, False),
        ({"line": 7}, True),
        ({"line": 8}, False),
        ({"rule": Rule.UNSURE}, False),
        ({"until": TODAY - datetime.timedelta(1)}, False),
        ({"until": TODAY + datetime.timedelta(1)}, True),
    ],
)
def test_what_a_waiver_covers(changes: dict[str, Any], accepts: bool) -> None:
    told = waivers.applied(
        finding(), [waiver(rule=Rule.BUDGET), waiver(**changes)], TODAY, folders="dags"
    )
    assert bool(told.waived) == accepts
    assert told.fails != accepts
    if accepts:
        day = changes.get("until", TODAY).isoformat()
        assert told.waived == f"accepted until {day}: known (x)"
        assert not told.is_waived_in_source


def test_a_finding_says_whether_a_comment_accepts_it() -> None:
    told = waivers.applied(finding(), [waiver(file="a.py", comment_line=7)], TODAY)
    assert told.is_waived_in_source
    assert told.waived.endswith("known (a.py:7)")


def test_a_waiver_that_has_expired_is_a_finding() -> None:
    yesterday = TODAY - datetime.timedelta(1)
    old = [
        waiver(until=yesterday, file="dags/a.py", comment_line=3),
        waiver(until=yesterday, file="pyproject.toml"),
        waiver(),
    ]
    here, there = waivers.expired(old, TODAY, Level.WARNING)
    assert (here.file, here.line, here.level, here.rule) == (
        "dags/a.py",
        3,
        Level.WARNING,
        Rule.EXPIRED_WAIVER,
    )
    assert (
        here.message
        == "the waiver of slower for a.py expired on 2026-04-30 (known). Fix the finding or extend"
        " the waiver in dags/a.py:3"
    )
    assert (there.file, there.line) == ("pyproject.toml", 0)
    assert waivers.expired(old, TODAY, Level.OFF) == ()


def test_a_comment_that_accepted_nothing_is_told() -> None:
    """One on a line that is as before or that has expired, one of the configuration, and those
    that accept something are not.
    """
    day = TODAY + datetime.timedelta(1)
    comments = [
        waiver(line=6, file="a.py", comment_line=6),
        waiver(line=7, file="common/frames.py", comment_line=7, files=(FRAMES,)),
        waiver(file="a.py", comment_line=1, until=TODAY - datetime.timedelta(1), rule=Rule.BUDGET),
        waiver(file="pyproject.toml", rule=Rule.BUDGET),
    ]
    changed = {"a.py": range(1, 8), FRAMES: (7,)}
    (text,) = waivers.unused(comments, [finding()], TODAY, changed)
    assert text.startswith(
        "Unused waiver: slower at a.py:6. The gate has no matching finding at this line. To cover"
        " the whole file,"
    )
    assert waivers.unused(comments, [finding()], TODAY, {"a.py": (5,)}) == ()
    assert waivers.unused(comments[1:], [finding()], TODAY, changed) == ()
    many = [waiver(file="a.py", comment_line=line, until=day) for line in range(1, 8)]
    (text,) = waivers.unused(many, [], TODAY, changed)
    assert "slower at a.py:5 and 2 more. The gate has no matching finding at these lines." in text
    base, head = slower()
    told = judged(
        [base], [head], {"waivers": tuple(comments[:1])}, doubts=("busy",), changed_lines=changed
    )
    assert [doubt.partition(". ")[0] for doubt in told.doubts] == [
        "busy",
        "Unused waiver: slower at a.py:6",
    ]


def test_a_very_long_line_takes_no_long_time() -> None:
    """Python's tokenizer needs quadratic time for it."""
    line = "x = [" + "1, " * 200_000 + "]\n"
    began = time.process_time()
    assert waivers.in_source(line, "a.py") == ([], [])
    read, (wrong,) = waivers.in_source(
        line + "# dagprof: accept slower until 2030-01-01: r\n", "a.py"
    )
    assert time.process_time() - began < 2
    assert not read
    assert wrong == (
        "dagprof reads no waivers in a.py, because a line is longer than 10,000 characters. Write"
        " the waivers in the configuration."
    )
