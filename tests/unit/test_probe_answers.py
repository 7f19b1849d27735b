"""How an answer leaves the process that parses, and which parts dagprof believes. None of this
needs Airflow.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from dagprof.link import reading
from dagprof.link.cpu_wait import NetTimes
from dagprof.link.messages import reply, result, zygote
from dagprof.link.messages.reply import NoFork, Reply
from dagprof.link.messages.result import Times
from dagprof.model import EXISTENCE, Loads, Samples, ScheduleKind, Status
from dagprof.passes.outcome import Passes, status_of
from dagprof.passes.serialised.differences import appearing
from dagprof.probe.protocol import result as sent_by_child
from dagprof.probe.protocol import worker as sent_to_worker
from dagprof.probe.protocol import zygote as sent_to_zygote

from .test_probe_parts import in_child


def timed(wall_ms: float, total_ms: float, **changes: object) -> Reply:
    """As the worker sends it, some of what the DAG file's process reports changed."""
    sample: dict[str, Any] = {
        name: 0.0 for name in Samples.__struct_fields__ if name != "overhead_ms"
    }
    sample |= {"wall_ms": wall_ms, "rss_growth_kib": 0}
    sample |= changes.pop("sample_changes", {})  # type: ignore[call-overload]
    result = {"failures": [], "dag_ids": ["a"], "sample": sample, **changes}
    message = {
        "outcome": "result",
        "signal": None,
        "exit_code": 0,
        "stdout": ["", 0],
        "stderr": ["", 0],
        "total_ms": total_ms,
        "result": result,
    }
    found = reading.reply(json.dumps(message).encode())
    assert isinstance(found, Reply)
    return found


@pytest.mark.parametrize("wall_ms", [-1.0, 1_700_000.0, float("nan")])
def test_a_time_that_no_process_can_have_taken_is_no_result(wall_ms: float) -> None:
    reply = timed(wall_ms, total_ms=200.0)
    assert status_of(reply) is Status.EXITED
    passes = Passes("a.py", "", 0)
    assert not passes.add("timing", reply)
    assert "the process ran for 0.2 s" in passes.measured().result.detail


def test_a_time_within_the_life_of_its_process_is_believed() -> None:
    assert timed(190.0, total_ms=200.0).result is not None


FAILURE = {
    "type": "ValueError",
    "message": "",
    "traceback": "",
    "cause": "",
    "file": "",
    "line": 1,
    "ending": "",
}


SCHEDULE = {
    "dag_id": "a",
    "task_id": "x",
    "tasks": 3,
    "skipped_tasks": 1,
    "mapped_tasks": 0,
    "kind": "time",
    "text": "0 0 * * *",
    "timetable": "CronDataIntervalTimetable",
    "catchup": False,
    "max_active_runs": 16,
    "since": "2026-01-01T00:00:00+00:00",
    "runs": 14,
    "days": 7.0,
    "next_run": "2026-01-01T00:00:00+00:00",
    "last_run": "",
    "start_date": "",
    "backlog": None,
    "has_more_backlog": False,
    "fault": "",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"failures": None},
        {"failures": [{**FAILURE, "line": "1"}]},
        {"failures": [{"type": "ValueError"}]},
        {"sample": {"wall_ms": 1.0}},
        {"sample": []},
        {"accesses": [["variable", "a", "get", "stub", "/dags/a.py", 3]]},
        {"accesses": [["variable", "a", "get", "stub", "/dags/a.py", 3, 1, 1]]},
        {"stops": [["ValueError", "", [["/dags/a.py"]]]]},
        {"effects": [{"kind": "process"}]},
        {"trace": {"statements": "all"}},
        {"contents": []},
        {"state": {"thread": ["a"]}},
        {"stack": {"function": "parse"}},
        {"warnings": ["x" * 300_000]},
        {"dag_ids": ["x" * 20_000]},
        {"schedules": [{"dag_id": "a"}]},
        {"schedules": [{**SCHEDULE, "runs": -1}]},
        {"schedules": [{**SCHEDULE, "days": 10_000.0}]},
        {"schedules": [{**SCHEDULE, "kind": "sometimes"}]},
    ],
)
def test_a_result_that_has_not_the_form_of_the_probe_is_none(changes: dict[str, object]) -> None:
    reply = timed(190.0, total_ms=200.0, **changes)
    assert reply.result is None
    passes = Passes("a.py", "", 0)
    assert not passes.add("timing", reply)
    assert passes.measured().result.detail.startswith(
        "dagprof cannot use the result of the parse ("
    )


