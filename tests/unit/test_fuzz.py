"""Malformed files of every kind, for some seconds with a new seed each time: each is read, or
refused in one sentence, soon.

A failure names its case. ``DAGPROF_TEST_FUZZ_SEED`` makes the same cases again, and
``DAGPROF_TEST_FUZZ_SECONDS`` says how long; ``bench/fuzz.py`` tries many more.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import pytest
from fuzzing import cases
from support import FUZZ_SECONDS, FUZZ_SEED

SEED = int(os.environ[FUZZ_SEED])
SECONDS = float(os.environ.get(FUZZ_SECONDS, "5"))
# Of one case: seconds of this process, since a busy machine is no fault of what is read.
MOST_S = 5.0
MOST_KIB = 1 << 20


@pytest.mark.filterwarnings("default")  # such as that of a source with an odd escape
@pytest.mark.parametrize("kind", cases.KINDS)
def test_no_malformed_file_is_a_traceback(kind: str, tmp_path: Path) -> None:
    until = time.monotonic() + SECONDS / len(cases.KINDS)
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    number = 0
    while time.monotonic() < until or not number:
        began = time.process_time()
        try:
            cases.do(kind, SEED, number, tmp_path)
        except Exception as error:
            raise AssertionError(f"cases.do({kind!r}, {SEED}, {number}, folder)") from error
        assert time.process_time() - began < MOST_S, (kind, SEED, number)
        number += 1
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert grown_kib < MOST_KIB, f"{grown_kib} KiB, {kind}, seed {SEED}, {number} cases"
