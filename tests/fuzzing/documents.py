"""Valid documents that have something in every field: Runs, answers of the probe, files of users."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from unit.builders import HELPED, MODULES, environment, file, reference, run, statement, trace

from dagprof.model import (
    Access,
    DagSchedule,
    Doubt,
    Edge,
    Effect,
    Experiment,
    Failure,
    FileResult,
    Git,
    Home,
    Instability,
    LostDag,
    Measured,
    Need,
    Output,
    Place,
    Plugin,
    Project,
    Run,
    ScheduleKind,
    SkippedFile,
    SkipReason,
    Stack,
    StatementMemory,
    Status,
    Trace,
    Unanswered,
    Used,
)

Json = Any


def _plain(value: object) -> Json:
    """A value as JSON has it."""
    return json.loads(msgspec.json.encode(value))


HELPER = "/dags/common/frames.py"
SETS = (
    (),
    (Edge(line=1, target=1), Edge(line=9, target=2, in_function=True, importer=1, caller_line=3)),
)
EDGES = (
    Edge(line=4, target=0, is_conditional=True),
    Edge(line=5, target=4),
    Edge(line=6, target=3, in_function=True, importer=0, caller_line=2),
    Edge(line=7, target=1, is_executed=True),
)


def _trace(factor: int = 1) -> Trace:
    """With a function's body that stands before the statement that calls it."""
    statements = [
        statement(2, 20_000 * factor, 9_000, kind="body", parent=3, text="def build():"),
        statement(4, 81_000 * factor, 80_000, kind="import", text="import common.frames"),
        statement(5, 600, 500, kind="import", text="import json"),
        statement(
            8, 30_000 * factor, 9_000, end_line=12, kind="for", text="for n in x:", is_cut=True
        ),
        statement(9, 10_000, 5_000, parent=3, count=1000, building_us=400, gc_us=20, member="m.py"),
    ]
    loads = msgspec.structs.replace(HELPED, imports=(1, 0, 0, 1, 0), caller_line=(4, 1, 7, 9, 5))
    memory = (StatementMemory(importer=-1, line=4, grown_kib=2_000), StatementMemory(0, 1, 900))
    return trace(115.0 * factor, loads, statements, edges=EDGES, memory=memory)


def _stack() -> Stack:
    leaf = Stack(function="read", file=HELPER, line=7, wall_ms=20.0)
    module = Stack(function="<module>", file=HELPER, line=1, wall_ms=45.0, children=(leaf, leaf))
    inner = Stack(
        function="<statement>", file="/dags/slow.py", line=4, wall_ms=80.0, children=(module,)
    )
    parse = Stack(
        function="<module>", file="/dags/slow.py", line=1, wall_ms=99.0, children=(inner,)
    )
    return Stack(function="parse", file="", line=0, wall_ms=110.0, children=(parse,))


def _slow(ms: float) -> FileResult:
    return file(
        "slow.py",
        *(ms, ms + 1, ms + 3),
        sha256="0" * 64,
        size_bytes=900,
        dag_ids=("d", "e"),
        schedules=(
            DagSchedule(dag_id="d", kind=ScheduleKind.TIME, tasks=3, runs=28, days=28.0),
            DagSchedule(dag_id="e", kind=ScheduleKind.CONTINUOUS, tasks=1, max_active_runs=1),
        ),
        trace=_trace(),
        stack=_stack(),
        accesses=(
            Access(
                kind="variable", key="a", operation="get", answered_by="stub", file=HELPER, line=3
            ),
            Access("environment", "HOST", "get", "missing", "/dags/slow.py", 8, count=4),
        ),
        effects=(
            Effect(
                "http", "https://host.example/x", HELPER, 7, wall_us=900_000, failed=2, threads=3
            ),
            Effect("process", "ls -l", "/dags/slow.py", 9, count=3, wall_us=4_000),
            Effect("file-read", "/etc/x", HELPER, 7, size_bytes=4_096),
            Effect("a-later-kind", "x", "", 0),
        ),
        instabilities=(
            Instability(dag_id="d", field="tasks[0].doc", first="1", second="2"),
            Instability(
                dag_id="e", field="the DAG itself", first="there", second="missing", by_seed=True
            ),
        ),
        experiments=(
            Experiment(
                without=(Place("slow.py", 4),),
                need=Need.NOT_NEEDED,
                saving_ms=(70.0, 72.0, 71.0),
                memory_kib=(900, 910, 890),
                used_in=(Place("other.py", 2),),
                cautions=("signal: SIGTERM",),
            ),
            Experiment(without=(Place("slow.py", 5),), need=Need.RAISES, reason="NameError: json"),
            Experiment(
                without=(Place("slow.py", 4), Place("common/frames.py", 1)), need=Need.UNKNOWN
            ),
        ),
        lost_dags=(LostDag(dag_id="lost", file="/dags/slow.py", line=3),),
        warnings=("a warning",),
        stdout=Output(text="out\n", total_bytes=4),
        stderr=Output(text="err\n", total_bytes=40_000),
        exit_code=0,
        doubts=(Doubt(code="noisy", text="Noisy: the times of 3 parses range from 1 to 2 ms."),),
    )


