"""Parts of the probe that need no Airflow, loaded as the probe loads them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dagprof
from dagprof.link.messages.zygote import Fault
from dagprof.probe import faults, origin

PROBE = Path(dagprof.__file__).parent / "probe"
PRELUDE = f"""
import json, runpy, sys
main = runpy.run_path({str(PROBE / "__main__.py")!r})
main["_load_package"]()
"""


def in_child(code: str, *arguments: str, **environment: str) -> str:
    command = (
        [sys.executable, "-I", "-c", PRELUDE + code, *arguments]
        if not environment
        else [sys.executable, "-c", PRELUDE + code]
    )
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_both_ends_of_the_protocol_know_the_same_faults() -> None:
    told = {value for name, value in vars(faults).items() if name.isupper()}
    assert told == {fault.value for fault in Fault}


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ModuleNotFoundError("No module named 'airflow'", name="airflow"), faults.NO_AIRFLOW),
        (ModuleNotFoundError("No module named 'airflow.x'", name="airflow.x"), faults.BROKEN),
        (ImportError("No module named 'airflow'"), faults.BROKEN),
        (faults.CannotFork("OSError: no"), faults.NO_FORK),
        (SystemExit("a plugin left"), faults.BROKEN),
    ],
    ids=repr,
)
def test_a_fault_is_known_by_its_error(error: BaseException, fault: str) -> None:
    assert faults.of(error) == fault


def test_the_tracer_sees_what_importtime_sees() -> None:
    """The same modules, and the same total within what two processes differ by."""
    code = """
from _dagprof_probe.parsing.imports import rows, tracing
import importlib.util  # what the report needs is loaded before
tracer = tracing.ImportTracer()
tracer.install()
import xml.sax.saxutils, sqlite3, email.mime.multipart, concurrent.futures.process
tracer.uninstall()
print(json.dumps(rows.report(tracer, "none")))
"""
    traced = json.loads(in_child(code))
    names = {traced["modules"][position][0] for position in traced["loads"]["module"]}
    plain = PRELUDE + (
        code.replace("tracer.install()", "print('START', file=sys.stderr)")
        .replace("tracer.uninstall()", "print('END', file=sys.stderr)")
        .replace('print(json.dumps(rows.report(tracer, "none")))', "")
    )
    shown = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", "-c", plain],
        capture_output=True,
        text=True,
        check=True,
    )
    between = shown.stderr.partition("START\n")[2].partition("END\n")[0]
    expected = {
        line.rpartition("|")[2].strip()
        for line in between.splitlines()
        if line.startswith("import time:")
    }
    assert names == expected


def test_every_load_is_inside_its_parent() -> None:
    code = """
from _dagprof_probe.parsing.imports import rows, tracing
tracer = tracing.ImportTracer()
tracer.install()
import sqlite3, email.mime.multipart
tracer.uninstall()
print(json.dumps(rows.report(tracer, "none")["loads"]))
"""
    loads = json.loads(in_child(code))
    inside = [0] * len(loads["parent"])
    for position, parent in enumerate(loads["parent"]):
        assert parent < position
        if parent >= 0:
            inside[parent] += loads["cumulative_us"][position]
    for position, own in enumerate(loads["self_us"]):
        assert own + inside[position] == pytest.approx(
            loads["cumulative_us"][position], abs=len(inside) + 2
        )


def test_failed_imports_are_loads_too() -> None:
    code = """
from _dagprof_probe.parsing.imports import rows, tracing
tracer = tracing.ImportTracer()
tracer.install()
try:
    import a_module_that_is_missing
except ImportError:
    pass
tracer.uninstall()
print(json.dumps(rows.report(tracer, "none")["modules"]))
"""
    assert json.loads(in_child(code))[0] == ["a_module_that_is_missing", "", "stdlib"]


LOOPS = '''
from __future__ import annotations
"""not a docstring"""
seen = []
for i in range(2500):
    if i % 2:
        continue
    seen.append(i)
else:
    seen.append("done")
while True:
    seen.append("once")
    break
def function():
    global seen
    for j in range(3):
        global counter
        counter = j
    return counter
class Body:
    value = function()
with open("/dev/null") as nothing:
    pass
try:
    1 / 0
except ZeroDivisionError:
    seen.append("caught")
finally:
    seen.append("finally")
print(len(seen), seen[-4:], Body.value, annotation := 3)
value: undefined_name = 1
'''


def test_clocked_code_does_what_the_code_does(tmp_path: Path) -> None:
    code = f"""
from _dagprof_probe.parsing import statements
source = {LOOPS!r}
clock = statements.StatementClock(lambda: (0, 0))
exec(statements.compile_with_clock(source.encode(), "file.py", clock), {{"__name__": "file"}})
clock.end(-1)
exec(compile(source, "file.py", "exec"), {{"__name__": "file"}})
"""
    first, second = in_child(code).splitlines()
    assert first == second == "1254 ['done', 'once', 'caught', 'finally'] 2 3"


def test_an_experiment_resolves_no_path_of_modules_that_it_leaves_alone(tmp_path: Path) -> None:
    """A parse loads hundreds: what each of them added would be missing in the saving."""
    real = tmp_path / "real"
    (real / "common").mkdir(parents=True)
    (real / "common/__init__.py").write_text("import json\nimport heavy\n", encoding="utf-8")
    (real / "helper.py").write_text("import heavy\nvalue = 1\n", encoding="utf-8")
    (tmp_path / "linked").symlink_to(real)
    code = """
