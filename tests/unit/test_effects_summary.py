"""What belongs into a task, over all files."""

from __future__ import annotations

import io

from rich.console import Console

from dagprof.model import Effect, Place, Project
from dagprof.report.text import effects
from unit.builders import access, file, run


def test_lines_are_summed_over_files_and_the_longest_come_first() -> None:
    sleeps = Effect(
        kind="sleep", what="", file="/dags/common/x.py", line=3, count=2, wall_us=200_000
    )
    runs = Effect(kind="process", what="git status", file="/dags/a.py", line=5, wall_us=900_000)
    reads = Effect(kind="file-read", what="big.csv", file="/dags/a.py", line=6, wall_us=5_000_000)
    found = run(
        file("a.py", 100, effects=(sleeps, runs, reads), accesses=(access("key", line=4),)),
        file("b.py", 100, effects=(sleeps,)),
        root="/dags",
    )
    assert effects.doings(found) == [
        effects.Doing(Place(file="a.py", line=5), "process git status", 1, 1, 900.0),
        effects.Doing(Place(file="common/x.py", line=3), "sleep", 2, 4, 400.0),
        effects.Doing(Place(file="a.py", line=4), "variable key", 1, 1, None),
    ]


def test_a_missing_environment_variable_is_no_work_to_move() -> None:
    asked = access("TMPDIR", kind="environment", answered_by="missing", line=4)
    assert effects.doings(run(file("a.py", 100, accesses=(asked,)))) == []


def test_names_from_dag_code_are_harmless_and_nothing_is_printed_for_nothing() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    effects.render(run(file("a.py", 100)), console)
    assert console.export_text(clear=False) == ""
    effects.render(run(file("a.py", 100, accesses=(access("\x1b[31mred", line=4),))), console)
    text = console.export_text()
    assert "\x1b" not in text
    assert "\\x1b[31mred" in text
    effects.render(run(file("a.py", 100), settings={"depth": "quick"}), console)
    assert (
        "With --depth quick, dagprof records only lookups of Variables and Connections."
        in console.export_text()
    )


def test_a_helper_beside_the_dag_folder_is_named_from_the_project_root() -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    asked = file(
        "a.py", 100, accesses=(access("key", file="/work/shop/include/profiles.py", line=8),)
    )
    effects.render(run(asked, root="/work/shop/dags", project=Project(root="/work/shop")), console)
    assert " include/profiles.py:8" in console.export_text()
