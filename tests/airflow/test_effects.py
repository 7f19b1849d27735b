"""Each effect is found at the line that led to it, through helpers and library frames; none is
invented.

In the sources below a comment ``#! kind | what`` marks each line that has an effect, and nothing
else may be found.
"""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import threading
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from support import TARGET, dag, write

import dagprof
from dagprof.link import reading
from dagprof.link.messages.result import EffectRow
from dagprof.model import Effect
from dagprof.redaction import Redactor

PROBE = Path(dagprof.__file__).parent / "probe"
PARSE_EACH = """
import importlib, json, os, runpy, sys
probe, root, scratch, result, *files = sys.argv[1:]
runpy.run_path(probe + "/__main__.py")["_load_package"]()
from _dagprof_probe.versions import airflow_api
from _dagprof_probe.asked import answers, lookups
from _dagprof_probe.parsing import bytecode
from _dagprof_probe import watch
bytecode.Bytecode(scratch + "/bytecode").install()
api = airflow_api.AirflowApi(root, "processor")
lookups.install(api, answers.Answers({}, {}, "stub"))

def parse(file):
    api.prepare_child()
    before = set(sys.modules)
    log = watch.Effects(root=root, scratch=scratch, dag_file=file)
    log.install(api)
    imported = sorted(set(sys.modules) - before)
    bag = api.build_bag(file)
    log.add_warnings(text for texts in getattr(bag, "captured_warnings", {}).values() for text in texts)
    return {"rows": log.rows(), "imported": imported, "errors": list(bag.import_errors.values())}

for file in files:
    pid = os.fork()
    if not pid:
        found = parse(file)
        with open(result, "a") as stream:
            stream.write(json.dumps([os.path.relpath(file, root), found]) + "\\n")
        os._exit(0)
    os.waitpid(pid, 0)
"""


def parse_each(folder: Path, *names: str) -> dict[str, Any]:
    """Parse the named files below ``folder/dags``, one process each, and return the probe's
    answers.
    """
    result, scratch, root = folder / "result", folder / "scratch", folder / "dags"
    scratch.mkdir()
    files = [str(root / name) for name in names]
    environment = {**os.environ, "AIRFLOW_HOME": str(folder / "home")}
    environment["PYTHONPATH"] = str(folder / "site-packages")
    environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{folder}/airflow.db"
    command = [TARGET, "-c", PARSE_EACH, str(PROBE), str(root), str(scratch), str(result), *files]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(line) for line in result.read_text().splitlines())


def _row(values: dict[str, Any]) -> EffectRow:
    return msgspec.convert(values, EffectRow)


def effects_of(folder: Path, *names: str) -> dict[str, list[Effect]]:
    """The effects of each named file without secrets; they carry paths below the root."""
    redact = Redactor()
    root = str(folder / "dags") + os.sep
    return {
        name: list(
            reading.effects(
                _row({**row, "file": row["file"].removeprefix(root), "what": redact(row["what"])})
                for row in found["rows"]
            )
        )
        for name, found in parse_each(folder, *names).items()
    }


CONNECT = """
    def connect(*args, **kwargs):
        return "connection"
    """
