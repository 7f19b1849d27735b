"""Compare the cost of a scan with ``airflow dags report`` on the same files: whole processes, in
turns.

python bench/cost.py [ROUNDS] [OTHER]

OTHER is another copy of dagprof, such as a worktree of an earlier commit. Its scans run in the same
turns.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from common import BIN, airflow_examples, environment, machine, seconds, shown, temporary_home


def main(rounds: int, other: Path | None) -> None:
    folder = airflow_examples()
    with temporary_home() as home, tempfile.TemporaryDirectory() as output:
        report_env = environment(
            home, AIRFLOW__CORE__LOAD_EXAMPLES="True", AIRFLOW__CORE__DAGS_FOLDER=output
        )
        scan_env = environment(home)
        del scan_env["AIRFLOW_HOME"]
        scan = [
            BIN / "dagprof",
            "scan",
            folder,
            "--quiet",
            "--output-dir",
            Path(output) / "reports",
        ]
        peers = {
            "airflow dags report": ([BIN / "airflow", "dags", "report"], report_env),
            "dagprof scan": (scan, scan_env),
            "dagprof scan --repeat 1": ([*scan, "--repeat", "1"], scan_env),
        }
        if other is not None:
            env = {**scan_env, "PYTHONPATH": str(other)}
            earlier = [sys.executable, "-m", "dagprof", *scan[1:]]
            peers["dagprof scan, other"] = (earlier, env)
            peers["dagprof scan --repeat 1, other"] = ([*earlier, "--repeat", "1"], env)
        taken: dict[str, list[float]] = {name: [] for name in peers}
        for number in range(rounds + 1):
            for name, (command, env) in peers.items():
                took = seconds(command, env)
                if number:  # the first round warms the disk cache
                    taken[name].append(took)
    reference = taken["airflow dags report"]
    print(f"{machine()}; {rounds} rounds in turns\n")
    print("| command | wall, median (range) | ratio, median of the rounds |\n|---|---|---|")
    for name, values in taken.items():
        ratios = [value / other for value, other in zip(values, reference, strict=True)]
        print(
            f"| `{name}` | {shown(values)} | {statistics.median(ratios):.2f}"
            f" ({min(ratios):.2f}-{max(ratios):.2f}) |"
        )


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 5,
        Path(sys.argv[2]).absolute() if len(sys.argv) > 2 else None,
    )
