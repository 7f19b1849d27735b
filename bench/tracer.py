"""Measure the cost of the import tracer for ``import pandas``, and compare its figures with ``-X
importtime``.

python bench/tracer.py [ROUNDS]

Times depend on other load. Counts of instructions do not, so the script also counts instructions if
valgrind is installed.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from common import environment, machine

PROBE = Path(__file__).resolve().parents[1] / "dagprof" / "probe"
BEFORE = f"""
import json, runpy, sys, time, gc, dis, bisect
runpy.run_path({str(PROBE / "__main__.py")!r})["_load_package"]()
from _dagprof_probe.parsing import parse
from _dagprof_probe.parsing.imports import rows, tracing
"""
PLAIN = (
    BEFORE + "t = time.perf_counter(); c = time.process_time()\nimport"
    " pandas\nprint(json.dumps([time.perf_counter() - t, time.process_time() - c]))"
)
INSTALLED = BEFORE + "tracer = tracing.ImportTracer()\ntracer.install()\n"
TRACED_ONLY = (
    INSTALLED
    + """
t = time.perf_counter(); c = time.process_time()
parse.with_room_for_frames(lambda: exec("import pandas", globals()))
took = [time.perf_counter() - t, time.process_time() - c]
tracer.uninstall()
"""
)
TRACED = (
    TRACED_ONLY
    + """
found = rows.report(tracer, "none")
names = [found["modules"][position][0] for position in found["loads"]["module"]]
outermost = sum(us for us, parent in zip(found["loads"]["cumulative_us"], found["loads"]["parent"]) if parent < 0)
print(json.dumps([*took, names, outermost / 1e6, tracer.apart.gc_ns / 1e9]))
"""
)
IMPORTTIME = (
    BEFORE
    + "print('START', file=sys.stderr, flush=True)\nimport pandas\nprint('END', file=sys.stderr)"
)


def run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    env = environment(Path("/nonexistent"))
    return subprocess.run(
        [sys.executable, *options, "-c", code], capture_output=True, text=True, check=True, env=env
    )


def importtime() -> tuple[list[str], float]:
    """Return the modules and the sum of the outermost loads in seconds, as reported by Python's
    own option.
    """
    between = (
        run(IMPORTTIME, "-X", "importtime").stderr.partition("START\n")[2].partition("END\n")[0]
    )
    rows = [
        line.partition(":")[2].split("|")
        for line in between.splitlines()
        if line.startswith("import time:")
    ]
    outermost = sum(int(row[1]) for row in rows if not row[2].startswith("   "))
    return [row[2].strip() for row in rows], outermost / 1e6


def instructions(code: str) -> int:
    """Count with valgrind the instructions that a new interpreter executes for this code."""
    fixed = {**environment(Path("/nonexistent")), "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as folder:
        valgrind = [
            "valgrind",
            "--tool=callgrind",
            f"--callgrind-out-file={folder}/out",
            sys.executable,
            "-c",
            code,
        ]
        # Use the same addresses each time: the count depends on them, because dictionaries use them
        # as keys.
        done = subprocess.run(
            ["setarch", "-R", *valgrind], capture_output=True, text=True, check=True, env=fixed
        )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if found is None:
        sys.exit(f"Cannot read valgrind's output:\n{done.stderr[-2000:]}")
    return int(found[1])


def counted() -> None:
    """Print how many more instructions the import takes with the tracer, with the collector on
    and off.
    """
    for collector in ("on", "off"):
        switch = "" if collector == "on" else "import gc; gc.disable()\n"
        bare, plain, ready, traced = (
            instructions(switch + code) for code in (BEFORE, PLAIN, INSTALLED, TRACED_ONLY)
        )
        print(
            f"| instructions with the tracer / without, collector {collector} |"
            f" {(traced - ready) / (plain - bare):.3f} | |"
        )


def main(rounds: int) -> None:
    run(PLAIN)
    plain, traced, totals, slower = [], [], [], []
    missing: set[str] = set()
    extra: set[str] = set()
    for _ in range(rounds):
        wall, cpu = json.loads(run(PLAIN).stdout)
        traced_wall, traced_cpu, names, outermost, collecting = json.loads(run(TRACED).stdout)
        expected, expected_total = importtime()
        plain.append(wall)
        traced.append(traced_wall)
        slower.append(traced_cpu / cpu)
        totals.append((outermost + collecting) / expected_total)
        missing |= set(expected) - set(names)
        extra |= set(names) - set(expected)
    print(f"{machine()}; {rounds} rounds in turns\n")
    ratios = [with_it / without for with_it, without in zip(traced, plain, strict=True)]
    print("| what | median | range |\n|---|---|---|")
    print(
        f"| `import pandas`, plain | {statistics.median(plain) * 1000:.0f} ms |"
        f" {min(plain) * 1000:.0f}-{max(plain) * 1000:.0f} ms |"
    )
    print(
        f"| wall with the tracer / without | {statistics.median(ratios):.3f} |"
        f" {min(ratios):.3f}-{max(ratios):.3f} |"
    )
    print(f"| fastest with / fastest without | {min(traced) / min(plain):.3f} | |")
    print(
        f"| CPU with the tracer / without | {statistics.median(slower):.3f} |"
        f" {min(slower):.3f}-{max(slower):.3f} |"
    )
    print(
        f"| tracer's total / `-X importtime`'s | {statistics.median(totals):.3f} |"
        f" {min(totals):.3f}-{max(totals):.3f} |"
    )
    if shutil.which("valgrind"):
        counted()
    print(
        f"| modules: missing, extra | {len(missing)}, {len(extra)} |"
        f" {', '.join(sorted(missing | extra)[:9])} |"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
