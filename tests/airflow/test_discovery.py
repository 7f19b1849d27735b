"""The files measured are those Airflow would parse."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from conftest import TARGET, Scan, dag, result, write

import dagprof
from dagprof.errors import MeasurementError, UsageError
from dagprof.model import Status


def paths(run: dagprof.Run) -> list[str]:
    return [file.path for file in run.files]


def test_ignore_files_safe_mode_and_archives(scan: Scan, tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("packed.py", dag("packed"))
    run = scan(
        {
            "a.py": dag("a"),
            "team/b.py": dag("b"),
            "team/.airflowignore": "drafts\n",
            "team/drafts/c.py": dag("c"),
            ".airflowignore": "scratch\n",
            "scratch/d.py": dag("d"),
            "helper.py": "value = 1\n",
        }
    )
    assert paths(run) == ["a.py", "packed.zip", "team/b.py"]
    assert result(run, "packed.zip").dag_ids == ("packed",)
    assert {(file.path, file.reason) for file in run.skipped} == {
        ("helper.py", "safe-mode"),
        ("scratch/d.py", "ignored"),
        ("team/drafts/c.py", "ignored"),
    }


def test_without_safe_mode_every_module_is_parsed(scan: Scan) -> None:
    run = scan({"a.py": dag("a"), "helper.py": "value = 1\n"}, safe_mode=False)
    assert paths(run) == ["a.py", "helper.py"]
    assert result(run, "helper.py").status is Status.NO_DAGS


def test_both_syntaxes_of_ignore_files(scan: Scan, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a.py": dag("a"), "b_draft.py": dag("b"), ".airflowignore": "*_draft.py\n"}
    monkeypatch.setenv("AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX", "glob")
    assert paths(scan(files)) == ["a.py"]
    monkeypatch.setenv("AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX", "regexp")
    assert paths(scan({**files, ".airflowignore": "_draft\\.py$\n"})) == ["a.py"]


def test_single_files_and_the_bundle_root(scan: Scan, tmp_path: Path) -> None:
    files = {
        "common/names.py": "NAME = 'shared'\n",
        "common/__init__.py": "",
        "team/a.py": dag("a", "from common.names import NAME\n"),
        "team/b.py": dag("b"),
    }
    failing = scan(files, "team")
    assert result(failing, "a.py").status is Status.IMPORT_ERROR
    run = scan(files, "team/a.py", bundle_root=str(tmp_path / "dags"))
    assert [(file.path, file.status) for file in run.files] == [("team/a.py", Status.OK)]


def test_the_configured_dag_folder_is_the_root(scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path / "dags"))
    run = scan({"names.py": "NAME = 1\n", "team/a.py": dag("a", "from names import NAME\n")}, "team")
    assert [(file.path, file.status) for file in run.files] == [("team/a.py", Status.OK)]


def test_a_loop_of_links_is_reported_as_airflow_reports_it(scan: Scan, tmp_path: Path) -> None:
    folder = write(tmp_path / "dags", {"a.py": dag("a")})
    (folder / "again").symlink_to(folder, target_is_directory=True)
    with pytest.raises(MeasurementError, match="recursive loop"):
        dagprof.scan(folder, python=TARGET, repeat=1)


def test_a_path_outside_the_root_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"dags/a.py": dag("a"), "other/b.py": dag("b")})
    with pytest.raises(UsageError, match="not below the bundle root"):
        dagprof.scan(tmp_path / "other", bundle_root=str(tmp_path / "dags"))


def test_home_with_plugins_policies_and_configuration(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = write(
        tmp_path / "home",
        {
            "airflow.cfg": "[core]\ndagbag_import_timeout = 17\n",
            "plugins/house_rules.py": "LIMIT = 3\n",
            "config/airflow_local_settings.py": """
                def dag_policy(dag):
                    from airflow.exceptions import AirflowClusterPolicyViolation
                    if dag.dag_id == "forbidden":
                        raise AirflowClusterPolicyViolation("not with us")
            """,
        },
    )
    before = sorted(os.walk(home))
    monkeypatch.setenv("AIRFLOW_HOME", str(home))
    run = scan({"a.py": dag("fine", "from house_rules import LIMIT\n"), "b.py": dag("forbidden")})
    assert result(run, "a.py").status is Status.OK
    assert "not with us" in result(run, "b.py").failures[0].message
    assert run.environment.airflow_config["dagbag_import_timeout"].startswith("17")
    assert run.environment.airflow_home == str(home)
    assert sorted(os.walk(home)) == before
