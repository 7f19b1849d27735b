"""Check savings on a generated folder whose true savings are known by construction, scanned at full
depth.

python bench/savings.py [FACTOR]

FACTOR multiplies all waits (default 3: parses of 45 to 480 ms). The table compares dagprof's
figures with those that a reader of ``-X importtime`` (or of tuna, which draws its log) finds: the
cumulative time of the modules that a statement names. To check the true savings themselves, the
script times the files with the statements really removed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from common import environment, machine

import dagprof
from dagprof.analyse.fleet import Fleet
from dagprof.model import Place

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import generated

STUB = "import contextlib\ndef DAG(*names, **options): return contextlib.nullcontext()\n"
RUN = """
import contextlib, datetime, importlib, runpy, sys, time, typing
sys.path[:0] = sys.argv[1:3]
import airflow
print("START", file=sys.stderr, flush=True)
began = time.perf_counter()
runpy.run_path(sys.argv[3])
print((time.perf_counter() - began) * 1000)
"""


class Row(NamedTuple):
    """The true and the reported saving of a change, in ms. ``kind`` is the kind of import in the
    file.
    """

    kind: str
    what: str
    true_ms: float
    found_ms: float

    @property
    def error_ms(self) -> float:
        return abs(self.found_ms - self.true_ms)

    @property
    def is_right(self) -> bool:
        return self.error_ms <= max(5.0, 0.1 * abs(self.true_ms))


class Plain:
    """Run DAG files with a stand-in for Airflow, in new interpreters."""

    def __init__(self, folder: Path) -> None:
        self._stub = folder / "stub"
        self._stub.mkdir()
        (self._stub / "airflow.py").write_text(STUB)

    def _run(self, root: Path, path: str, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *options, "-c", RUN, self._stub, root, root / path]
        env = environment(Path("/nonexistent"))
        return subprocess.run(command, capture_output=True, text=True, check=True, env=env)

    def ms(self, root: Path, path: str) -> float:
        """Return the fastest of three runs of one file; the first run writes bytecode."""
        return min(float(self._run(root, path).stdout) for _ in range(3))

    def importtime(self, root: Path, path: str) -> dict[str, tuple[float, set[str]]]:
        """Return the cumulative ms by module, and the modules whose rows lie below it."""
        log = self._run(root, path, "-X", "importtime").stderr.partition("START\n")[2]
        rows: dict[str, tuple[float, set[str]]] = {}
        waiting: list[tuple[int, str]] = []  # a row comes after the rows below it in the tree
        for line in log.splitlines():
            _, cumulative, name = line.partition(":")[2].split("|")
            depth = len(name) - len(name.lstrip())
            below: set[str] = set()
            while waiting and waiting[-1][0] > depth:
                inner = waiting.pop()[1]
                below |= {inner, *rows[inner][1]}
            waiting.append((depth, name.strip()))
            rows[name.strip()] = (int(cumulative) / 1000, below)
        return rows


def read_off(rows: dict[str, tuple[float, set[str]]], names: Sequence[str]) -> float:
    """Return what a reader finds for the modules of one statement: their rows, each counted
    once.
    """
    nested = {inner for name in names if name in rows for inner in rows[name][1]}
    return sum(
        rows[name][0] for name in dict.fromkeys(names) if name in rows and name not in nested
    )


def kind(path: str) -> str:
    return path.rpartition("_")[0]


def estimated(folder: generated.Folder, fleet: Fleet) -> Iterator[Row]:
    for view in fleet.views:
        for (path, line), true_ms in folder.statements(view.path).items():
            found = view.estimated_ms([Place(file=path, line=line)])
            yield Row(kind(view.path), f"{view.path}: {path}:{line}", true_ms, found)


def joint(folder: generated.Folder, fleet: Fleet) -> Iterator[Row]:
    for view in fleet.views:
        for pair in folder.joints(view.path):
            places = [Place(file=path, line=line) for path, line in pair.statements]
            what = f"{view.path}: {' + '.join(map(str, places))}"
            yield Row(kind(view.path), what, pair.saving_ms, view.estimated_ms(places))


def over_the_fleet(folder: generated.Folder, fleet: Fleet) -> Iterator[Row]:
    for where in sorted({where for path in folder.dag_files for where in folder.statements(path)}):
        place = Place(file=where[0], line=where[1])
        found = sum(view.estimated_ms([place]) for view in fleet.views)
        yield Row("fleet", str(place), folder.fleet_ms([where]), found)


def proved(folder: generated.Folder, run: dagprof.Run, *, alone: bool) -> Iterator[Row]:
    for file in run.files:
        for experiment in file.experiments:
            if experiment.is_proof and (len(experiment.without) == 1) == alone:
                without = [(place.file, place.line) for place in experiment.without]
                what = f"{file.path}: {' + '.join(map(str, experiment.without))}"
                yield Row(
                    kind(file.path),
                    what,
                    folder.saving_ms(file.path, without),
                    experiment.proved_ms,
                )


def by_importtime(folder: generated.Folder, plain: Plain, root: Path) -> Iterator[Row]:
    for path in folder.dag_files:
        rows = plain.importtime(root, path)
        for (file, line), true_ms in folder.statements(path).items():
            found = read_off(rows, folder.lines[file][line - 1].loads)
            yield Row(kind(path), f"{path}: {file}:{line}", true_ms, found)


def really(folder: generated.Folder, plain: Plain, temporary: Path) -> Iterator[Row]:
    """Time a copy with the statements that matter really removed."""
    before = {path: plain.ms(folder.write(temporary / "plain"), path) for path in folder.dag_files}
    for number, path in enumerate(folder.dag_files):
        for where, true_ms in folder.statements(path).items():
            root = folder.write(temporary / f"copy_{number}", [where])
            found = before[path] - plain.ms(root, path)
            yield Row(kind(path), f"{path}: {where[0]}:{where[1]}", true_ms, found)


def print_table(tables: dict[str, list[Row]]) -> None:
    print(
        "| figure | checked | within 10 % or 5 ms | largest error | median error"
        " |\n|---|---|---|---|---|"
    )
    for name, rows in tables.items():
        errors = sorted(row.error_ms for row in rows)
        right = sum(row.is_right for row in rows)
        print(
            f"| {name} | {len(rows)} | {right} ({right / len(rows):.0%}) | {errors[-1]:.1f} ms |"
            f" {errors[len(errors) // 2]:.1f} ms |"
        )


def print_worst(name: str, rows: list[Row], most: int = 12) -> None:
    wrong = sorted((row for row in rows if not row.is_right), key=lambda row: -row.error_ms)
    if wrong:
        print(
            f"\n{name}, not within 10 % or 5 ms ({len(wrong)}):\n\n| what | true, ms | found, ms"
            " |\n|---|---|---|"
        )
        for row in wrong[:most]:
            print(f"| {row.what} | {row.true_ms:.0f} | {row.found_ms:.1f} |")


def print_kinds(estimates: list[Row], others: list[Row]) -> None:
    print(
        "\n| kind | statements | dagprof right | `-X importtime` right | its worst: true → shown,"
        " ms |\n|---|---|---|---|---|"
    )
    for name in dict.fromkeys(row.kind for row in estimates):
        mine, theirs = ([row for row in rows if row.kind == name] for rows in (estimates, others))
        worst = max(theirs, key=lambda row: row.error_ms)
        right: Callable[[list[Row]], int] = lambda rows: sum(row.is_right for row in rows)  # noqa: E731
        shown = (
            f"{worst.what}: {worst.true_ms:.0f} → {worst.found_ms:.0f}"
            if not worst.is_right
            else ""
        )
        print(f"| {name} | {len(mine)} | {right(mine)} | {right(theirs)} | {shown} |")


def unproved(folder: generated.Folder, run: dagprof.Run) -> None:
    """List statements that would save time but were not proved, with the reason."""
    print("\nStatements that save 5 ms or more without a proof:\n")
    for file in run.files:
        trials = {trial.without[0]: trial for trial in file.experiments if len(trial.without) == 1}
        for (path, line), true_ms in folder.statements(file.path).items():
            trial = trials.get(Place(file=path, line=line))
            if true_ms >= 5 and (trial is None or not trial.is_proof):
                why = "no experiment" if trial is None else f"{trial.need.value}: {trial.reason}"
                print(f"* {file.path}: {path}:{line} ({true_ms} ms): {why}")


def main(factor: int) -> None:
    folder = generated.folder(factor)
    with tempfile.TemporaryDirectory(prefix="bench-savings-") as name:
        temporary = Path(name)
        root = folder.write(temporary / "dags")
        plain = Plain(temporary)
        run = dagprof.scan(root, depth="full")
        fleet = Fleet(run)
        tables = {
            "one statement in one file, estimated": list(estimated(folder, fleet)),
            "one statement over all files, estimated": list(over_the_fleet(folder, fleet)),
            "pairs that hang together, estimated": list(joint(folder, fleet)),
            "one statement in one file, proved": list(proved(folder, run, alone=True)),
            "all that are not needed in one file, proved": list(proved(folder, run, alone=False)),
            "what `-X importtime` shows for a statement": list(by_importtime(folder, plain, root)),
            "the truth: statement really left out, timed without Airflow": list(
                really(folder, plain, temporary)
            ),
        }
    parses = [folder.parse_ms(path) for path in folder.dag_files]
    print(
        f"{machine()}; {len(parses)} files, imports of {min(parses)} to {max(parses)} ms, scan"
        f" {run.wall_s:.0f} s\n"
    )
    print_table(tables)
    names = list(tables)
    print_kinds(tables[names[0]], tables[names[5]])
    for name in names[:5] + names[6:]:
        print_worst(name, tables[name])
    unproved(folder, run)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
