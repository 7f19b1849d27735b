"""Samples, traces and statement clocks of real parses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support import TARGET, Scan, dag, result

import dagprof
from dagprof.analyse.frames import edges_frame, imports_frame, loads_frame, records
from dagprof.model import Isolation, Statement, Status, Temperature

SLOW_LIBRARY = "import time\ntime.sleep(0.2)\n"


def names(run: dagprof.Run, path: str) -> list[str]:
    trace = result(run, path).trace
    assert trace is not None
    return [run.modules[place].name for place in trace.loads.module]


def test_samples_and_stages(scan: Scan) -> None:
    file = result(scan({"a.py": dag("a", "import time\ntime.sleep(0.1)\n")}, repeat=4), "a.py")
    samples = file.samples
    assert len(samples) == 4
    for number in range(4):
        stages = sum(
            getattr(samples, stage)[number]
            for stage in ("load_ms", "bag_ms", "serialise_ms", "exit_ms")
        )
        assert stages == pytest.approx(samples.wall_ms[number], abs=1.0)
        assert samples.load_ms[number] >= 100
        assert samples.cpu_ms[number] < samples.wall_ms[number] - 80
        assert samples.dagbag_ms[number] <= samples.wall_ms[number]
    assert (file.dag_ids, file.task_count) == (("a",), 0)


def test_dagprofs_own_compilation_is_not_a_missing_bytecode_file(scan: Scan) -> None:
    # dagprof compiles this DAG file to time its statements; a DAG processor has its bytecode.
    run = scan({"long.py": dag("long", "x = [1, 2, 3]\n" * 20_000)}, depth="traced")
    trace = result(run, "long.py").trace
    assert trace is not None
    assert trace.compile_ms > 0.1 * trace.wall_ms
    assert trace.recompiled_ms < 0.1 * trace.compile_ms
    assert "no-bytecode" not in {doubt.code for doubt in run.doubts}


def test_repeats_stop_when_the_median_is_stable(scan: Scan) -> None:
    slow = dag("slow", "import time\ntime.sleep(0.1)\n")
    run = scan({"quick.py": dag("quick"), "slow.py": slow}, repeat=None)
    assert 2 <= len(result(run, "quick.py").samples) <= 5
    assert 3 <= len(result(run, "slow.py").samples) <= 5


def test_a_shared_helper_is_traced_to_the_lines_that_import_it(scan: Scan) -> None:
    run = scan(
        {
            "slow_library.py": SLOW_LIBRARY,
            "common/__init__.py": "",
            "common/frames.py": "import slow_library\n",
            "a.py": dag("a", "import json\nfrom common import frames\n"),
            "b.py": dag("b", "from common.frames import slow_library\n"),
        }
    )
    for path, line in (("a.py", 2), ("b.py", 1)):
        mine = {row["module"]: row for row in records(loads_frame(run)) if row["path"] == path}
        assert (mine["common.frames"]["line"], mine["common.frames"]["importer_file"]) == (
            line,
            path,
        )
        assert mine["slow_library"]["importer"] == "common.frames"
        # It sleeps 200 ms in each; on a busy machine traced and plain parses differ by more than
        # tracing, and times are scaled.
        assert mine["slow_library"]["self_ms"] >= 150
        assert mine["common.frames"]["self_ms"] < mine["slow_library"]["self_ms"]
        assert mine["common.frames"]["cumulative_ms"] >= 150
    imports = {row["name"]: row for row in records(imports_frame(run))}
    assert imports["slow_library"]["files"] == 2
    assert 200 <= imports["slow_library"]["cumulative_ms"] <= imports["common"]["cumulative_ms"]
    assert imports["slow_library"]["origin"] == "user"


def test_hits_of_loaded_modules_are_edges(scan: Scan) -> None:
    run = scan(
        {
            "base.py": "value = 1\n",
            "first.py": "import base\n",
            "second.py": (
                "try:\n    import base\nfinally:\n    def later():\n        import"
                " first\n\nlater()\n"
            ),
            "a.py": dag("a", "import first\nimport second\n"),
        }
    )
    mine = [row for row in records(edges_frame(run)) if row["importer"] == "second"]
    assert {
        (row["module"], row["line"], row["in_function"], row["conditional"]) for row in mine
    } == {
        ("base", 2, False, True),
        ("first", 5, True, True),
    }


def test_statements_of_all_blocks(scan: Scan) -> None:
    source = '''\
"""A documented file: airflow dag."""
from __future__ import annotations

import time

for number in range(3):
    time.sleep(0.02)
    if number == 2:
        time.sleep(0.05)
total = 0
for number in range(50_000):
    total += number
try:
    raise ValueError
except ValueError:
    time.sleep(0.03)


def build(name):
    time.sleep(0.01)


build("x")
'''
    trace = result(scan({"a.py": source}), "a.py").trace
    assert trace is not None
    by_line = {statement.line: statement for statement in trace.statements}

    def ms(line: int) -> float:
        return by_line[line].wall_us / 1000

    assert by_line[7].count == 3
    assert ms(7) >= 60
    assert by_line[9].count == 1
    assert ms(6) >= ms(7) + ms(9)
    assert ms(7) + ms(9) >= 110
    assert by_line[11].is_cut
    assert by_line[12].count == 999
    assert ms(12) < ms(11)
    assert ms(16) >= 30
    assert ms(23) >= 10
    assert trace.statements[by_line_position(trace.statements, 9)].text == "time.sleep(0.05)"


def by_line_position(statements: tuple[Statement, ...], line: int) -> int:
    return next(position for position, statement in enumerate(statements) if statement.line == line)


def test_bodies_of_decorated_dags_belong_to_the_call(scan: Scan) -> None:
    source = """\
