"""Every way in which a parse can end is a row of the result, and hurts no other file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

import msgspec
import pytest
from support import TARGET, Scan, dag, result, write

import dagprof
from dagprof.errors import UsageError
from dagprof.link.messages.reply import Reply
from dagprof.model import Run, Status
from dagprof.passes.asking import ParseLimits
from dagprof.passes.file import measure
from dagprof.store import runs

FILES = {
    "ok.py": dag("fine"),
    "empty.py": "# no airflow dag here",
    "missing.py": dag("m", "import a_module_that_is_missing\n"),
    "syntax.py": "# airflow dag\ndef broken(:\n",
    "chained.py": (
        """
        # airflow dag
        def connect():
            try:
                {}["host"]
            except KeyError as error:
                raise ImportError("no settings") from error
        connect()
    """
    ),
    "exits.py": "# airflow dag\nimport os\nos._exit(7)\n",
    "leaves.py": "# airflow dag\nraise SystemExit(3)\n",
    "aborts.py": "# airflow dag\nimport os\nos.abort()\n",
    "kills_parent.py": "# airflow dag\nimport os, time\nos.kill(os.getppid(), 9)\ntime.sleep(30)\n",
    "hangs.py": "# airflow dag\nimport time\ntime.sleep(600)\n",
    "greedy.py": (
        "# airflow dag\nimport time\nhoard = [bytearray(1 << 20) for _ in"
        " range(900)]\ntime.sleep(5)\n"
    ),
    "talks.py": dag("t", "import sys\nsys.stderr.write('x' * 500_000)\nprint('y' * 500_000)\n"),
    "forks.py": dag("f", "import os\nos.fork()\n"),
    "clears.py": dag("g", "import gc\ngc.callbacks.clear()\n"),
    "patches.py": dag("p", "import json, os\njson.dumps = os.write = None\n"),
    "patches_parts.py": dag(
        "q",
        "import builtins, json.encoder\nbuiltins.open = None\n"
        "json.encoder.JSONEncoder.iterencode = json.encoder.c_make_encoder = None\n",
    ),
    "unprintable.py": (
        "# airflow dag\nclass Odd(Exception):\n    def __str__(self):\n        raise"
        " ValueError\nraise Odd\n"
    ),
    "surrogate.py": "# airflow dag\nraise RuntimeError('lone \\udcff surrogate')\n",
    "spawns.py": dag(
        "s",
        "import subprocess\nquiet = dict.fromkeys(('stdin', 'stdout', 'stderr'),"
        " subprocess.DEVNULL)\nsubprocess.Popen(['sleep', '600'], start_new_session=True,"
        " **quiet)\n",
    ),
    "forges.py": (
        """
        # airflow dag
        import os
        for number in range(3, 50):
            try:
                if "pipe" in os.readlink(f"/proc/self/fd/{number}"):
                    os.write(number, b'15\\n{"failures": 7}')
            except OSError:
                pass
        os._exit(0)
    """
    ),
    "closes.py": dag(
        "c",
        "import os\nfor number in range(3, 50):\n    try:\n        os.close(number)\n    except"
        " OSError:\n        pass\n",
    ),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = write(tmp_path_factory.mktemp("statuses"), FILES)
    (folder / os.fsdecode(b"b\xffd.py")).write_text(dag("name_that_is_no_utf8"))
    return dagprof.scan(folder, python=TARGET, repeat=1, time_limit_s=8, memory_limit_mib=700)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("ok.py", Status.OK),
        ("empty.py", Status.NO_DAGS),
        ("missing.py", Status.IMPORT_ERROR),
        ("syntax.py", Status.IMPORT_ERROR),
        ("chained.py", Status.IMPORT_ERROR),
        ("exits.py", Status.EXITED),
        ("leaves.py", Status.EXITED),
        ("aborts.py", Status.KILLED),
        ("kills_parent.py", Status.KILLED),
        ("hangs.py", Status.TIMED_OUT),
        ("greedy.py", Status.OUT_OF_MEMORY),
        ("talks.py", Status.OK),
        ("spawns.py", Status.OK),
        ("forks.py", Status.OK),
        ("clears.py", Status.OK),
        ("patches.py", Status.OK),
        ("patches_parts.py", Status.OK),
        ("unprintable.py", Status.IMPORT_ERROR),
        ("surrogate.py", Status.IMPORT_ERROR),
        ("forges.py", Status.EXITED),
        ("closes.py", Status.OK),
    ],
)
def test_status(run: Run, path: str, status: Status) -> None:
    assert result(run, path).status is status


def test_a_failing_file_has_a_parse_time_and_its_line(run: Run) -> None:
    file = result(run, "missing.py")
    assert file.parse_ms > 0
    (failure,) = file.failures
    assert (failure.type, failure.message) == (
        "ModuleNotFoundError",
        "No module named 'a_module_that_is_missing'",
    )
    assert Path(failure.file).name == "missing.py"
    assert failure.line == 1
    assert "python_importer" not in failure.traceback
    assert "dagbag.py" not in failure.traceback


def test_a_syntax_error_names_its_line(run: Run) -> None:
    (failure,) = result(run, "syntax.py").failures
    assert (failure.type, failure.line) == ("SyntaxError", 2)


def test_the_first_cause_of_a_chain_is_shown(run: Run) -> None:
    (failure,) = result(run, "chained.py").failures
    assert (failure.message, failure.cause) == ("no settings", "KeyError: 'host'")


def test_endings_are_described(run: Run) -> None:
    assert result(run, "exits.py").exit_code == 7
    assert "exit code 7" in result(run, "exits.py").detail
    assert result(run, "aborts.py").signal == 6
    assert "SIGABRT" in result(run, "aborts.py").detail
    assert "measuring process" in result(run, "kills_parent.py").detail


def test_output_is_kept_up_to_a_limit(run: Run) -> None:
    file = result(run, "talks.py")
    assert file.stderr.total_bytes >= 500_000
    assert len(file.stderr.text) <= 32 * 1024
    assert file.stdout.total_bytes >= 500_000
    assert file.stdout.is_cut


def test_processes_left_running_are_ended_and_named(run: Run) -> None:
    assert "leftover-processes" in {doubt.code for doubt in result(run, "spawns.py").doubts}
    processes = [
        Path(entry, "cmdline") for entry in Path("/proc").iterdir() if entry.name.isdigit()
    ]
    running = [file.read_bytes() for file in processes if file.exists()]
    assert b"sleep\x00600\x00" not in running


def test_the_end_of_the_zygote_in_the_last_file_costs_nothing_but_distributions(scan: Scan) -> None:
    kills = (
        "import"
        " os\nos.kill(int(open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1]),"
        " 9)\n"
    )
    run = scan({"a.py": dag("a"), "z.py": dag("z", kills)}, jobs=1)
    assert result(run, "a.py").status is Status.OK
    assert "no-distributions" in {doubt.code for doubt in run.doubts}


def test_a_file_that_kills_all_workers_costs_its_neighbours_nothing(scan: Scan) -> None:
    kills = "import os, time\nos.killpg(os.getpgid(os.getppid()), 9)\ntime.sleep(30)\n"
    slow = "import time\ntime.sleep(0.5)\n"
    run = scan({"a.py": dag("a", slow), "k.py": dag("k", kills), "z.py": dag("z", slow)}, jobs=2)
    statuses = [result(run, path).status for path in ("a.py", "k.py", "z.py")]
    assert statuses == [Status.OK, Status.KILLED, Status.OK]


@pytest.mark.parametrize(
    "harm",
    [
        "resource.prlimit(worker, resource.RLIMIT_AS, (1 << 20, 1 << 20))",
        "resource.prlimit(zygote, resource.RLIMIT_NOFILE, (3, 3)); os.kill(worker, 9)",
        "os.sched_setscheduler(worker, os.SCHED_IDLE, os.sched_param(0))",
    ],
    ids=["memory", "descriptors", "priority"],
)
def test_limits_of_the_processes_above_hurt_no_other_file(scan: Scan, harm: str) -> None:
    parents = (
        "import os, resource\nworker = os.getppid()\n"
        "zygote = int(open(f'/proc/{worker}/stat').read().rpartition(')')[2].split()[1])\n"
    )
    files = {"a.py": dag("a"), "limits.py": dag("limits", parents + harm + "\n"), "z.py": dag("z")}
    run = scan(files, jobs=1, depth="traced")
    assert result(run, "limits.py").status is Status.KILLED
    for path in ("a.py", "z.py"):
        file = result(run, path)
        assert (file.status, file.trace is None) == (Status.OK, False)
        assert {doubt.code for doubt in file.doubts} <= {"busy", "no-bytecode"}


def test_garbage_in_every_descriptor_hurts_no_other_file(scan: Scan) -> None:
    writes = (
        "import os\nfor number in range(3, 64):\n    try:\n        os.write(number,"
        " b'\\x00\\xff{}\\n' * 100)\n    except OSError:\n        pass\n"
    )
    run = scan({"a.py": dag("a"), "garbage.py": dag("g", writes), "z.py": dag("z")}, jobs=1)
    assert [result(run, path).status for path in ("a.py", "z.py")] == [Status.OK, Status.OK]


def test_a_folder_without_dag_files_is_refused(scan: Scan) -> None:
    with pytest.raises(
        UsageError, match=r"no DAG files .* skips 1 file \(helper\.py: the file lacks"
    ):
        scan({"helper.py": "value = 1"})


def test_a_forked_copy_and_cleared_callbacks_disturb_nothing(run: Run) -> None:
    for path in ("forks.py", "clears.py"):
        assert {doubt.code for doubt in result(run, path).doubts} <= {
            "leftover-processes",
            "busy",
            "no-bytecode",
        }


def test_files_left_out_of_tracing_are_no_doubt(tmp_path: Path) -> None:
    run = dagprof.scan(write(tmp_path, {"a.py": dag("a")}), python=TARGET, repeat=1, depth="quick")
    assert run.files[0].trace is None
    assert {doubt.code for doubt in run.files[0].doubts} <= {"busy"}


def test_hostile_text_can_be_stored(run: Run) -> None:
    assert "lone \\udcff surrogate" in result(run, "surrogate.py").failures[0].message
    assert runs.decode(msgspec.json.encode(run), "run") == run


def test_a_name_that_is_no_utf8_is_a_row_whatever_airflow_makes_of_it(run: Run) -> None:
    assert result(run, "b\\udcffd.py").status in (Status.IMPORT_ERROR, Status.NO_DAGS, Status.LOST)


NOTHING = Reply(outcome="ended", result=None, total_ms=0.0)


def test_a_file_that_cannot_be_read_is_a_row(tmp_path: Path) -> None:
    found = measure(
        tmp_path / "gone.py", "gone.py", lambda request: NOTHING, cast(ParseLimits, None)
    ).result
    assert (found.status, found.detail) == (
        Status.UNREADABLE,
        "dagprof cannot read the file: No such file or directory.",
    )
