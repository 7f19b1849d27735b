"""Faults of the machine and of what is around the DAG files: one sentence, and the right exit code."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import TARGET, call, dag, write
from unit.builders import file, run

import dagprof
from dagprof.store import runs

QUICK = ("--python", TARGET, "--repeat", "1", "--depth", "quick", "-q")
# Root without its right to read everything, as far as the machine lets root give it up.
WITHOUT_RIGHTS = (
    "setpriv",
    "--inh-caps=-dac_override,-dac_read_search",
    "--bounding-set=-dac_override,-dac_read_search",
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write(tmp_path, {"dags/a.py": dag("a"), "dags/b.py": dag("b")})


def sentence(done: subprocess.CompletedProcess[str], code: int) -> str:
    """What the command says besides its progress, which has to be one line."""
    assert done.returncode == code, done.stdout + done.stderr
    (line,) = (line for line in done.stderr.splitlines() if "importing Airflow" not in line)
    assert line.startswith("dagprof: ")
    assert line.endswith(".")
    return line.removeprefix("dagprof: ")


def as_ordinary_user() -> tuple[str, ...]:
    """What starts a command with the rights of an ordinary user over the files of this user."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may read everything, and there is no setpriv to give that up")
    tried = subprocess.run([*WITHOUT_RIGHTS, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"root may read everything here: {tried.stderr.decode().strip()}")
    return WITHOUT_RIGHTS


@pytest.mark.parametrize(
    ("closed", "arguments", "start"),
    [
        ("dags", ("scan", "dags"), "Cannot read 'dags' (Permission denied). Give a readable file"),
        ("dags", ("explain", "dags/a.py"), "Cannot read 'dags/a.py' (Permission denied)."),
        ("dags", ("config", "dags/a.py"), "Cannot read 'dags/a.py' (Permission denied)."),
        ("reports", ("scan", "dags"), "Cannot write to 'reports' (Permission denied). Choose"),
        ("dagprof.toml", ("scan", "dags"), "Cannot read /"),
        ("run.json", ("report", "run.json"), "Cannot read 'run.json' (Permission denied). Give a"),
    ],
)
def test_what_may_not_be_read(
    place: Path, closed: str, arguments: tuple[str, ...], start: str
) -> None:
    prefix = as_ordinary_user()
    (place / "reports").mkdir()
    for name in ("run.json", "dagprof.toml"):
        (place / name).touch()
    (place / closed).chmod(0)
    try:
        done = subprocess.run(
            [*prefix, sys.executable, "-m", "dagprof", *arguments],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        (place / closed).chmod(0o700)
    assert sentence(done, 2).startswith(start)


def test_a_current_folder_that_was_deleted(place: Path) -> None:
    script = 'mkdir gone; cd gone; rmdir ../gone; exec "$@"'
    for arguments, code in ((("scan", "dags"), 2), (("config",), 2), (("scan", "--help"), 0)):
        done = subprocess.run(
            ["sh", "-c", script, "sh", sys.executable, "-m", "dagprof", *arguments],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code
        if code:
            assert sentence(done, code).startswith("The current folder no longer exists.")


@pytest.mark.parametrize(
    ("arguments", "start", "end"),
    [
        (("scan", "x" * 100_000), "Cannot read 'xxx", "or change the permissions."),
        (("scan", "dags", "--time-budget", "x" * 100_000), "Invalid value for --time-budget", "s."),
        (("report", "x" * 100_000), "Cannot read 'xxx", "Give a run file from `dagprof scan`."),
        (("scan", "dags", "--bundle-root", "dags/" * 20_000), "Cannot read 'dags/dags", "s."),
    ],
)
def test_messages_cut_long_values(
    place: Path, arguments: tuple[str, ...], start: str, end: str
) -> None:
    text = sentence(call(*arguments, cwd=place), 2)
    assert text.startswith(start)
    assert text.endswith(end)
    assert len(text) < 500
    shown = call("scan", "dags", "--depth", "\x1b[2J" + "x" * 100_000, cwd=place).stderr
    assert "is not one of 'quick', 'traced'" in shown
    assert len(shown) < 600
    assert "\x1b" not in shown


OLD = "#!/bin/sh\nif [ \"$1\" = -E ]; then printf '42 3 6'; else exit 1; fi\n"
ENDLESS = "#!/bin/sh\nwhile :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done\n"
NO_PYTHON = "is not a Python interpreter. Give the path of an interpreter, or the folder of a"


@pytest.mark.parametrize(
    ("python", "code", "text"),
    [
        ("dags", 2, NO_PYTHON),
        ("dags/a.py", 2, NO_PYTHON),
        ("~nobody-of-this-name/python", 2, NO_PYTHON),
        ("/dev/null", 2, NO_PYTHON),
        ("yes", 2, NO_PYTHON),
        ("false", 2, NO_PYTHON),
        ("cat", 2, NO_PYTHON),
        ("./endless", 2, NO_PYTHON),
        ("./broken", 2, NO_PYTHON),
        ("./old", 3, "is Python 3.6, but dagprof needs Python 3.8 or newer. Choose another"),
        ("python2.7", 3, "is Python 2.7, but dagprof needs Python 3.8 or newer."),
    ],
)
def test_what_is_no_python_for_a_measurement(
    place: Path, python: str, code: int, text: str
) -> None:
    if python.startswith("python") and (
        shutil.which(python) is None
        or subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode
    ):
        pytest.skip(f"there is no {python} here")
    for name, content in (("old", OLD), ("endless", ENDLESS), ("broken", "\x7fELF")):
        (place / name).write_text(content)
        (place / name).chmod(0o755)
    (place / "tmp").mkdir()
    began = time.monotonic()
    done = call("scan", "dags", "--python", python, cwd=place, TMPDIR=str(place / "tmp"))
    assert text in sentence(done, code)
    assert time.monotonic() - began < 30
    assert not list((place / "tmp").iterdir())


@pytest.mark.parametrize(
    ("variable", "value", "note"),
    [
        ("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "abc", None),
        ("AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT", "abc", "did not start here"),
    ],
)
def test_odd_numbers_in_airflows_configuration(
    place: Path, variable: str, value: str, note: str | None
) -> None:
    old = variable.replace("DAG_PROCESSOR__", "CORE__")  # where Airflow 2 has it
    done = call("scan", "dags", *QUICK, cwd=place, **{variable: value, old: value})
    found = dagprof.load(place / "reports" / "run.json")
    assert len(found.files) == 2
    if all(each.status.is_failure for each in found.files):  # as in Airflow itself
        assert "None of the 2 files could be loaded" in sentence(done, 3)
    else:
        assert (done.returncode, done.stderr) == (0, "")
        assert note is None or note in " ".join(doubt.text for doubt in found.doubts)


@pytest.mark.parametrize(
    "content", [b"dags_folder = x\n", b"\x00\xff\xfe", b"[core]\nx = caf\xe9\n"]
)
def test_a_configuration_file_that_airflow_cannot_read(place: Path, content: bytes) -> None:
    (place / "home").mkdir()
    (place / "home" / "airflow.cfg").write_bytes(content)
    done = call("scan", "dags", *QUICK, cwd=place, AIRFLOW_HOME=str(place / "home"))
    text = sentence(done, 3)
    assert text.startswith("Cannot import Airflow in ")
    assert text.endswith("which interpreter and configuration dagprof uses.")


REMOVING = """
    import os, shutil
    folder = os.path.dirname(__file__)
    for number in range(6):
        file = os.path.join(folder, f"c{number}.py")
        if os.path.isfile(file):
            os.unlink(file)
            if number % 2:
                os.mkdir(file)
"""


def test_files_that_vanish_or_become_folders_during_a_scan(place: Path) -> None:
    """The first file does it: the others are results, and the scan goes on."""
    files = {f"dags/c{number}.py": dag(f"c{number}") for number in range(6)}
    write(place, {**files, "dags/a.py": dag("a", REMOVING)})
    done = call("scan", "dags", *QUICK, "-j", "1", cwd=place)
    assert (done.returncode, done.stderr) == (0, "")
    found = {
        each.path: each.status.value for each in dagprof.load(place / "reports/run.json").files
    }
    assert set(found) == {"a.py", "b.py", *(f"c{number}.py" for number in range(6))}
    assert found["a.py"] == found["b.py"] == "ok"
    assert "unreadable" in found.values()


@pytest.mark.parametrize("name", [b"d\xe9gs", b"d\ngs"])
def test_a_folder_with_a_name_that_is_no_text(tmp_path: Path, name: bytes) -> None:
    folder = os.fsdecode(name)
    write(tmp_path, {f"{folder}/a.py": dag("a"), f"{folder}/b.py": dag("b")})
    done = call("scan", folder, *QUICK, cwd=tmp_path)
    found = dagprof.load(tmp_path / "reports" / "run.json")
    assert [each.path for each in found.files] == ["a.py", "b.py"]
    if found.broken:  # Airflow 3 cannot send the path of such a DAG
        assert "UnicodeEncodeError" in sentence(done, 3)
    else:
        assert (done.returncode, done.stderr) == (0, "")


def limited(name: int, most: int) -> None:
    resource.setrlimit(name, (most, resource.getrlimit(name)[1]))


@pytest.mark.parametrize(
    ("limit", "most", "start"),
    [
        (resource.RLIMIT_NOFILE, 8, "dagprof cannot open another file (Too many open files)."),
        (resource.RLIMIT_FSIZE, 0, "Cannot write to 'reports' (File too large). Choose"),
    ],
)
def test_limits_of_the_shell(place: Path, limit: int, most: int, start: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dagprof", "scan", "dags", *QUICK],
        cwd=place,
        env={**os.environ, "TMPDIR": str(place)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: limited(limit, most),
    )
    assert done.returncode in (2, 3)
    assert sentence(done, done.returncode).startswith(start)


def test_a_report_that_does_not_fit_the_disk(place: Path) -> None:
    runs.save(run(*(file(f"{number}.py", 12.0) for number in range(20))), place / "run.json")
    done = subprocess.run(
        [sys.executable, "-m", "dagprof", "report", "run.json", "-o", "page.html"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: limited(resource.RLIMIT_FSIZE, 10_000),
    )
    text = sentence(done, 2)
    assert text == (
        "Cannot write 'page.html' (File too large). Free some disk space, or choose another path."
    )
    assert not list(place.glob("*page.html*"))