import datetime, time
try:
    from airflow.sdk import dag
except ImportError:
    from airflow.decorators import dag

@dag(start_date=datetime.datetime(2024, 1, 1), schedule=None)
def decorated():
    time.sleep(0.05)

decorated()
"""
    file = result(scan({"a.py": source}), "a.py")
    assert (file.status, file.dag_ids) == (Status.OK, ("decorated",))
    assert file.trace is not None
    statements = file.trace.statements
    sleep = statements[by_line_position(statements, 9)]
    body = statements[sleep.parent]
    call = statements[body.parent]
    assert (body.kind, call.line) == ("body", 11)
    assert call.wall_us >= body.wall_us >= sleep.wall_us >= 50_000


def test_tracing_changes_nothing_that_the_file_sees(scan: Scan) -> None:
    source = dag(
        "a",
        """
        import inspect, sys, warnings

        def who():
            return inspect.stack()[1].lineno

        assert who() == 7, who()
        assert "__dagprof_clock__" not in globals()
        for number in range(2000):
            if number == 1500:
                continue
        assert number == 1999
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import warns_its_importer
        assert caught[0].filename == __file__, caught[0].filename
        """,
    )
    helper = "import warnings\nwarnings.warn('old', DeprecationWarning, stacklevel=2)\n"
    run = scan({"a.py": source, "warns_its_importer.py": helper})
    assert result(run, "a.py").failures == ()
    assert "inconsistent" not in {doubt.code for doubt in result(run, "a.py").doubts}


def test_an_exception_is_not_charged_to_the_last_line(scan: Scan) -> None:
    source = "# airflow dag\ntry:\n    raise ValueError('x' * 100)\nfinally:\n    done = True\n"
    trace = result(scan({"a.py": source}), "a.py").trace
    assert trace is not None
    assert next(statement for statement in trace.statements if statement.line == 5).cpu_us < 2000


def test_slow_files_get_call_stacks(scan: Scan) -> None:
    source = dag("a", "def spin(until):\n    return sum(range(until))\n\n\nspin(6_000_000)\n")
    file = result(scan({"a.py": source}, stacks_from_ms=20), "a.py")

    def functions(stack: object) -> set[str]:
        found = {stack.function}  # type: ignore[attr-defined]
        for child in stack.children:  # type: ignore[attr-defined]
            found |= functions(child)
        return found

    assert file.stack is not None, file.doubts
    assert "spin" in functions(file.stack)


def test_temperatures_differ_in_what_is_free(scan: Scan) -> None:
    files = {"a.py": dag("a", "import airflow.example_dags\n")}
    processor = scan(files, temperature="processor")
    assert "airflow.example_dags" not in names(processor, "a.py")
    warm = scan(files, temperature="warm")
    assert "airflow.example_dags" in names(warm, "a.py")
    cold = scan(files, temperature="cold")
    file = result(cold, "a.py")
    assert file.samples.airflow_ms[0] > 100
    assert file.samples.wall_ms[0] > file.samples.airflow_ms[0]
    assert cold.settings["isolation"] == "spawn"


def test_spawned_parses_work_at_the_processor_temperature(scan: Scan) -> None:
    run = scan(
        {"a.py": dag("a", "import airflow.example_dags\n")},
        isolation=Isolation.SPAWN,
        temperature=Temperature.PROCESSOR,
    )
    file = result(run, "a.py")
    assert file.status is Status.OK
    assert file.samples.airflow_ms == (0.0,)
    assert "airflow.example_dags" not in names(run, "a.py")


def test_the_environment_is_recorded(scan: Scan) -> None:
    environment = scan({"a.py": dag("a")}).environment
    assert environment.airflow_version == environment.distributions.get(
        "apache-airflow", environment.airflow_version
    )
    assert environment.import_timeout_s == 30
    assert environment.cpu_count > 0
    if sys.executable == TARGET:
        assert environment.python_version == ".".join(map(str, sys.version_info[:3]))


def test_waiting_for_a_busy_processor_is_told_apart(scan: Scan) -> None:
    source = dag("a", "sum(number * number for number in range(3_000_000))\n")
    cores = os.cpu_count() or 1
    # Sessions of their own: the scheduler shares the cores among sessions first.
    spinning = [sys.executable, "-c", "while True: pass"]
    load = [subprocess.Popen(spinning, start_new_session=True) for _ in range(cores + 1)]
    try:
        file = result(scan({"a.py": source}, jobs=1, repeat=5), "a.py")
    finally:
        for process in load:
            process.kill()
            process.wait()
    assert max(file.samples.queued_ms) > 5
    queued, wall = file.samples.median("queued_ms"), file.parse_ms
    assert ("busy" in {doubt.code for doubt in file.doubts}) == (queued > max(3.0, 0.1 * wall))


def test_effects_stand_at_the_users_line(scan: Scan) -> None:
    helper = "import time\n\n\ndef wait():\n    time.sleep(0.02)\n"
    source = dag("a", "import os, helper\nhelper.wait()\nos.environ['SET_BY_DAG'] = 'x'\n")
    file = result(scan({"helper.py": helper, "a.py": source}), "a.py")
    found = {
        (effect.kind, effect.file.rpartition("/")[2], effect.line): effect
        for effect in file.effects
    }
    assert set(found) == {("sleep", "helper.py", 5), ("environment", "a.py", 3)}
    assert (found["sleep", "helper.py", 5].wall_us or 0) >= 20_000
    assert found["environment", "a.py", 3].what == "SET_BY_DAG"


def test_the_order_of_a_set_is_found_with_a_second_hash_seed(scan: Scan) -> None:
    names = "{'alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta'}"
    source = dag("a").replace(
        "schedule=None", f"schedule=None, params={{'names': ','.join({names})}}"
    )
    run = scan({"a.py": source, "b.py": dag("b")}, depth="full")
    found = result(run, "a.py").instabilities
    assert found
    assert {(one.dag_id, one.by_seed) for one in found} == {("a", True)}
    assert "alpha" in found[0].first
    assert found[0].first != found[0].second
    assert result(run, "b.py").instabilities == ()
