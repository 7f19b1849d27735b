"""Measure false alarms and power of baselines with real scans: one folder, saved once and scanned
again and again.

    gate_baselines.py aa [--runs N] [--load N] [--log FOLDER]     the same version, 20 files
    gate_baselines.py power [--runs N] [--load N] [--log FOLDER]  four slower: +30 %, 60 ms or more
    gate_baselines.py show FOLDER ...                             tables from what these kept

Each scan starts Airflow anew, like ``dagprof scan --baseline --fail-on-regression``, and parses
files again that seem slower. The script keeps all Runs in FOLDER, so that ``show`` can judge them
by the current rules. It uses an existing baseline. To compare a quiet baseline with busy scans,
first make the baseline with ``--runs 0``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from common import machine
from gate_power import cost, environment_here, load

from dagprof.analyse import comparison
from dagprof.config.settings import Depth, Settings
from dagprof.errors import UsageError
from dagprof.gate import scanned
from dagprof.gate.baseline import decide_by_baseline
from dagprof.gate.decide import Demand
from dagprof.judge import runs as judge
from dagprof.judge import speeds
from dagprof.judge.judgement import Outcome
from dagprof.measure.scan import scan_twice
from dagprof.model import Run
from dagprof.store import runs

FILES, SLOWED = 20, 4
# Parse time of the smallest file in ms. +30 % refers to the sum of this time and the file's own
# cost.
PLAIN_MS = 12.0
# The cost is a fixed amount of work, not a fixed time. So a slower machine takes longer for it, as
# for the reference.
DAG = """
import datetime
from airflow import DAG

table = {{}}
for number in range({work}):
    table[number % 50] = str(number)
