"""Commands that are killed at some moment, and what has to be true afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from support import TARGET, dag, write

import dagprof
from dagprof.store import journal

# Settings never begin like this, and processes hand it on to those that they start.
TOKEN = "DAGPROF_TEST_TOKEN"
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "scan": ("scan", "dags", "-q"),
    "explain": ("explain", "dags/file_1.py", "-q", "--depth", "traced"),
    "gate": ("gate", "dags", "--against", "HEAD", "-q", "--time-budget", "12s"),
}
_WRITTEN = {
    "scan": {"run.json", "report.html"},
    "explain": set[str](),
    "gate": {"gate.json", "gate-base.json", "gate-head.json"},
}
# How long processes may stay after dagprof itself has ended.
SETTLING_S = 2.0
_HELPER = "import time\ntime.sleep(0.03)\n"


class Kill(NamedTuple):
    """A signal some seconds after the start, for dagprof alone or for its process group."""

    command: str
    number: signal.Signals
    after_s: float
    is_group: bool = False

    def __str__(self) -> str:
        whom = " to the group" if self.is_group else ""
        return f"{self.command}, {self.number.name}{whom} after {self.after_s:.2f} s"


class Place:
    """A repository with six DAG files, of which a helper was changed, and folders of its own for
    all that a command writes.
    """

    def __init__(self, folder: Path, python: str = TARGET, limit_s: float = 240.0) -> None:
        self.folder = folder
        self._python, self._limit_s = python, limit_s
        files = {
            f"dags/file_{number}.py": dag(f"d{number}", "import helper\n") for number in range(6)
        }
        write(folder, {**files, "dags/helper.py": _HELPER, ".gitignore": "reports\n__pycache__\n"})
        for name in ("tmp", "cache", "home"):
            (folder.parent / name).mkdir(exist_ok=True)
        self._git("init", "-q", "-b", "main")
        self._git("add", ".")
        self._git("commit", "-qm", "six files")
        (folder / "dags" / "helper.py").write_text(_HELPER + "more = 1\n")
        self._before = self._tree()

    def run(self, command: str, *more: str) -> tuple[float, object]:
        """Run a command to its end: seconds, and what it found out, without times."""
        began = time.monotonic()
        with self._started(command, *more) as (process, _):
            _, errors = process.communicate(timeout=self._limit_s)
        took_s = time.monotonic() - began
        assert process.returncode == 0, errors
        return took_s, self._found(command)

    def kill(self, kill: Kill, expected: object) -> tuple[float, list[str]]:
        """Kill a command, run it again or resume it, and say what is wrong afterwards.

        Also the seconds that it took to end.
        """
        shutil.rmtree(self.folder / "reports", ignore_errors=True)
        with self._started(kill.command) as (process, token):
            ended_s, errors = _killed(process, kill)
            wrong = [f"traceback: {errors[-600:]}"] if "Traceback" in errors else []
            wrong += left_running(token)
        wrong += self._unreadable()
        resumes = kill.command == "scan" and (self.folder / "reports/run.partial.jsonl").exists()
        _, found = self.run(kill.command, *(["--resume"] if resumes else []))
        if found != expected:
            wrong.append(f"other results: {found} instead of {expected}")
        return ended_s, wrong + self._left(kill.command)

    @contextlib.contextmanager
    def _started(self, command: str, *more: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
        token, above = uuid.uuid4().hex, self.folder.parent
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "dagprof",
                *COMMANDS[command],
                "--python",
                self._python,
                *more,
            ],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            env={
                **os.environ,
                TOKEN: token,
                "TMPDIR": str(above / "tmp"),
                "HOME": str(above / "home"),
                "XDG_CACHE_HOME": str(above / "cache"),
            },
        )
        try:
            yield process, token
        finally:
            process.kill()
            process.communicate()

    def _found(self, command: str) -> object:
        if command == "explain":
            return None
        name = "run.json" if command == "scan" else "gate-head.json"
        run = dagprof.load(self.folder / "reports" / name)
        files = [(file.path, file.status.value, file.sha256, file.dag_ids) for file in run.files]
        return sorted(files)

    def _unreadable(self) -> list[str]:
        """What an interrupted command left and cannot be read."""
        wrong = []
        for file in (self.folder / "reports").glob("*.json*"):
            try:
                if file.name == "gate.json":
                    json.loads(file.read_bytes())
                elif file.suffix == ".jsonl":
                    journal.read(file)
                else:
                    dagprof.load(file)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
                wrong.append(f"{file.name} cannot be read: {error}")
        return wrong

    def _left(self, command: str) -> list[str]:
        """What is still there after the next run, and should not be."""
        reports = self.folder / "reports"
        names = set(os.listdir(reports)) if reports.is_dir() else set()
        left = [f"reports/{name}" for name in names - _WRITTEN[command]]
        left += [f"TMPDIR/{name}" for name in os.listdir(self.folder.parent / "tmp")]
        return left + [f"changed: {name}" for name in sorted(self._tree() ^ self._before)]

    def _tree(self) -> set[str]:
        """The names below the repository, also those that git keeps to itself."""
        names = (path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*"))
        return {
            name for name in names if not name.startswith("reports") and "__pycache__" not in name
        }

    def _git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, check=True)


def _killed(process: subprocess.Popen[str], kill: Kill) -> tuple[float, str]:
    """Send the signal when it is time: seconds to the end, and what was on standard error."""
    try:
        _, errors = process.communicate(timeout=kill.after_s)
        return 0.0, errors
    except subprocess.TimeoutExpired:
        pass
    sent = time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        (os.killpg if kill.is_group else os.kill)(process.pid, kill.number)
    # Whoever outlives dagprof may hold the pipe: the process alone is waited for.
    process.wait(60)
    ended_s = time.monotonic() - sent
    _, errors = process.communicate(timeout=60)
    return ended_s, errors


def left_running(token: str) -> list[str]:
    """The processes with this token that do not end by themselves soon."""
    deadline = time.monotonic() + SETTLING_S
    while (left := _running(token)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [f"still running: {command}" for command in left]


def _running(token: str) -> list[str]:
    """The command lines of processes that were started with this token."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{TOKEN}={token}".encode() in (folder / "environ").read_bytes():
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found.append(f"{folder.name} {line.decode(errors='replace')[:200]}")
    return found
