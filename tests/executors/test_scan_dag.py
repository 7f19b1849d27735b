"""``dagprof.airflow.scan_dag`` on real executors: one task for each shard, and a merged report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import call, dag, write

from dagprof.store import runs
from executors.deployment import CELERY, deployed

SLOW = "import time\ntime.sleep(0.2)\n"
FILES = {
    "slow.py": dag("slow", SLOW),
    "fast_a.py": dag("fast_a"),
    "fast_b.py": dag("fast_b"),
    "helped.py": dag("helped", "import helper\n"),
    "helper.py": "import time\ntime.sleep(0.1)\n",
}
SCANNING = """
    from dagprof.airflow import scan_dag

    scanning = scan_dag(paths=[{dags!r}], reports={reports!r}, shards=2, options=["--repeat", "3"])
"""


@pytest.mark.timeout(900)  # a whole deployment, and two runs of the DAG
@pytest.mark.parametrize(
    ("executor", "storage"), [("LocalExecutor", ""), (CELERY, "file://")], ids=["local", "celery"]
)
def test_an_executor_scans_shards_and_merges_them(
    tmp_path: Path, executor: str, storage: str
) -> None:
    dags, reports = tmp_path / "dags", tmp_path / "reports"
    scanning = SCANNING.format(dags=str(dags), reports=f"{storage}{reports}")
    write(dags, {**FILES, "scanning.py": scanning})
    with deployed(tmp_path / "home", dags, executor) as airflow:
        state = airflow.run("dagprof_scan", "first")
        assert state == "success", airflow.logs()
        # The second scan is split by the parse times of the first one.
        state = airflow.run("dagprof_scan", "second")
        assert state == "success", airflow.logs()
    merged = runs.load(reports / "latest" / "run.json")
    assert {file.path for file in merged.files} == {*FILES, "scanning.py"} - {"helper.py"}
    assert (reports / "latest" / "report.html").stat().st_size > 10_000
    first = (reports / "runs" / "first" / "run.json").read_bytes()
    assert (reports / "runs" / "second" / "split.json").read_bytes() == first
    assert (reports / "runs" / "first" / "split.json").read_bytes() == b""
    shards = [
        json.loads((reports / "runs" / "second" / f"shard-{number}-of-2.json").read_text())
        for number in (1, 2)
    ]
    assert shards[0]["settings"]["split"] == shards[1]["settings"]["split"]
    paths = [file["path"] for shard in shards for file in shard["files"]]
    assert len(paths) == len(set(paths)) == 5
    assert all(shard["files"] for shard in shards)
    # The same files in one scan on this machine.
    whole = call("scan", "dags", "-q", "-o", "whole", "--repeat", "3", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    alone = runs.load(tmp_path / "whole" / "run.json")
    for name, at_least in (("slow.py", 200), ("helped.py", 100)):
        times = [
            file.parse_ms for run in (merged, alone) for file in run.files if file.path == name
        ]
        assert min(times) >= at_least
        assert max(times) < at_least + 150
