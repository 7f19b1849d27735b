"""Nothing that the parse of one file leaves is read by another parse, or outlives the scan."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from support import TARGET, Scan, call, dag, result, write

from dagprof.config import settings
from dagprof.link.processes.zygote import Zygote
from dagprof.link.starting import zygote_config
from dagprof.link.target import resolve
from dagprof.measure.site import scratch_folder
from dagprof.model import Run, Status
from dagprof.usecases.scan import ScanRequest
from dagprof.usecases.scan import scan as scan_and_judge

IN_TURN = {"jobs": 1, "depth": "quick"}
ISOLATIONS = pytest.mark.parametrize(
    "isolation", ["strict", pytest.param("spawn", marks=pytest.mark.thorough)]
)
# The folder in which all of a scan's own files are, as a DAG file finds it.
SCRATCH = "import os\nscratch = os.path.dirname(os.environ['AIRFLOW_CONFIG'])\n"
HELPED = "import shared_helper\nassert shared_helper.VALUE == 1\n"
CLEAN = {"aa.py": dag("aa", HELPED), "zz.py": dag("zz", HELPED), "shared_helper.py": "VALUE = 1\n"}


def hostile(code: str) -> dict[str, str]:
    """A hostile file, which is parsed after one clean file and before another."""
    return {**CLEAN, "mm.py": dag("mm", code)}


def statuses(run: Run) -> list[Status]:
    return [result(run, path).status for path in ("aa.py", "zz.py")]


def is_running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(file: Path) -> int:
    """The number that a process writes to a file."""
    until = time.monotonic() + 60
    while not (file.exists() and file.read_text().strip()):
        assert time.monotonic() < until, f"nobody wrote {file}"
        time.sleep(0.05)
    return int(file.read_text())


POISON = """
    import glob, importlib.util, marshal
    here = os.path.dirname(__file__)
    for name in ("aa", "zz", "shared_helper"):
        source = os.path.join(here, name + ".py")
        code = compile("raise RuntimeError('poisoned')", source, "exec")
        found = os.stat(source)
        data = importlib.util.MAGIC_NUMBER + bytes(4)
        for number in (int(found.st_mtime), found.st_size):
            data += number.to_bytes(4, "little")
        data += marshal.dumps(code)
        usual = importlib.util.cache_from_source(source)
        for place in (usual, scratch + "/bytecode" + usual):
            {put}
"""
PUT = {
    "bytecode": "os.makedirs(os.path.dirname(place), exist_ok=True); open(place, 'wb').write(data)",
    "a pipe": (
        "os.makedirs(os.path.dirname(place), exist_ok=True)\n"
        "            if os.path.lexists(place): os.unlink(place)\n"
        "            os.mkfifo(place)"
    ),
    "a folder": (
        "os.path.lexists(place) and os.unlink(place)\n            os.makedirs(place, exist_ok=True)"
    ),
}


@ISOLATIONS
@pytest.mark.parametrize("put", PUT)
def test_bytecode_of_one_file_is_not_believed_by_another(
    scan: Scan, isolation: str, put: str
) -> None:
    code = SCRATCH + textwrap.dedent(POISON).replace("{put}", textwrap.dedent(PUT[put]))
    run = scan(
        hostile(code), **{**IN_TURN, "isolation": isolation, "repeat": 2, "time_limit_s": 90}
    )
    assert statuses(run) == [Status.OK, Status.OK], [file.failures for file in run.files]
    assert "inconsistent" not in {doubt.code for file in run.files for doubt in file.doubts}


@ISOLATIONS
def test_a_home_folder_of_ours_is_empty_for_each_file(scan: Scan, isolation: str) -> None:
    plants = SCRATCH + textwrap.dedent("""
        home = os.environ["AIRFLOW_HOME"]
        for folder in ("config", "plugins"):
            os.makedirs(os.path.join(home, folder), exist_ok=True)
            for name in ("airflow_local_settings", "planted"):
                with open(os.path.join(home, folder, name + ".py"), "w") as file:
                    file.write("raise RuntimeError('planted')")
        with open(os.environ["AIRFLOW_CONFIG"], "w") as file:
            file.write("[core]\\ndagbag_import_timeout = nothing\\n")
    """)
    looks = textwrap.dedent("""
        import importlib
        importlib.invalidate_caches()
        try:
            import planted
        except ImportError:
            pass
    """)
    files = {"aa.py": dag("aa", looks), "mm.py": dag("mm", plants), "zz.py": dag("zz", looks)}
    run = scan(files, **IN_TURN, isolation=isolation)
    assert [file.status for file in run.files] == [Status.OK] * 3, [f.failures for f in run.files]


DATABASE = textwrap.dedent("""
    from airflow.settings import Session
    from sqlalchemy import text
    session = Session()
    assert session.execute(text("SELECT count(*) FROM slot_pool")).scalar() == 1
