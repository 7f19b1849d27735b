"""``dagprof gate`` on what real histories hold: new files on old helpers, providers that others
name too, lost DAGs.
"""

from __future__ import annotations

import json
from pathlib import Path

from command.test_gate import gate, git, own_git, verdict  # noqa: F401 - used by name
from support import TARGET, call, dag, write

LIMITS = ("--absolute", "500ms", "--time-budget", "60s", "--python", TARGET)
# Does three things at its lines 3, 4 and 5.
TOOLS = """
import subprocess
from airflow.models import Variable
subprocess.run(["true"], check=True)
Variable.get("team", "none")
import wave
"""
USES = "from common import tools\n"
# Installed with every supported Airflow, and not loaded by its core.
PROVIDER = "from airflow.providers.common.sql.hooks.sql import DbApiHook\n"


def repository(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    write(folder, {**files, "dags/common/__init__.py": "", ".gitignore": "/reports\n"})
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_what_other_dag_files_do_through_the_same_helper_is_a_note(tmp_path: Path) -> None:
    files = {f"dags/old{n}.py": dag(f"old{n}", USES) for n in range(5)}
    place = repository(tmp_path / "repository", {**files, "dags/common/tools.py": TOOLS.lstrip()})
    own = "import subprocess\nsubprocess.run(['false'])\n"
    write(place, {"dags/new.py": dag("new", USES), "dags/own.py": dag("own", own)})
    done = gate(place, "dags", "--against", "HEAD", *LIMITS, "--format", "markdown=reports/gate.md")
    assert done.returncode == 1, done.stderr
    found = verdict(place / "reports")
    assert [(each.rule.value, each.file) for each in found.all_findings if each.fails] == [
        ("new-process", "dags/own.py")
    ]
    notes = {each.path: each.notes for each in found.files}["dags/new.py"]
    assert [note.rpartition(". ")[2] for note in notes] == [
        f"dags/common/tools.py:{line} already causes this effect in at least 3 other DAG files"
        for line in (4, 3)
    ]
    for text in (done.stdout, (place / "reports" / "gate.md").read_text(encoding="utf-8")):
        assert "dags/common/tools.py:3 already causes this effect in" in " ".join(text.split())


def test_a_provider_that_other_dag_files_still_name_costs_nothing(tmp_path: Path) -> None:
    """It is imported before the DAG processor forks, whatever this file names."""
    files = {
        "dags/one.py": dag("one", PROVIDER),
        "dags/two.py": dag("two", PROVIDER),
        "dags/mine.py": dag("mine", f"{PROVIDER}from common import sql\n"),
        "dags/common/sql.py": PROVIDER,
        "pyproject.toml": "[tool.dagprof.gate]\nnew-modules = 0\n",
    }
    place = repository(tmp_path / "repository", files)
    write(place, {"dags/mine.py": dag("mine", "from common import sql\n")})
    done = gate(place, "dags", "--against", "HEAD", *LIMITS)
    found = verdict(place / "reports")
    assert (done.returncode, [each.message for each in found.all_findings]) == (0, [])
    assert found.unaffected == 2


def test_a_helper_beside_the_dag_folder_has_its_path_from_the_repositorys_root(
    tmp_path: Path,
) -> None:
    helper = "import subprocess\n\n\ndef run():\n    return 1\n\n\nrun()\n"
    place = repository(
        tmp_path / "repository",
        {"dags/mine.py": dag("mine", "import outside\n"), "include/outside.py": helper},
    )
    write(place, {"include/outside.py": helper.replace("return 1", "subprocess.run(['true'])")})
    formats = [
        f"--format={name}=reports/gate.{name}"
        for name in ("sarif", "gitlab", "junit", "markdown", "github", "json")
    ]
    done = gate(
        place, "dags", "--against", "HEAD", *LIMITS, *formats, PYTHONPATH=str(place / "include")
    )
    assert done.returncode == 1, done.stderr
    (found,) = verdict(place / "reports").all_findings
    assert (found.path, found.file, found.line) == ("dags/mine.py", "include/outside.py", 5)
    texts = {
        name: (place / "reports" / f"gate.{name}").read_text()
        for name in ("sarif", "gitlab", "junit", "markdown", "github")
    }
    (result,) = json.loads(texts["sarif"])["runs"][0]["results"]
    location = result["locations"][0]["physicalLocation"]
    assert (location["artifactLocation"]["uri"], location["region"]["startLine"]) == (
        "include/outside.py",
        5,
    )
    assert json.loads(texts["gitlab"])[0]["location"] == {
        "path": "include/outside.py",
        "lines": {"begin": 5},
    }
    assert "file=include/outside.py,line=5" in texts["github"]
    for name in ("junit", "markdown"):
        assert "include/outside.py:5" in texts[name]
        assert str(place) not in texts[name]
    assert "include/outside.py:5" in done.stdout


CYCLE = """
from airflow.models import DAG as Made
with Made("lost", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    try:
        from airflow.providers.standard.operators.empty import EmptyOperator
    except ImportError:
        from airflow.operators.empty import EmptyOperator
    a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
    a >> b
"""


def test_a_dag_that_is_lost_next_to_another_is_named(tmp_path: Path) -> None:
    place = repository(tmp_path / "repository", {"dags/pair.py": dag("kept") + CYCLE})
    scanned = call(
        "scan", "dags", "--python", TARGET, "--save-baseline", "reports/baseline.json", cwd=place
    )
    assert scanned.returncode == 0, scanned.stderr
    write(place, {"dags/pair.py": dag("kept") + CYCLE.replace("a >> b", "a >> b >> a")})
    done = gate(place, "dags", "--against", "HEAD", *LIMITS)
    assert done.returncode == 1, done.stderr
    (found,) = verdict(place / "reports").all_findings
    assert found.rule.value == "import-error"
    assert found.message.startswith(
        "dags/pair.py no longer produces the DAG lost and still produces the DAG kept: AirflowDagCycleException"
    )
    scanned = call(
        *("scan", "dags", "--python", TARGET, "--baseline", "reports/baseline.json"),
        *("--fail-on-regression", "20%", "--fail-on", "import-error"),
        cwd=place,
    )
    assert scanned.returncode == 1, scanned.stderr
    text = " ".join(scanned.stdout.split())
    assert (
        "pair.py no longer produces the DAG lost and still produces the DAG kept: AirflowDagCycleException"
        in text
    )
    assert "produces no DAGs" not in text


def test_a_dag_that_cannot_be_serialised_is_none_of_the_files(tmp_path: Path) -> None:
    broken = (
        'with DAG("broken", start_date=datetime.datetime(2024, 1, 1), schedule=None,'
        ' default_args={"a": {1, Odd()}}):\n    pass\n'
    )
    odd = (
        "class Odd:\n    def __str__(self):\n        raise ValueError('odd')\n    __repr__ ="
        " __str__\n"
    )
    place = repository(tmp_path / "repository", {"dags/pair.py": dag("kept")})
    write(place, {"dags/pair.py": dag("kept") + odd + broken})
    done = gate(place, "dags", "--against", "HEAD", *LIMITS)
    head = json.loads((place / "reports" / "gate-head.json").read_bytes())
    (file,) = head["files"]
    assert file["dag_ids"] == ["kept"], done.stderr
    assert file["status"] == "import-error"
    (found,) = verdict(place / "reports").all_findings
    assert found.message.startswith(
        "dags/pair.py has an import error and produces only the DAG kept: "
    )


def test_nobody_is_told_to_start_in_a_task_what_a_library_starts_when_it_is_imported(
    tmp_path: Path,
) -> None:
    library = (
        "import subprocess\nsubprocess.run(['true'])\ndef load():\n    subprocess.run(['false'])\n"
    )
    write(tmp_path, {"site-packages/lib.py": library})
    place = repository(
        tmp_path / "repository",
        {"dags/mine.py": dag("mine"), "dags/common/tools.py": "import lib\n"},
    )
    write(
        place, {"dags/mine.py": dag("mine", "from common import tools\nimport lib\nlib.load()\n")}
    )
    environment = {"PYTHONPATH": str(tmp_path / "site-packages")}
    gate(place, "dags", "--against", "HEAD", *LIMITS, **environment)
    messages = {
        (each.file, each.line): each.message
        for each in verdict(place / "reports").all_findings
        if each.rule.value == "new-process"
    }
    text = "dags/mine.py starts a program during parsing"
    line = (place / "dags" / "mine.py").read_text().splitlines().index("lib.load()") + 1
    assert messages == {
        (
            "dags/common/tools.py",
            1,
        ): (
            f"{text} (true). The import at dags/common/tools.py:1 is the cause. Move this import into the functions that use the imported code"
        ),
        ("dags/mine.py", line): f"{text} (false). Start the program in a task",
    }
    scanned = call(
        "scan", "dags", "--depth", "traced", "--python", TARGET, cwd=place, **environment
    )
    assert "process true (by the import)" in " ".join(scanned.stdout.split())
    assert "process false (by the import)" not in " ".join(scanned.stdout.split())
    explained = call("explain", "dags/mine.py", "--python", TARGET, cwd=place, **environment)
    rows = [" ".join(row.split()) for row in explained.stdout.splitlines() if "process true" in row]
    assert any(
        row.startswith("common/tools.py:1 ") and row.endswith(" (by the import)") for row in rows
    ), rows


def test_dags_that_come_and_go_are_unstable(tmp_path: Path) -> None:
    # Each parse sees how many came before it: one and two DAGs take turns.
    going = (
        f"with open({str(tmp_path / 'parses')!r}, 'a+b') as stream:\n    stream.write(b'.')\n   "
        " parses = stream.tell()\nfor name in ('orders', 'items')[: 1 + parses % 2]:\n   "
        " globals()[name] = DAG(name, schedule=None)\n"
    )
    place = repository(tmp_path / "repository", {"dags/some.py": dag("kept")})
    write(place, {"dags/some.py": dag("kept") + going})
    done = gate(
        place, "dags", "--against", "HEAD", *LIMITS, "--relative", "1%", "--absolute", "1ms"
    )
    assert done.returncode == 1, done.stderr
    messages = [
        each.message
        for each in verdict(place / "reports").all_findings
        if each.rule.value == "unstable-dag"
    ]
    assert messages == [
        (
            "dags/some.py defines the DAG items in only some parses. Airflow repeatedly removes and"
            " adds this DAG"
        )
    ]