# Stand for installed packages; those of drivers are named like the real ones, which nobody
# installed for this test.
LIBRARIES = {
    "psycopg2.py": CONNECT,
    "mysql/__init__.py": "",
    "mysql/connector/__init__.py": CONNECT,
    "chatty.py": (
        """
        import json
        import logging
        import os
        import time
        os.environ["CHATTY"] = "1"
        time.sleep(0.01)
        open("/etc/passwd").close()
        open(os.path.join(os.path.dirname(__file__), "psycopg2.py")).close()
        logging.getLogger("chatty").error("started")

        def load(name):
            with open(name) as stream:
                return json.load(stream)

        def call_back(function):
            return function()
        """
    ),
}
HELPERS = {
    "helpers/__init__.py": "",
    "helpers/io.py": (
        """
        import pathlib
        import subprocess

        def read(name):
            return (pathlib.Path(__file__).parent.parent / name).read_text()  #! file-read | data.json

        def run():
            return subprocess.check_output(["true", "helper"])  #! process | true helper
        """
    ),
    "data.json": '{"a": 1}',
    "data.csv": "a,b\n1,2\n",
    "module_read_as_text.py": "x = 1\n",
}
CASES = {
    "sqlite.py": (
        """
        import sqlite3
        sqlite3.connect(":memory:").execute("SELECT 1")  #! database | connect sqlite :memory:
        """
    ),
    "driver.py": (
        """
        import psycopg2
        place = dict(host="pg.invalid", port=5433, dbname="orders")
        psycopg2.connect(**place, password="hunter22")  #! database | connect psycopg2 pg.invalid:5433/orders
        """
    ),
    "driver_dsn.py": (
        """
        from psycopg2 import connect
        connect("host=pg.invalid dbname=orders user=ada password=hunter22")  #! database | connect psycopg2 pg.invalid/orders
        """
    ),
    "driver_url.py": (
        """
        from psycopg2 import connect
        connect("postgresql://ada:hunter22@pg.invalid:1/orders?x=1")  #! database | connect psycopg2 pg.invalid:1/orders
        """
    ),
    "driver_in_package.py": (
        """
        import mysql.connector
        mysql.connector.connect(host="my.invalid", user="ada")  #! database | connect mysql.connector my.invalid
        """
    ),
    "driver_missing.py": (
        """
        try:
            import pyodbc
        except ImportError:
            pass
        """
    ),
    "library.py": (
        """
        import os
        import chatty  #! environment | CHATTY  #! sleep | time.sleep  #! output | stdout
        name = os.path.join(os.path.dirname(__file__), "data.json")
        chatty.load(name)  #! file-read | data.json
        def later():
            os.chdir("/")  #! working-directory | /
        chatty.call_back(later)
        """
    ),
    "asynchronous.py": (
        """
        import asyncio
        async def ask():
            place = ("localhost", {http})
            reader, writer = await asyncio.open_connection(*place)  #! dns | localhost  #! socket | localhost:{http}
            writer.close()
        asyncio.run(ask())
        """
    ),
    "dynamic.py": (
        """
        code = "import os; os.environ['DYNAMIC'] = '1'"
        exec(code)  #! environment | DYNAMIC  #! exec | text that uses os, environ
        """
    ),
    "many_lines.py": (
        """
        import subprocess
        subprocess.run(  #! process | true
            ["true"],
            check=True,
        )
        """
    ),
    "alchemy.py": (
        """
        import sqlalchemy
        engine = sqlalchemy.create_engine("sqlite://")
        connection = engine.connect()  #! database | connect sqlite :memory:
        connection.execute(sqlalchemy.text("CREATE TABLE orders (a int)"))  #! database | CREATE orders on sqlite:///
        connection.execute(sqlalchemy.text("SELECT a FROM orders WHERE a = 'secret'"))  #! database | SELECT orders on sqlite:///
        """
    ),
    "dns.py": (
        """
        import socket
        try:
            socket.getaddrinfo("host.invalid", 80)  #! dns | host.invalid
        except OSError:
            pass
        """
    ),
    "dns_by_name.py": (
        """
        from socket import gethostbyname
        try:
            gethostbyname("host.invalid")  #! dns | host.invalid
        except OSError:
            pass
        socket_literal = gethostbyname("127.0.0.1")
        """
    ),
    "connect.py": (
        """
        import socket
        socket.create_connection(("127.0.0.1", {http})).close()  #! socket | 127.0.0.1:{http}
        """
    ),
    "connect_by_name.py": (
        """
        import socket
        socket.create_connection(("localhost", {http})).close()  #! dns | localhost  #! socket | localhost:{http}
        """
    ),
    "urlopen.py": (
        """
        import urllib.request
        url = "http://127.0.0.1:{http}/a/b?token=hunter22"
        urllib.request.urlopen(url).read()  #! http | GET http://127.0.0.1:{http}/a/b?...  #! socket | 127.0.0.1:{http}
        """
    ),
    "requests_.py": (
        """
        import requests
        url = "http://127.0.0.1:{http}/services/T0123ABCDEF456789XYZ00/x"
        requests.get(url)  #! http | GET http://127.0.0.1:{http}/services/***/x  #! socket | 127.0.0.1:{http}
        """
    ),
    "httpx_.py": (
        """
        import logging
        import httpx
        logging.getLogger("httpx").setLevel(logging.WARNING)
        url = "http://127.0.0.1:{http}/a"
        httpx.post(url, data={{"x": "y"}})  #! http | POST http://127.0.0.1:{http}/a  #! socket | 127.0.0.1:{http}
        """
    ),
    "http_fails.py": (
        """
        import urllib.request
        try:
            urllib.request.urlopen("http://host.invalid/a")  #! http | GET http://host.invalid/a  #! dns | host.invalid
        except OSError:
            pass
        """
    ),
    "process.py": (
        """
        import subprocess
        command = ["sh", "-c", "sleep 0.05", "x", "--password", "hunter22", "--token=hunter22", "-q"]
        subprocess.run(command)  #! process | sh -c 'sleep 0.05' x --password *** --token=*** -q
        """
    ),
    "process_shell.py": (
        """
        import subprocess
        subprocess.call("exit 0 --api-key hunter22", shell=True)  #! process | /bin/sh -c 'exit 0 --api-key ***'
        """
    ),
    "process_left.py": (
        """
        import subprocess
        kept = subprocess.Popen(["sleep", "2"])  #! process | sleep 2 (still running)
        """
    ),
    "system.py": (
        """
        import os
        os.system("exit 3")  #! process | exit 3
        """
    ),
    "popen.py": (
        """
        import os
        stream = os.popen("echo hello")  #! process | /bin/sh -c 'echo hello'
        stream.read()
        stream.close()
        """
    ),
    "fork.py": (
        """
        import os
        pid = os.fork()  #! process | fork
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        """
    ),
    "spawn.py": (
        """
        import os
        pid = os.posix_spawn("/bin/true", ["true", "now"], {{}})  #! process | true now
        os.waitpid(pid, 0)
        """
    ),
    "multi.py": (
        """
        import multiprocessing
        def work():
            pass
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()  #! process | multiprocessing work
        process.join()  #! process | multiprocessing join work
        """
    ),
    "sleep.py": (
        """
        import time
        time.sleep(0.02)  #! sleep | time.sleep
        """
    ),
    "sleep_by_name.py": (
        """
        from time import sleep
        for _ in range(3):
            sleep(0.01)  #! sleep | time.sleep
        """
    ),
    "sleep_as_attribute.py": (
        """
        import pickle
        import time
        class Waits:
            sleep = time.sleep
        Waits().sleep(0.01)  #! sleep | time.sleep
        assert pickle.loads(pickle.dumps(time.sleep)) is time.sleep
        """
    ),
    "read.py": (
        """
        import os
        here = os.path.dirname(__file__)
        open(os.path.join(here, "data.json")).read()  #! file-read | data.json
        open(__file__).read()
        open("/proc/self/stat").read()
        open(os.devnull).read()
        open(os.path.join(here, "module_read_as_text.py")).read()  #! file-read | module_read_as_text.py
        """
    ),
    "read_through_helper.py": (
        """
        from helpers.io import read
        read("data.json")
        """
    ),
    "read_through_library.py": (
        """
        import os
        import pandas
        pandas.read_csv(os.path.join(os.path.dirname(__file__), "data.csv"))  #! file-read | data.csv
        """
    ),
    "read_system.py": (
        """
        import pathlib
        pathlib.Path("/etc/passwd").read_text()  #! file-read | /etc/passwd
        import requests.certs
        """
    ),
    "read_missing.py": (
        """
        try:
            open("/nonexistent/settings.json")
        except OSError:
            pass
        """
    ),
    "listing.py": (
        """
        import glob
        import os
        here = os.path.dirname(__file__)
        os.listdir(os.path.join(here, "helpers"))  #! file-read | helpers/
        glob.glob(here + "/helpers/*.yaml")  #! file-read | helpers/
        list(os.walk(os.path.join(here, "helpers")))  #! file-read | helpers/
        """
    ),
    "write.py": (
        """
        import os
        name = os.path.join(os.path.dirname(__file__), "written.txt")
        with open(name, "w") as stream:  #! file-write | written.txt
            stream.write("12345")
        os.remove(name)  #! file-write | written.txt (removed)
        """
    ),
    "write_temporary.py": (
        """
        import tempfile
        stream = tempfile.NamedTemporaryFile("w", delete=False)  #! file-write | {tmp}/tmp*
        stream.write("123")
        stream.close()
        """
    ),
    "make_folder.py": (
        """
        import os
        new = os.path.join(os.path.dirname(__file__), "new")
        os.makedirs(new, exist_ok=True)  #! file-write | new/
        os.makedirs(new, exist_ok=True)
        """
    ),
    "thread.py": (
        """
        import threading, time
        from helpers import io
        def wait(event):
            event.wait()
        ended = threading.Thread(target=len, args=([],))
        ended.start()
        ended.join()
        threading.Thread(target=wait, args=(threading.Event(),), daemon=True).start()  #! thread | wait
        """
    ),
    "thread_effect.py": (
        """
        from concurrent.futures import ThreadPoolExecutor
        import time
        with ThreadPoolExecutor(1) as pool:
            pool.submit(time.sleep, 0.01)  #! sleep | time.sleep
        """
    ),
    "environment.py": (
        """
        import os
        os.environ["MY_NAME"] = "hunter22"  #! environment | MY_NAME
        os.environ.pop("HOME", None)  #! environment | HOME (removed)
        os.environ["FOR_NOW"] = "1"
        del os.environ["FOR_NOW"]
        """
    ),
    "chdir.py": (
        """
        import os
        os.chdir("/")  #! working-directory | /
        """
    ),
    "chdir_and_back.py": (
        """
        import os
        before = os.getcwd()
        os.chdir("/")
        os.chdir(before)
        """
    ),
    "path.py": (
        """
        import os
        import sys
        sys.path.insert(0, "/nonexistent/a")  #! sys-path | /nonexistent/a
        sys.path += ["/nonexistent/b"]  #! sys-path | /nonexistent/b
        sys.path.remove("/nonexistent/a")  #! sys-path | /nonexistent/a (removed)
        assert isinstance(sys.path, list)
        """
    ),
    "path_replaced.py": (
        """
        import sys
        sys.path = [*sys.path, "/nonexistent/c"]  #! sys-path | /nonexistent/c
        x = 1
        import wsgiref
        """
    ),
    "signal_.py": (
        """
        import signal
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  #! signal | SIGUSR1
        before = signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.signal(signal.SIGUSR2, before)
        """
    ),
    "logger.py": (
        """
        import logging
        logging.getLogger().setLevel(logging.CRITICAL)  #! logger | root level CRITICAL
        logging.getLogger().addHandler(logging.NullHandler())  #! logger | root handler NullHandler added
        logging.getLogger("mine").setLevel(logging.DEBUG)
        logging.getLogger("mine").addHandler(logging.NullHandler())
        """
    ),
    "output.py": (
        """
        import sys
        print("hello", "world")  #! output | stdout
        print()  #! output | stdout
        sys.stderr.write("oh")  #! output | stderr
        """
    ),
    "warning.py": (
        """
        import warnings
        warnings.warn("old thing", UserWarning)  #! warning | UserWarning: old thing
        """
    ),
    "through_helper.py": (
        """
        from helpers import io
        io.run()
        """
    ),
    "decorated.py": (
        """
        try:
            from airflow.sdk import task
        except ImportError:
            from airflow.decorators import task
        @task
        def work():
            import time
            time.sleep(9)
        """
    ),
}
# Effects that helpers have at their own lines, by the file that is parsed.
THROUGH = {
    "read_through_helper.py": [("file-read", "data.json")],
    "through_helper.py": [("process", "true helper")],
}
NEEDS = {
    "httpx_.py": "httpx",
    "requests_.py": "requests",
    "read_through_library.py": "pandas",
    "alchemy.py": "sqlalchemy",
}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_POST = do_GET  # noqa: N815 - the base class looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Nothing on stderr."""


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """The port of a server on the loopback device."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running.server_address[1]
        running.shutdown()


class Corpus(NamedTuple):
    sources: Mapping[str, str]
    found: Mapping[str, list[Effect]]


@pytest.fixture(scope="module")
def corpus(server: int, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("effects")
    values = {"http": server, "tmp": os.environ.get("TMPDIR", "/tmp").rstrip("/")}
    sources = {name: dag(name[:-3], text.format(**values)) for name, text in CASES.items()}
    write(folder / "site-packages", LIBRARIES)
    root = write(folder / "dags", {**HELPERS, **sources})
    return Corpus(
        {name: (root / name).read_text() for name in (*sources, *HELPERS)},
        effects_of(folder, *sources),
    )


def marked(source: str, file: str) -> set[tuple[str, str, str, int]]:
    """The effects that the comments of a source announce."""
    expected = set()
    for number, line in enumerate(source.splitlines(), 1):
        for mark in line.split("#!")[1:]:
            kind, _, what = mark.partition("|")
            expected.add((kind.strip(), what.strip(), file, number))
    return expected


def target_lacks(module: str) -> bool:
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([TARGET, "-c", code], check=False, timeout=60).returncode != 0


@pytest.mark.parametrize("name", CASES)
def test_each_effect_is_found_at_its_line(corpus: Corpus, name: str) -> None:
    if name in NEEDS and target_lacks(NEEDS[name]):
        pytest.skip(f"{NEEDS[name]} is not installed beside this Airflow")
    expected = marked(corpus.sources[name], name)
    inside = {
        mark
        for mark in marked(corpus.sources["helpers/io.py"], "helpers/io.py")
        if mark[:2] in THROUGH.get(name, [])
    }
    found = {(row.kind, row.what, row.file, row.line) for row in corpus.found[name]}
    if name == "warning.py" and found == {("output", "stderr", name, 3)}:
        pytest.skip("this Airflow collects no warnings: they go to stderr")
    if name == "asynchronous.py":
        # Python 3.8 does not wait for the thread that looks up the name; it may still be there.
        found = {mark for mark in found if mark[1] != "concurrent.futures.thread._worker"}
    assert found == expected | inside


def rows(corpus: Corpus, name: str, kind: str) -> list[Effect]:
    return [row for row in corpus.found[name] if row.kind == kind]


def test_times_counts_and_sizes(corpus: Corpus) -> None:
    [run] = rows(corpus, "process.py", "process")
    assert run.wall_us is not None
    assert run.wall_us >= 50_000
    [slept] = rows(corpus, "sleep_by_name.py", "sleep")
    assert slept.count == 3
    assert slept.wall_us is not None
    assert slept.wall_us >= 30_000
    for name, kind in (
        ("urlopen.py", "http"),
        ("httpx_.py", "http"),
        ("connect.py", "socket"),
        ("dns.py", "dns"),
    ):
        [row] = rows(corpus, name, kind)
        assert (row.count, (row.wall_us or 0) > 0) == (1, True)
    assert [row.size_bytes for row in rows(corpus, "read.py", "file-read")] == [8, 6]
    assert [row.size_bytes for row in rows(corpus, "write_temporary.py", "file-write")] == [3]
    assert [(row.what, row.size_bytes) for row in rows(corpus, "output.py", "output")] == [
        ("stdout", 12),
        ("stdout", 1),
        ("stderr", 2),
    ]


def test_no_value_of_a_secret_is_told(corpus: Corpus) -> None:
    assert not [row for found in corpus.found.values() for row in found if "hunter22" in row.what]


def test_the_metadata_database_is_told_apart(tmp_path: Path) -> None:
    source = dag(
        "asks",
        """
        from airflow.utils.session import create_session
        from airflow.models import DagModel
        try:
            with create_session() as session:
                session.query(DagModel).first()
        except Exception as error:
            print("nothing there")
        """,
    )
    write(tmp_path / "dags", {"a.py": source})
    kinds = [row.kind for row in effects_of(tmp_path, "a.py")["a.py"]]
    assert "metadata-database" in kinds
    assert "database" not in kinds


def test_files_in_a_zip_archive(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    with zipfile.ZipFile(tmp_path / "dags" / "packed.zip", "w") as archive:
        archive.writestr("inside.py", "x = 1\n")
        archive.writestr("packed.py", dag("packed", "import time, inside\ntime.sleep(0.01)\n"))
    found = effects_of(tmp_path, "packed.zip")["packed.zip"]
    assert [(row.kind, row.file, row.line) for row in found] == [
        ("sleep", "packed.zip/packed.py", 2)
    ]


def test_installing_imports_nothing_and_hinders_nothing(tmp_path: Path) -> None:
    write(tmp_path / "dags", {"a.py": dag("a")})
    found = parse_each(tmp_path, "a.py")["a.py"]
    assert found["imported"] == []
    assert found["errors"] == []
    assert found["rows"] == []


EXAMPLES = "import airflow.example_dags as found; print('FOLDER', list(found.__path__)[0])"


def test_airflows_own_examples_have_no_invented_effect(tmp_path: Path) -> None:
    """What their lines really do: they log, and constructors of Airflow 2 that take aliases or
    pools ask the database.
    """
    text = subprocess.run(
        [TARGET, "-c", EXAMPLES], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    folder = Path(text.partition("FOLDER ")[2].strip())
    files = {
        file.name: file.read_text(encoding="utf-8")
        for file in sorted(folder.glob("*.py"))
        if file.name[0] != "_"
    }
    write(tmp_path / "dags", files)
    for name, found in effects_of(tmp_path, *files).items():
        for row in found:
            line = files[name].splitlines()[row.line - 1]
            if row.kind == "output":
                assert "log" in line
            else:
                assert row.kind == "metadata-database"
                assert line.rstrip().endswith(("DAG(", "SubDagOperator("))


BARE = """
import json, runpy, sys
runpy.run_path({probe!r} + "/__main__.py")["_load_package"]()
from _dagprof_probe import watch
from _dagprof_probe.watch import databases, processes
"""
WATCHED = """
log = watch.Effects(root="/dags", scratch="/scratch", dag_file="/dags/a.py")
before = set(sys.modules)
log.install(None)
assert set(sys.modules) == before
assert not {"subprocess", "http.client", "sqlite3", "multiprocessing.process"} & before

