"""Change every kind of answer of the probe at random places, and look at what becomes of the files.

python bench/forged.py [PYTHON] [--forgeries N] [--seed N]

DAG files change what their own parses report, 20 of them and two clean ones in each folder; plugins
change the messages of the process that forks. A forgery goes wrong if a scan raises anything but an
error of dagprof's own, if a clean file is not right, if a parse runs into its time limit, or if the
Run cannot be read again.
"""

from __future__ import annotations

import argparse
import collections
import random
import secrets
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from common import machine
from fuzzing.forging import ANYWHERE, forging_file, forging_plugin  # found through ``common``
from support import dag, write

import dagprof
from dagprof.errors import DagprofError
from dagprof.model import FileResult, Run, Status
from dagprof.store import runs

_LIMIT_S = 20.0
_FILES = 20
_CLEAN = {"aa_clean.py": dag("aa_clean"), "zz_clean.py": dag("zz_clean")}
# Mode and frame, and how many of 300 forgeries change it.
_FRAMES = {
    ("timing", False): 70,
    ("trace", False): 90,
    ("stacks", False): 30,
    ("timing", True): 30,
    ("trace", True): 20,
}
_REFUSED = ("cannot use the result of the parse", "The parsing process sent invalid data")
# A field that only one message has.
_MESSAGES = {"Ready": "executable", "Listing": "passed_over", "PreImported": "has_collected"}
_MESSAGES["Described"] = "owners"
_OF_EACH_MESSAGE = 15


class Forgery(NamedTuple):
    """A change of one answer; ``source`` is of the DAG file or plugin that makes it."""

    what: str
    source: str


def _in_files(chance: random.Random, share: float) -> Iterator[Forgery]:
    for (mode, is_ending), number in _FRAMES.items():
        for each in range(round(number * share)):
            what = f"{mode}_{'ending' if is_ending else 'result'}_{each}"
            change = ANYWHERE.format(place=chance.randrange(10**6), value=chance.randrange(10**6))
            yield Forgery(what, forging_file(what, mode, change, is_ending=is_ending))


def _in_plugins(chance: random.Random, share: float) -> Iterator[Forgery]:
    for name, field in _MESSAGES.items():
        for each in range(round(_OF_EACH_MESSAGE * share)):
            change = ANYWHERE.format(place=chance.randrange(10**6), value=chance.randrange(10**6))
            yield Forgery(f"{name}_{each}", forging_plugin(field, change))


def _scan(folder: Path, python: str, **options: Any) -> Run:
    found = {"python": python, "repeat": 1, "depth": "traced", "stacks_from_ms": 0.001, **options}
    run = dagprof.scan(folder / "dags", time_limit_s=_LIMIT_S, **found)
    runs.save(run, folder / "run.json")
    assert dagprof.load(folder / "run.json") == run
    dagprof.render_report(run)
    return run


def _outcome(file: FileResult) -> str:
    """What became of a file that forges."""
    codes = {doubt.code for doubt in file.doubts}
    assert file.status is not Status.TIMED_OUT, file
    if any(reason in file.detail for reason in _REFUSED):
        return "refused: the parse"
    if "This time is impossible" in file.detail:
        return "refused: its time"
    if codes & {"no-trace", "no-stacks"}:
        return f"refused: {', '.join(sorted(codes & {'no-trace', 'no-stacks'}))}"
    return f"believed, {file.status.value}"


def _check_clean(run: Run) -> None:
    clean = [file for file in run.files if file.path in _CLEAN]
    assert [file.status for file in clean] == [Status.OK] * len(_CLEAN), clean
    assert all(file.trace is not None and file.stack is not None for file in clean), clean


def _files(forgeries: list[Forgery], python: str) -> Iterator[str]:
    """Forging files, in folders of twenty."""
    for first in range(0, len(forgeries), _FILES):
        batch = forgeries[first : first + _FILES]
        sources = {f"{each.what}.py": each.source for each in batch}
        with tempfile.TemporaryDirectory(prefix="forged-") as name:
            write(Path(name) / "dags", {**sources, **_CLEAN})
            run = _scan(Path(name), python)
        _check_clean(run)
        yield from (_outcome(file) for file in run.files if file.path in sources)


def _plugin(forgery: Forgery, python: str) -> str:
    with tempfile.TemporaryDirectory(prefix="forged-") as name:
        write(Path(name) / "dags", _CLEAN)
        plugins = write(Path(name) / "plugins", {"p.py": forgery.source})
        try:
            _check_clean(_scan(Path(name), python, plugins=plugins))
        except DagprofError as error:
            return f"plugin: {str(error)[:40]}…"
        return "plugin: believed, or left out"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", nargs="?", default=sys.executable)
    parser.add_argument("--forgeries", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None)
    asked = parser.parse_args()
    seed = secrets.randbits(32) if asked.seed is None else asked.seed
    chance, share = random.Random(seed), asked.forgeries / 300
    in_files, in_plugins = list(_in_files(chance, share)), list(_in_plugins(chance, share))
    print(f"{machine()}; seed {seed}, {len(in_files) + len(in_plugins)} forgeries", flush=True)
    found: collections.Counter[str] = collections.Counter()
    began, wrong = time.monotonic(), 0
    try:
        found.update(_files(in_files, asked.python))
    except Exception:  # noqa: BLE001 - the finding of this script
        wrong += 1
        traceback.print_exc()
    print(f"  {sum(found.values())} in files, {time.monotonic() - began:.0f} s", flush=True)
    for forgery in in_plugins:
        try:
            found[_plugin(forgery, asked.python)] += 1
        except Exception:  # noqa: BLE001 - the finding of this script
            wrong += 1
            print(forgery.what, flush=True)
            traceback.print_exc()
    print(
        f"{sum(found.values())} became results in {time.monotonic() - began:.0f} s, {wrong} wrong"
    )
    for outcome, number in found.most_common():
        print(f"{number:4} {outcome}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
