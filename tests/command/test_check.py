"""``dagprof check``, with a real Airflow."""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support import TARGET, call, dag, write

SECRET = "kJ8sLq2ZpX9vR4tB"
FILES = {
    "dags/clean.py": dag("clean"),
    "dags/lookup.py": dag(
        "lookup",
        "from airflow.models import Variable\nbucket = Variable.get('bucket', default_var='x')\n",
    ),
    "dags/program.py": dag("program", "import subprocess\nsubprocess.check_output(['true'])\n"),
    "dags/secret.py": dag("secret", f"connect = dict\nconnect(api_key={SECRET!r})\n"),
    "dags/same.py": dag("clean"),
    "dags/catching.py": """
        import datetime
        from airflow import DAG

        with DAG(
            "catching",
            start_date=datetime.datetime(2024, 1, 1),
            end_date=datetime.datetime(2024, 1, 10),
            schedule="@daily",
            catchup=True,
        ):
            pass
        """,
    "dags/serialised.py": """
        import datetime
        from airflow import DAG
        from airflow.models.baseoperator import BaseOperator

        KEYS = {"plain": "value"}
        with DAG("serialised", start_date=datetime.datetime(2024, 1, 1), schedule=None,
                 doc_md="token: " + "".join(["kJ8sLq2Z", "pX9vR4tB"])):
            pass
        """,
}


def checked(folder: Path, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Check the folder, with the findings as JSON on standard output."""
    arguments = ("check", "dags", "--python", TARGET, "-q", "--format", "json", *more)
    return call(*arguments, cwd=folder, **environment)


def findings(done: subprocess.CompletedProcess[str]) -> list[Mapping[str, Any]]:
    # Some Airflows warn about import paths that others need.
    found: list[Mapping[str, Any]] = json.loads(done.stdout)["findings"]
    return [each for each in found if each["code"] != "DP112"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("check"), FILES)


@pytest.fixture(scope="module")
def first(folder: Path) -> subprocess.CompletedProcess[str]:
    done = checked(folder)
    assert done.returncode == 1, done.stderr
    return done


def test_each_planted_breach_is_found_at_its_place(
    first: subprocess.CompletedProcess[str],
) -> None:
    found = {(each["code"], each["path"]) for each in findings(first)}
    assert found == {
        ("DP104", "lookup.py"),
        ("DP107", "program.py"),
        ("DP701", "secret.py"),
        ("DP205", "same.py"),
        ("DP401", "catching.py"),
        ("DP703", "serialised.py"),
    }
    assert SECRET not in first.stdout + first.stderr


def test_catchup_counts_the_runs_that_the_scheduler_would_create(
    first: subprocess.CompletedProcess[str],
) -> None:
    (catchup,) = [each for each in findings(first) if each["code"] == "DP401"]
    assert "would create 10 runs today, from 2024-01-01 on" in catchup["message"]
    assert catchup["line"] == 10


def test_a_baseline_accepts_what_is_there(folder: Path) -> None:
    done = checked(folder, "--write-baseline", "known.json")
    assert done.returncode == 0, done.stderr
    done = checked(folder, "--baseline", "known.json")
    assert done.returncode == 0, done.stderr
    assert all(each["waived"] for each in findings(done))


def test_options_choose_rules_and_the_severity_that_fails(folder: Path) -> None:
    done = checked(folder, "--select", "DP1", "--depth", "quick")
    assert done.returncode == 0, done.stderr
    assert {each["code"] for each in findings(done)} == {"DP104"}
    done = checked(folder, "--select", "DP104", "--fail-on", "warning", "--depth", "quick")
    assert done.returncode == 1
    done = checked(folder, "--ignore", "DP999")
    assert done.returncode == 2
    assert "Unknown rule DP999" in done.stderr


def test_a_scan_with_check_has_the_findings_in_summary_report_and_exit_code(
    tmp_path: Path,
) -> None:
    write(tmp_path, {name: FILES[name] for name in ("dags/secret.py", "dags/catching.py")})
    done = call("scan", "dags", "--check", "--python", TARGET, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "DP701 secret-in-source (error)" in done.stdout
    page = (tmp_path / "reports" / "report.html").read_text(encoding="utf-8")
    assert 'id="practices"' in page
    assert SECRET not in done.stdout
    # The rules need no new scan.
    again = call("check", "reports/run.json", "-q", "--format", "json", cwd=tmp_path)
    assert {each["code"] for each in findings(again)} == {"DP701", "DP401"}
    plain = call("scan", "dags", "--python", TARGET, "-o", "plain", cwd=tmp_path)
    assert plain.returncode == 0
    later = call("check", "plain/run.json", "--fail-on", "never", cwd=tmp_path)
    assert "could not be checked, because the run has no schedules" in later.stdout


def test_rules_shows_the_rules_and_examples(tmp_path: Path) -> None:
    listed = call("rules", cwd=tmp_path)
    assert listed.returncode == 0
    assert "DP101" in listed.stdout
    one = call("rules", "slow-import", cwd=tmp_path)
    assert "Bad:" in one.stdout
    unknown = call("rules", "slow-imports", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "Did you mean 'slow-import'?" in unknown.stderr


def test_a_folder_that_does_not_load_cannot_be_checked(tmp_path: Path) -> None:
    write(tmp_path, {"dags/a.py": "import not_there\n" + dag("a")})
    done = call("check", "dags", "--python", TARGET, cwd=tmp_path)
    assert done.returncode == 3


def test_today_is_the_day_of_comments(tmp_path: Path) -> None:
    past = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
    comment = f"# dagprof: ignore DP701 until {past} because it was a test\n"
    write(tmp_path, {"dags/a.py": comment + FILES["dags/secret.py"]})
    done = checked(tmp_path, "--select", "DP7")
    assert done.returncode == 1, done.stderr
