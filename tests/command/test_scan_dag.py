"""The tasks of ``dagprof.airflow.scan_dag``, run in this process. ``tests/executors`` runs them on
executors.
"""

from __future__ import annotations

import logging
import textwrap
from pathlib import Path

import pytest
from support import Scan, dag, result, write

from dagprof.airflow import tasks
from dagprof.airflow.request import ShardedScan
from dagprof.store import runs

FILES = {"a.py": dag("a"), "b.py": dag("b"), "c.py": dag("c", "import time\ntime.sleep(0.1)\n")}
# A module of the DAG folder with the name of one that dagprof needs.
SHADOWING = {"click.py": "raise RuntimeError('the wrong click')\n"}


@pytest.fixture
def request_of(tmp_path: Path) -> ShardedScan:
    write(tmp_path / "dags", {**FILES, **SHADOWING})
    return ShardedScan(
        (str(tmp_path / "dags"),), str(tmp_path / "reports"), 2, ("--repeat", "1", "-q")
    )


def test_shards_become_one_report(request_of: ShardedScan, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    for number in (1, 2):
        assert tasks.scan_shard(request_of, number, "manual__2026-01-01T00:00:00+00:00") == str(
            reports / "runs" / "manual__2026-01-01T00_00_00_00_00" / f"shard-{number}-of-2.json"
        )
    made = tasks.merge_shards(request_of, "manual__2026-01-01T00:00:00+00:00")
    merged = runs.load(reports / "latest" / "run.json")
    assert {file.path for file in merged.files} >= set(FILES)
    assert Path(made["run.json"]).read_bytes() == (reports / "latest" / "run.json").read_bytes()
    assert Path(made["report.html"]).stat().st_mode & 0o044, "others can read it"


def test_an_object_storage_holds_the_reports(request_of: ShardedScan, tmp_path: Path) -> None:
    """``local://`` is Airflow's object storage on this machine."""
    request = request_of._replace(reports=f"local://{tmp_path}/storage")
    for number in (1, 2):
        assert tasks.scan_shard(request, number, "r").startswith("local://")
    made = tasks.merge_shards(request, "r")
    assert made["run.json"].startswith("local://")
    merged = runs.load(tmp_path / "storage" / "latest" / "run.json")
    assert {file.path for file in merged.files} >= set(FILES)
    assert (tmp_path / "storage" / "latest" / "report.html").stat().st_size > 10_000


def test_a_shard_that_is_tried_again_keeps_the_split(
    request_of: ShardedScan, tmp_path: Path
) -> None:
    for number in (1, 2):
        tasks.scan_shard(request_of, number, "r")
    tasks.merge_shards(request_of, "r")
    before = (tmp_path / "reports/runs/r/shard-1-of-2.json").read_bytes()
    tasks.scan_shard(request_of, 1, "r")  # there is a latest run by now
    again = runs.load(tmp_path / "reports/runs/r/shard-1-of-2.json")
    assert again.settings["split"] == runs.decode(before, "x").settings["split"]
    tasks.merge_shards(request_of, "r")


def test_a_missing_shard_is_named(request_of: ShardedScan) -> None:
    from airflow.exceptions import AirflowException

    with pytest.raises(AirflowException, match=r"No shard of .*r has a run file"):
        tasks.merge_shards(request_of, "r")
    tasks.scan_shard(request_of, 1, "r")
    with pytest.raises(AirflowException, match="Shard 2 is missing"):
        tasks.merge_shards(request_of, "r")
    tasks.merge_shards(request_of._replace(partial=True), "r")


def test_too_many_shards_fail_without_another_try(
    request_of: ShardedScan, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(Exception, match="into 50 shards") as raised:
        tasks.scan_shard(request_of._replace(shards=50), 1, "r")
    assert type(raised.value).__name__ == "AirflowFailException"
    assert "cannot be split into 50 shards" in caplog.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"paths": ()}, "scan_dag needs at least one path to scan."),
        ({"shards": 0}, "shards must be at least 1, not 0."),
        ({"options": ("--shard", "1/2")}, "scan_dag sets --shard itself."),
        ({"options": ("-oelsewhere",)}, "scan_dag sets -oelsewhere itself."),
        ({"options": ("--output-dir=x",)}, "scan_dag sets --output-dir itself."),
    ],
)
def test_arguments_with_which_no_task_could_succeed(
    request_of: ShardedScan, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence.replace(".", r"\.")):
        request_of._replace(**changes).check()  # type: ignore[arg-type]


def test_parsing_the_dag_file_imports_nothing_else_of_dagprof(scan: Scan) -> None:
    source = """
        from dagprof.airflow import scan_dag
        scanning = scan_dag(paths=["dags"], reports="reports", schedule="@weekly")
    """
    run = scan({"scanning.py": textwrap.dedent(source)}, depth="traced")
    file = result(run, "scanning.py")
    assert file.dag_ids == ("dagprof_scan",)
    assert file.trace is not None
    loaded = {run.modules[place].name for place in file.trace.loads.module}
    assert {name for name in loaded if name.split(".")[0] == "dagprof"} == {
        "dagprof",
        "dagprof.airflow",
        "dagprof.airflow.executors",
        "dagprof.airflow.request",
    }
    assert file.parse_ms < 150
