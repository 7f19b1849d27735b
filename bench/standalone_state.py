"""Check that a parse starts as in Airflow 2's standalone processor with PostgreSQL.

    python bench/standalone_state.py --python PATH [--postgres /usr/lib/postgresql/15/bin]

``airflow dag-processor`` of 2.x refuses SQLite. The script starts a PostgreSQL server in a
temporary folder (as the user ``postgres`` if root runs the script) and makes the same comparison as
tests/airflow/test_live_state.py. ``--python`` names an environment with Airflow 2 and psycopg2. Run
it by hand, because CI has no PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
PORT = "54329"


@contextmanager
def postgres(binaries: Path) -> Iterator[str]:
    """Yield the address of an empty database that is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bench-postgres-"))
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    data = str(folder / "data")

    def run(*command: str) -> None:
        subprocess.run(
            [*as_user, *command], check=True, capture_output=True, cwd="/", stdin=subprocess.DEVNULL
        )

    run(str(binaries / "initdb"), "-D", data, "-A", "trust", "-U", "airflow", "--no-sync")
    options = f"-p {PORT} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run(
        str(binaries / "pg_ctl"),
        "-D",
        data,
        "-l",
        str(folder / "log"),
        "-o",
        options,
        "-w",
        "start",
    )
    try:
        run(str(binaries / "createdb"), "-h", "127.0.0.1", "-p", PORT, "-U", "airflow", "airflow")
        yield f"postgresql+psycopg2://airflow@127.0.0.1:{PORT}/airflow"
    finally:
        run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", required=True)
    parser.add_argument("--postgres", type=Path, default=Path("/usr/lib/postgresql/15/bin"))
    arguments = parser.parse_args()
    python = os.path.abspath(arguments.python)
    os.environ["DAGPROF_TEST_TARGET_PYTHON"] = python
    sys.path[:0] = [str(TESTS), str(TESTS / "airflow")]
    import live
    import test_live_state as state

    with (
        tempfile.TemporaryDirectory(prefix="bench-standalone-") as name,
        postgres(arguments.postgres) as address,
    ):
        place = Path(name)
        where = state.folder(place, state.FOLDERS["plugins folder with a heavy helper"])
        settings = {
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(where / "plugins"),
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__SCHEDULER__STANDALONE_DAG_PROCESSOR": "True",
        }
        env = live.environment(
            place / "home", where / "dags", STATE_RECORD=str(place / "theirs"), **settings
        )
        theirs_env = {**env, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address}
        live.migrate(place / "home", theirs_env)
        log = place / "log"
        with live.processor("dag-processor", theirs_env, log) as process:
            *_, last = live.wait_for_lines(place / "theirs", 4, process, log)
        command = [
            "scan",
            str(where / "dags"),
            "--python",
            python,
            "--depth",
            "quick",
            "--repeat",
            "1",
            "-q",
        ]
        ours_env = {**os.environ, **env, "STATE_RECORD": str(place / "ours")}
        subprocess.run(
            [sys.executable, "-m", "dagprof", *command, "-o", str(place / "out")],
            env=ours_env,
            check=True,
            cwd=place,
        )
        theirs, ours = json.loads(last), json.loads((place / "ours").read_text().splitlines()[-1])
        print(json.dumps(state.differences(theirs, ours), indent=1))
        print(
            f"modules: {len(theirs['modules'])} and {len(ours['modules'])}; counts:"
            f" {theirs['counts']} and {ours['counts']}"
        )


if __name__ == "__main__":
    main()
