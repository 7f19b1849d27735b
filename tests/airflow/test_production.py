"""``dagprof scan --from-airflow`` with a real DAG processor and a real web server."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import live
import msgspec
import pytest
from support import TARGET, call, dag, result, write

from dagprof.model import Production, Run, Status
from dagprof.production.place import TOKEN, place
from dagprof.production.sqlite import read
from dagprof.production.tables import of_tables
from dagprof.store import runs

IS_AIRFLOW_2 = live.airflow_version(TARGET).startswith("2.")
# The deployment waits longer than the repository, and one file breaks only there.
FILES = {
    "fast.py": dag("fast"),
    "team/slow.py": dag("slow", "import time\ntime.sleep(0.7 if 'opt' in __file__ else 0.1)\n"),
    "broken.py": dag(
        "broken", "if 'opt' in __file__:\n    raise ValueError('password=hunter2secretXq9')\n"
    ),
}
# No DAG file may see the token.
_SEES = f"import os\nif {TOKEN!r} in os.environ:\n    raise ValueError\n"
_LIMIT_S = 120.0


class Deployment(NamedTuple):
    """A home whose processor has parsed the DAG folder of the deployment, and a repository."""

    home: Path
    env: Mapping[str, str]
    repository: Path

    @property
    def database(self) -> Path:
        return self.home / "airflow.db"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    base = tmp_path_factory.mktemp("production")
    dags = write(base / "opt" / "airflow" / "dags", {**FILES, "only_there.py": dag("only_there")})
    repository = write(
        base / "repository" / "src", {**FILES, "only_here.py": dag("only_here", _SEES)}
    )
    home = base / "home"
    env = live.environment(home, dags)
    live.migrate(home, env)
    with live.processor(live.command(), env, base / "log") as process:
        _wait_until_stored(home / "airflow.db", process, base / "log")
    return Deployment(home, env, repository)


def _wait_until_stored(database: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for three files with DAGs and one import error. The processor writes meanwhile."""
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        files = of_tables(place(str(database), {}), read(str(database))).files
        if sum(file.dags > 0 for file in files) >= 3 and any(file.error for file in files):
            return
        time.sleep(0.5)
    raise AssertionError(f"The processor stored too little:\n{log.read_text()[-3000:]}")


def scanned(of: Deployment, value: str, **environment: str) -> tuple[Run, str]:
    """The Run and the summary of a scan of the repository."""
    done = call(
        *("scan", ".", "--python", TARGET, "--depth", "traced", "--from-airflow", value),
        cwd=of.repository,
        COLUMNS="200",
        **environment,
    )
    assert done.returncode == 0, done.stderr
    return runs.load(of.repository / "reports" / "run.json"), done.stdout


def check_figures(found: Production | None) -> None:
    assert found is not None
    by_name = {Path(file.path).name: file for file in found.files}
    assert set(by_name) == {"fast.py", "slow.py", "broken.py", "only_there.py"}
    assert "ValueError" in by_name["broken.py"].error
    assert "hunter2" not in by_name["broken.py"].error
    if IS_AIRFLOW_2:
        assert not found.has_durations
        return
    slow, fast = by_name["slow.py"].parse_ms, by_name["fast.py"].parse_ms
    assert slow is not None
    assert fast is not None
    assert slow >= 700
    assert fast < slow


def check_summary(run: Run, summary: str) -> None:
    assert "This scan contains 3 of the 4 files that production reports." in summary
    assert "Production does not report 1 scanned file" in summary
    assert "In production, 1 file cannot be imported. Here, the import of broken.py" in summary
    assert "hunter2" not in summary
    page = Path(run.root, "reports", "report.html").read_text()
    assert 'id="production"' in page
    if IS_AIRFLOW_2:
        assert "This version of Airflow stores no parse durations" in summary
    else:
        assert re.search(r"the file sleeps \(1\d\d ms here\)", summary)
    assert result(run, "only_here.py").status is Status.OK


def test_a_scan_compares_with_the_metadata_database(deployment: Deployment) -> None:
    before = deployment.database.read_bytes()
    run, summary = scanned(deployment, str(deployment.database))
    check_figures(run.production)
    check_summary(run, summary)
    assert deployment.database.read_bytes() == before
    without = msgspec.structs.replace(run, production=None)
    runs.save(without, deployment.repository / "without.json")
    done = call(
        *("report", "without.json", "-o", "again.html"),
        *("--from-airflow", "env:WHERE"),
        cwd=deployment.repository,
        WHERE=str(deployment.database),
    )
    assert done.returncode == 0, done.stderr
    assert 'id="production"' in (deployment.repository / "again.html").read_text()


def test_the_interpreter_of_airflow_reads_databases_that_dagprof_cannot(
    deployment: Deployment, tmp_path: Path
) -> None:
    from dagprof.config.settings import Settings
    from dagprof.link.inquiries.tables import ask
    from dagprof.link.target import resolve
    from dagprof.production.rows import COLUMNS
    from dagprof.production.tables import Table

    target = resolve(Settings(python=TARGET), (deployment.repository,), tmp_path, os.environ)
    found = ask(target, f"sqlite:///{deployment.database}", COLUMNS)
    assert found.failed == ""
    tables = {name: Table(columns, rows) for name, (columns, rows) in found.tables.items()}
    one, other = (
        of_tables(place(str(deployment.database), {}), each).files
        for each in (tables, read(str(deployment.database)))
    )
    assert [(file.path, file.parse_ms) for file in one] == [
        (file.path, file.parse_ms) for file in other
    ]
    missing = ask(target, "nodialect://me:s3cret@h/db", COLUMNS)
    assert "nodialect" in missing.failed
    assert "s3cret" not in missing.failed


@pytest.mark.skipif(IS_AIRFLOW_2, reason="Airflow 2 has no /api/v2")
def test_a_scan_compares_with_a_web_server(deployment: Deployment) -> None:
    with web_server(deployment) as (address, token):
        run, summary = scanned(deployment, address, **{TOKEN: token})
        check_figures(run.production)
        check_summary(run, summary)
        assert run.production is not None
        assert run.production.airflow_version == live.airflow_version(TARGET)
        written = (deployment.repository / "reports").iterdir()
        assert not any(token in file.read_text() for file in written)
        for wrong, sentence in (("", "status 401 (Unauthorized)"), ("wrong", "valid token")):
            done = call(
                *("scan", ".", "--python", TARGET, "--from-airflow", address),
                cwd=deployment.repository,
                **{TOKEN: wrong},
            )
            assert done.returncode == 2
            assert sentence in done.stderr


@contextlib.contextmanager
def web_server(of: Deployment) -> Iterator[tuple[str, str]]:
    """``airflow api-server`` with its simple auth manager: the address and a token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    options = ("--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    with (of.home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [str(live.AIRFLOW), "api-server", *options],
            env=dict(of.env),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        yield address, _token(address, of.home, process)
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)


def _token(address: str, home: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + _LIMIT_S
    passwords = home / "simple_auth_manager_passwords.json.generated"
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, urllib.error.URLError):
            password = json.loads(passwords.read_text())["admin"]
            request = urllib.request.Request(
                f"{address}/auth/token",
                data=json.dumps({"username": "admin", "password": password}).encode(),
                headers={"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=10) as response:
                return str(json.load(response)["access_token"])
        time.sleep(0.5)
    raise AssertionError((home / "server.log").read_text()[-3000:])
