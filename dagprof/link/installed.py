"""Asks the target interpreter which distributions are installed, and how long a cold start of
Airflow takes with and without some of them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from dagprof import bounded
from dagprof.errors import MeasurementError
from dagprof.link.messages.installed import Installed
from dagprof.link.target import PROBE, Target
from dagprof.robust import median_absolute_deviation

_LIMIT_S = 120.0
_LARGEST = 1 << 28
_STARTS = 5


class ColdStarts(NamedTuple):
    """The median time of a cold start of Airflow in ms, with all distributions and without some.

    ``noise_ms`` is the spread of the difference between two starts in ms.
    """

    before_ms: float
    after_ms: float
    noise_ms: float

    @property
    def saving_ms(self) -> float:
        """The time that a start saves."""
        return self.before_ms - self.after_ms


def ask(target: Target, names: Collection[str]) -> Installed:
    """The installed distributions, and the owners of these dotted names.

    :raises MeasurementError: the interpreter cannot run the probe.
    """
    with tempfile.TemporaryDirectory(dir=target.scratch, prefix="installed-") as folder:
        output = Path(folder) / "found"
        try:
            subprocess.run(
                [str(target.python), str(PROBE), "installed", str(output)],
                input=json.dumps(sorted(names)).encode("ascii"),
                env=dict(target.environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_LIMIT_S,
                check=True,
            )
            return msgspec.json.decode(bounded.read(output, _LARGEST), type=Installed)
        except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
            raise MeasurementError(
                f"{target.python} cannot list its installed distributions. Choose another"
                " interpreter with --python."
            ) from error


def cold_starts(target: Target, without: Collection[str]) -> ColdStarts:
    """Start Airflow in new processes, in turns with all distributions and without ``without``. The
    first two starts do not count, because they fill the caches of the file system.

    :raises MeasurementError: Airflow does not start.
    """
    hidden = json.dumps(sorted(without)).encode("ascii")
    before, after = [], []
    for _ in range(_STARTS + 1):
        before.append(_start_ms(target, b"[]", target.environment))
        after.append(_start_ms(target, hidden, target.environment))
    differences = [first - second for first, second in zip(before[1:], after[1:], strict=True)]
    return ColdStarts(
        statistics.median(before[1:]),
        statistics.median(after[1:]),
        1.4826 * median_absolute_deviation(differences),
    )


def _start_ms(target: Target, hidden: bytes, environment: Mapping[str, str]) -> float:
    began = time.monotonic()
    try:
        subprocess.run(
            [str(target.python), str(PROBE), "starting"],
            input=hidden,
            env=dict(environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_LIMIT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise MeasurementError(
            f"Airflow does not start in {target.python} without the distributions that nobody"
            " imports. Use `dagprof deps` without --cold-start."
        ) from error
    return (time.monotonic() - began) * 1000
