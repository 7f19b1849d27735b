"""Ctrl-C is not lost, and a command that nohup started outlives its terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest

SETUP = """
import os, signal, time
from dagprof import cli
def interrupt():
    os.kill(os.getpid(), signal.{name})
    for _ in range(1000):
        pass
def command():
    {body}
    time.sleep(5)
    return 0
cli._result_of = lambda arguments: command()
"""
FINALISER = """
    class Odd:
        def __del__(self):
            interrupt()
    del [Odd()][0]"""


def run(body: str, name: str = "SIGINT", before: str = "") -> subprocess.CompletedProcess[str]:
    code = before + SETUP.format(name=name, body=body) + "raise SystemExit(cli.main([]))\n"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("body", ["interrupt()", FINALISER], ids=["code", "finaliser"])
def test_a_signal_interrupts_wherever_it_comes(body: str, name: str) -> None:
    done = run(body, name)
    assert (done.returncode, done.stderr) == (130, "Interrupted.\n")


def test_nohup_is_respected() -> None:
    before = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    done = run("interrupt()\n    return 7", "SIGHUP", before)
    assert (done.returncode, done.stderr) == (7, "")
