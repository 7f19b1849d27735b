"""The output of the measuring process: its last part is kept, however much there is."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from dagprof.link.processes.output import LastOutput


def test_the_last_line_of_very_much() -> None:
    output = LastOutput()
    code = "for number in range(300_000): print('line', number, 'x' * 100)"
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=output.writing_end, check=True, timeout=120
    )
    output.close_writing_end()
    assert done.returncode == 0
    assert output.last_line() == "line 299999 " + "x" * 100
    assert len(output._kept) <= 32 * 1024


def test_a_pipe_that_somebody_holds_is_not_waited_for() -> None:
    output = LastOutput()
    os.write(output.writing_end, b"first\nsecond \xff\n\n")
    began = time.monotonic()
    assert output.last_line() == "second \ufffd"
    assert time.monotonic() - began < 5
    output.close_writing_end()
    assert output.last_line() == "second \ufffd"


def test_nothing_was_written() -> None:
    output = LastOutput()
    output.close_writing_end()
    assert output.last_line() == ""
