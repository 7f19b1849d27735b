"""What comes over the link to a probe, whoever writes it: whole messages, within a time and a
size.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from masked import masking

from dagprof.link.messages import zygote as messages
from dagprof.link.processes import conversation
from dagprof.link.processes.conversation import Garbled, Silence
from dagprof.link.processes.workers import WorkerConversation

Pair = tuple[WorkerConversation, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield WorkerConversation(ours, masking(), os.getpid(), session=-1), theirs


def test_bytes_that_drip_for_ever_end_at_the_limit(pair: Pair) -> None:
    ours, theirs = pair
    stopped = threading.Event()

    def drip() -> None:
        while not stopped.is_set():
            theirs.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    began = time.monotonic()
    try:
        with pytest.raises(Silence):
            ours.receive(0.3)
    finally:
        stopped.set()
        dripping.join()
    assert time.monotonic() - began < 2


def test_a_limit_of_years_is_no_error(pair: Pair) -> None:
    ours, theirs = pair
    theirs.sendall(b"7\n")
    assert ours.receive(1e9) == b"7"


def test_a_message_without_end_is_garbled(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "_LARGEST_BYTES", 1 << 20)
    ours, theirs = pair

    def flood() -> None:
        with contextlib.suppress(OSError):  # the other end is closed
            while True:
                theirs.sendall(b"x" * 100_000)

    flooding = threading.Thread(target=flood)
    flooding.start()
    with pytest.raises(Garbled, match="more than"):
        ours.receive(10)
    ours.close()
    flooding.join()


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"nothing", b"\xff", b"[", b"[" * 100_000, b"9" * 10_000, b"null", b"[]", b"{}"),
        b'{"files": [1], "skipped": [], "passed_over": []}',
        b'{"files": [], "skipped": [["/a", "moon", ""]], "passed_over": []}',
    ],
)
def test_what_is_no_answer_is_garbled(pair: Pair, line: bytes) -> None:
    ours, theirs = pair
    for _ in range(2):
        theirs.sendall(line + b"\n")
    with pytest.raises(Garbled):
        ours.answer(1, messages.Listing, messages.Failed)
    with pytest.raises(Garbled):
        ours.reply(1)


def test_names_of_files_stay_exact_and_other_texts_can_be_written(pair: Pair) -> None:
    ours, theirs = pair
    listing = {"files": ["/dags/\udcff.py"], "skipped": [], "passed_over": []}
    imported = {"modules": ["\udcff"], "failed": []}
    for message in (listing, imported):
        theirs.sendall(json.dumps(message).encode() + b"\n")
    listed = ours.answer(1, messages.Listing, messages.Failed)
    assert isinstance(listed, messages.Listing)
    assert listed.files == ["/dags/\udcff.py"]
    found = ours.answer(1, messages.PreImported, messages.Failed)
    assert isinstance(found, messages.PreImported)
    assert found.modules == ["\\udcff"]


def test_whatever_the_result_is_the_workers_own_part_is_read(pair: Pair) -> None:
    ours, theirs = pair
    own = '{"outcome": "result", "stdout": ["\\"result\\": 1", 9], "total_ms": 5.0, "result": '
    for result in ("[" * 5_000 + "]" * 5_000, "NaN", "null", "9" * 9_000, '{"failures": []}'):
        theirs.sendall(f"{own}{result}}}\n".encode())
        reply = ours.reply(1)
        assert reply.stdout == ('"result": 1', 9)
        assert (reply.result is None) == (result != '{"failures": []}')
        assert bool(reply.refused) == (reply.result is None)
