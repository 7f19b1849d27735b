"""Asks the target interpreter which distributions are installed, and how long a cold start of
Airflow takes with and without some of them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import msgspec

from dagprof import bounded
from dagprof.errors import MeasurementError
from dagprof.link.messages.installed import Installed
from dagprof.link.target import PROBE, Target
from dagprof.robust import standard_error_of_median

_LIMIT_S = 120.0
_LARGEST = 1 << 28
_STARTS = 5


class ColdStarts(NamedTuple):
    """The median time of a cold start of Airflow in ms, with all distributions and without some.

    ``noise_ms`` is the standard error of the difference in ms.
    """

    before_ms: float
    after_ms: float
    noise_ms: float


def ask(target: Target, names: Collection[str]) -> Installed:
    """The installed distributions, and the owners of these dotted names.

    :raises MeasurementError: the interpreter cannot run the probe.
    """
    with tempfile.TemporaryDirectory(dir=target.scratch, prefix="installed-") as folder:
        output = Path(folder) / "found"
        try:
            _run(target, "installed", output, names)
            return msgspec.json.decode(bounded.read(output, _LARGEST), type=Installed)
        except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
            raise MeasurementError(
                f"{target.python} cannot list its installed distributions. Choose another"
                " interpreter with --python."
            ) from error


def cold_starts(target: Target, without: Collection[str]) -> ColdStarts:
    """Start Airflow in new processes, in turns with all distributions and without ``without``. The
    first start of each kind does not count, because it fills the caches of the file system.

    :raises MeasurementError: Airflow does not start.
    """
    before, after = [], []
    with tempfile.TemporaryDirectory(dir=target.scratch, prefix="views-") as folder:
        complete, reduced = (Path(folder) / name for name in ("complete", "reduced"))
        _make_view(target, complete, ())
        _make_view(target, reduced, without)
        for _ in range(_STARTS + 1):
            before.append(_start_ms(target, complete))
            after.append(_start_ms(target, reduced))
    differences = [first - second for first, second in zip(before[1:], after[1:], strict=True)]
    return ColdStarts(
        statistics.median(before[1:]),
        statistics.median(after[1:]),
        standard_error_of_median(differences),
    )


def _make_view(target: Target, folder: Path, without: Collection[str]) -> None:
    folder.mkdir()
    _run_airflow(target, "view", folder, without)


def _start_ms(target: Target, folder: Path) -> float:
    began = time.monotonic()
    _run_airflow(target, "starting", folder)
    return (time.monotonic() - began) * 1000


def _run_airflow(target: Target, role: str, folder: Path, names: Collection[str] = ()) -> None:
    try:
        _run(target, role, folder, names)
    except (OSError, subprocess.SubprocessError) as error:
        raise MeasurementError(
            f"Airflow does not start in {target.python} without the distributions that a customised"
            " image would leave out. To skip the measurement of cold starts, use --no-cold-start."
        ) from error


def _run(target: Target, role: str, place: Path, names: Collection[str]) -> None:
    """Run the probe in this role. It reads the names.

    :raises OSError: the interpreter cannot be started.
    :raises SubprocessError: the probe fails or takes too long.
    """
    subprocess.run(
        [str(target.python), str(PROBE), role, str(place)],
        input=json.dumps(sorted(names)).encode("ascii"),
        env=dict(target.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_LIMIT_S,
        check=True,
    )
