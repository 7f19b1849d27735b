"""The Python API: keywords that are settings, the use cases, and nothing loaded before its use."""

from __future__ import annotations

import enum
import inspect
import subprocess
import sys
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import click
import pytest

import dagprof
from dagprof import api
from dagprof.cli.options import measuring_options, parsing_options
from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.judge.judgement import Outcome
from unit.builders import HELPED, file, run, trace

BEFORE = run(file("team/a.py", 100, 101, 99, trace=trace(100, HELPED)), file("b.py", 50, 50, 50))
AFTER = run(file("team/a.py", 900, 901, 899, trace=trace(900, HELPED)), file("b.py", 50, 50, 50))
# No settings, or not given as one.
QUESTIONS = {"against", "baseline", "against_python", "all_files"}
# Of `dagprof scan` alone.
OF_SCAN = {"shard", "shard_by"}


def keywords(function: Callable[..., Any]) -> dict[str, Any]:
    """The types of keyword parameters."""
    kinds = typing.get_type_hints(function, vars(api) | {"Gated": object})
    named = inspect.signature(function).parameters.values()
    return {
        each.name: kinds[each.name] for each in named if each.kind is inspect.Parameter.KEYWORD_ONLY
    }


def options(decorator: Callable[..., Any]) -> set[str]:
    """The settings that options of commands stand for."""
    command = click.command()(decorator(lambda: None))
    return {str(option.name) for option in command.params}


@pytest.mark.parametrize(
    ("function", "decorator"),
    [(dagprof.scan, measuring_options), (dagprof.run_gate, parsing_options)],
)
def test_keywords_are_the_settings_that_the_command_has_options_for(
    function: Callable[..., Any], decorator: Callable[..., Any]
) -> None:
    found = set(keywords(function)) - QUESTIONS - OF_SCAN
    assert found == options(decorator)
    assert found <= set(Settings.__struct_fields__)


@pytest.mark.parametrize("function", [dagprof.scan, dagprof.run_gate])
def test_keywords_take_what_the_settings_hold(function: Callable[..., Any]) -> None:
    fields = typing.get_type_hints(Settings)
    for name, kind in keywords(function).items():
        if name in {"against_python", "all_files"}:
            continue
        taken = flat(kind)
        for each in flat(fields[name]):
            wanted = (
                {Literal.__getitem__(tuple(member.value for member in each))}
                if issubclass_(each, enum.Enum)
                else set()
            )
            assert {each, *wanted} <= taken, name
        assert type(None) in taken, f"{name} cannot be left as it is configured"


def flat(kind: Any) -> set[Any]:
    """The types that a union holds; a list of texts is one type, however it is written."""
    kinds = (
        typing.get_args(kind)
        if typing.get_origin(kind) in (typing.Union, type(str | None))
        else (kind,)
    )
    return {Sequence if typing.get_origin(each) in (tuple, Sequence) else each for each in kinds}


def issubclass_(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def test_settings_are_checked_like_those_of_commands(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--repeat must be at least 1"):
        dagprof.scan(tmp_path, repeat=0)
    with pytest.raises(UsageError, match="There is no file or folder"):
        dagprof.scan(
            tmp_path / "missing", python=Path(sys.executable), pythonpath=[tmp_path, str(tmp_path)]
        )
    with pytest.raises(TypeError, match="repeats"):
        dagprof.scan(tmp_path, repeats=5)  # type: ignore[call-arg]


def test_the_gate_takes_one_thing_to_compare_with(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be used together"):
        dagprof.run_gate(tmp_path, against="main", baseline=tmp_path / "run.json")
    with pytest.raises(UsageError, match="needs a version to compare with"):
        dagprof.run_gate(tmp_path)


def test_two_runs_are_compared_by_the_limits_given() -> None:
    assert [each.path for each in dagprof.compare(BEFORE, AFTER).of(Outcome.REGRESSION)] == [
        "team/a.py"
    ]
    assert not dagprof.compare(BEFORE, AFTER, floor="1s").of(Outcome.REGRESSION)
    assert not dagprof.compare(BEFORE, AFTER, share="1000%").of(Outcome.REGRESSION)


def test_a_file_is_explained_by_the_end_of_its_path() -> None:
    found = dagprof.explain(AFTER, Path("a.py"), line=4)
    assert (found.file, found.line, found.source) == (AFTER.files[0], 4, None)
    assert found.fleet.changes()
    with pytest.raises(UsageError, match=r"contains no file 'c\.py'"):
        dagprof.explain(AFTER, "c.py")


def test_a_report_is_text_in_one_of_the_formats() -> None:
    assert "</html>" in dagprof.render_report(AFTER)
    assert "Comparison with the baseline" in dagprof.render_report(AFTER, BEFORE, format="markdown")
    with pytest.raises(UsageError, match=r"Unknown format 'pdf'\. Choose from html, markdown"):
        dagprof.render_report(AFTER, format="pdf")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import dagprof", ("msgspec", "click", "dagprof.model")),
        (
            "import dagprof; dagprof.load, dagprof.scan",
            ("pandas", "scipy", "networkx", "jinja2", "rich", "click"),
        ),
    ],
)
def test_nothing_is_loaded_before_it_is_used(code: str, absent: tuple[str, ...]) -> None:
    code += f"; import sys; assert not {set(absent)!r} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