def test_schedules_come_from_the_parse_that_looked_for_them() -> None:
    passes = Passes("a.py", "", 0)
    passes.add("timing", timed(190.0, total_ms=200.0, schedules=[SCHEDULE]))
    passes.add("timing", timed(190.0, total_ms=200.0))
    (schedule,) = passes.measured().result.schedules
    assert (schedule.kind, schedule.runs_per_day, schedule.starts_per_day) == (
        ScheduleKind.TIME,
        2.0,
        4.0,
    )
    assert not any(doubt.code == "schedule" for doubt in passes.measured().result.doubts)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([], "the timetables of the file take too long or end the process"),
        (
            [{**SCHEDULE, "kind": "unknown", "runs": None, "fault": "KeyError: 'x'"}],
            "KeyError: 'x'",
        ),
    ],
)
def test_a_schedule_without_an_answer_is_a_doubt(rows: list[dict[str, Any]], text: str) -> None:
    passes = Passes("a.py", "", 0)
    passes.add("timing", timed(190.0, total_ms=200.0, schedules=rows))
    (doubt,) = (each for each in passes.measured().result.doubts if each.code == "schedule")
    assert doubt.text == f"dagprof could not count the runs of DAG a ({text})."


@pytest.mark.parametrize("value", ["bad \udcff", float("inf"), 2**70])
def test_what_only_python_reads_as_json_is_read(value: object) -> None:
    """A lone surrogate is written out, as no UTF-8 file can hold it."""
    result = timed(
        190.0, total_ms=200.0, contents={"a": {"n": value}}, warnings=["bad \udcff"]
    ).result
    assert result is not None
    assert result.warnings == ("bad \\udcff",)
    assert result.contents == {"a": {"n": "bad \\udcff" if isinstance(value, str) else value}}


def test_both_ends_know_the_same_fields() -> None:
    """The probe may send more than is read. A time that cannot be true is noted here."""
    sent = {**vars(sent_to_zygote), **vars(sent_to_worker), **vars(sent_by_child)}
    known = {**vars(zygote), **vars(reply), **vars(result)}
    read = {name: each for name, each in known.items() if isinstance(sent.get(name), type)}
    assert {"Reply", "Result", "Sample", "Traced", "Ready", "EffectRow", "FailureRow"} < read.keys()
    for name, form in read.items():
        assert {*form.__struct_fields__} - {"claimed_ms", "refused"} <= sent[
            name
        ].__annotations__.keys(), name
    assert zygote.ProbeConfig.__annotations__.keys() == sent["Config"].__annotations__.keys()


