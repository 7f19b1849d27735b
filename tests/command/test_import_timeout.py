"""What runs into Airflow's own import time-out has cost its time, and only what dagprof stopped
is left out of the sum.
"""

from __future__ import annotations

from pathlib import Path

from support import TARGET, call, dag, write

import dagprof
from dagprof.model import Status

SLEEPS = dag("sleeps", "import time\ntime.sleep(30)\n")


def test_a_file_that_airflow_times_out_stays_in_the_sum(tmp_path: Path) -> None:
    write(tmp_path, {"dags/sleeps.py": SLEEPS, "dags/fine.py": dag("fine")})
    done = call(
        *("scan", "dags", "--python", TARGET, "--repeat", "1"),
        cwd=tmp_path,
        AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT="2",
    )
    run = dagprof.load(tmp_path / "reports" / "run.json")
    (file,) = [file for file in run.files if file.path == "sleeps.py"]
    assert file.status is Status.TIMED_OUT
    assert 2000 <= file.parse_ms <= run.total_parse_ms
    assert "The parse time excludes" not in done.stdout


def test_a_file_that_dagprof_stops_is_left_out_and_said(tmp_path: Path) -> None:
    write(tmp_path, {"dags/sleeps.py": SLEEPS, "dags/fine.py": dag("fine")})
    done = call(
        *("scan", "dags", "--python", TARGET, "--repeat", "1", "--time-limit", "3"), cwd=tmp_path
    )
    assert "The parse time excludes 1 file that exceeded dagprof's time limit" in " ".join(
        done.stdout.split()
    )
