"""Compare dagprof's price of look-ups with the real DAG processor: files with 0, 1, 10 and 100
look-ups of Variables and of Connections.

    python bench/lookups.py --python PATH [--postgres BINARIES] [--parses N]

The real processor parses the files again and again, with SQLite or with a PostgreSQL server that
the script starts. Each file takes the time of its own module. The median of a file, minus the
median of the file without look-ups, is the real cost. With ``--python``'s Airflow 2 and PostgreSQL
the processor is that of the scheduler with LocalExecutor.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sqlite3
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from common import BIN, machine
from standalone_state import postgres

NUMBERS = (0, 1, 10, 100)
DAG = """import time
started = time.perf_counter()
import json
from airflow import DAG
try:
    from airflow.sdk import Connection, Variable
    connection = Connection.get
except ImportError:
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable
    connection = BaseHook.get_connection
for _ in range({lookups}):
    {lookup}
took = (time.perf_counter() - started) * 1000
with open({output!r}, "a") as stream:
    stream.write(json.dumps([{name!r}, took]) + "\\n")
DAG({name!r})
"""
LOOKUPS = {"variable": "Variable.get('price')", "connection": "connection('price')"}


def write(dags: Path, output: Path) -> list[str]:
    """Write the DAG files, and return their names."""
    dags.mkdir()
    names = []
    for kind, lookup in LOOKUPS.items():
        for number in NUMBERS:
            name = f"{kind}_{number}"
            text = DAG.format(lookups=number, lookup=lookup, output=str(output), name=name)
            (dags / f"{name}.py").write_text(text)
            names.append(name)
    return names


ROWS = (
    "INSERT INTO variable (key, val, is_encrypted) VALUES ('price', 'value', {no})",
    (
        "INSERT INTO connection (conn_id, conn_type, host, is_encrypted, is_extra_encrypted)"
        " VALUES ('price', 'http', 'host', {no}, {no})"
    ),
)


def add_rows(python: Path, address: str) -> None:
    if address.startswith("sqlite:///"):
        with contextlib.closing(sqlite3.connect(address.removeprefix("sqlite:///"))) as database:
            for row in ROWS:
                database.execute(row.format(no=0))
            database.commit()
        return
    code = "import sqlalchemy, sys\nwith sqlalchemy.create_engine(sys.argv[1]).begin() as c:\n"
    code += "".join(f"    c.execute(sqlalchemy.text({row.format(no='false')!r}))\n" for row in ROWS)
    subprocess.run([python, "-c", code, address], check=True)


def real(python: Path, folder: Path, address: str, parses: int) -> dict[str, float]:
    """The median time of each file in the real processor, in ms."""
    import live

    output = folder / "times"
    names = write(folder / "dags", output)
    settings = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address} if address else {}
    if address and live.airflow_version(python).startswith("2."):
        settings["AIRFLOW__CORE__EXECUTOR"] = "LocalExecutor"
    env: Mapping[str, str] = live.environment(folder / "home", folder / "dags", **settings)
    live.migrate(folder / "home", env)
    add_rows(python, address or f"sqlite:///{folder / 'home' / 'airflow.db'}")
    command = live.command(live.airflow_version(python))
    with live.processor(command, env, folder / "log", python.parent / "airflow") as process:
        lines = live.wait_for_lines(output, (parses + 2) * len(names), process, folder / "log")
    times: dict[str, list[float]] = {}
    for name, ms in map(json.loads, lines):
        times.setdefault(name, []).append(ms)
    return {name: statistics.median(found[2:]) for name, found in times.items()}


def forecast(python: Path, folder: Path, address: str) -> dict[str, float]:
    """dagprof's cost of the look-ups of each file, in ms. No earlier price is used. With an address,
    dagprof asks the database there (``--live-lookups``), as users of PostgreSQL do.
    """
    command = [BIN / "dagprof", "scan", folder / "dags", "--python", python, "-q", "--no-project"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
    env["XDG_CACHE_HOME"] = str(folder / "cache")
    if address:
        command.append("--live-lookups")
        env["AIRFLOW_HOME"] = str(folder / "home")
        env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = address
    subprocess.run(
        [*map(str, command), "--output-dir", str(folder / "out")], env=env, check=False, cwd=folder
    )
    from dagprof import load
    from dagprof.analyse.others.lookups import file_cost_ms

    run = load(folder / "out" / "run.json")
    return {Path(file.path).stem: file_cost_ms(file, run.lookup_prices) for file in run.files}


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("--python", type=Path, required=True)
    reader.add_argument("--postgres", type=Path)
    reader.add_argument("--parses", type=int, default=5)
    given = reader.parse_args()
    os.environ["DAGPROF_TEST_TARGET_PYTHON"] = str(given.python)
    where = postgres(given.postgres) if given.postgres else contextlib.nullcontext("")
    with tempfile.TemporaryDirectory(prefix="bench-lookups-") as name, where as address:
        found = real(given.python, Path(name), address, given.parses)
        said = forecast(given.python, Path(name), address)
    database = "PostgreSQL" if given.postgres else "SQLite"
    print(f"{machine()}; {given.python}, {database}")
    print("| file | real | dagprof | difference |\n|---|---|---|---|")
    for kind in LOOKUPS:
        for number in NUMBERS[1:]:
            cost = found[f"{kind}_{number}"] - found[f"{kind}_0"]
            ours = said[f"{kind}_{number}"]
            print(f"| {number} × {kind} | {cost:.1f} ms | {ours:.1f} ms | {ours / cost - 1:+.0%} |")


if __name__ == "__main__":
    main()
