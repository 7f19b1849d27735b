"""Shared code of the benchmarks: the machine, the environment, commands in turns, tables."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dagprof.measure.conditions.environment import cpu_model

# For ``live``, which runs Airflow's real processor for the tests too. Import ``live`` after this
# module.
sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))

BIN = Path(sys.executable).parent
EXAMPLES = Path(__file__).parent.parent / "examples" / "dags"


def airflow_examples() -> Path:
    """Find the folder of Airflow's own example DAGs without importing Airflow."""
    import importlib.util

    spec = importlib.util.find_spec("airflow")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("Airflow is not installed for this interpreter.")
    return Path(next(iter(spec.submodule_search_locations))) / "example_dags"


def machine() -> str:
    """Describe in one line the machine and the date of the figures."""
    today = datetime.date.today().isoformat()  # noqa: DTZ011 - the local date
    return (
        f"{cpu_model()}, {os.cpu_count()} cores, {platform.system()}, Python"
        f" {platform.python_version()}, {today}"
    )


def environment(home: Path, **changes: str) -> dict[str, str]:
    """Return a plain environment for Airflow: only these variables, and bytecode as usual."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "PYTHON"))
    }
    return {**kept, "AIRFLOW_HOME": str(home), **changes}


@contextmanager
def temporary_home() -> Iterator[Path]:
    """An AIRFLOW_HOME with a migrated SQLite database."""
    with tempfile.TemporaryDirectory(prefix="bench-home-") as name:
        home = Path(name)
        subprocess.run(
            [BIN / "airflow", "db", "migrate"],
            env=environment(home),
            check=True,
            capture_output=True,
        )
        yield home


def commit(repository: Path) -> None:
    """Make a git repository of a folder, and commit all files."""
    git = [
        "git",
        "-C",
        str(repository),
        "-c",
        "user.email=bench@example.org",
        "-c",
        "user.name=bench",
    ]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "base"]):
        subprocess.run([*git, *command], check=True)


def seconds(command: Sequence[str | Path], env: dict[str, str]) -> float:
    """Return the wall seconds of a command that must succeed."""
    began = time.perf_counter()
    done = subprocess.run(
        [str(part) for part in command], env=env, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    if done.returncode:
        sys.exit(
            f"{' '.join(map(str, command))} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return took


def shown(values: Sequence[float], unit: str = "s") -> str:
    """Format the median with the range."""
    return f"{statistics.median(values):.2f} {unit} ({min(values):.2f}-{max(values):.2f})"