def test_many_threads_may_read_their_first_messages_at_once() -> None:
    code = """
import msgspec, sys, threading
from dagprof.link import reading
from dagprof.link.messages import zygote as messages
sys.setswitchinterval(1e-6)
line = b'{"outcome": "result", "result": {"failures": []}, "total_ms": 1.0}'
barrier = threading.Barrier(8)
def read():
    barrier.wait()
    for _ in range(20):
        reading.reply(line)
        msgspec.convert({"files": [], "skipped": [], "passed_over": []}, messages.Listing)
threads = [threading.Thread(target=read) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""
    for _ in range(3):
        subprocess.run([sys.executable, "-c", code], check=True)


def test_a_worker_that_cannot_fork_says_so() -> None:
    assert reading.reply(b'{"fault": "no-fork", "reason": "a limit"}') == NoFork(
        fault="no-fork", reason="a limit"
    )


def test_dags_that_not_every_parse_gave() -> None:
    found = appearing([frozenset("ab"), frozenset("bc"), frozenset("b")])
    assert [(each.dag_id, each.field, each.first, each.second) for each in found] == [
        ("a", EXISTENCE, "there", "missing"),
        ("c", EXISTENCE, "missing", "there"),
    ]
    assert appearing([frozenset("ab")] * 3) == ()
    assert appearing([]) == ()


def test_frames_survive_closed_descriptors() -> None:
    found = in_child(
        "import os\nfrom _dagprof_probe import answering\nread, write = os.pipe()\nif os.fork() =="
        " 0:\n    pipe = answering.ResultPipe(write, read)\n    pipe.send(b'first')\n   "
        " os.closerange(3, 256)\n    os.open(os.devnull, os.O_WRONLY)\n   "
        " pipe.send(b'second\\n2')\n    os._exit(int(pipe.is_closed()))\ncode ="
        " os.waitstatus_to_exitcode(os.wait()[1])\ndata = os.read(read, 1000)\ncut ="
        " [len(answering.frames(data[:end])) for end in range(len(data) +"
        " 1)]\nprint(json.dumps([code, [frame.decode() for frame in answering.frames(data)], cut =="
        " sorted(cut)]))\n"
    )
    assert json.loads(found) == [1, ["first", "second\n2"], True]


def test_stretches_that_overlap_count_once() -> None:
    found = in_child(
        "from _dagprof_probe.watch import ledger\ndef total(*stretches):\n    row = ledger._Row()\n"
        "    for began, ended in stretches:\n        row.spend(began * 1000, ended * 1000)\n   "
        " return row.wall_us()\nprint(json.dumps([total(), total((0, 5)), total((0, 5), (3, 9)),"
        " total((5, 6), (0, 10)), total((0, 1), (2, 3), (1, 4)),\n    total(*[(2 * n, 2 * n + 1)"
        " for n in range(3000)])]))\n"
    )
    assert json.loads(found) == [None, 5, 9, 10, 4, 3000]


def test_clocks_are_none_of_those_that_others_replace() -> None:
    found = in_child(
        "import time\nfrom _dagprof_probe.system import clocks\nreals = [getattr(time, name) for name in"
        " dir(time)]\nprint(json.dumps([any(value is real for real in reals for value in"
        " vars(clocks).values() if callable(value)),\n    abs(clocks.perf_counter() -"
        " time.perf_counter()) < 1]))\n"
    )
    assert json.loads(found) == [False, True]


def test_a_suppressed_cause_is_none() -> None:
    found = in_child(
        "from _dagprof_probe.parsing import exceptions\n"
        "def causes(raising):\n"
        "    try:\n"
        "        try:\n"
        "            {}['host']\n"
        "        except KeyError as error:\n"
        "            raising(error)\n"
        "    except ImportError as error:\n"
        "        return exceptions.describe(error)[0]['cause']\n"
        "def hidden(error): raise ImportError('x') from None\n"
        "def chained(error): raise ImportError('x') from error\n"
        "def implied(error): raise ImportError('x')\n"
        "print(json.dumps([causes(each) for each in (hidden, chained, implied)]))\n"
    )
    assert json.loads(found) == ["", "KeyError: 'host'", "KeyError: 'host'"]


def test_why_a_result_is_refused_holds_no_value_of_it() -> None:
    module = ["m", "/x", "s3cretvalue"]
    trace = {"gc_ms": 1.0, "compile_ms": 1.0, "loads": {}, "edges": [], "import_sets": []}
    trace |= {"modules": [module], "statements": [], "memory": [], "uninstrumented": []}
    reply = timed(190.0, total_ms=200.0, trace=trace)
    assert reply.refused == "Invalid enum value  - at `$.trace.modules[0][2]`"


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"trace_loads": [10**12]}, "the import times exceed the lifetime of the process"),
        ({"wait": 1e6}, "the wait for a CPU is longer than the parse time"),
    ],
)
def test_times_that_cannot_be_true_together(changes: dict[str, Any], refused: str) -> None:
    sample = {"queued_ms": changes.get("wait", 0.0)}
    loads = {name: [0] for name in Loads.__struct_fields__}
    loads |= {"parent": [-1], "self_us": changes.get("trace_loads", [0])}
    trace = {"gc_ms": 1.0, "compile_ms": 1.0, "loads": loads, "edges": [], "import_sets": [[]]}
    trace |= {"modules": [["m", "", "user"]], "statements": [], "memory": [], "uninstrumented": []}
    reply = timed(190.0, total_ms=200.0, trace=trace, sample_changes=sample)
    assert (reply.result, reply.refused) == (None, refused)


def test_a_parse_that_hardly_computed_has_no_endless_wait() -> None:
    """As little CPU time as a float can hold."""
    waits = NetTimes(Times(wall_ms=300.0, cpu_ms=5e-324, queued_ms=150.0))
    assert waits.statement_us(100, 0) == 100


def test_a_function_that_calls_another_through_threads_is_not_inside_itself() -> None:
    found = in_child(
        "from _dagprof_probe.parsing import statements\n"
        "clock = statements.StatementClock(lambda: (0, 0))\n"
        "clock.rows = [[-1, n, n, 'x', '', 0, 0, 0, False, 0, 0, ''] for n in range(4)]\n"
        "clock.rows[1][0], clock.rows[3][0] = 0, 2\n"
        "clock.enter(0); clock.begin(1); clock.enter(2); clock.begin(1); clock.end(-1)\n"
        "clock.begin(3); clock.enter(0)\n"
        "print(json.dumps([row[0] for row in clock.rows]))\n"
    )
    assert json.loads(found) == [-1, 0, 1, 2]
