"""Reads tables of a metadata database with SQLAlchemy and the driver of the target interpreter."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from dagprof import bounded
from dagprof.errors import UsageError
from dagprof.link.messages.tables import FoundTables
from dagprof.link.target import PROBE, Target

_LIMIT_S = 120.0
_LARGEST = 1 << 29


def ask(target: Target, url: str, columns: Mapping[str, Collection[str]]) -> FoundTables:
    """The wanted columns of each table that exists. The URL goes over the standard input, because
    other users of the machine can read a command line.

    :raises UsageError: the interpreter cannot run the probe, or the database takes too long.
    """
    request = {"url": url, "columns": {name: list(wanted) for name, wanted in columns.items()}}
    with tempfile.TemporaryDirectory(dir=target.scratch, prefix="tables-") as folder:
        output = Path(folder) / "found"
        try:
            subprocess.run(
                [str(target.python), str(PROBE), "tables", str(output)],
                input=json.dumps(request).encode("ascii"),
                env=dict(target.environment),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_LIMIT_S,
                check=True,
            )
            return msgspec.json.decode(bounded.read(output, _LARGEST), type=FoundTables)
        except subprocess.TimeoutExpired:
            raise UsageError(
                f"The metadata database does not answer within {_LIMIT_S:.0f} s. Check the host and"
                " the port in --from-airflow."
            ) from None
        except (OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
            raise UsageError(
                f"{target.python} cannot read the metadata database. Choose another interpreter"
                " with --python."
            ) from error
