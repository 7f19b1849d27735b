"""Scan the corpus of hostile DAG files, each next to two clean ones and all in one folder.

python bench/behaviours.py LOG [--python PATH] [--isolation layers|strict|spawn] [--mode alone|together]
    [--only PATTERN] [--sample N] [--again] [--table]

LOG gets one line of JSON for each scan. A repeated command goes on where the last one ended;
``--sample`` takes so many files of the corpus by chance, always the same,
``--again`` repeats the scans that failed, and ``--table`` only judges what is there. The table at
the end counts, for each family: files next to which the clean files were right, files with the
right status, scans that left something behind, scans with a traceback, and scans in which a parse
took longer than its limit and two seconds more.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import fnmatch
import itertools
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from common import machine  # first: it makes the corpus importable
from hostile import FAMILIES, Behaviour
from judged import Entry, failed, lines
from trial import Setup, fill_cache, scan

# Scans of the clean files alone: what their parse times are compared with.
_PLAIN = 4
# Folders share /dev/shm, in which a hostile file of one may leave what another would be blamed for.
_AT_ONCE = {"alone": 2, "together": 1}
_ALONE_LIMIT_S = 300.0
_TOGETHER_LIMIT_S = 7200.0
# The files of one folder; more would not show more, and one scan would take an hour.
_FOLDER = 100
_STACKS = ("--stacks-from", "1")


class Work(msgspec.Struct, frozen=True):
    """One scan to do: ``key`` names it in the log."""

    key: str
    behaviours: tuple[Behaviour, ...]
    mode: str
    more: tuple[str, ...] = ()


def _chosen(pattern: str, sample: int | None) -> list[Behaviour]:
    found = [
        entry
        for family, entries in FAMILIES.items()
        for entry in entries
        if fnmatch.fnmatch(entry.name, pattern) or fnmatch.fnmatch(family, pattern)
    ]
    if sample is None or sample >= len(found):
        return found
    return random.Random(0).sample(found, sample)


def _work(mode: str, chosen: list[Behaviour]) -> Iterator[Work]:
    """All scans of a mode, first those without a hostile file."""
    for number in range(_PLAIN):
        yield Work(f"plain {number}", (), "plain")
    if mode == "alone":
        for entry in chosen:
            yield Work(f"alone {entry.name}", (entry,), mode, entry.options)
        return
    # Neighbours of other families, so that one that ends the scan's processes meets all kinds.
    by_options = sorted(chosen, key=lambda entry: entry.options)
    for options, group in itertools.groupby(by_options, key=lambda entry: entry.options):
        entries = list(group)
        folders = -(-len(entries) // _FOLDER)
        for number in range(folders):
            files = tuple(entries[number::folders])
            yield Work(
                f"together {number} {' '.join(options)}".strip(), files, mode, (*options, *_STACKS)
            )


def _setup(options: argparse.Namespace) -> Setup:
    code = "import importlib.metadata as m; print(m.version('apache-airflow'))"
    found = subprocess.run([options.python, "-c", code], capture_output=True, text=True, check=True)
    cache = Path(tempfile.mkdtemp(prefix="behaviour-cache-"))
    return Setup(options.python, int(found.stdout.split(".")[0]), options.isolation, cache)


def _read(log: Path) -> dict[str, Entry]:
    """The last entry of each scan in the log."""
    if not log.exists():
        return {}
    entries = [msgspec.json.decode(line, type=Entry) for line in log.read_bytes().splitlines()]
    return {entry.key: entry for entry in entries}


def _do(work: Work, setup: Setup) -> Entry:
    limit = _TOGETHER_LIMIT_S if work.mode == "together" else _ALONE_LIMIT_S
    seen = scan(work.behaviours, setup, limit_s=limit, more=work.more)
    names = tuple(behaviour.name for behaviour in work.behaviours)
    return Entry(
        key=f"{setup.airflow} {setup.isolation} {work.key}",
        airflow=setup.airflow,
        isolation=setup.isolation,
        mode=work.mode,
        names=names,
        seen=seen,
    )


def _run(options: argparse.Namespace, setup: Setup) -> None:
    done = _read(options.log)
    repeated = {entry.key for entry in failed(list(done.values()))} if options.again else set()
    left = []
    for work in _work(options.mode, _chosen(options.only, options.sample)):
        key = f"{setup.airflow} {setup.isolation} {work.key}"
        if key not in done or key in repeated:
            left.append(work)
    if left:
        fill_cache(setup)
    with (
        options.log.open("ab") as log,
        concurrent.futures.ThreadPoolExecutor(_AT_ONCE[options.mode]) as pool,
    ):
        for number, future in enumerate(
            concurrent.futures.as_completed([pool.submit(_do, work, setup) for work in left]), 1
        ):
            entry = future.result()
            log.write(msgspec.json.encode(entry) + b"\n")
            log.flush()
            print(f"{number}/{len(left)} {entry.key}: {entry.seen.took_s:.1f} s", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log", type=Path)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--isolation", choices=("layers", "strict", "spawn"), default="layers")
    parser.add_argument("--mode", choices=("alone", "together"), default="alone")
    parser.add_argument("--only", default="*", help="names or families, as a shell pattern")
    parser.add_argument("--sample", type=int, help="so many of them, by chance")
    parser.add_argument("--again", action="store_true", help="repeat what failed")
    parser.add_argument("--table", action="store_true", help="judge only")
    return parser.parse_args()


def main() -> None:
    options = _options()
    if not options.table:
        setup = _setup(options)
        try:
            _run(options, setup)
        finally:
            shutil.rmtree(setup.cache, ignore_errors=True)
    print(machine())
    print("\n".join(lines(list(_read(options.log).values()))))


if __name__ == "__main__":
    main()