""")
WRITES = textwrap.dedent("""
    insert = "INSERT INTO slot_pool (pool, slots, include_deferred) VALUES ('{}', 1, 0)"
    session.execute(text(insert.format("mine")))
    session.commit()
    import sqlite3, os
    path = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"][len("sqlite:///"):]
    with sqlite3.connect(path) as direct:
        assert direct.execute("SELECT count(*) FROM slot_pool").fetchone() == (2,)
        direct.execute("DELETE FROM slot_pool")
""")


@ISOLATIONS
@pytest.mark.parametrize("temperature", ["processor", "warm"])
def test_what_a_file_writes_into_the_metadata_database_is_gone(
    scan: Scan, isolation: str, temperature: str
) -> None:
    files = {
        "aa.py": dag("aa", DATABASE),
        "mm.py": dag("mm", DATABASE + WRITES),
        "zz.py": dag("zz", DATABASE),
    }
    run = scan(files, **{**IN_TURN, "repeat": 2}, isolation=isolation, temperature=temperature)
    if run.environment.airflow_version.startswith("2."):
        assert [file.status for file in run.files] == [Status.OK] * 3, [
            file.failures for file in run.files
        ]


KILLS_ALL = """
    import signal, sys, time
    parent = os.getppid()
    above = int(open(f"/proc/{parent}/stat").read().rpartition(")")[2].split()[1])
    os.kill(above, signal.SIGKILL)
    os.kill(parent, signal.SIGKILL)
    time.sleep(3)