with DAG("d{number}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""
ASKED = scanned.demand("25%", "50ms")


class Scan(NamedTuple):
    """One scan: its Run, the files that were parsed again, the files that were made slower, and its
    row in the folder.
    """

    run: Run
    again: Run
    slowed: frozenset[str]
    row: dict[str, object]


Told = dict[str, Outcome]


def name(number: int) -> str:
    return f"file_{number:02}.py"


def write(folder: Path, per_ms: float, more: dict[int, float]) -> None:
    """Write the files. ``per_ms`` is the amount of work that this machine did in one ms before the
    baseline.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(FILES):
        work = round(per_ms * (cost(number) + more.get(number, 0)))
        (folder / name(number)).write_text(DAG.format(work=work, number=number))


def work_per_ms(kept: Path) -> float:
    """The amount of work per ms at the time of the baseline in ``kept``."""
    file = kept / "work-per-ms.txt"
    if not file.exists():
        rates = []
        for _ in range(7):
            table, began = {}, time.process_time()
            for number in range(300_000):
                table[number % 50] = str(number)
            rates.append(300 / (time.process_time() - began))
        file.write_text(f"{statistics.median(rates):.1f}")
    return float(file.read_text())


def measure(folder: Path, baseline: Run | None) -> tuple[Run, Run]:
    def suspects(run: Run) -> set[str]:
        return (
            judge.suspects(judge.judge(baseline, run, ASKED.timing))
            if baseline is not None
            else set()
        )

    settings = Settings(depth=Depth.QUICK, bundle_root=str(folder))
    return scan_twice(
        [str(folder)], settings, suspects, version="bench", environ=environment_here()
    )


def slowed(choose: random.Random, *, is_power: bool) -> dict[int, float]:
    """Choose the files that become slower in one run, and by how many ms."""
    if not is_power:
        return {}
    return {n: max(60.0, 0.3 * (PLAIN_MS + cost(n))) for n in choose.sample(range(FILES), SLOWED)}


def record(options: argparse.Namespace) -> None:
    kept, choose = Path(options.log), random.Random(options.seed)
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-baseline-") as folder, load(options.load):
        dags, per_ms = Path(folder) / "dags", work_per_ms(kept)
        write(dags, per_ms, {})
        if not (kept / "baseline.json").exists():
            runs.save(measure(dags, None)[0], kept / "baseline.json")
        baseline = runs.load(kept / "baseline.json")
        for _ in range(options.runs):
            number = len(list(kept.glob("run-*.json"))) + 1
            more = slowed(choose, is_power=options.what == "power")
            write(dags, per_ms, more)
            began = time.perf_counter()
            run, again = measure(dags, baseline)
            row = {"what": options.what, "load": options.load, "machine": machine()}
            row |= {"s": round(time.perf_counter() - began, 1), "slowed": [name(n) for n in more]}
            runs.save(again, kept / f"again-{number:03}.json")
            (kept / f"row-{number:03}.json").write_text(json.dumps(row))
            runs.save(run, kept / f"run-{number:03}.json")
            tell(number, baseline, Scan(run, again, frozenset(row["slowed"]), row))  # type: ignore[arg-type]


def tell(number: int, baseline: Run, scan: Scan) -> None:
    texts = []
    for rule, by in JUDGES.items():
        slower = {
            path for path, outcome in by(baseline, scan).items() if outcome is Outcome.REGRESSION
        }
        texts.append(
            f"{rule}: false {sorted(slower - scan.slowed)}, missed {sorted(scan.slowed - slower)}"
        )
    factor = speeds.basis(baseline, scan.run).factor
    print(
        f"run {number}: {scan.row['s']} s, speed {factor:.2f}, {len(scan.again.files)} again;"
        f" {'; '.join(texts)}"
    )


def by_scan(baseline: Run, scan: Scan) -> Told:
    judged = judge.judge(baseline, scan.run, ASKED.timing, again=scan.again)
    verdict = scanned.decide(judge.with_times_of(scan.again, scan.run), baseline, judged, ASKED)
    return {file.path: file.outcome for file in verdict.files}


def by_gate(baseline: Run, scan: Scan) -> Told:
    demand = Demand(today=datetime.date(2026, 1, 1))
    try:
        verdict = decide_by_baseline(baseline, scan.run, "baseline", demand, again=scan.again)
    except UsageError:
        return {file.path: Outcome.CANNOT_TELL for file in scan.run.files}
    return {file.path: file.outcome for file in verdict.files}


def by_compare(baseline: Run, scan: Scan) -> Told:
    return {file.path: file.outcome for file in comparison.compare(baseline, scan.run).files}


def by_plain_compare(baseline: Run, scan: Scan) -> Told:
    before, now = (msgspec.structs.replace(run, reference=None) for run in (baseline, scan.run))
    return {file.path: file.outcome for file in comparison.compare(before, now).files}


JUDGES: dict[str, Callable[[Run, Scan], Told]] = {
    "scan --baseline": by_scan,
    "gate --baseline": by_gate,
    "compare": by_compare,
    "compare, no reference": by_plain_compare,
}


def stored(kept: Path) -> Iterator[Scan]:
    for file in sorted(kept.glob("run-*.json")):
        number = file.stem.removeprefix("run-")
        row = json.loads((kept / f"row-{number}.json").read_text())
        yield Scan(
            runs.load(file), runs.load(kept / f"again-{number}.json"), frozenset(row["slowed"]), row
        )


def show(options: argparse.Namespace) -> None:
    for folder in options.folders:
        kept = Path(folder)
        baseline, scans = runs.load(kept / "baseline.json"), list(stored(kept))
        found = [speeds.basis(baseline, scan.run).factor for scan in scans]
        first, taken = scans[0].row, sorted(scan.row["s"] for scan in scans)  # type: ignore[type-var]
        print(
            f"\n{first['machine']}; {first['what']}, {first['load']} busy programs; {len(scans)}"
            f" scans of {FILES} files,"
        )
        print(
            f"{taken[len(taken) // 2]} s each (median), speed {min(found):.2f} to"
            f" {max(found):.2f}\n"
        )
        print(
            "| rule | runs with a false regression | false regressions | inconclusive | slowed"
            " files found |"
        )
        print("|---|---|---|---|---|")
        for rule, by in JUDGES.items():
            print(f"| {rule} | {' | '.join(figures(baseline, scans, by))} |")


def figures(baseline: Run, scans: list[Scan], by: Callable[[Run, Scan], Told]) -> list[str]:
    told = [by(baseline, scan) for scan in scans]
    slower = [
        {path for path, outcome in each.items() if outcome is Outcome.REGRESSION} for each in told
    ]
    false = [len(found - scan.slowed) for found, scan in zip(slower, scans, strict=True)]
    unsure = sum(outcome is Outcome.CANNOT_TELL for each in told for outcome in each.values())
    found = sum(len(found & scan.slowed) for found, scan in zip(slower, scans, strict=True))
    total = sum(len(scan.slowed) for scan in scans)
    files = sum(len(each) for each in told)
    return [
        f"{sum(map(bool, false))}/{len(scans)}",
        f"{sum(false)}/{files - total}",
        f"{unsure}/{files}",
        f"{found}/{total}" if total else "–",
    ]


def main() -> None:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("what", choices=["aa", "power", "show"])
    reader.add_argument("folders", nargs="*")
    reader.add_argument("--runs", type=int, default=5)
    reader.add_argument("--load", type=int, default=0)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--log", default="gate_baselines")
    options = reader.parse_args()
    (show if options.what == "show" else record)(options)


if __name__ == "__main__":
    main()