def _broken(path: str, **changes: Any) -> FileResult:
    failure = Failure(
        type="ModuleNotFoundError",
        message="No module named 'nowhere'",
        traceback='  File "/dags/common/frames.py", line 3\n    import nowhere\n',
        cause="KeyError: 'x'",
        file=HELPER,
        line=3,
    )
    given: dict[str, Any] = {"status": Status.IMPORT_ERROR, "failures": (failure,), **changes}
    return file(path, 12, 13, **given)


def a_run(ms: float = 120.0) -> Run:
    """A Run of a few files, each of another kind."""
    needy = Unanswered(kind="variable", key="a", file="/dags/needy.py", line=2)
    return run(
        _slow(ms),
        _broken("broken.py"),
        _broken("sub/needy.py", status=Status.NEEDS_ANSWER, unanswered=(needy,)),
        FileResult(path="killed.py", status=Status.KILLED, signal=9, detail="Killed."),
        file("fast.zip", 5, 6, trace=trace(5.0), dag_ids=()),
        environment=environment(
            git=Git(commit="abc", is_dirty=True),
            pre_imported=("airflow.x",),
            airflow_home="/home/a",
        ),
        settings={"temperature": "processor", "isolation": "fork", "jobs": 2, "time_limit_s": 50.5},
        modules=MODULES,
        import_sets=SETS,
        skipped=(
            SkippedFile(path="readme.txt", reason=SkipReason.OTHER_FORMAT),
            SkippedFile(path="util.py", reason=SkipReason.SAFE_MODE, detail="'dag'"),
        ),
        doubts=(Doubt(code="pre-import", text="Something."),),
        reference=reference(),
        plugins=(
            Plugin(name="p", source="p.py", wall_ms=3.0, rss_kib=10, modules=2, error="E: x"),
        ),
        project=Project(
            root="/",
            used=(Used(what="3 Variables", where=".env:3", off="use --no-project"),),
            homes=(Home(module="nowhere", entry="lib/", folder="lib", option="--pythonpath lib"),),
        ),
    )


def a_run_document(ms: float = 120.0) -> Json:
    """The same as JSON values."""
    return _plain(a_run(ms))


def a_journal_line() -> Json:
    """One file of a journal."""
    slow = _slow(120.0)
    return _plain(Measured(result=slow, modules=MODULES, import_sets=SETS))


# What a child reports, by mode.
_FAILURE = {
    "type": "E",
    "message": "m",
    "traceback": "t",
    "cause": "",
    "file": HELPER,
    "line": 3,
    "ending": "",
}
_COMMON = {
    "failures": [_FAILURE],
    "dag_ids": ["d", "e"],
    "task_count": 3,
    "is_unsent": False,
    "warnings": ["w"],
    "accesses": [["variable", "a", "get", "stub", HELPER, 3, 1]],
    "asked_by_libraries": [["environment", "B", "get", "missing", HELPER, 3, 1]],
    "stops": [["ValueError", "m", [["/dags/a.py", 2], [HELPER, 3]]]],
    "modules_before": ["sys"],
}