"""


def leaves(pid_file: Path, *, is_nameless: bool) -> str:
    """Code that leaves a process in a session of its own, and kills the processes above it."""
    environment = "{}" if is_nameless else "None"
    program = (
        f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(500)"
    )
    return (
        SCRATCH
        + textwrap.dedent(f"""
        import subprocess, sys, time
        quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        subprocess.Popen(
            [sys.executable, "-c", {program!r}], start_new_session=True, env={environment}, **quiet
        )
        while not os.path.exists({str(pid_file)!r}):
            time.sleep(0.05)
    """)
        + textwrap.dedent(KILLS_ALL)
    )


@ISOLATIONS
def test_a_file_that_kills_all_processes_above_it_leaves_none(
    scan: Scan, tmp_path: Path, isolation: str
) -> None:
    pid_file = tmp_path / "pid"
    run = scan(hostile(leaves(pid_file, is_nameless=False)), **IN_TURN, isolation=isolation)
    assert statuses(run) == [Status.OK, Status.OK]
    assert result(run, "mm.py").status is Status.KILLED
    assert not is_running(wait_for(pid_file))


def test_the_command_ends_also_what_hides_where_it_comes_from(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    write(tmp_path / "dags", {"mm.py": dag("mm", leaves(pid_file, is_nameless=True)), **CLEAN})
    done = call("scan", "dags", "--python", TARGET, "--depth", "quick", "--jobs", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not is_running(wait_for(pid_file))


def is_subreaper() -> bool:
    answer = ctypes.c_int(0)
    ctypes.CDLL(None).prctl(37, ctypes.byref(answer), 0, 0, 0)
    return bool(answer.value)


def test_processes_of_the_program_that_scans_are_left_alone(scan: Scan, tmp_path: Path) -> None:
    """Also those that it inherits meanwhile, because a scan does."""
    pid_file, started = tmp_path / "pid", tmp_path / "started"
    daemon = """
        import os, subprocess, sys, time
        pid_file, started = sys.argv[1:]
        while not os.path.exists(started):
            time.sleep(0.05)
        program = "import os, sys, time; open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(500)"
        subprocess.Popen([sys.executable, "-c", program, pid_file], start_new_session=True)
    """
    kills = """
        import os
        open({started!r}, "w").close()
        while not os.path.exists({pid_file!r}):
            pass
    """
    kills = kills.format(started=str(started), pid_file=str(pid_file))
    mine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(500)"])
    apart = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(daemon), str(pid_file), str(started)],
        start_new_session=True,
    )
    kills = textwrap.dedent(kills) + textwrap.dedent(KILLS_ALL)
    try:
        run = scan(hostile(kills), **IN_TURN)
        assert statuses(run) == [Status.OK, Status.OK]
        assert mine.poll() is None
        assert is_running(wait_for(pid_file))
        assert not is_subreaper()
    finally:
        mine.kill()
        mine.wait()
        apart.wait()
        os.kill(wait_for(pid_file), signal.SIGKILL)


def test_a_new_zygote_reads_nothing_that_a_file_has_planted(scan: Scan) -> None:
    """A file that ends the zygote makes dagprof start another one, in the same scratch folder."""
    plants = SCRATCH + textwrap.dedent("""
        home = os.environ["AIRFLOW_HOME"]
        for folder in ("config", "plugins"):
            os.makedirs(os.path.join(home, folder), exist_ok=True)
        for file in ("config/airflow_local_settings.py", "plugins/planted.py"):
            with open(os.path.join(home, file), "w") as stream:
                stream.write("import os\\nos.environ['PLANTED'] = 'yes'\\n")
        with open(os.environ["AIRFLOW_CONFIG"], "w") as file:
            file.write("[core]\\ndefault_timezone = Europe/Berlin\\n")
        for name in ("airflow.db", "webserver_config.py"):
            with open(os.path.join(scratch, name), "w") as file:
                file.write("raise RuntimeError('planted')")
    """)
    looks = textwrap.dedent("""
        import os
        from airflow.configuration import conf
        assert "PLANTED" not in os.environ
        assert conf.get("core", "default_timezone") == "utc"
    """)
    files = {
        "mm.py": dag("mm", plants + textwrap.dedent(KILLS_ALL)),
        "zz.py": dag("zz", looks),
    }
    run = scan(files, **IN_TURN)
    assert result(run, "zz.py").status is Status.OK, result(run, "zz.py").failures
    assert "zygote-died" in {doubt.code for doubt in run.doubts}
    assert "imitated" not in {doubt.code for doubt in run.doubts}


def test_the_end_of_dagprof_ends_a_busy_parse(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = SCRATCH + (
        f"with open({str(pid_file)!r}, 'w') as file:\n    file.write(str(os.getpid()))\n"
        f"os.symlink(scratch, {str(tmp_path / 'scratch')!r})\n"
        "while True: pass\n"
    )
    write(tmp_path / "dags", {"busy.py": dag("busy", code)})
    command = [sys.executable, "-m", "dagprof", "scan", "dags", "--python", TARGET]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL)
    pid = wait_for(pid_file)
    process.kill()
    process.wait()
    until = time.monotonic() + 10
    while (is_running(pid) or (tmp_path / "scratch").exists()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_running(pid)
    assert not (tmp_path / "scratch").exists()


def test_a_parse_has_no_descriptor_of_the_processes_above_it(scan: Scan) -> None:
    """Airflow's own are there as in its processor; of dagprof's only the pipes that it gives."""
    code = textwrap.dedent("""
        import json, os
        def opened(pid):
            found = {}
            for number in os.listdir(f"/proc/{pid}/fd"):
                try:
                    found[number] = os.readlink(f"/proc/{pid}/fd/{number}")
                except OSError:
                    pass
            return found
        worker = os.getppid()
        zygote = open(f"/proc/{worker}/stat").read().rpartition(")")[2].split()[1]
        control = open(f"/proc/{zygote}/cmdline").read().replace("\\0", " ").split()[-1]
        print("FOUND", json.dumps([control, *map(opened, ("self", worker, zygote))]))
    """)
    text = result(scan({"aa.py": dag("aa", code)}, depth="quick"), "aa.py").stdout.text
    found = json.loads(text.partition("FOUND ")[2].splitlines()[0])
    control, child, worker, zygote = found
    assert zygote[control].startswith("socket:")
    assert zygote[control] not in child.values()
    shared = set(child.values()) & (set(worker.values()) - set(zygote.values()))
    assert len(shared) == 3, shared
    assert all(name.startswith("pipe:") for name in shared)


def test_shared_memory_goes_as_with_airflow(scan: Scan) -> None:
    """Python's own tracker removes it when the parse has ended, unless it is killed before."""
    code = textwrap.dedent("""
        from multiprocessing import Lock, shared_memory
        lock = Lock()
        memory = shared_memory.SharedMemory(create=True, size=10)
        print("FOUND", memory.name)
    """)
    run = scan({"aa.py": dag("aa", code)}, **IN_TURN)
    name = result(run, "aa.py").stdout.text.partition("FOUND ")[2].split()[0]
    assert name
    assert not Path("/dev/shm", name).exists()


