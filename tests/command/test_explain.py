"""``dagprof explain``: one file, measured now or read from a stored run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support import TARGET, call, dag, write

SOURCE = dag(
    "a",
    """
    import os
    import heavy
    from common import helper

    os.environ["SET"] = "x"
    print(os.environ["SET"])


    def spin(until):
        return sum(number * number for number in range(until))


    spin(500_000)
    """,
)
# Modules that take long without a call that dagprof could propose to remove. ``heavy`` takes more
# than everything else in the file, so that a busy machine does not hide what its removal saves.
WAITS = """import time
class Wait:
    def __class_getitem__(cls, seconds):
        time.sleep(seconds)
Wait[{}]
"""
FILES = {
    "a.py": SOURCE,
    "b.py": dag("b", "from common import helper\n"),
    "heavy.py": WAITS.format(0.2),
    "heavier.py": WAITS.format(0.08),
    "common/__init__.py": "",
    "common/helper.py": "import heavier\n\n\ndef used():\n    return heavier\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explain")
    write(folder / "dags", FILES)
    done = call("scan", "dags", "--python", TARGET, "--depth", "full", "-q", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def explain(place: Path, target: str, *options: str) -> str:
    done = call("explain", target, *options, cwd=place)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_is_measured_now(place: Path) -> None:
    text = explain(place, "dags/a.py", "--python", TARGET, "-q")
    assert text.startswith("a.py: ")
    assert re.search(r"1\s+DAG,\s+0\s+tasks", text)  # a full line continues on the next one
    assert re.search(r"ms +3  import heavy  ← .* waiting$", text, re.M)
    assert re.search(r"6  os\.environ\[.SET.\] = .x.  ← environment SET", text)
    assert "a.py:7  output stdout" in text
    assert re.search(r"Without the statement at a\.py:3, the parse is \d+ ms", text)
    assert re.search(r"a\.py:4 → common/helper\.py:1 → heavier", text)
    assert "spin" in text
    assert not (place / "dags" / "reports").exists()


def test_a_stored_run_is_read(place: Path) -> None:
    text = explain(place, "dags/a.py", "--run", "reports/run.json")
    assert "import heavy" in text
    assert "in all files of the run" in " ".join(text.split())
    assert explain(place, "a.py", "--run", "reports/run.json") == text


def test_one_line_alone(place: Path) -> None:
    text = explain(place, "a.py:3", "--run", "reports/run.json")
    assert "import heavy" in text
    assert "heavier" not in text
    assert "output" not in text
    assert "Without the statement at a.py:3, the parse" in text


def test_a_line_with_what_stands_behind_it(place: Path) -> None:
    text = explain(place, "a.py:4", "--run", "reports/run.json")
    assert "Without the statement at common/helper.py:1, the parse" in text
    assert "a.py:4 → common/helper.py:1 → heavier" in text
    assert "Without the statement at a.py:3, the parse" not in text


def test_lines_that_save_only_together_are_told_as_the_plan(place: Path) -> None:
    source = dag("c", "import heavy; value = 1\nfrom later import heavy as other\n")
    write(
        place / "more",
        {"heavy.py": FILES["heavy.py"], "later.py": "import heavy\n", "c.py": source},
    )
    text = explain(place, "more/c.py", "--python", TARGET, "-q")
    assert re.search(
        r"^ +\d+ ms  c\.py:1, c\.py:2  proved: Move the imports of .* These changes save time only"
        r" if you make all of them",
        text,
        re.M,
    )
    assert re.search(r"Without any one of .*c\.py:1\b.* The saving is too small to measure", text)


def test_the_call_tree_for_speedscope(place: Path) -> None:
    done = call(
        "explain", "a.py", "--run", "reports/run.json", "--speedscope", "stacks.json", cwd=place
    )
    assert done.returncode == 0, done.stderr
    assert "Written: stacks.json" in done.stdout
    names = [
        frame["name"]
        for frame in json.loads((place / "stacks.json").read_text())["shared"]["frames"]
    ]
    assert "spin" in names


def test_a_source_that_changed_is_not_shown(place: Path, tmp_path: Path) -> None:
    run = json.loads((place / "reports" / "run.json").read_text())
    run["files"][0]["sha256"] = "0" * 64
    (tmp_path / "old.json").write_text(json.dumps(run))
    text = explain(place, "a.py", "--run", str(tmp_path / "old.json"))
    assert "The source is not shown" in text
    assert "os.environ" not in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("dags",), "is a folder. Give one DAG file"),
        (("nothing.py",), "There is no file or folder 'nothing.py'"),
        (("nothing.py", "--run", "reports/run.json"), "This run contains no file 'nothing.py'"),
        (("a.py:999", "--run", "reports/run.json"), "so line 999 does not exist"),
        (("dags/a.py:999",), "so line 999 does not exist"),
        (("dags/a.py:x",), "'x' is not a line number"),
        (("a.py:0", "--run", "reports/run.json"), "Line numbers start at 1"),
        (("a.py", "--run", "missing.json"), "missing.json"),
    ],
)
def test_bad_input(place: Path, arguments: tuple[str, ...], message: str) -> None:
    done = call("explain", *arguments, cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_scan_ends_with_the_best_changes(place: Path) -> None:
    done = call("scan", "dags", "--python", TARGET, cwd=place)
    assert done.returncode == 0, done.stderr
    assert "Best changes" in done.stdout
    assert (
        "Move the import of heavier from the top of the file into the functions that use the import."
        in " ".join(done.stdout.split())
    )
    assert "testing changes, 2 files" in done.stderr
    page = (place / "reports" / "report.html").read_text()
    assert "common/helper.py:1" in page[page.index('id="plan"') :]


def test_a_helper_is_told_from_a_dag_file(place: Path) -> None:
    text = explain(
        place,
        "dags/common/helper.py",
        "--python",
        TARGET,
        "-q",
        "--depth",
        "quick",
        "--no-safe-mode",
    )
    assert (
        "This file defines no DAG. Run `dagprof explain` for a DAG file that imports this file."
        in text
    )


def test_the_line_that_fails_is_shown(tmp_path: Path) -> None:
    text = "# a line\n" * 70 + "import airflow, not_installed_here  # dag\n" + "# a line\n" * 70
    write(tmp_path / "dags", {"broken.py": text})
    shown = explain(tmp_path, "dags/broken.py", "--python", TARGET, "--repeat", "1")
    assert "71  import airflow, not_installed_here  # dag  ← fails: ModuleNotFoundError" in shown
