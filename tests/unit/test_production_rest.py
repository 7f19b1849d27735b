"""``dagprof scan --from-airflow`` with servers that refuse, lie, redirect or hang up."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dagprof.errors import UsageError
from dagprof.production import rest
from dagprof.production.place import TOKEN, place

Answer = tuple[int, dict[str, str], bytes]
SECRET = "tok.en-123456789"


@pytest.fixture
def serve() -> Iterator[Callable[[Callable[[str], Answer]], str]]:
    """Start a server that answers each path as a function says. ``seen`` are its requests."""
    servers: list[http.server.HTTPServer] = []

    def start(answer: Callable[[str], Answer]) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = answer(self.path)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def answered(value: Any, status: int = 200) -> Answer:
    return status, {}, json.dumps(value).encode()


def refusal(address: str) -> str:
    with pytest.raises(UsageError) as caught:
        rest.read(place(address, {TOKEN: SECRET}))
    assert SECRET not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (answered({}, 401), "Set the environment variable DAGPROF_AIRFLOW_TOKEN to a valid token"),
        (answered({}, 403), "a user with permission to read all DAGs"),
        (answered({}, 404), "For Airflow 2, set --from-airflow to the metadata database"),
        (answered({}, 500), "status 500"),
        (answered([1]), "is not the REST API of Airflow 3"),
        (answered({"version": 3}), "is not the REST API of Airflow 3"),
        ((200, {}, b"<html>"), "is not the REST API of Airflow 3"),
        ((200, {}, b"[" * 100_000), "is not the REST API of Airflow 3"),
        ((200, {}, b"\xff\xfe"), "is not the REST API of Airflow 3"),
        ((302, {"Location": "http://127.0.0.1:1/login"}, b""), "redirects to another address"),
        (answered({"version": "3.3.2", "dags": 1, "total_entries": 2}), "is not the REST API"),
    ],
)
def test_a_wrong_answer_is_one_sentence(
    answer: Answer, sentence: str, serve: Callable[[Callable[[str], Answer]], str]
) -> None:
    assert sentence in refusal(serve(lambda path: answer))


def test_a_redirect_never_carries_the_token(
    serve: Callable[[Callable[[str], Answer]], str],
) -> None:
    elsewhere: list[str] = []

    def record(path: str) -> Answer:
        elsewhere.append(path)
        return answered({})

    target = serve(record)
    refusal(serve(lambda path: (307, {"Location": target}, b"")))
    assert elsewhere == []


def test_a_closed_port_is_one_sentence() -> None:
    assert "does not answer (Connection refused)" in refusal("http://127.0.0.1:1")


def test_all_pages_are_read_once(serve: Callable[[Callable[[str], Answer]], str]) -> None:
    every = [
        {"relative_fileloc": f"d{n}.py", "fileloc": f"/d{n}.py", "last_parse_duration": 0.5}
        for n in range(250)
    ]
    paths: list[str] = []

    def answer(path: str) -> Answer:
        paths.append(path)
        if path.endswith("/version"):
            return answered({"version": "3.3.2"})
        offset = int(path.rpartition("offset=")[2])
        key = "dags" if "/dags?" in path else "import_errors"
        rows = every if key == "dags" else []
        return answered({key: rows[offset : offset + 60], "total_entries": len(rows)})

    found = rest.read(place(serve(answer), {}))
    assert len(found.files) == 250
    assert found.has_durations
    assert found.total_ms == 125_000
    assert len(paths) == 1 + 5 + 1


def test_an_airflow_without_durations_is_recognised(
    serve: Callable[[Callable[[str], Answer]], str],
) -> None:
    def answer(path: str) -> Answer:
        if path.endswith("/version"):
            return answered({"version": "3.0.6"})
        if "/dags?" in path:
            return answered({"dags": [{"fileloc": "/opt/a.py"}], "total_entries": 1})
        error = {"filename": "b.py", "bundle_name": "x", "stack_trace": "E: one\nE: two"}
        return answered({"import_errors": [error], "total_entries": 1})

    found = rest.read(place(serve(answer), {}))
    assert not found.has_durations
    assert [(file.path, file.error) for file in found.files] == [
        ("/opt/a.py", ""),
        ("b.py", "E: two"),
    ]
