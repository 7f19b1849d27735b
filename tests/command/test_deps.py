"""``dagprof deps``: what DAG files import, with a real Airflow and its installed distributions."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from support import TARGET, call, dag, write

FILES = {
    "dags/a.py": dag(
        "a",
        """
        import yaml
        from common import helper

        try:
            import not_there_optional
        except ImportError:
            not_there_optional = None


        def work():
            import networkx.algorithms
            from not_there.deep import name
            from airflow.operators.bash import BashOperator


        def elsewhere():
            import only_elsewhere


        class FakeVirtualenvOperator:
            def __init__(self, python_callable, system_site_packages):
                pass


        FakeVirtualenvOperator(python_callable=elsewhere, system_site_packages=False)
        """,
    ),
    "dags/b.py": dag("b", "import importlib\n\nimportlib.import_module('unid' + 'iff')\n"),
    "dags/common/__init__.py": "",
    "dags/common/helper.py": "import junitparser\n\n\ndef late():\n    import rich.text\n",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("deps")
    write(folder, FILES)
    done = call("scan", "dags", "--python", TARGET, "--depth", "full", "-q", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def deps(place: Path, *arguments: str) -> str:
    done = call("deps", *arguments, cwd=place)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def found(place: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(deps(place, "reports/run.json", "--format", "json"))
    return result


def lines(row: dict[str, Any]) -> list[tuple[str, str]]:
    return [(f"{line['file']}:{line['line']}", line["where"]) for line in row["lines"]]


def test_each_imported_distribution_is_listed_with_the_lines_that_import_it(
    found: dict[str, Any],
) -> None:
    by_name = {row["name"].lower(): row for row in found["imported"]}
    assert lines(by_name["pyyaml"]) == [("a.py:2", "parse")]
    assert lines(by_name["networkx"]) == [("a.py:12", "callable")]
    assert lines(by_name["junitparser"]) == [("common/helper.py:1", "parse")]
    assert lines(by_name["rich"]) == [("common/helper.py:5", "callable")]
    # Only the traced parse shows what this statement imports.
    assert lines(by_name["unidiff"]) == [("b.py:3", "parse")]
    if found["airflow_version"].startswith("3."):  # Airflow redirects the old path
        assert lines(by_name["apache-airflow-providers-standard"]) == [("a.py:14", "callable")]
    airflow = {name for name in by_name if name.startswith("apache-airflow")}
    assert {*by_name} - airflow == {"pyyaml", "networkx", "junitparser", "rich", "unidiff"}


def test_versions_sizes_and_import_times_are_those_of_the_target(found: dict[str, Any]) -> None:
    by_name = {row["name"]: row for row in found["imported"]}
    if Path(TARGET).resolve() == Path(sys.executable).resolve():
        assert by_name["junitparser"]["version"] == metadata.version("junitparser")
    assert by_name["junitparser"]["import_ms"] > 0
    assert by_name["junitparser"]["size_bytes"] > 10_000
    assert by_name["networkx"]["size_bytes"] > 1_000_000
    assert by_name["networkx"]["import_ms"] == 0


def test_modules_that_are_not_installed_are_named(found: dict[str, Any]) -> None:
    missing = {row["module"]: lines(row) for row in found["missing"]}
    assert missing == {
        "not_there": [("a.py:13", "callable")],
        "not_there_optional": [("a.py:6", "parse")],
    }


INSTALLED = """
import importlib.metadata, sys
for line in sys.argv[1:]:
    name, version = line.split("==")
    assert importlib.metadata.version(name) == version, line
"""


def test_the_printed_requirements_are_what_the_target_has(
    place: Path, found: dict[str, Any]
) -> None:
    text = deps(place, "reports/run.json", "--requirements")
    pinned = [line for line in text.splitlines() if not line.startswith("#")]
    assert pinned[0] == f"apache-airflow=={found['airflow_version']}"
    names = {line.partition("==")[0] for line in pinned[1:]}
    assert names >= {"networkx", "junitparser", "unidiff"}
    assert "not_there (perhaps from not-there), which is not installed here" in text
    assert "optional" not in text
    subprocess.run([TARGET, "-c", INSTALLED, *pinned], check=True)


def test_a_dockerfile_names_the_image_of_this_airflow(place: Path, found: dict[str, Any]) -> None:
    text = deps(place, "reports/run.json", "--dockerfile", "--image", "slim")
    python = ".".join(found["python_version"].split(".")[:2])
    assert f"FROM apache/airflow:slim-{found['airflow_version']}-python{python} AS" in text


def test_build_arguments_contain_the_packages(place: Path) -> None:
    text = deps(place, "reports/run.json", "--customise", "--no-cold-start")
    assert "junitparser==" in text[text.index("ADDITIONAL_PYTHON_DEPS") :]


def test_the_text_shows_the_same(place: Path) -> None:
    text = deps(place, "reports/run.json")
    assert "The DAG files import 5 packages and" in text
    assert "common/helper.py:1" in text


def test_a_dag_folder_that_moved_can_be_named(place: Path) -> None:
    run = json.loads((place / "reports" / "run.json").read_text())
    text = (place / "reports" / "run.json").read_text().replace(run["root"], "/gone/dags")
    (place / "moved.json").write_text(text)
    without = json.loads(deps(place, "moved.json", "--format", "json"))
    assert "networkx" not in {row["name"] for row in without["imported"]}
    assert "/gone/dags does not exist here" in without["notes"][0]
    moved = json.loads(deps(place, "moved.json", "dags", "--format", "json"))
    assert "networkx" in {row["name"] for row in moved["imported"]}
    assert "notes" not in moved


def test_without_the_interpreter_of_the_run_versions_come_from_the_run(place: Path) -> None:
    run = json.loads((place / "reports" / "run.json").read_text())
    (place / "bin").mkdir()
    (place / "bin" / "python").write_text("#!/bin/sh\nexit 1\n")
    (place / "bin" / "python").chmod(0o755)
    run["environment"]["python_executable"] = str(place / "bin" / "python")
    (place / "other.json").write_text(json.dumps(run))
    found = json.loads(deps(place, "other.json", "--format", "json"))
    by_name = {row["name"]: row for row in found["imported"]}
    assert {"networkx", "junitparser"} <= {*by_name}
    assert "size_bytes" not in by_name["networkx"]
    assert "cannot list its distributions" in " ".join(found["notes"])


def test_a_folder_is_scanned_first(place: Path) -> None:
    done = call("deps", "dags", "--python", TARGET, "-q", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "junitparser" in done.stdout
