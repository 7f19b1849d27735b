"""``dagprof watch``, as people start it: files are saved, and its lines are read."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import textwrap
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from killing import TOKEN, left_running
from support import TARGET, dag, write

_LIMIT_S = 120.0


class Watching:
    """A running command and its folder ``dags``. Events come from standard output, as JSON."""

    def __init__(self, place: Path, *options: str) -> None:
        self.dags, self._token = place / "dags", uuid.uuid4().hex
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dagprof", "watch", "dags", "--python", TARGET, *options],
            cwd=place,
            env={**os.environ, TOKEN: self._token},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)
        self.process.stdout.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(10)

    def line(self) -> str:
        return self._lines.get(timeout=_LIMIT_S)

    def event(self, kind: str, path: str = "") -> dict[str, Any]:
        """The next event of a kind, about a file if one is given."""
        while True:
            line = self.line()
            assert line.startswith("{"), line
            found: dict[str, Any] = json.loads(line)
            if found["event"] == kind and path in ("", found.get("path")):
                return found

    def save(self, name: str, text: str) -> None:
        """Save as many editors do: write a temporary file, then rename it."""
        temporary = self.dags / f".{name.rpartition('/')[2]}.tmp"
        temporary.write_text(textwrap.dedent(text))
        temporary.rename(self.dags / name)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """The exit code after a signal. No process may stay."""
        self.process.send_signal(number)
        code = self.process.wait(30)
        assert left_running(self._token) == []
        return code


@contextmanager
def watching(place: Path, *options: str) -> Iterator[Watching]:
    started = Watching(place, *options)
    try:
        yield started
    finally:
        started.kill()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    files = {
        "dags/a.py": dag("a", "from common import db\n"),
        "dags/b.py": dag("b", "from common import db\n"),
        "dags/c.py": dag("c"),
        "dags/common/__init__.py": "",
        "dags/common/db.py": "VALUE = 1\n",
    }
    return write(tmp_path, files)


def test_a_save_shows_the_time_before_and_after_and_the_reason(place: Path) -> None:
    with watching(place, "--json") as running:
        started = running.event("started")
        assert [file["path"] for file in started["files"]] != []
        assert {file["path"] for file in started["files"]} == {"a.py", "b.py", "c.py"}
        running.save("c.py", dag("c", "import time\ntime.sleep(0.4)\nimport http.server\n"))
        parsed = running.event("parsed", "c.py")
        assert parsed["saved"] == ["c.py"]
        assert parsed["time"]["kind"] == "slower"
        assert 300 < parsed["time"]["difference_ms"] < 2_000
        found = running.event("explained", "c.py")["difference"]
        assert "line 2" in found["cause"]
        assert "sleeps" in [row["what"].split()[0] for row in found["does"]]
        assert running.end() == 130


def test_a_helper_measures_its_users_and_a_failure_stands_at_its_line(place: Path) -> None:
    with watching(place, "--json") as running:
        running.event("started")
        running.save("common/db.py", "VALUE = 1\nraise KeyError('x')\n")
        broken = [running.event("parsed") for _ in range(2)]
        assert {event["path"] for event in broken} == {"a.py", "b.py"}
        for event in broken:
            assert event["status"] == "import-error"
            assert event["problems"][0]["place"] == ["common/db.py", 2]
        running.save("common/db.py", "VALUE = 1\n")
        fixed = [running.event("parsed") for _ in range(2)]
        assert {event["path"] for event in fixed} == {"a.py", "b.py"}
        assert all(event["is_fixed"] and event["problems"] == [] for event in fixed)
        assert running.end(signal.SIGTERM) == 130


def test_a_helper_saved_twice_within_a_second_with_the_same_size_is_read_again(
    place: Path,
) -> None:
    helper = place / "dags" / "common" / "db.py"
    os.utime(helper, (1_700_000_000, 1_700_000_000))
    with watching(place, "--json") as running:
        running.event("started")
        for text in ("VALUE = 2\n", "VALUE = x\n", "VALUE = 3\n"):
            changed = helper.with_name("new")
            changed.write_text(text)
            os.utime(changed, (1_700_000_000, 1_700_000_000))
            changed.rename(helper)
            status = "import-error" if "x" in text else "ok"
            assert [running.event("parsed")["status"] for _ in range(2)] == [status] * 2


def test_only_so_many_files_are_measured_after_a_save(place: Path) -> None:
    with watching(place, "--json", "--most", "1") as running:
        running.event("started")
        running.save("common/db.py", "VALUE = 2\n")
        running.event("parsed")
        assert running.event("note")["text"] == (
            "dagprof did not measure 1 more file that the save of common/db.py may affect. To"
            " measure more files, raise --most."
        )


def test_new_renamed_deleted_and_ignored_files_are_noticed(place: Path) -> None:
    with watching(place, "--json") as running:
        running.event("started")
        running.save("d.py", dag("d"))
        assert running.event("parsed")["time"]["kind"] == "first parse"
        (running.dags / "d.py").rename(running.dags / "e.py")
        assert running.event("gone") == {"event": "gone", "path": "d.py", "is_deleted": True}
        assert running.event("parsed", "e.py")["before"] == "d.py"
        (running.dags / "e.py").unlink()
        assert running.event("gone")["path"] == "e.py"
        running.save(".airflowignore", "b.py\n")
        assert running.event("gone") == {"event": "gone", "path": "b.py", "is_deleted": False}
        (running.dags / ".airflowignore").unlink()
        running.event("parsed", "b.py")
        running.save("c.py", "def broken(:  # an airflow dag\n")
        assert running.event("parsed", "c.py")["problems"][0]["place"] == ["c.py", 1]


def test_a_plugin_restarts_the_process_that_airflow_is_imported_in(place: Path) -> None:
    write(place, {"plugins/mine.py": "VALUE = 1\n"})
    with watching(place, "--json", "--plugins", "plugins") as running:
        running.event("started")
        (place / "plugins" / "mine.py").write_text("VALUE = 2\n")
        assert running.event("note")["text"] == (
            "dagprof imports Airflow again, because the plugin file plugins/mine.py changed."
        )
        assert {running.event("parsed")["path"] for _ in range(3)} == {"a.py", "b.py", "c.py"}
        assert running.end() == 130


def test_a_save_does_not_wait_for_a_parse_that_takes_long(place: Path) -> None:
    with watching(place, "--json") as running:
        running.event("started")
        running.save("c.py", dag("c", "import time\ntime.sleep(60)\n"))
        time_limit = threading.Timer(1.5, lambda: running.save("b.py", dag("b")))
        time_limit.start()
        assert running.event("parsed")["path"] == "b.py"
        running.save("c.py", dag("c"))
        assert running.event("parsed", "c.py")["time"]["now_ms"] < 10_000


def test_a_saved_data_file_measures_its_readers_and_a_written_one_nothing(place: Path) -> None:
    code = """
        import pathlib
        here = pathlib.Path(__file__).parent
        LIMIT = int((here / "limit.txt").read_text())
        (here / "written.txt").write_text(str(LIMIT))
    """
    write(place, {"dags/limit.txt": "1", "dags/c.py": dag("c", code)})
    with watching(place, "--json") as running:
        running.event("started")
        running.save("limit.txt", "x")
        event = running.event("parsed")
        assert (event["path"], event["status"]) == ("c.py", "import-error")
        running.save("limit.txt", "2")
        assert running.event("parsed")["is_fixed"]
        running.save("b.py", dag("b"))
        assert running.event("parsed")["path"] == "b.py"


def test_without_json_people_read_blocks(place: Path) -> None:
    with watching(place, "-q") as running:
        lines = [running.line()]
        while not lines[-1].startswith("Watching."):
            lines.append(running.line())
        assert "parses 3 files in" in lines[0]
        running.save("c.py", dag("c", "import nothing_of_this_name\n"))
        running.line()
        assert "c.py  import error (before: " in running.line()
        assert running.line().startswith("  c.py:1  ModuleNotFoundError")
        assert running.end() == 130


def test_a_folder_without_dag_files_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"dags/helper.py": "x = 1\n"})
    with watching(tmp_path, "-q") as running:
        assert "There is no DAG file to watch." in running.line()
        assert running.process.wait(60) == 2
