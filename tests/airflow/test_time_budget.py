"""A time budget holds in every phase of a scan and of a gate run, and the best answer so far
stays.

A budget contains the start of Airflow, so the tests add what this start takes on the machine.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import pytest
from command.test_gate import gate, own_git, repository, verdict  # noqa: F401 - used by name
from support import Scan, call, dag, result, write

from dagprof.config.settings import Settings
from dagprof.gate.verdict import Decision
from dagprof.model import Status
from dagprof.passes.file import UNDECIDED
from dagprof.usecases.scan import ScanRequest, _key

SLEEP = "import time\ntime.sleep({})\n"
# What may follow the end of a budget: the last parse, and the results.
AFTER_S = 6.0


@pytest.fixture(scope="module")
def start_s(tmp_path_factory: pytest.TempPathFactory) -> float:
    """The time of a scan that measures next to nothing."""
    folder = write(tmp_path_factory.mktemp("start"), {"dags/a.py": dag("a")})
    began = time.monotonic()
    assert (
        call("scan", "dags", "-q", "--repeat", "1", "--depth", "quick", cwd=folder).returncode == 0
    )
    return time.monotonic() - began


def test_a_short_budget_names_the_cause(scan: Scan, start_s: float) -> None:
    # Perhaps too short to share packages. One file of each set of imports comes first, with a trace.
    pandas = {f"a_{number:02}.py": dag(f"a{number}", "import pandas\n") for number in range(30)}
    scipy = {f"b_{number}.py": dag(f"b{number}", "import scipy.stats\n") for number in range(3)}
    budget = f"{math.ceil(start_s) + 9}s"
    run = scan({**pandas, **scipy}, jobs=1, repeat=None, time_budget=budget)
    traced = {
        run.modules[place].name
        for file in run.files
        if file.trace is not None
        for place in file.trace.loads.module
    }
    assert "pandas" in traced


def test_the_slowest_files_come_first(scan: Scan, start_s: float) -> None:
    slow = {
        f"slow_{number}.py": dag(f"s{number}", SLEEP.format(0.2 + 0.1 * number))
        for number in range(8)
    }
    budget = f"{math.ceil(start_s) + 12}s"
    run = scan({**slow, "quick.py": dag("quick")}, jobs=1, repeat=None, time_budget=budget)
    assert len(run.files) == 9
    codes = {file.path: {doubt.code for doubt in file.doubts} for file in run.files}
    glanced = [path for path, found in codes.items() if "one-parse" in found]
    assert "budget" in {doubt.code for doubt in run.doubts}
    assert "quick.py" in glanced
    assert all(result(run, path).trace is None for path in glanced)
    traced = [file.path for file in run.files if file.trace is not None]
    assert "slow_7.py" in traced
    assert "slow_0.py" not in traced


def test_slow_files_get_causes_even_if_there_is_no_time_for_all_files(
    scan: Scan, start_s: float
) -> None:
    files = {f"slow_{number:02}.py": dag(f"s{number}", SLEEP.format(0.5)) for number in range(40)}
    budget = f"{math.ceil(start_s) + 10}s"
    run = scan(files, jobs=1, repeat=None, time_budget=budget)
    assert len(run.files) == 40
    assert any(not file.is_timed for file in run.files)
    assert any(file.trace is not None for file in run.files)
    assert "files only once and skipped " in next(
        doubt.text for doubt in run.doubts if doubt.code == "budget"
    )


def test_a_parse_that_runs_when_the_time_is_up_is_stopped(tmp_path: Path, start_s: float) -> None:
    write(tmp_path, {"dags/slow.py": dag("s", SLEEP.format(200)), "dags/quick.py": dag("quick")})
    budget_s = math.ceil(start_s) + 5
    began = time.monotonic()
    done = call("scan", "dags", "--jobs", "2", "--time-budget", f"{budget_s}s", cwd=tmp_path)
    assert time.monotonic() - began < budget_s + AFTER_S
    assert done.returncode == 0, done.stderr
    assert "skipped 1 file" in " ".join(done.stdout.split())


def test_without_time_for_any_file_nothing_passes(tmp_path: Path) -> None:
    write(tmp_path, {"dags/a.py": dag("a")})
    done = call("scan", "dags", "--time-budget", "100ms", cwd=tmp_path)
    assert done.returncode == 3
    assert "The time budget ran out before dagprof could parse a file." in done.stderr


def test_a_gate_ends_in_time_and_does_not_pass_what_it_has_not_measured(
    tmp_path: Path, start_s: float
) -> None:
    place = repository(tmp_path / "repository")
    write(place, {"dags/plain.py": dag("plain", SLEEP.format(200))})
    budget_s = math.ceil(2 * start_s) + 5
    began = time.monotonic()
    gate(place, "dags", "--against", "HEAD", "--time-budget", f"{budget_s}s")
    assert time.monotonic() - began < budget_s + AFTER_S
    found = verdict(place / "reports")
    assert found.decision is Decision.CANNOT_TELL
    assert found.doubts[0].startswith(
        "The time budget ran out before dagprof could trace 1 changed file."
    )


def test_a_slow_start_of_airflow_is_stopped(tmp_path: Path, start_s: float) -> None:
    write(tmp_path, {"dags/a.py": dag("a"), "plugins/slow.py": "import time\ntime.sleep(100)\n"})
    budget_s = math.ceil(start_s)
    began = time.monotonic()
    done = call(
        "scan", "dags", "--plugins", "plugins", "--time-budget", f"{budget_s}s", cwd=tmp_path
    )
    assert time.monotonic() - began < budget_s + AFTER_S
    assert done.returncode == 3
    assert "The time budget ran out before dagprof could parse a file." in done.stderr


def test_a_failure_that_a_placeholder_may_cause_stays_undecided(scan: Scan, start_s: float) -> None:
    asks = "from airflow.models import Variable\nimport time\ntime.sleep(2)\n"
    files = {
        "asks.py": dag("asks", f"{asks}assert Variable.get('url').startswith('http')\n"),
        "quick.py": dag("quick"),
    }
    run = scan(files, jobs=1, repeat=None, time_budget=f"{math.ceil(start_s) + 5}s")
    file = result(run, "asks.py")
    assert file.status is Status.SKIPPED
    assert file.detail == UNDECIDED
    assert result(run, "quick.py").status is Status.OK


def test_another_budget_can_resume_a_scan(tmp_path: Path) -> None:
    keys = [
        _key(ScanRequest(paths=("dags",), settings=Settings(time_budget=budget), environ={}))
        for budget in (None, "5s", "60s")
    ]
    assert len(set(keys)) == 1
