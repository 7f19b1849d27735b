"""The texts, the JSON document and the picture of the parse loop."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from rich.console import Console

from dagprof.analyse.loop import LoopRequest, Outlook
from dagprof.model import Run, Status
from dagprof.report import html, parse_loop
from dagprof.report.page import loop as page
from dagprof.report.parse_loop import as_json
from dagprof.report.text import loop as text
from dagprof.usecases.deployment.loop import loop
from unit.builders import file
from unit.test_loop import recorded


def shown(found: Outlook, capsys: pytest.CaptureFixture[str]) -> str:
    text.render(found, console=Console(width=160))
    return capsys.readouterr().out


def test_the_text_names_the_round_the_staleness_and_what_is_enough(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = recorded(*(file(f"{n}.py", 1_000.0) for n in range(80)), parsing_processes="1")
    written = shown(loop(one, LoopRequest(cores=8)), capsys)
    assert "does not keep up" in written
    assert "Time until Airflow stores a changed file, longest" in written
    assert re.search(r"parsing_processes = \d is enough to parse all files within 30", written)
    assert re.search(r"set min_file_process_interval to at least \d\d\.", written)


@pytest.mark.parametrize(
    ("version", "line"), [("3.3.2", "/a\\[1\\].py"), ("2.11.2", r"^a\[1\]\.py$")]
)
def test_files_without_dags_become_lines_of_airflowignore(
    version: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    helper = file("a[1].py", 500.0, status=Status.NO_DAGS, dag_ids=())
    found = loop(recorded(helper, file("b.py", 100.0), version=version))
    assert parse_loop.ignore_lines(found.run, ("a[1].py",)) == [line]
    assert line in shown(found, capsys)


def test_hostile_paths_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    name = "a\x1b[31m.py"
    found = loop(recorded(file(name, 40_000.0)))
    assert "\x1b" not in shown(found, capsys)
    assert "\x1b" not in as_json.render(found)


def test_the_json_document_has_the_figures_and_the_first_round() -> None:
    one = recorded(*(file(f"{n}.py", 1_000.0) for n in range(40)), parsing_processes="1")
    document = json.loads(as_json.render(loop(one)))
    assert document["now"]["round_s"] > 40
    assert len(document["now"]["first_round"]) == 40
    assert document["after_plan"] is None
    assert document["settings"]["parsing_processes"]["source"] == "run"
    assert document["enough"]["processes"] == 2


def pictures(one: Run) -> Any:
    section: Any = page.build(one, None)
    return section["pictures"]


def test_the_picture_has_a_bar_for_each_parse_in_the_row_of_its_process() -> None:
    one = recorded(*(file(f"{n}.py", 1_000.0) for n in range(6)), parsing_processes="2")
    (picture,) = pictures(one)
    bars = picture["bars"]
    assert len(bars) == 6
    assert len({bar["y"] for bar in bars}) == 2
    assert all(bar["x"] + bar["width"] <= picture["width"] for bar in bars)
    assert [name for _, name in picture["ticks"]][:2] == ["0 s", "0.5 s"]


def test_short_parses_share_a_bar_in_the_picture() -> None:
    one = recorded(*(file(f"{n}.py", 10.0) for n in range(3_000)), parsing_processes="1")
    (picture,) = pictures(one)
    assert len(picture["bars"]) < 500
    assert "files: " in picture["bars"][0]["about"]


def test_the_report_shows_the_parse_loop_and_escapes_paths() -> None:
    one = recorded(file("<b>.py", 30_000.0), file("b.py", 100.0))
    written = html.render(one)
    assert '<section id="loop">' in written
    assert "&lt;b&gt;.py: " in written
    assert "<b>.py" not in written.partition("<script")[0]
    assert '<section id="loop">' not in html.render(recorded(file("a.py", status=Status.KILLED)))
