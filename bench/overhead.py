"""Measure the overhead around an uninstrumented parse, and the time to start the command.

python bench/overhead.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys

from common import airflow_examples, environment, machine

import dagprof


def start_up(rounds: int = 15) -> list[float]:
    """Time the import of the command line's module over a bare interpreter, in turns, in
    milliseconds.
    """
    from pathlib import Path

    from common import seconds

    env = environment(Path("/nonexistent"))
    bare, command = [], []
    for _ in range(rounds):
        bare.append(seconds([sys.executable, "-c", "pass"], env))
        command.append(seconds([sys.executable, "-c", "import dagprof.cli"], env))
    return [(with_it - without) * 1000 for with_it, without in zip(command, bare, strict=True)]


def main() -> None:
    subprocess.run([sys.executable, "-c", "import dagprof.cli"], check=True)
    print(f"{machine()}\n")
    differences = start_up()
    print(
        f"start-up over a bare interpreter: median {statistics.median(differences):.0f} ms, range"
        f" {min(differences):.0f}-{max(differences):.0f} ms"
    )
    for jobs in (1, 2):
        run = dagprof.scan(airflow_examples(), jobs=jobs, repeat=3)
        values = [ms for file in run.files for ms in file.samples.overhead_ms]
        deciles = statistics.quantiles(values, n=10)
        print(
            f"around each of {len(values)} parses, {jobs} at once: median"
            f" {statistics.median(values):.1f} ms, 90 % below {deciles[-1]:.1f} ms"
        )


if __name__ == "__main__":
    main()
