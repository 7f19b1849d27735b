"""How good the answer of a scan is after a part of its time, and whether time budgets are kept.

    python bench/any_moment.py [--files N] [--only-pandas] [--folder DAGS] [--python PATH]
        [--load N] [--budgets S,S,…]

Scans a large folder once without a time budget. Then it scans the folder with a budget of 10, 20,
40 and 80 % of this time, and compares each answer with the complete one: the package that costs
most in all files, the first change of the plan, and how many of its 10 slowest
files are right. A file is right if it takes at least 90 % as long as the tenth slowest file of the
complete scan, because in a large folder dozens of files take equally long. ``--budgets`` scans with these seconds instead, and only shows when each scan ended.
``--load`` starts as many programs that keep a core busy. The folder is the one of ``fleet.py``.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from common import BIN, environment, machine, seconds, temporary_home
from fleet import add_folder, selected

import dagprof
from dagprof.analyse.fleet import Fleet
from dagprof.analyse.frames import imports_frame
from dagprof.model import Run

SHARES = (0.1, 0.2, 0.4, 0.8)
SLOWEST, NEARLY = 10, 0.9


def package(run: Run) -> str:
    """The distribution whose imports cost most in all files."""
    table = imports_frame(run, by="distribution")
    if table.empty:
        return "none"
    return str(table.iloc[0, 0])


def first_change(run: Run) -> str:
    """The first change of the plan."""
    steps = Fleet(run).plan().steps
    return ", ".join(str(change.place) for change in steps[0].changes) if steps else "none"


def right(run: Run, whole: Run) -> int:
    """How many of the slowest files of a run are among the slowest of the complete one."""
    timed = [file for file in run.files if file.is_timed]
    slowest = sorted(timed, key=lambda file: -file.own_ms)[:SLOWEST]
    times = {file.path: file.own_ms for file in whole.files if file.is_timed}
    least = sorted(times.values(), reverse=True)[:SLOWEST][-1]
    return sum(times.get(file.path, 0.0) >= NEARLY * least for file in slowest)


@contextlib.contextmanager
def busy(programs: int) -> Iterator[None]:
    """Keep so many cores busy."""
    started = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(programs)
    ]
    try:
        yield
    finally:
        for each in started:
            each.kill()
            each.wait()


def main(options: argparse.Namespace) -> None:
    with temporary_home() as home, tempfile.TemporaryDirectory(prefix="bench-moment-") as name:
        place = Path(name)
        dags = selected(options, place)
        env = environment(home)
        del env["AIRFLOW_HOME"]
        scan = [
            BIN / "dagprof",
            "scan",
            dags,
            "--python",
            options.python,
            "-q",
            "-o",
            place / "out",
        ]
        print(f"{machine()}; load programs: {options.load}")
        with busy(options.load):
            if options.budgets:
                for text in options.budgets.split(","):
                    took = seconds([*scan, "--time-budget", f"{text}s"], env)
                    allowed = max(float(text) * 1.1, float(text) + 5)
                    run = dagprof.load(place / "out" / "run.json")
                    timed = sum(file.is_timed for file in run.files)
                    print(
                        f"| {text} s | ended after {took:.1f} s | {'kept' if took <= allowed else 'NOT KEPT'}"
                        f" | {timed} of {len(run.files)} files timed |",
                        flush=True,
                    )
                return
            whole_s = seconds(scan, env)
            whole = dagprof.load(place / "out" / "run.json")
            print(
                f"complete: {whole_s:.1f} s, {len(whole.files)} files; most expensive package {package(whole)};"
                f" first change {first_change(whole)}",
                flush=True,
            )
            for share in SHARES:
                budget_s = share * whole_s
                took = seconds([*scan, "--time-budget", f"{budget_s:.1f}s"], env)
                run = dagprof.load(place / "out" / "run.json")
                timed = sum(file.is_timed for file in run.files)
                print(
                    f"| {share:.0%} | {budget_s:.1f} s | ended after {took:.1f} s | {timed} files timed | package"
                    f" {package(run)} | first change {first_change(run)} |"
                    f" {right(run, whole)} of the {SLOWEST} slowest |",
                    flush=True,
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_folder(parser, files=300)
    parser.add_argument("--load", type=int, default=0)
    parser.add_argument("--budgets", default="")
    main(parser.parse_args())
