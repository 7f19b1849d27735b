"""Measure false alarms and power of the gate with real parses of real folders, both versions in
turns.

    gate_power.py aa [--runs N] [--load N] [--log FILE]     the same version on both sides, 60 files
    gate_power.py power [--runs N] [--load N] [--log FILE]  twelve of 60 files slower by known amounts
    gate_power.py show FILE ...                             tables from log files, with other tools' rules
    gate_power.py speed                                     one changed file among 1,000

``--load`` starts this many programs during the measurement. Each keeps a processor busy for half a
second, then sleeps for half a second. Each run uses ``dagprof.ab.duel`` and the gate like
``dagprof gate``, but all runs import Airflow only once.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from common import BIN, commit, environment, machine

from dagprof.ab.duel import duel
from dagprof.ab.question import Question
from dagprof.config.settings import Settings
from dagprof.gate import decide
from dagprof.judge.judgement import Outcome
from dagprof.link.target import resolve
from dagprof.measure.budget import Budget
from dagprof.measure.rounds import Silent
from dagprof.measure.site import Site, scratch_folder

FILES = 60
# CPU time of the files in ms, in addition to the parse itself: many light files, some heavy ones.
COSTS = (0, 0, 0, 0, 0, 10, 20, 40, 100, 250)
# Four files of each kind: +10 % and at least 20 ms, +50 ms, +300 ms.
EFFECTS = ("+10 %, 20 ms", "+50 ms", "+300 ms")
DAG = """
import time
import datetime
from airflow import DAG

def spin(ms):
    end = time.process_time() + ms / 1000
    table = {{}}
    while time.process_time() < end:
        for number in range(200):
            table[number % 50] = str(number)