def run(code, line):
    log.checkpoint("/dags/a.py", line)
    exec(compile("\\n" * (line - 1) + code, "/dags/a.py", "exec"), {})
"""


def in_bare_interpreter(code: str) -> Any:
    """What ``code`` prints as JSON in an interpreter that has loaded the probe and no Airflow."""
    command = [TARGET, "-I", "-c", BARE.format(probe=str(PROBE)) + code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_modules_that_are_loaded_later_are_watched_too(server: int) -> None:
    code = f"""
run('import http.client', 1)
run('c = http.client.HTTPConnection("127.0.0.1", {server}); c.request("GET", "/a?b=c"); c.getresponse()', 2)
run('import subprocess', 3)
run('import subprocess; subprocess.run(["true"])', 4)
assert not [finder for finder in sys.meta_path if type(finder).__name__ == "LatePatches"]
print(json.dumps([[row["kind"], row["what"], row["line"], bool(row["wall_us"])] for row in log.rows()]))
"""
    found = in_bare_interpreter(WATCHED + code.replace("c = http", "import http.client; c = http"))
    assert found == [
        ["http", f"GET http://127.0.0.1:{server}/a?...", 2, True],
        ["socket", f"127.0.0.1:{server}", 2, True],
        ["process", "true", 4, True],
    ]


def test_another_list_in_place_of_the_path_is_found_between_statements() -> None:
    code = """
