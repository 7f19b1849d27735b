"""A fixed parse that shows how fast the machine is. The parse is the same in every run, so that
runs of different machines can be compared.

The reference does the work of a usual parse in similar proportions. It executes compiled modules of
classes, functions and regular expressions, and builds and serialises one DAG of fifty tasks. The
reference never waits, reads no data and needs no network. Another version of Python or Airflow
changes the reference parse, so dagprof does not compare runs with different versions.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from dagprof.link.processes.conversation import ConnectionLost
from dagprof.link.reading import samples
from dagprof.measure.crew import Worker, Zygotes
from dagprof.model import Samples
from dagprof.passes.asking import ParseLimits, parse_request
from dagprof.passes.outcome import Passes
from dagprof.passes.plan import Mode

# Increase this number with each change of the text below: times of different references are not
# comparable.
VERSION = 1
_PARSES = 5
_WARM_UPS = 2  # the first two parses compile and warm up
_MODULES, _CLASSES = 40, 8
_CLASS = """
class Part{number}:
    {number}
    limit = {number}

    def __init__(self, name, *values, **options):
        self.name, self.values, self.options = name, values, options

    def total(self):
        return sum(value * self.limit for value in self.values if value > {number})

    @property
    def shown(self):
        return ", ".join("%s=%r" % pair for pair in sorted(self.options.items()))
"""
_MODULE_END = """
TABLE = {{str(number): [number * other for other in range(20)] for number in range(200)}}
PATTERN = re.compile(r"(?P<name{number}>[a-z_]+)\\s*=\\s*(?P<value>\\d+(?:\\.\\d+)?)(?:;{number})?")
"""
_DAG = """
import datetime
{imports}
from airflow import DAG
try:
    from airflow.providers.standard.operators.empty import EmptyOperator
except ImportError:
    from airflow.operators.empty import EmptyOperator

with DAG("dagprof_reference", start_date=datetime.datetime(2024, 1, 1), schedule=None):
    before = EmptyOperator(task_id="t0")
    for number in range(1, 50):
        task = EmptyOperator(task_id="t%d" % number, doc_md="task %d" % number)
        before >> task
        before = task
"""


_FILE, _PACKAGE = "dagprof_reference.py", "dagprof_reference_parts"


def write(folder: Path) -> Path:
    """Write the reference below ``folder``, unless it exists. Return the path of its DAG file.

    A DAG file can write to ``folder`` too. If anything differs, the reference goes to a new folder.
    """
    if os.path.lexists(folder) and not is_intact(folder):
        folder = Path(tempfile.mkdtemp(prefix=f"{folder.name}-", dir=folder.parent))
    if not (folder / _FILE).exists():
        (folder / _PACKAGE).mkdir(parents=True, exist_ok=True)
        for name, text in _texts(folder).items():
            (folder / name).write_text(text, encoding="utf-8")
    return folder / _FILE


def is_intact(folder: Path) -> bool:
    """Whether ``folder`` contains the unchanged reference and nothing else."""
    texts = _texts(folder)
    try:
        parts = (f"{_PACKAGE}/{name}" for name in os.listdir(folder / _PACKAGE))
        found = {*os.listdir(folder), *parts}
        return found == {*texts, _PACKAGE} and all(
            _content(folder / name) == text.encode() for name, text in texts.items()
        )
    except OSError:
        return False


def _content(file: Path) -> bytes:
    """What is in a regular file; one that is none, such as a pipe, would not be read to its end.

    :raises OSError: it is none.
    """
    found = os.lstat(file)
    if not stat.S_ISREG(found.st_mode):
        raise FileNotFoundError(file)
    return file.read_bytes()


def _texts(folder: Path) -> dict[str, str]:
    """The files of the reference, by path below ``folder``."""
    texts = {f"{_PACKAGE}/__init__.py": ""}
    for number in range(_MODULES):
        classes = "".join(
            _CLASS.format(number=number * _CLASSES + each) for each in range(_CLASSES)
        )
        text = f"import re\n{classes}{_MODULE_END.format(number=number)}"
        texts[f"{_PACKAGE}/part{number}.py"] = text
    imports = "\n".join(
        [
            f"import sys; sys.path.insert(0, {str(folder)!r})",
            *(f"import {_PACKAGE}.part{n}" for n in range(_MODULES)),
        ]
    )
    return {**texts, _FILE: _DAG.format(imports=imports)}


def measure(zygotes: Zygotes, limits: ParseLimits, folder: Path) -> Samples:
    """Parse the reference a few times, one at a time. Without success there are no samples.
    ``folder`` is dagprof's own.
    """
    return measure_beside(zygotes, limits, folder, {}, _PARSES)[0]


def joined(before: Samples, after: Samples) -> Samples:
    """Join both samples, so that their spread shows how much the machine changed in between. Empty
    if one of them is empty.
    """
    if not before or not after:
        return Samples()
    pairs = zip(msgspec.structs.astuple(before), msgspec.structs.astuple(after), strict=True)
    return Samples(*((*first, *second) for first, second in pairs))


def measure_beside(
    zygotes: Zygotes,
    limits: ParseLimits,
    folder: Path,
    files: Mapping[str, Path],
    parses: int = 2 * _PARSES,
) -> tuple[Samples, dict[str, Samples]]:
    """Parse the reference and ``files`` (by shown path) in turns and one at a time, so that the
    machine is the same for all.

    A file, or the reference itself, has no samples if one of its parses failed or ended the
    process. The reference has none either if a file has changed it.
    """
    reference = write(folder)
    turns = {"": reference, **files}
    passes = {name: Passes(name, "", 0) for name in turns}
    lost: set[str] = set()
    worker = Worker(zygotes)
    try:
        for number in range(parses + _WARM_UPS):
            for name in [name for name in turns if name not in lost]:
                try:
                    reply = worker.ask(
                        parse_request(Mode.TIMING, turns[name], limits), turns[name].name
                    )
                    gave = passes[name].add(Mode.TIMING.value, reply)
                except ConnectionLost:
                    gave = False
                if not gave:
                    lost.add(name)
            if number == _WARM_UPS - 1:
                for each in passes.values():
                    each.timings.clear()
    finally:
        worker.end()
    has_failed = any(timed.result.failures for timed in passes[""].timings)
    if has_failed or not is_intact(reference.parent):
        lost.add("")
    found = {
        name: Samples() if name in lost else samples(each.timings) for name, each in passes.items()
    }
    return found.pop(""), found
