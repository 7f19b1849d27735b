"""What the DAG processor makes of a file besides parsing it: each right value was seen in a real
processor of that version.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import TARGET, dag, result, write

import dagprof
from dagprof.model import FileResult, Run, Status

QUIET = "subprocess.DEVNULL"
FILES = {
    "background.py": dag(
        "background",
        "import subprocess\nsubprocess.Popen(['sleep', '311'], start_new_session=True)\n",
    ),
    "background_quiet.py": dag(
        "background_quiet",
        "import subprocess\nsubprocess.Popen(['sleep', '312'], start_new_session=True,"
        f" stdin={QUIET}, stdout={QUIET}, stderr={QUIET})\n",
    ),
    "background_stdin.py": dag(
        "background_stdin",
        "import subprocess\nsubprocess.Popen(['sleep', '313'], start_new_session=True,"
        f" stdout={QUIET}, stderr={QUIET})\n",
    ),
    "ends_soon.py": dag(
        "ends_soon", "import subprocess\nsubprocess.Popen(['sleep', '4'], start_new_session=True)\n"
    ),
    "exit_slow.py": dag("exit_slow", "import atexit, time\n\natexit.register(time.sleep, 0.7)\n"),
    "exit_undone.py": dag(
        "exit_undone",
        "import atexit, time\natexit.register(time.sleep, 0.7)\natexit.unregister(time.sleep)\n",
    ),
    "exit_hard.py": dag("exit_hard", "import atexit, os\natexit.register(os._exit, 7)\n"),
    "exit_raises.py": dag("exit_raises", "import atexit, sys\natexit.register(sys.exit, 7)\n"),
    "thread_left.py": dag(
        "thread_left",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1,)).start()\n",
    ),
    "big_number.py": (
        dag("big_number").replace("schedule=None", "schedule=None, params={'n': 2**70}")
    ),
    "surrogate.py": (
        dag("surrogate").replace("schedule=None", "schedule=None, description='bad \\udcff'")
    ),
    "message.py": "# airflow dag\nraise ValueError('bad \\udcff')\n",
    "asks.py": dag("asks", "input()\n"),
    "closes.py": dag("closes", "import os\nos.closerange(3, 256)\n"),
    "closes_zero.py": dag("closes_zero", "import os\nos.close(0)\n"),
    "nested.py": (
        """
        # airflow
        import os
        try:
            from airflow.dag_processing.dagbag import DagBag
        except ImportError:
            from airflow.models.dagbag import DagBag

        if not os.environ.get("IN_NESTED"):
            os.environ["IN_NESTED"] = "1"
            DagBag(os.path.join(os.path.dirname(__file__), "helpers"))
    """
    ),
    "helpers/broken.py": "import airflow; dag = 1/0\n",
    "suppressed.py": (
        """
        # airflow dag
        try:
            {}["host"]
        except KeyError:
            raise ImportError("no settings") from None
    """
    ),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = write(tmp_path_factory.mktemp("processor"), FILES)
    return dagprof.scan(folder, python=TARGET, repeat=1, time_limit_s=20, depth="traced")


@pytest.fixture(scope="module")
def is_supervised(run: Run) -> bool:
    """Whether this is Airflow 3, whose parsing process has a supervisor."""
    return int(run.environment.airflow_version.partition(".")[0]) >= 3


def only_failure(file: FileResult) -> str:
    (failure,) = file.failures
    return failure.message


@pytest.mark.parametrize(
    ("path", "program"), [("background.py", "sleep 311"), ("background_stdin.py", "sleep 313")]
)
def test_a_process_that_holds_the_output_loses_the_dags_in_airflow_3(
    run: Run, is_supervised: bool, path: str, program: str
) -> None:
    file = result(run, path)
    if not is_supervised:
        assert file.status is Status.OK
        return
    assert (file.status, file.dag_ids, file.is_timed) == (Status.HELD, (), False)
    assert only_failure(file).startswith(
        f"The process {program} is still running after the parse and keeps stdin, stdout or stderr"
        " open."
    )
    assert (Path(file.failures[0].file).name, file.failures[0].line) == (path, 2)


def test_a_process_with_streams_of_its_own_holds_nothing(run: Run) -> None:
    assert result(run, "background_quiet.py").status is Status.OK


def test_a_process_that_ends_soon_is_waited_for_in_airflow_3(run: Run, is_supervised: bool) -> None:
    file = result(run, "ends_soon.py")
    assert file.status is Status.OK
    assert (file.samples.median("exit_ms") > 500) is is_supervised


def test_exit_handlers_are_part_of_the_parse_in_airflow_3(run: Run, is_supervised: bool) -> None:
    file = result(run, "exit_slow.py")
    assert file.status is Status.OK
    handlers = [effect for effect in file.effects if effect.kind == "exit-handler"]
    if not is_supervised:
        assert (handlers, file.parse_ms < 700) == ([], True)
        return
    assert file.samples.median("exit_ms") == pytest.approx(700, abs=100)
    assert file.parse_ms > 700
    (handler,) = handlers
    assert (handler.what, Path(handler.file).name, handler.line) == (
        "time.sleep",
        "exit_slow.py",
        3,
    )
    assert handler.wall_us == pytest.approx(700_000, abs=100_000)


def test_a_handler_that_is_unregistered_does_not_run(run: Run) -> None:
    assert result(run, "exit_undone.py").samples.median("exit_ms") < 500


@pytest.mark.parametrize("path", ["exit_hard.py", "exit_raises.py"])
def test_what_an_exit_handler_does_comes_after_the_result(run: Run, path: str) -> None:
    assert (result(run, path).status, len(result(run, path).dag_ids)) == (Status.OK, 1)


def test_airflow_2_waits_for_threads_and_airflow_3_does_not(run: Run, is_supervised: bool) -> None:
    file = result(run, "thread_left.py")
    assert file.status is Status.OK
    assert (file.samples.median("exit_ms") > 500) is not is_supervised


def test_a_number_beyond_64_bits_loses_the_dags_in_airflow_3(run: Run, is_supervised: bool) -> None:
    file = result(run, "big_number.py")
    if not is_supervised:
        assert file.status is Status.OK
        return
    assert (file.status, file.dag_ids) == (Status.LOST, ())
    assert re.match(
        r".*params.* of the DAG 'big_number' is 1180591620717411303424 \(int\)\. Airflow",
        only_failure(file),
    )


def test_a_lone_surrogate_loses_the_dags(run: Run) -> None:
    file = result(run, "surrogate.py")
    assert (file.status, file.dag_ids) == (Status.LOST, ())
    assert (
        "description of the DAG 'surrogate' is 'bad \\udcff' (str). Airflow cannot"
        in only_failure(file)
    )


def test_an_import_error_that_airflow_cannot_store_says_so(run: Run) -> None:
    file = result(run, "message.py")
    assert file.status is Status.IMPORT_ERROR
    assert [failure.type for failure in file.failures] == ["ValueError", ""]
    assert "stores neither a DAG nor an import error" in file.failures[1].message


def test_standard_input_is_as_in_the_processor(run: Run, is_supervised: bool) -> None:
    (failure,) = result(run, "asks.py").failures
    assert failure.type == ("UnsupportedOperation" if is_supervised else "EOFError")


def test_closing_descriptors_that_belong_to_others(run: Run, is_supervised: bool) -> None:
    file = result(run, "closes.py")
    assert file.status is Status.OK
    assert ("closed-descriptors" in {doubt.code for doubt in file.doubts}) is not is_supervised
    assert result(run, "closes_zero.py").status is (Status.LOST if is_supervised else Status.OK)


def test_the_error_of_a_file_that_this_one_parses_is_not_its_own(run: Run) -> None:
    assert result(run, "nested.py").failures == ()
    assert result(run, "nested.py").status is Status.NO_DAGS
    assert result(run, "helpers/broken.py").failures[0].type == "ZeroDivisionError"


def test_a_cause_that_was_suppressed_is_not_shown(run: Run) -> None:
    (failure,) = result(run, "suppressed.py").failures
    assert (failure.message, failure.cause) == ("no settings", "")


def test_stopped_clocks_do_not_stop_those_of_the_probe(tmp_path: Path) -> None:
    freezes = """
        import sys, time
        REAL = {name: getattr(time, name) for name in dir(time) if "time" in name or "perf" in name or name == "monotonic"}
        BY_ID = {id(function): (lambda: 1e12) for function in REAL.values() if callable(function)}
        for module in list(sys.modules.values()):
            for name, value in list(vars(module).items()):
                if id(value) in BY_ID and module is not sys.modules[__name__]:
                    setattr(module, name, BY_ID[id(value)])
        REAL["sleep"] = None
    """
    folder = write(tmp_path, {"frozen.py": dag("frozen", freezes)})
    run = dagprof.scan(folder, python=TARGET, repeat=2, depth="traced")
    file = result(run, "frozen.py")
    assert all(0 < ms < 60_000 for ms in file.samples.wall_ms)
    assert file.trace is not None
    assert 0 < file.trace.wall_ms < 60_000
