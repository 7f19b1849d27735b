"""Asks the user's own backends what look-ups of Variables and Connections take."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from dagprof import bounded
from dagprof.errors import MeasurementError
from dagprof.link.target import PROBE, Target
from dagprof.model.base import Ms

_LIMIT_S = 120.0
_LARGEST = 1 << 22


class LiveLookup(msgspec.Struct, frozen=True, array_like=True):
    """The time of one look-up in the user's backends. ``error`` is empty if they answered.
    ``is_first``: the look-up was the first one of its process, and connected to the backend.
    """

    kind: str
    key: str
    ms: Ms
    error: str
    is_first: bool


def ask(
    target: Target, environment: Mapping[str, str], keys: Sequence[tuple[str, str]]
) -> list[LiveLookup]:
    """The times of look-ups of these kinds and keys, in the user's own environment.

    :raises MeasurementError: the backends did not answer at all.
    """
    with tempfile.TemporaryDirectory(dir=target.scratch, prefix="live-") as folder:
        output = Path(folder) / "times"
        try:
            subprocess.run(
                [str(target.python), str(PROBE), "lookups", str(output)],
                input=json.dumps([list(pair) for pair in keys]).encode("ascii"),
                env=dict(environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_LIMIT_S,
                check=True,
            )
            return msgspec.json.decode(bounded.read(output, _LARGEST), type=list[LiveLookup])
        except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
            raise MeasurementError(
                "Your backends for Variables and Connections did not respond. Check the [secrets]"
                " section of Airflow's configuration, or set the lookup times with"
                " --lookup-latency."
            ) from error