spin({cost})
with DAG("d{number}", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    pass
"""
LOAD = """
import os, time
parent = os.getppid()
while os.getppid() == parent:
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end:
        sum(range(1000))
    time.sleep(0.5)
"""


def cost(number: int) -> float:
    return COSTS[number % len(COSTS)]


def write(folder: Path, more: dict[int, float]) -> Path:
    folder.mkdir(parents=True)
    for number in range(FILES):
        text = DAG.format(cost=cost(number) + more.get(number, 0), number=number)
        (folder / f"file_{number:02}.py").write_text(text)
    return folder


@contextlib.contextmanager
def load(programs: int) -> Iterator[None]:
    running = [subprocess.Popen([sys.executable, "-c", LOAD]) for _ in range(programs)]
    try:
        yield
    finally:
        for each in running:
            each.kill()
            each.wait()


@contextlib.contextmanager
def sites(base: Path, head: Path) -> Iterator[tuple[Site, Site]]:
    with contextlib.ExitStack() as stack:
        found = []
        for folder in (base, head):
            settings = Settings(bundle_root=str(folder))
            target = resolve(
                settings, (folder,), stack.enter_context(scratch_folder()), environment_here()
            )
            found.append(stack.enter_context(Site(target, settings, (folder,))))
        yield found[0], found[1]


def environment_here() -> dict[str, str]:
    env = environment(Path("/nonexistent"))
    del env["AIRFLOW_HOME"]
    return env


def effects(
    choose: random.Random, slow: dict[int, float]
) -> tuple[dict[int, str], dict[int, float]]:
    """Choose the files that become slower in one run, with names and amounts.

    ``slow`` holds their usual parse times.
    """
    chosen = choose.sample(range(FILES), 4 * len(EFFECTS))
    kinds = {number: EFFECTS[place % len(EFFECTS)] for place, number in enumerate(chosen)}
    amounts = {"+50 ms": 50.0, "+300 ms": 300.0}
    return kinds, {n: amounts.get(kind, max(20.0, 0.1 * slow[n])) for n, kind in kinds.items()}


def one_run(base: Site, head: Site, kinds: dict[int, str], seconds: float) -> dict[str, object]:
    demand = decide.Demand(today=datetime.date(2026, 1, 1))
    question = Question(
        changed_base=(),
        changed_head=(),
        renamed={},
        roots=(),
        in_base=lambda path: path,
        everything="A benchmark",
        sample=None,
        limits=demand.timing,
        false_alarms=demand.false_alarms,
    )
    began = time.perf_counter()
    found = duel(base, head, question, Budget(seconds), version="bench", progress=Silent())
    compared = decide.Compared(base=found.base, head=found.head, base_name="a", head_name="b")
    verdict = decide.decide(compared, demand)
    files = {}
    for file in verdict.files:
        number = int(file.path[5:7])
        files[file.path] = {
            "outcome": file.outcome.value,
            "effect": kinds.get(number, ""),
            "base": file.timing.base_samples_ms if file.timing else (),
            "head": file.timing.head_samples_ms if file.timing else (),
        }
    return {"s": round(time.perf_counter() - began, 1), "files": files}


def record(options: argparse.Namespace) -> None:
    choose = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="bench-gate-") as name, load(options.load):
        root = Path(name)
        same = write(root / "base" / "dags", {})
        slow = {number: 70 + cost(number) for number in range(FILES)}
        base_site: Site
        with contextlib.ExitStack() as stack:
            head = write(root / "head" / "dags", {})
            base_site, head_site = stack.enter_context(sites(same, head))
            for number in range(options.runs):
                kinds: dict[int, str] = {}
                if options.what == "power":
                    kinds, more = effects(choose, slow)
                    for file in range(FILES):
                        text = DAG.format(cost=cost(file) + more.get(file, 0), number=file)
                        (head / f"file_{file:02}.py").write_text(text)
                run = one_run(base_site, head_site, kinds, options.budget)
                run |= {"what": options.what, "load": options.load, "machine": machine()}
                with Path(options.log).open("a") as stream:
                    stream.write(json.dumps(run) + "\n")
                alarms = [
                    p
                    for p, f in run["files"].items()
                    if f["outcome"] == "regression" and not f["effect"]
                ]  # type: ignore[attr-defined]
                missed = [
                    (p, f["effect"])
                    for p, f in run["files"].items()
                    if f["effect"] and f["outcome"] != "regression"
                ]  # type: ignore[attr-defined]
                print(
                    f"run {number + 1}: {run['s']} s, false {alarms}, missed {missed}", flush=True
                )


def by_benchmark(base: list[float], head: list[float]) -> bool:
    """pytest-benchmark's ``--benchmark-compare-fail=median:10%``."""
    return statistics.median(head) > 1.1 * statistics.median(base)


def by_asv(base: list[float], head: list[float]) -> bool:
    """``asv compare``: a factor of 1.1, and Mann-Whitney's p below 0.002 if there are enough
    samples.
    """
    from scipy.stats import mannwhitneyu

    if statistics.median(head) <= 1.1 * statistics.median(base):
        return False
    return float(mannwhitneyu(base, head, alternative="two-sided").pvalue) < 0.002 or len(base) < 5


def by_fifth(base: list[float], head: list[float]) -> bool:
    """A fixed rule: the mean of five parses is a fifth longer."""
    return statistics.fmean(head[:5]) > 1.2 * statistics.fmean(base[:5])


RULES = {
    "pytest-benchmark, median:10%": by_benchmark,
    "asv, 1.1 and p < 0.002": by_asv,
    "20 % of the mean of five": by_fifth,
}


def show(options: argparse.Namespace) -> None:
    runs = [
        json.loads(line) for file in options.files for line in Path(file).read_text().splitlines()
    ]
    for what, busy in sorted({(run["what"], run["load"]) for run in runs}):
        these = [run for run in runs if (run["what"], run["load"]) == (what, busy)]
        files = [file for run in these for file in run["files"].values()]
        clean = [[f for f in run["files"].values() if not f["effect"]] for run in these]
        print(
            f"\n{these[-1]['machine']}; {what}, {busy} busy programs running, {len(these)} runs"
            f" over {FILES} files, {statistics.median(run['s'] for run in these):.0f} s each"
            f" (median), {statistics.mean(len(f['base']) for f in files):.1f} pairs of parses per"
            " file\n"
        )
        columns = [effect for effect in EFFECTS if any(f["effect"] == effect for f in files)]
        print(
            "| rule | runs with a false regression | false regressions | cannot tell |"
            + "".join(f" {c} found |" for c in columns)
        )
        print("|---|---|---|---|" + "---|" * len(columns))
        judges = {"dagprof gate": lambda f: f["outcome"] == Outcome.REGRESSION.value}
        judges |= {
            name: lambda f, rule=rule: bool(f["base"]) and rule(f["base"], f["head"])
            for name, rule in RULES.items()
        }
        for name, judge in judges.items():
            alarms = [sum(judge(f) for f in run) for run in clean]
            unsure = (
                sum(f["outcome"] == "cannot tell" for f in files) if name == "dagprof gate" else 0
            )
            cells = []
            for effect in columns:
                with_it = [f for f in files if f["effect"] == effect]
                found = sum(judge(f) for f in with_it)
                cells.append(f" {found}/{len(with_it)} ({found / len(with_it):.0%}) |")
            total = sum(map(len, clean))
            print(
                f"| {name} | {sum(map(bool, alarms))}/{len(these)} | {sum(alarms)}/{total} |"
                f" {unsure or '–'} |" + "".join(cells)
            )


def speed(options: argparse.Namespace) -> None:
    """Time ``dagprof gate`` on one changed file among 1,000, and two concurrent imports of
    Airflow.
    """
    with tempfile.TemporaryDirectory(prefix="bench-gate-") as name:
        repository = Path(name)
        folder = repository / "dags"
        folder.mkdir()
        for number in range(1000):
            (folder / f"file_{number}.py").write_text(DAG.format(cost=0, number=number))
        commit(repository)
        (folder / "file_500.py").write_text(DAG.format(cost=100, number=500))
        env = environment_here()
        taken: dict[str, list[float]] = {"two Airflow imports": [], "dagprof gate": []}
        for number in range(options.runs + 1):
            began = time.perf_counter()
            pair = [
                subprocess.Popen(
                    [BIN / "python", "-c", IMPORTS], env=env, stderr=subprocess.DEVNULL
                )
                for _ in range(2)
            ]
            for each in pair:
                each.wait()
            imports = time.perf_counter() - began
            began = time.perf_counter()
            done = subprocess.run(
                [BIN / "dagprof", "gate", "dags", "--against", "HEAD", "-q"],
                cwd=name,
                env=env,
                check=False,
            )
            if number:
                taken["two Airflow imports"].append(imports)
                taken["dagprof gate"].append(time.perf_counter() - began)
            assert done.returncode == 1, done.returncode
    print(f"{machine()}; {options.runs} rounds in turns\n")
    for what, values in taken.items():
        print(f"{what}: {statistics.median(values):.1f} s ({min(values):.1f}-{max(values):.1f})")


IMPORTS = "import airflow, airflow.dag_processing.manager, airflow.dag_processing.processor"


def main() -> None:
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("what", choices=["aa", "power", "show", "speed"])
    reader.add_argument("files", nargs="*")
    reader.add_argument("--runs", type=int, default=5)
    reader.add_argument("--load", type=int, default=0)
    reader.add_argument("--budget", type=float, default=120)
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--log", default="gate_power.jsonl")
    options = reader.parse_args()
    {"show": show, "speed": speed}.get(options.what, record)(options)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    main()
