"""Compare the forecast of preloading with the real DAG processor, without and with the recommended
lines in ``airflow_local_settings.py``.

    python bench/preloading.py --python PATH [--files N] [--parses N] [--fillers N]

Each DAG file uses pandas while it is parsed. It takes the time of its own module, and the resident
memory of the process that imported the lines: its parent process, the manager, and on Airflow 2 the
scheduler, which forks the manager. A fork has none of the pages of its parent's files at first. With Airflow 2.7 to 3.0, each of the first 500 parses of a
processor may include a full garbage collection: ``--fillers 80 --parses 12`` goes past them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from common import BIN, machine

from dagprof import load
from dagprof.analyse.fleet import Fleet
from dagprof.analyse.others.preloading import preload
from dagprof.report import preloading

DAG = """import time
started = time.perf_counter()
import json, os
from airflow import DAG
import pandas
frame = pandas.Series([1])
took = (time.perf_counter() - started) * 1000
importer = os.getppid()
if __import__("airflow").__version__.startswith("2."):  # the scheduler imports, then forks the manager
    with open("/proc/%d/stat" % importer) as file:
        importer = int(file.read().rpartition(")")[2].split()[1])
with open("/proc/%d/statm" % importer) as file:
    kib = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
with open({output!r}, "a") as stream:
    stream.write(json.dumps([{name!r}, took, kib]) + "\\n")
DAG({name!r})
"""


# The last parses of each file, which count.
KEPT = 5
FILLER = "from airflow import DAG\nDAG('filler_{number}')\n"


def real(
    python: Path, folder: Path, count: int, parses: int, lines: str, fillers: int
) -> tuple[float, float]:
    """The time of all files in one loop in ms, and the memory of the manager in KiB."""
    import live

    folder.mkdir()
    output, dags, settings = folder / "times", folder / "dags", folder / "settings"
    dags.mkdir()
    settings.mkdir()
    if lines:
        (settings / "airflow_local_settings.py").write_text(lines)
    for number in range(count):
        name = f"dag_{number}"
        (dags / f"{name}.py").write_text(DAG.format(output=str(output), name=name))
    for number in range(fillers):
        (dags / f"filler_{number}.py").write_text(FILLER.format(number=number))
    env = live.environment(folder / "home", dags, PYTHONPATH=str(settings))
    live.migrate(folder / "home", env)
    command = live.command(live.airflow_version(python))
    with live.processor(command, env, folder / "log", python.parent / "airflow") as process:
        found = live.wait_for_lines(output, (parses + 2) * count, process, folder / "log")
    times: dict[str, list[float]] = {}
    memory: list[float] = []
    for name, ms, kib in map(json.loads, found):
        times.setdefault(name, []).append(ms)
        memory.append(kib)
    total = sum(statistics.median(each[-KEPT:]) for each in times.values())
    return total, statistics.median(memory[-KEPT * count :])


def main() -> None:
    reader = argparse.ArgumentParser()
    reader.add_argument("--python", type=Path, required=True)
    reader.add_argument("--files", type=int, default=6)
    reader.add_argument("--parses", type=int, default=KEPT)
    reader.add_argument("--fillers", type=int, default=0)
    given = reader.parse_args()
    os.environ["DAGPROF_TEST_TARGET_PYTHON"] = str(given.python)
    with tempfile.TemporaryDirectory(prefix="bench-preloading-") as name:
        folder = Path(name)
        before_ms, before_kib = real(
            given.python, folder / "before", given.files, given.parses, "", given.fillers
        )
        command = [BIN / "dagprof", "scan", folder / "before" / "dags", "--depth", "full", "-q"]
        command += ["--python", given.python, "--output-dir", folder / "out", "--no-project"]
        env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW")}
        subprocess.run([*map(str, command)], env=env, check=False, cwd=folder)
        run = load(folder / "out" / "run.json")
        found = preload(run, Fleet(run).plan())
        assert found is not None
        lines = preloading.lines(found)
        after_ms, after_kib = real(
            given.python, folder / "after", given.files, given.parses, lines, given.fillers
        )
    saved_ms, grown_kib = before_ms - after_ms, after_kib - before_kib
    print(f"{machine()}; {given.python}; {given.files} files")
    print(lines)
    print(f"one loop: {before_ms:.0f} ms, with preloading {after_ms:.0f} ms")
    print(
        f"saving: real {saved_ms:.0f} ms, dagprof {found.saving_ms:.0f} ms"
        f" ({found.saving_ms / saved_ms - 1:+.0%})"
    )
    print(
        f"memory of the manager: real +{grown_kib / 1024:.1f} MiB, dagprof"
        f" +{found.manager_kib / 1024:.1f} MiB ({found.manager_kib / grown_kib - 1:+.0%})"
    )


if __name__ == "__main__":
    main()
