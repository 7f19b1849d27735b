"""Closed pipes, closed streams and full disks behind the standard streams of the command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import TARGET, dag, write
from unit.builders import file, run

from dagprof.store import runs

# Those that read a stored run need no Airflow.
STORED = {
    "help": ("--help",),
    "version": ("--version",),
    "scan-help": ("scan", "--help"),
    "config": ("config",),
    "schema": ("schema",),
    "compare": ("compare", "run.json", "run.json"),
    "loop": ("loop", "run.json"),
    "loop-json": ("loop", "run.json", "--format", "json"),
    "report": ("report", "run.json", "-o", "-"),
    "explain": ("explain", "é.py", "--run", "run.json"),
}
needs_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="there is no /dev/full on this system"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    runs.save(run(file("é.py", 12.0), file("b.py", 30.0)), tmp_path / "run.json")
    return tmp_path


def call(
    place: Path,
    *arguments: str,
    shell: str = "",
    streams: Callable[[], None] | None = None,
    encoding: str = "utf-8",
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """Run a command with something done to its streams: redirections of a shell, or a function."""
    command = [sys.executable, "-m", "dagprof", *arguments]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(
        command,
        cwd=place,
        env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding=encoding,
        timeout=240,
        check=False,
        preexec_fn=streams,
    )


def without_reader(*descriptors: int) -> Callable[[], None]:
    """Streams whose reader is gone before anything is written, as with ``| head -1`` at last."""

    def connect() -> None:
        reading, writing = os.pipe()
        for descriptor in descriptors:
            os.dup2(writing, descriptor)
        os.close(reading)
        os.close(writing)

    return connect


@pytest.mark.parametrize("name", STORED)
def test_a_reader_that_is_gone_is_no_error(place: Path, name: str) -> None:
    done = call(place, *STORED[name], streams=without_reader(1))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_message_that_nobody_reads_keeps_its_code(place: Path) -> None:
    assert call(place, "compare", "run.json", "gone", streams=without_reader(1, 2)).returncode == 2
    assert call(place, "scan", "gone", shell="2>&-").returncode == 2
    assert call(place, "nonsense", streams=without_reader(2)).returncode == 2


@pytest.mark.parametrize("name", ["compare", "schema", "report"])
def test_a_closed_output_is_told_once(place: Path, name: str) -> None:
    done = call(place, *STORED[name], shell=">&-")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(
        "dagprof: Standard output is closed, so dagprof cannot show the result."
    )
    assert done.stderr.count("\n") == 1
    assert call(place, *STORED[name], shell=">&- 2>&- <&-").returncode == 0


def test_a_closed_output_that_nothing_is_written_to_is_not_told(place: Path) -> None:
    """Its descriptor is not handed to a file: what is written there would go into the report."""
    done = call(place, "report", "run.json", "-o", "page.html", shell=">/dev/null 2>&- <&-")
    assert done.returncode == 0
    assert (place / "page.html").read_text().startswith("<!DOCTYPE html>")


@needs_full
@pytest.mark.parametrize("name", ["help", "config", "schema", "report", "explain"])
def test_a_full_disk_behind_the_output(place: Path, name: str) -> None:
    done = call(place, *STORED[name], shell=">/dev/full")
    assert done.returncode == 2
    assert done.stderr == (
        "dagprof: Cannot write to standard output (No space left on device). Free some disk"
        " space, or redirect standard output.\n"
    )


@needs_full
def test_a_full_disk_behind_the_messages_fails_nothing(place: Path) -> None:
    assert call(place, "compare", "run.json", "run.json", shell="2>/dev/full").returncode == 0
    assert call(place, "compare", "run.json", "gone", shell="2>/dev/full").returncode == 2


def test_an_output_that_does_not_wait_is_waited_for(place: Path) -> None:
    """As programs leave it that share a terminal or a pipe with dagprof."""
    whole = call(place, "schema").stdout
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    command = [sys.executable, "-m", "dagprof", "schema"]
    with subprocess.Popen(command, stdout=writing) as process:
        os.close(writing)
        with open(reading, encoding="utf-8") as stream:
            process.poll()
            assert stream.read() == whole
    assert process.returncode == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_any_encoding_can_be_written(place: Path, encoding: str) -> None:
    done = call(place, *STORED["explain"], encoding=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    name = "é.py" if encoding != "ascii" else "\\xe9.py"
    assert done.stdout.startswith(f"{name}: 12 ms")


def test_a_report_is_utf_8_whatever_the_terminal_is(place: Path) -> None:
    here = call(place, *STORED["report"], PYTHONIOENCODING="ascii")
    assert here.stdout == call(place, *STORED["report"]).stdout
    assert not here.stdout.isascii()


@pytest.mark.parametrize("columns", ["0", "-5", "²", "99999999"])
def test_an_impossible_width_is_ignored(place: Path, columns: str) -> None:
    forced = call(place, *STORED["compare"], COLUMNS=columns, LINES=columns, FORCE_COLOR="1")
    assert (forced.returncode, forced.stderr) == (0, "")
    assert 30 < max(map(len, forced.stdout.splitlines())) < 200


def test_a_scan_goes_on_without_a_reader(place: Path) -> None:
    """The exit code is that of the result: 1 would say that a file became slower."""
    write(place, {"dags/a.py": dag("a")})
    arguments = ("scan", "dags", "--python", TARGET, "--repeat", "1", "--depth", "quick")
    assert call(place, *arguments, streams=without_reader(1, 2)).returncode == 0
    document = json.loads((place / "reports" / "run.json").read_bytes())
    assert [each["path"] for each in document["files"]] == ["a.py"]
    assert sorted(os.listdir(place / "reports")) == ["report.html", "run.json"]