@ISOLATIONS
def test_a_file_that_removes_the_scratch_folder_hurts_no_other(scan: Scan, isolation: str) -> None:
    # Of spawn isolation, this is a folder in the scratch folder.
    code = "import shutil\nfor folder in (scratch, os.path.dirname(scratch)):\n"
    code += "    if os.path.basename(folder).startswith(('dagprof-', 'parse-')):\n"
    code += "        shutil.rmtree(folder)\n"
    run = scan(hostile(SCRATCH + code), **IN_TURN, isolation=isolation)
    assert statuses(run) == [Status.OK, Status.OK], [file.failures for file in run.files]


@pytest.mark.parametrize("changed", ["zz.py", "shared_helper.py"])
def test_sources_that_change_meanwhile_are_named(scan: Scan, changed: str) -> None:
    code = textwrap.dedent(f"""
        import os
        file = os.path.join(os.path.dirname(__file__), {changed!r})
        text = open(file).read()
        open(file, "w").write(text + "# more\\n")
    """)
    run = scan(hostile(code), jobs=1)
    (note,) = [doubt.text for doubt in run.doubts if doubt.code == "changed-files"]
    assert note.startswith(f"A source file changed during the scan: {changed}.")
    assert "changed-files" not in {
        doubt.code for doubt in scan({"aa.py": dag("aa")}, "aa.py").doubts
    }


def test_a_changed_reference_is_not_used(tmp_path: Path) -> None:
    """Times of other days are compared by it: a slower one would hide a slower file."""
    slows = SCRATCH + textwrap.dedent("""
        import glob
        for file in glob.glob(scratch + "/reference*/*/part*.py"):
            with open(file, "a") as stream:
                stream.write("import time; time.sleep(0.05)\\n")
    """)
    folder = write(tmp_path / "dags", {"aa.py": dag("aa"), "mm.py": dag("mm", slows)})
    chosen = {"python": TARGET, **IN_TURN}
    in_force = settings.load(chosen, environment={}, start=tmp_path)
    request = ScanRequest((str(folder),), in_force, os.environ, with_reference=True)
    reference = scan_and_judge(request).run.reference
    assert reference is not None
    # Forty modules.
    assert max(reference.samples.wall_ms) < 40 * 50


@pytest.mark.parametrize("spawns", [False, True])
def test_a_helper_is_compiled_once_by_each_worker(tmp_path: Path, spawns: bool) -> None:
    """Later parses find its bytecode, as in the processor; a changed helper is compiled again."""
    folder = write(tmp_path / "dags", CLEAN)
    chosen = {"python": TARGET, "temperature": "warm", "isolation": "spawn" if spawns else "strict"}
    in_force = settings.load(chosen, environment={}, start=tmp_path)
    request: dict[str, object] = {"op": "parse", "mode": "timing", "time_limit_s": 60}
    compiled = []
    with scratch_folder() as scratch:
        target = resolve(in_force, (folder,), scratch, os.environ)
        with Zygote(target, zygote_config(target, in_force)) as zygote:
            zygote.wait_until_ready()
            worker = zygote.fork_worker()
            for number, name in enumerate(["aa.py", "aa.py", "zz.py", "zz.py", "zz.py"]):
                if number == 3:
                    write(folder, {"shared_helper.py": "VALUE = 1  # changed\n"})
                first = number in (0, 2)
                file = str(folder / name)
                worker.send({**request, "file": file, "spawn": spawns, "first": first})
                found = worker.reply(90).result
                assert found is not None
                assert not found.failures
                compiled.append(found.compiled)
            worker.close()
    assert compiled == [1, 0, 0, 1, 0]


def test_the_note_names_the_file_that_ended_the_measuring_process(scan: Scan) -> None:
    kill = "import os, signal\nos.kill(os.getsid(0), signal.SIGKILL)\n"
    run = scan({"aa.py": dag("aa", kill), "zz.py": dag("zz")}, repeat=1, **IN_TURN)
    notes = [doubt.text for doubt in run.doubts if doubt.code == "zygote-died"]
    assert notes
    # The worker may give its reply before it dies. Then the next parse is named, too.
    assert all("while parsing aa.py" in text for text in notes), notes
