"""A parse that waits for a host that does not answer gets a note."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from support import Scan, dag, result


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_line_the_host_and_the_time_are_named(scan: Scan, silent_port: int) -> None:
    code = f"""
import http.client
conn = http.client.HTTPConnection("127.0.0.1", {silent_port}, timeout=0.7)
try:
    conn.request("GET", "/computeMetadata/v1/")
    conn.getresponse()
except OSError:
    pass
"""
    file = result(scan({"a.py": code + dag("a")}), "a.py")
    (doubt,) = [doubt for doubt in file.doubts if doubt.code == "waits-in-vain"]
    assert doubt.text.startswith(
        "a.py:5 waits 0.7 s for 127.0.0.1. This host does not respond to this machine"
    )
    (effect,) = [effect for effect in file.effects if effect.kind == "http"]
    assert effect.failed == 1


def test_a_host_that_answers_is_no_note(scan: Scan, silent_port: int) -> None:
    code = (
        f"import socket\nsocket.create_connection(('127.0.0.1', {silent_port}),"
        " timeout=5).close()\n"
    )
    file = result(scan({"a.py": code + dag("a")}), "a.py")
    assert not [doubt for doubt in file.doubts if doubt.code == "waits-in-vain"]
