"""The files measured are those Airflow would parse."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from support import TARGET, Scan, dag, result, write

import dagprof
from dagprof.errors import MeasurementError, UsageError
from dagprof.model import SkipReason, Status
from dagprof.report import figures


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
    assert {(file.path, file.reason, file.detail) for file in run.skipped} == {
        ("helper.py", SkipReason.SAFE_MODE, "'airflow' and 'dag'"),
        ("scratch/d.py", SkipReason.IGNORED, ""),
        ("team/drafts/c.py", SkipReason.IGNORED, ""),
    }


FACTORY = {
    "factory_lib.py": (
        """
        import datetime
        from airflow import DAG

        def build(name):
            return DAG(name, start_date=datetime.datetime(2024, 1, 1), schedule=None)
    """
    ),
    "neither.py": "from factory_lib import build\n\npipeline = build('neither')\n",
    "no_dag.py": "import airflow\nfrom factory_lib import build\n\npipeline = build('no_d')\n",
    "named.py": "# dag, airflow\nfrom factory_lib import build\n\npipeline = build('named')\n",
}


def test_a_file_that_safe_mode_skips_is_named_with_the_words_that_it_lacks(scan: Scan) -> None:
    run = scan(FACTORY)
    assert paths(run) == ["factory_lib.py", "named.py"]
    assert result(run, "named.py").dag_ids == ("named",)
    skipped = {file.path: file for file in run.skipped}
    assert skipped["neither.py"].detail == "'airflow' and 'dag'"
    assert skipped["no_dag.py"].detail in ("'dag'", "'dag' or 'asset'")
    assert skipped["no_dag.py"].reason is SkipReason.SAFE_MODE
    (line,) = figures.skipped(run)
    assert "neither.py (lacks 'airflow' and 'dag')" in line
    assert "safe mode skips" in line


def test_a_named_file_that_safe_mode_skips_is_not_parsed(scan: Scan) -> None:
    with pytest.raises(
        UsageError,
        match=r"does not parse .*/neither\.py: the file lacks 'airflow' and 'dag'.*--no-safe-mode",
    ):
        scan(FACTORY, "neither.py")
    run = scan(FACTORY, "neither.py", "named.py")
    assert paths(run) == ["named.py"]
    assert [file.path for file in run.skipped] == ["neither.py"]


@pytest.mark.parametrize("below", [(), ("neither.py",)])
def test_without_safe_mode_it_is_executed_and_says_that_airflow_does_not(
    scan: Scan, below: tuple[str, ...]
) -> None:
    file = result(scan(FACTORY, *below, safe_mode=False), "neither.py")
    assert file.dag_ids == ("neither",)
    (doubt,) = [doubt for doubt in file.doubts if doubt.code == "not-parsed-by-airflow"]
    assert "Airflow does not parse this file" in doubt.text
    assert "--no-safe-mode" in doubt.text


def test_where_airflow_is_configured_without_safe_mode_nothing_is_skipped(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE", "False")
    run = scan(FACTORY, "neither.py")
    assert result(run, "neither.py").dag_ids == ("neither",)
    assert not any(
        doubt.code == "not-parsed-by-airflow" for doubt in result(run, "neither.py").doubts
    )


def test_a_named_file_that_a_pattern_ignores_is_not_parsed(scan: Scan, tmp_path: Path) -> None:
    files = {"a.py": dag("a"), "team/drafts/b.py": dag("b"), "team/.airflowignore": "drafts\n"}
    root = str(tmp_path / "dags")
    with pytest.raises(
        UsageError, match=r"does not parse .*/b\.py: a pattern in \.airflowignore matches the file"
    ):
        scan(files, "team/drafts/b.py", bundle_root=root)
    assert paths(scan(files, "a.py", bundle_root=root)) == ["a.py"]


def test_a_file_that_is_no_archive_is_not_called_ignored(scan: Scan) -> None:
    run = scan({"a.py": dag("a"), "broken.zip": "no archive", "notes.txt": "dag airflow"})
    if result_of := [
        file for file in run.files if file.path == "broken.zip"
    ]:  # Airflow 3.4 reports the archive itself
        assert result_of[0].status is Status.IMPORT_ERROR
        return
    (skipped,) = run.skipped
    assert (skipped.path, skipped.reason, skipped.why) == (
        "broken.zip",
        SkipReason.OTHER_FORMAT,
        "the file is not a zip archive",
    )
    with pytest.raises(UsageError, match=r"neither a \.py file nor a zip archive"):
        scan({}, "notes.txt")


def test_the_users_own_test_is_named_as_the_reason(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        tmp_path / "lib",
        {
            "house_tests.py": (
                """
                def accepts(file_path, zip_file=None):
                    if "raises" in file_path:
                        raise LookupError("no owner")
                    return "b.py" not in file_path
            """
            )
        },
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    monkeypatch.setenv("AIRFLOW__CORE__MIGHT_CONTAIN_DAG_CALLABLE", "house_tests.accepts")
    run = scan({"a.py": dag("a"), "b.py": dag("b"), "raises.py": dag("c")})
    reasons = {file.path: (file.reason, file.why) for file in run.skipped}
    assert reasons["b.py"] == (
        SkipReason.CALLABLE,
        "the function house_tests.accepts ([core] might_contain_dag_callable) rejects the file",
    )
    if "raises.py" in reasons:  # Airflow 3.4 lists it, as a failure to read it
        assert reasons["raises.py"] == (
            SkipReason.UNEXAMINED,
            "Airflow fails to examine the file (LookupError: no owner)",
        )
    assert "a.py" in paths(run)


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
    assert [file.path for file in scan(files, "team").files] == ["team/a.py", "team/b.py"]
    failing = scan(files, "team", project=False)
    assert result(failing, "a.py").status is Status.IMPORT_ERROR
    (doubt,) = [doubt for doubt in failing.doubts if doubt.code == "bundle-root"]
    assert (
        doubt.text
        == f"1 file cannot import common from {tmp_path / 'dags'}, because {tmp_path / 'dags'} is"
        f" above the scanned folder. If {tmp_path / 'dags'} is the DAG folder, add --bundle-root"
        f" {tmp_path / 'dags'}."
    )
    run = scan(files, "team/a.py", bundle_root=str(tmp_path / "dags"))
    assert [(file.path, file.status) for file in run.files] == [("team/a.py", Status.OK)]


def test_the_configured_dag_folder_is_the_root(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path / "dags"))
    run = scan(
        {"names.py": "NAME = 1\n", "team/a.py": dag("a", "from names import NAME\n")}, "team"
    )
    assert [(file.path, file.status) for file in run.files] == [("team/a.py", Status.OK)]


def test_a_loop_of_links_is_named_with_the_link(scan: Scan, tmp_path: Path) -> None:
    folder = write(tmp_path / "dags", {"a.py": dag("a"), "team/b.py": dag("b")})
    (folder / "team" / "again").symlink_to(folder, target_is_directory=True)
    with pytest.raises(
        MeasurementError, match=r"the symbolic link team/again points to .* Remove the link"
    ):
        dagprof.scan(folder, python=TARGET, repeat=1)


def test_a_link_beside_its_target_is_no_loop(tmp_path: Path) -> None:
    """The layout of git-sync: Airflow's own processor stops there too (RuntimeError, "has
    appeared more than once").
    """
    folder = write(tmp_path / "git", {".worktrees/0a1b2c/a.py": dag("a")})
    (folder / "current").symlink_to(Path(".worktrees", "0a1b2c"), target_is_directory=True)
    with pytest.raises(
        MeasurementError,
        match=r"same folder.*Give .*/git/current as the DAG folder, or add \.worktrees",
    ):
        dagprof.scan(folder, python=TARGET, repeat=1)
    assert paths(dagprof.scan(folder / "current", python=TARGET, repeat=1)) == ["a.py"]
    (folder / ".airflowignore").write_text(".worktrees\n")
    assert paths(dagprof.scan(folder, python=TARGET, repeat=1)) == ["current/a.py"]


def test_two_links_to_one_folder_are_both_named(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {"shared/names.py": "x = 1\n", "dags/one/a.py": dag("a"), "dags/two/b.py": dag("b")},
    )
    for team in ("one", "two"):
        (folder / "dags" / team / "shared").symlink_to(folder / "shared", target_is_directory=True)
    with pytest.raises(
        MeasurementError,
        match=r"two paths lead to the same folder: (one|two)/shared and (one|two)/shared\..*Add one",
    ):
        dagprof.scan(folder / "dags", python=TARGET, repeat=1)


def test_a_path_outside_the_root_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"dags/a.py": dag("a"), "other/b.py": dag("b")})
    with pytest.raises(UsageError, match="is outside the bundle root"):
        dagprof.scan(tmp_path / "other", bundle_root=str(tmp_path / "dags"))


def test_home_with_plugins_policies_and_configuration(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = write(
        tmp_path / "home",
        {
            "airflow.cfg": "[core]\ndagbag_import_timeout = 17\n",
            "plugins/house_rules.py": "LIMIT = 3\n",
            "config/airflow_local_settings.py": (
                """
                def dag_policy(dag):
                    from airflow.exceptions import AirflowClusterPolicyViolation
                    if dag.dag_id == "forbidden":
                        raise AirflowClusterPolicyViolation("not with us")
            """
            ),
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


def test_the_run_records_the_settings_of_the_parse_loop(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = "min_file_process_interval = 41\nfile_parsing_sort_mode = alphabetical\n"
    text = (
        f"[dag_processor]\nrefresh_interval = 77\n{loop}"
        f"[scheduler]\ndag_dir_list_interval = 77\n{loop}"
    )
    monkeypatch.setenv("AIRFLOW_HOME", str(write(tmp_path / "home", {"airflow.cfg": text})))
    config = scan({"a.py": dag("fine")}).environment.airflow_config
    assert config["refresh_interval"] == "77"
    assert config["min_file_process_interval"] == "41"
    assert config["file_parsing_sort_mode"] == "alphabetical"


def test_links_that_lead_out_of_the_folder_are_followed_as_in_airflow(
    scan: Scan, tmp_path: Path
) -> None:
    outside = write(
        tmp_path / "outside",
        {
            "file.py": dag("file"),
            "team/b.py": dag("b"),
            "team/.airflowignore": "draft.py\n",
            "team/draft.py": dag("c"),
        },
    )
    folder = write(tmp_path / "dags", {"a.py": dag("a")})
    (folder / "linked.py").symlink_to(outside / "file.py")
    (folder / "relative.py").symlink_to("../outside/file.py")
    (folder / "team").symlink_to(outside / "team")
    # A link that Airflow ignores may lead to any number of files.
    write(tmp_path / "lake", {"deep/x.py": dag("x")})
    (folder / "lake").symlink_to(tmp_path / "lake")
    (folder / ".airflowignore").write_text("lake\n")
    run = scan({})
    assert paths(run) == ["a.py", "linked.py", "relative.py", "team/b.py"]
    assert {file.status for file in run.files} == {Status.OK}
    assert [(file.path, file.reason) for file in run.skipped] == [
        ("team/draft.py", SkipReason.IGNORED)
    ]


def test_broken_links_are_named_with_their_targets(scan: Scan, tmp_path: Path) -> None:
    folder = write(tmp_path / "dags", {"a.py": dag("a")})
    (folder / "gone.py").symlink_to("../gone/file.py")
    (folder / "team").symlink_to("../gone/team")
    (folder / ".#a.py").symlink_to("an editor's lock")
    (folder / "notes.txt").symlink_to("nowhere.txt")
    run = scan({})
    assert paths(run) == ["a.py"]
    assert {(file.path, file.reason, file.detail) for file in run.skipped} == {
        ("gone.py", SkipReason.BROKEN_LINK, "../gone/file.py"),
        ("team", SkipReason.BROKEN_LINK, "../gone/team"),
    }
    (line,) = figures.skipped(run)
    assert line == (
        "Airflow skips 2 broken symbolic links: gone.py (to ../gone/file.py), team (to"
        " ../gone/team)."
    )
