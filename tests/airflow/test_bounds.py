"""Whatever a DAG file says and does, its result has a bounded size and comes in time, and the files
beside it are right.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from support import TARGET, Scan, dag, result, write
from too_much import ENDING, ENDLESS, FLOOD_WITHOUT_A_FRAME, MEMORY_OF_ORPHANS

import dagprof
from dagprof.config import settings
from dagprof.link.messages.reply import Reply
from dagprof.link.messages.zygote import PreImported
from dagprof.link.processes.conversation import ConnectionLost
from dagprof.link.processes.workers import WorkerConversation
from dagprof.link.processes.zygote import Zygote
from dagprof.link.starting import zygote_config
from dagprof.link.target import resolve
from dagprof.measure.site import scratch_folder
from dagprof.model import FileResult, Run, Status
from dagprof.passes.outcome import status_of

CLEAN = {"aa_clean.py": dag("aa"), "zz_clean.py": dag("zz")}
LIMIT_S = 2.0
# For files that end by themselves; on a busy machine they take long.
PATIENCE_S = 100.0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    sources = {name: source for name, (source, _) in ENDING.items()}
    folder = write(tmp_path_factory.mktemp("too_much"), {**sources, **CLEAN})
    return dagprof.scan(
        folder,
        python=TARGET,
        repeat=1,
        time_limit_s=PATIENCE_S,
        memory_limit_mib=700,
        depth="traced",
    )


@pytest.mark.parametrize("path", ENDING)
def test_status(run: Run, path: str) -> None:
    wanted = {ENDING[path][1]}
    if path == "no_files.py" and run.environment.airflow_version.startswith("2."):
        wanted.add(Status.IMPORT_ERROR)  # Airflow 2 may have to import what it serialises with
    if path == "cycle.py" and run.environment.python_version.startswith("3.8."):
        wanted = {Status.TIMED_OUT}  # Python before 3.9 follows a circle of contexts without an end
    assert result(run, path).status in wanted


@pytest.mark.parametrize("path", CLEAN)
def test_the_files_beside_them_are_right(run: Run, path: str) -> None:
    file = result(run, path)
    assert (file.status, len(file.dag_ids)) == (Status.OK, 1)
    assert file.trace is not None
    assert {doubt.code for doubt in file.doubts} <= {"busy", "noisy"}


def test_a_run_does_not_grow_with_what_files_say(run: Run) -> None:
    for file in run.files:
        assert len(msgspec.json.encode(file)) < 4_000_000, file.path


def test_messages_types_and_tracebacks_are_cut_and_say_so(run: Run) -> None:
    (message,) = result(run, "long_message.py").failures
    assert message.message == "m" * 2000 + "… (4,998,000 more characters)"
    assert len(message.traceback) < 5000
    (kind,) = result(run, "long_type.py").failures
    assert kind.type == "E" * 250 + "… (4,999,750 more characters)"


def test_of_a_deep_recursion_the_first_and_the_last_frames_are_shown(run: Run) -> None:
    (failure,) = result(run, "deep.py").failures
    assert "[5,922 more frames]" in failure.traceback
    assert failure.traceback.endswith("ValueError: the bottom\n")


def test_the_first_cause_of_a_long_chain_is_found(run: Run) -> None:
    (failure,) = result(run, "chain.py").failures
    assert (failure.message, failure.cause) == ("4999", "ValueError: the first one")


def _left_out(file: FileResult) -> str:
    return next(doubt.text for doubt in file.doubts if doubt.code == "left-out")


def test_what_is_left_out_is_counted(run: Run) -> None:
    lookups = result(run, "lookups.py")
    assert len(lookups.accesses) == 10_000
    assert "1,002 lookups" in _left_out(lookups)
    effects = result(run, "effects.py")
    assert {effect.kind for effect in effects.effects} >= {"exec", "file-write", "process"}
    assert "601 effects" in _left_out(effects)
    warned = result(run, "warnings.py")
    version = tuple(map(int, run.environment.airflow_version.split(".")[:2]))
    if version >= (2, 11):  # older ones do not keep the warnings of a parse
        assert len(warned.warnings) == 50
        assert "30 warnings" in _left_out(warned)
    lost = result(run, "lost.py")
    assert len(lost.lost_dags) == 1000
    assert "300 DAGs that Airflow does not find" in _left_out(lost)


@pytest.mark.parametrize(
    ("path", "reason"),
    [("large_source.py", "4,194,304 bytes"), ("many_statements.py", "20,000 statements")],
)
def test_a_source_that_is_too_large_is_not_timed_by_statement(
    run: Run, path: str, reason: str
) -> None:
    file = result(run, path)
    text = f"dagprof could not time the statements (the file has more than {reason})."
    assert text in [doubt.text for doubt in file.doubts]
    assert file.trace is not None
    assert file.trace.statements == ()


def test_all_output_is_counted(run: Run) -> None:
    file = result(run, "talks.py")
    for stream in (file.stdout, file.stderr):
        assert stream.total_bytes >= 20_000_000
        assert len(stream.text) <= 32 * 1024


def test_an_answer_that_is_none_is_told(run: Run) -> None:
    assert "too large" in result(run, "flood.py").detail
    for path in ("garbage.py", "many_values.py", "nested.py"):
        assert "The parsing process sent invalid data" in result(run, path).detail


def test_what_is_left_running_is_ended_and_told(run: Run) -> None:
    file = result(run, "left_yes.py")
    assert file.exit_code == 4
    assert "The file left 1 process running" in _text(file, "leftover-processes")
    assert "The file left 60 processes running" in _text(
        result(run, "many_forks.py"), "leftover-processes"
    )
    running = [_command(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    assert b"yes\x00left by too_much.py\x00" not in running


def _text(file: FileResult, code: str) -> str:
    return next(doubt.text for doubt in file.doubts if doubt.code == code)


def _command(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


class Driver:
    """Asks one worker after the other, and takes the time."""

    def __init__(self, zygote: Zygote, folder: Path) -> None:
        self._zygote, self._folder = zygote, folder
        self.worker = zygote.fork_worker()

    def parse(self, name: str, limit_s: float = LIMIT_S) -> tuple[Reply | None, float]:
        """How the parse of a file ended, None where it took the worker along, and its seconds."""
        request = {
            "op": "parse",
            "mode": "timing",
            "file": str(self._folder / name),
            "time_limit_s": limit_s,
        }
        self.worker.send(request)
        started = time.monotonic()
        try:
            return self.worker.reply(limit_s), time.monotonic() - started
        except ConnectionLost:
            took = time.monotonic() - started
            self.worker.close()
            self.worker = self._zygote.fork_worker()
            return None, took


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driver]:
    sources = {name: source for name, (source, _) in ENDING.items()}
    folder = write(tmp_path_factory.mktemp("endless"), {**ENDLESS, **sources, **CLEAN})
    in_force = settings.load({"python": TARGET}, environment={}, start=folder)
    with scratch_folder() as scratch:
        target = resolve(in_force, (folder,), scratch, os.environ)
        with Zygote(target, zygote_config(target, in_force)) as zygote:
            zygote.wait_until_ready()
            zygote.ask({"op": "pre_import", "files": [], "with_folder": False}, PreImported)
            driver = Driver(zygote, folder)
            yield driver
            driver.worker.close()


@pytest.mark.parametrize("path", ENDLESS)
def test_every_parse_ends_at_its_limit(driver: Driver, path: str) -> None:
    attempts = [driver.parse(path)]
    while attempts[-1][1] >= LIMIT_S + 2 and len(attempts) < 4:  # on a busy machine
        attempts.append(driver.parse(path))
    reply, took = attempts[-1]
    assert took < LIMIT_S + 2
    # One that stops the worker again and again may have to be killed with it.
    assert (
        path == "keeps_worker_stopped.py" if reply is None else status_of(reply) is Status.TIMED_OUT
    )
    clean, _ = driver.parse("aa_clean.py", PATIENCE_S)
    assert clean is not None
    assert status_of(clean) is Status.OK


@pytest.mark.parametrize("path", ["flood.py", "flood_2.py", "many_values.py"])
def test_a_flood_does_not_grow_the_worker(driver: Driver, path: str) -> None:
    driver.parse("aa_clean.py")
    before = _peak_mib(driver.worker)
    driver.parse(path)
    assert _peak_mib(driver.worker) - before < 200


def _peak_mib(worker: WorkerConversation) -> int:
    status = Path(f"/proc/{worker.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) // 1024


def test_spawned_parses_are_bounded_too(scan: Scan) -> None:
    run = scan(
        {
            **CLEAN,
            "flood.py": dag("flood", FLOOD_WITHOUT_A_FRAME),
            "memory.py": dag("memory", MEMORY_OF_ORPHANS),
        },
        isolation="spawn",
        memory_limit_mib=700,
        time_limit_s=PATIENCE_S,
        depth="quick",
    )
    assert [file.status for file in run.files] == [
        Status.OK,
        Status.KILLED,
        Status.OUT_OF_MEMORY,
        Status.OK,
    ]


@pytest.mark.parametrize("isolation", ["strict", pytest.param("spawn", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("kind", ["device", "pipe"])
def test_a_file_that_becomes_endless_is_not_read_for_ever(
    scan: Scan, isolation: str, kind: str
) -> None:
    """A new zygote reads the DAG files for the modules that they name."""
    make = "os.symlink('/dev/zero', __file__)" if kind == "device" else "os.mkfifo(__file__)"
    code = (
        f"import os, signal\nos.unlink(__file__)\n{make}\nos.kill(os.getsid(0), signal.SIGKILL)\n"
    )
    began = time.monotonic()
    run = scan(
        {"mm.py": "import airflow.utils  # a dag\n" + code, **CLEAN},
        isolation=isolation,
        repeat=2,
        depth="quick",
        jobs=1,
    )
    assert time.monotonic() - began < 100
    assert {result(run, path).status for path in CLEAN} == {Status.OK}
    # The first parse may end before the death of the zygote reaches it.
    assert result(run, "mm.py").status in {Status.KILLED, Status.UNREADABLE, Status.NO_DAGS}