import os
from _dagprof_probe.parsing.experiments import experiment
real, linked = sys.argv[1:]
removal = experiment.Removal({real + "/helper.py": [1], real + "/common/__init__.py": [2]})
removal.install()
resolved, ordinary = [], os.path.realpath
os.path.realpath = lambda path, **options: resolved.append(path) or ordinary(path, **options)
import xml.dom.minidom, email.message
print(len(resolved))
sys.path.insert(0, linked)
import helper, common
print(helper.value, hasattr(common, "json"), len(resolved))
"""
    first, second = in_child(code, str(real), str(tmp_path / "linked")).splitlines()
    assert int(first) == 0
    assert second == "1 True 2"


def test_an_experiment_leaves_the_collector_to_the_parse(tmp_path: Path) -> None:
    """A full collection that is due would run while the file is compiled, outside the clock, and
    be taken for a saving.
    """
    file = tmp_path / "large.py"
    file.write_text(
        "import heavy\n" + "".join(f"name_{n} = [{n}, ({n}, 'text')]\n" for n in range(2000))
    )
    code = """
import gc
from _dagprof_probe.parsing.experiments import experiment
phases = []
gc.collect()
gc.callbacks.append(lambda phase, info: phases.append(phase))
experiment.Removal({sys.argv[1]: [1]})
print(len(phases), gc.isenabled())
"""
    assert in_child(code, str(file)).split() == ["0", "True"]


def test_a_parse_waits_no_longer_than_it_takes_without_computing() -> None:
    code = """
from _dagprof_probe.system.usage import Instant, between
for queued, wall, cpu in ((50, 300, 200), (50, 300, 270), (5, 3, 4), (-5, 3, 1)):
    ended = Instant(7 + wall / 1000, 0, 2 + cpu / 1000, 400 + queued)
    print(round(between(Instant(7, 0, 2, 400), ended).queued_ms, 6))
"""
    assert in_child(code).split() == ["50", "30.0", "0.0", "0.0"]


def test_clocks_are_read_again_if_the_thread_lost_its_cpu_in_between() -> None:
    """Otherwise, a wait before the parse would make the parse shorter."""
    code = """
import time
from _dagprof_probe.system import usage
readings = []
def queued():
    readings.append(0)
    if len(readings) <= 2:
        time.sleep(0.02)
    return 40.0 * len(readings)
usage.queued_ms = queued
began = time.perf_counter()
instant = usage.now()
print(instant.queued_ms >= 120, instant.wall - began > 0.04)
"""
    assert in_child(code).split() == ["True", "True"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("pandas/_libs/interval.pyx", "distribution"),
        ("/dags/mine.pyx", "user"),
        ("dags/mine.py", "user"),
    ],
)
def test_code_that_cython_compiled_is_not_the_users(path: str, kind: str) -> None:
    assert origin.of_file(path) == kind


WATCHED_COLLECTOR = """
import gc
from _dagprof_probe.start import collector
collector._will_freeze = lambda: False
watching = collector.Collector()
watching.begin()
survivors = [[] for _ in range(80_000)]
gc.collect()
"""


def test_a_full_collection_is_due_by_the_history_of_the_process() -> None:
    """A quarter of what survived the last one has come since: the manager would collect by
    itself before long.
    """
    code = """
few = [[] for _ in range(8_000)]
gc.collect(1)
was_due = watching._is_due()
many = [[] for _ in range(40_000)]
gc.collect(1)
is_due = watching._is_due()
watching.settle(False)
print(was_due, is_due, watching._is_due(), gc.get_count()[1:], gc.callbacks)
"""
    assert in_child(WATCHED_COLLECTOR + code).strip() == "False True False (4, 5) []"


def test_a_full_collection_is_done_where_the_other_side_of_a_comparison_did_one() -> None:
    code = """
watching.settle(False)
watching.settle_again(False)
before = watching.has_collected
watching.settle_again(True)
print(before, watching.has_collected, gc.get_count()[1:], gc.isenabled())
"""
    assert in_child(WATCHED_COLLECTOR + code).strip() == "False True (4, 5) True"


@pytest.mark.parametrize("instead", ["", "/dev/null", "words.txt"])
def test_an_import_after_the_file_closed_all_descriptors_is_traced(
    tmp_path: Path, instead: str
) -> None:
    """The tracer keeps one open, whose number something else may have by then."""
    (tmp_path / "words.txt").write_text("these are words\n")
    (tmp_path / "user.py").write_text("import helper\n")
    (tmp_path / "helper.py").write_text("")
    code = f"""
import os
from _dagprof_probe.parsing.imports import tracing
sys.path.insert(0, {str(tmp_path)!r})
tracer = tracing.ImportTracer()
tracer.install()
if {instead!r}:
    os.dup2(os.open(os.path.join({str(tmp_path)!r}, {instead!r}), os.O_RDONLY), tracer.anonymous.descriptor)
else:
    os.closerange(3, 256)
import user
tracer.uninstall()
print(json.dumps([tracer.loads[::tracing.LOAD_FIELDS], [row[2] for row in tracer.memory]]))
"""
    names, grown = json.loads(in_child(code))
    assert [name for name in names if name in ("user", "helper")] == ["user", "helper"]
    assert grown == [0]