def _sample() -> Json:
    return {
        "wall_ms": 120.0,
        "cpu_ms": 100.0,
        "children_cpu_ms": 1.0,
        "queued_ms": 2.0,
        "airflow_ms": 0.0,
        "load_ms": 90.0,
        "bag_ms": 10.0,
        "serialise_ms": 20.0,
        "exit_ms": 0.0,
        "dagbag_ms": 100.0,
        "rss_growth_kib": 900,
    }


def a_result(mode: str) -> Json:
    """The first frame of a child."""
    if mode == "timing":
        return {
            **_COMMON,
            "sample": _sample(),
            "compiled": 0,
            "digests": {"d": "0a", "e": "0b"},
            "contents": {"d": {"dag": {"tasks": [{"a": 1, "b": [1.5, None, True]}]}}},
            "state": {"thread": {"a": "b"}},
            "missing": [["/dags/a.py", 3]],
            "stars": [["/dags/a.py", 4]],
            "missed": [["name", "/dags/a.py", 5]],
        }
    if mode == "stacks":
        return {**_COMMON, "stack": _plain(_stack())}
    traced = _plain(_trace())
    return {
        **_COMMON,
        "wall_ms": 140.0,
        "cpu_ms": 110.0,
        "queued_ms": 12.0,
        "trace": {
            "gc_ms": 2.0,
            "compile_ms": 1.0,
            "loads": traced["loads"],
            "edges": _plain(EDGES),
            "import_sets": _plain(SETS),
            "modules": [[each.name, each.file, each.origin.value] for each in MODULES],
            "statements": [_row(each) for each in _trace().statements],
            "memory": [[-1, 4, 2_000], [0, 1, 900]],
            "uninstrumented": [["SyntaxError", "m", True]],
        },
        "effects": [{**_plain(each), "is_running": True} for each in _slow(1.0).effects],
        "lost": [["lost", "/dags/a.py", 3]],
    }


def _row(each: Any) -> Json:
    names = ("parent", "line", "end_line", "kind", "text", "wall_us", "cpu_us", "count", "is_cut")
    return [getattr(each, name) for name in (*names, "building_us", "gc_us", "member")]


def an_ending(mode: str) -> Json:
    """The second frame of a child."""
    took = {"exit_ms": 1.5, "exit_cpu_ms": 1.0, "exit_queued_ms": 0.1}
    found = {"ending": took, "accesses": _COMMON["accesses"], "closed_descriptors": False}
    return {**found, "effects": a_result(mode)["effects"]} if mode == "trace" else found


def a_reply(result: str) -> str:
    """A worker's message around the text of a result."""
    return (
        '{"outcome": "result", "signal": null, "exit_code": 0, "stdout": ["out \\"result\\": ", 3],'
        ' "stderr": ["", 0], "total_ms": 180.0, "max_rss_kib": 9, "blocks_read": 0,'
        f' "leftover_processes": 0, "result": {result}}}'
    )


# What the zygote answers.
ANSWERS: dict[str, Json] = {
    "Ready": {
        "op": "ready",
        "airflow": {"version": "3.3.2", "config": {"a": "1"}, "import_s": 1.0, "is_untried": False},
        "python": "3.12.1",
        "executable": "/venv/bin/python",
        "plugins": [
            {"name": "p", "source": "p.py", "wall_ms": 1.0, "rss_kib": 1, "modules": 1, "error": ""}
        ],
        "trouble": "",
    },
    "CannotBegin": {"op": "failed", "fault": "broken", "reason": "r"},
    "Listing": {
        "files": ["/dags/a.py"],
        "skipped": [["/dags/b.py", "safe-mode", "'dag'"]],
        "passed_over": [["/dags/a.py", "safe-mode", "'dag'"]],
    },
    "Failed": {
        "failed": "E: x",
        "twice": {"first": "a", "second": "b", "link": "a", "is_loop": False},
    },
    "PreImported": {
        "modules": ["airflow.x"],
        "failed": [["airflow.y", "E: x"]],
        "has_collected": True,
    },
    "Described": {"owners": ["pandas", ""], "distributions": {"pandas": "2.2.3"}},
    "NoFork": {"fault": "no-fork", "reason": "r"},
}