run('import sys; sys.path = [*sys.path, "/x"]', 3)
run('y = 1', 4)
run('import sys; sys.path = sys.path[:-1]', 5)
print(json.dumps([[row["what"], row["line"]] for row in log.rows()]))
"""
    assert in_bare_interpreter(WATCHED + code) == [["/x", 3], ["/x (removed)", 5]]


def test_a_ledger_that_fails_hurts_nobody() -> None:
    code = """
log._ledger._rows = None
run('import os; os.environ["A"] = "1"; os.system("true"); print(end="")', 1)
print(json.dumps(True))
"""
    assert in_bare_interpreter(WATCHED + code) is True


def test_the_same_program_with_other_temporary_names_is_one_effect(tmp_path: Path) -> None:
    code = (
        "import subprocess\nimport tempfile\nimport uuid\nfor _ in range(3):\n   "
        ' subprocess.run(["true", tempfile.mkdtemp(), str(uuid.uuid4())])\nfor name in'
        ' ("tmp_orders1", "tmp_orders2"):\n    subprocess.run(["true", f"/data/{name}"])\n'
    )
    write(tmp_path / "dags", {"a.py": dag("a", code)})
    rows = [each for each in effects_of(tmp_path, "a.py")["a.py"] if each.kind == "process"]
    folder = os.environ.get("TMPDIR", "/tmp").rstrip("/")
    assert sorted((each.what, each.count) for each in rows) == [
        ("true /data/tmp_orders1", 1),
        ("true /data/tmp_orders2", 1),
        (f"true {folder}/tmp* <uuid>", 3),
    ]


COMMANDS = {
    ("psql", "--password", "s3cret", "-h", "db"): "psql --password *** -h db",
    ("tool", "--api-key=s3cret", "--token", "--verbose"): "tool --api-key=*** --token --verbose",
    ("curl", "-u", "ada:s3cret", "http://x"): "curl -u ada:*** http://x",
    ("sh", "-c", "vault --token s3cret get x"): "sh -c 'vault --token *** get x'",
    ("psql", "--password", "an open s3cret", "it's"): "psql --password '***' 'it'\\''s'",
    ("git", "clone", "https://s3cret@git.invalid/x"): "git clone https://***@git.invalid/x",
    ("mysql", "-h", "db", "-ps3cret", "-P", "3306"): "mysql -h db -p*** -P 3306",
    ("python", "-c", "pass"): "python -c pass",
}


def test_command_lines_hide_what_follows_a_secret_flag() -> None:
    code = f"print(json.dumps([processes.command_text(c) for c in {list(COMMANDS)!r}]))"
    assert [*map(Redactor(), in_bare_interpreter(code))] == list(COMMANDS.values())


STATEMENTS = {
    "SELECT a FROM shop.orders WHERE b = 'x'": "SELECT shop.orders",
    "\n  insert into orders values (1)": "INSERT orders",
    'UPDATE "orders" SET a = 1': "UPDATE orders",
    "CREATE TABLE IF NOT EXISTS orders (a int)": "CREATE orders",
    "(SELECT 1)": "SELECT",
    "PRAGMA x": "PRAGMA",
}


def test_statements_are_told_without_their_values() -> None:
    code = f"print(json.dumps([databases.statement_text(s) for s in {list(STATEMENTS)!r}]))"
    assert in_bare_interpreter(code) == list(STATEMENTS.values())
