"""Kill scan, gate and explain at random moments, and check that nothing is lost and nothing stays.

    python bench/kills.py [--moments 200] [--seed N] [--python PATH]

The signals are KILL, INT, TERM and HUP, in a third of the cases for the whole process group. After
each, no process may be left after two seconds, all files have to be readable, `--resume` (or the
same command again) has to give the same files with the same statuses and DAGs, and nothing may be
left in TMPDIR, in `.git` and in the output folder. The script needs dagprof and git, and an Airflow
in ``--python``.
"""

from __future__ import annotations

import argparse
import random
import signal
import statistics
import sys
import tempfile
from collections import Counter
from pathlib import Path

from common import machine
from killing import COMMANDS, SETTLING_S, Kill, Place

# For an uninterrupted command on a very busy machine.
_LIMIT_S = 1200.0
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    print(f"{machine()}; seed {options.seed}")
    choice = random.Random(options.seed)
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    ended: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-kills-") as name:
        place = Place(Path(name) / "repository", options.python, _LIMIT_S)
        place.run("scan")  # compiles, and makes the metadata database
        whole = {command: place.run(command) for command in COMMANDS}
        for command, (took_s, _) in whole.items():
            print(f"{command} takes {took_s:.1f} s")
        for number in range(options.moments):
            command = list(COMMANDS)[number % len(COMMANDS)]
            took_s, expected = whole[command]
            kill = Kill(
                command, choice.choice(SIGNALS), choice.uniform(0, took_s), choice.random() < 1 / 3
            )
            ended_s, wrong = place.kill(kill, expected)
            key = f"{command} {kill.number.name}"
            asked[key] += 1
            right[key] += not wrong
            ended.append(ended_s)
            if ended_s > SETTLING_S:
                print(f"{number} {kill}: took {ended_s:.1f} s to end", flush=True)
            for each in wrong:
                print(f"{number} {kill}: {each}", flush=True)
    print(f"{sum(right.values())} of {sum(asked.values())} moments leave nothing wrong")
    for key in sorted(asked):
        print(f"  {key}: {right[key]} of {asked[key]}")
    print(f"seconds to the end: median {statistics.median(ended):.2f}, most {max(ended):.2f}")


if __name__ == "__main__":
    main()
