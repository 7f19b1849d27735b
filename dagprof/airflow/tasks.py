"""The work of the tasks: scan one shard, and merge all shards.

Workers share nothing but the folder ``reports``, which may be an object storage. A task therefore
measures into a temporary folder, and copies what it made::

    reports/latest/run.json, report.html            the last complete scan
    reports/runs/RUN_ID/split.json                  how this scan is split; may be empty
    reports/runs/RUN_ID/shard-3-of-8.json           one for each shard
    reports/runs/RUN_ID/run.json, report.html       the merged run
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from dagprof.airflow.request import ShardedScan

_LOG = logging.getLogger(__name__)
_FAILED, _BAD_INPUT, _NOTHING_MEASURED = 1, 2, 3
_REPORTS = ("run.json", "report.html")
# ``python -m`` would put the working folder, here the DAG folder, before the installed packages.
_PROGRAM = "import sys; del sys.path[0]; from dagprof.__main__ import run; run()"


def scan_shard(request: ShardedScan, number: int, run_id: str) -> str:
    """Scan shard ``number``, counted from 1, and return the place of its run file.

    :raises airflow.exceptions.AirflowFailException: the scan cannot succeed, however often it is
        tried again.
    :raises RuntimeError: nothing was measured.
    """
    folder = _run_folder(request, run_id)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dagprof-") as name:
        scratch = Path(name)
        command = ["scan", *request.paths, "--shard", f"{number}/{request.shards}"]
        if earlier := _split(request, folder):
            (scratch / "split.json").write_bytes(earlier)
            command += ["--shard-by", str(scratch / "split.json")]
        code, said = _dagprof([*command, "-o", str(scratch / "out"), *request.options], request)
        made = scratch / "out" / "run.json"
        # A shard whose files all fail is a part of the answer; ``merge`` judges the whole.
        if not made.exists() or code not in (0, _FAILED, _NOTHING_MEASURED):
            _fail("scan", code, said)
        place = folder / _shard_name(request, number)
        place.write_bytes(made.read_bytes())
    if code == _FAILED:
        _fail("scan", code, said)
    return str(place)


def merge_shards(request: ShardedScan, run_id: str) -> dict[str, str]:
    """Merge the run files of all shards, and return the places of the run file and the report.

    :raises airflow.exceptions.AirflowFailException: the runs do not belong together, a shard is
        missing, or no DAG file could be measured.
    """
    folder = _run_folder(request, run_id)
    with tempfile.TemporaryDirectory(prefix="dagprof-") as name:
        scratch = Path(name)
        command = ["merge", "-o", str(scratch / "out")] + ["--partial"] * request.partial
        names = [_shard_name(request, number) for number in range(1, request.shards + 1)]
        shards = [shard for shard in names if (folder / shard).exists()]
        if not shards:
            raise _failure()(
                f"No shard of {folder} has a run file. See the logs of the `scan` tasks."
            )
        for shard in shards:
            (scratch / shard).write_bytes((folder / shard).read_bytes())
        code, said = _dagprof([*command, *(str(scratch / shard) for shard in shards)], request)
        made = {each: scratch / "out" / each for each in _REPORTS}
        if not all(file.exists() for file in made.values()):
            _fail("merge", code, said)
        for target in (folder, _place(request.reports) / "latest"):
            target.mkdir(parents=True, exist_ok=True)
            for each, file in made.items():
                _replace(target / each, file.read_bytes())
        if code != 0:
            _fail("merge", code, said)
    return {each: str(folder / each) for each in _REPORTS}


def _split(request: ShardedScan, folder: Any) -> bytes:
    """The run file by which all shards of this scan split the files; empty to split by size.

    The first shard decides. A shard that is tried again after the scan must not see a newer run.
    """
    kept = folder / "split.json"
    if not kept.exists():
        latest = _place(request.reports) / "latest" / "run.json"
        _replace(kept, latest.read_bytes() if latest.exists() else b"")
    return bytes(kept.read_bytes())


def _replace(place: Any, content: bytes) -> None:
    """Write a file that others may read at the same time. An object storage does this by itself."""
    if not isinstance(place, Path):
        place.write_bytes(content)
        return
    with tempfile.NamedTemporaryFile(
        dir=place.parent, prefix=f".{place.name}-", delete=False
    ) as to:
        to.write(content)
    os.chmod(to.name, 0o644)  # a temporary file is for its owner only
    os.replace(to.name, place)


def _dagprof(arguments: Sequence[str], request: ShardedScan) -> tuple[int, str]:
    """Run a command of dagprof, with its output in the task's log. Return its exit code and its
    last message.

    The command runs in the folder of the first path, where dagprof searches its configuration.
    """
    first = Path(request.paths[0])
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        cwd=first if first.is_dir() else first.parent if first.parent.is_dir() else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "120"},
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    said = ""
    with process:
        try:
            for line in process.stdout:
                _LOG.info("%s", line.rstrip("\n"))
                if line.startswith("dagprof: "):
                    said = line.removeprefix("dagprof: ").rstrip("\n")
            return process.wait(), said
        finally:
            # Airflow ends a task with an exception. dagprof then removes its processes and files.
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(20)
                process.kill()


def _fail(command: str, code: int, said: str) -> NoReturn:
    why = f"dagprof {command} exited with code {code}. {said or 'See the output above.'}"
    raise (_failure() if code in (_FAILED, _BAD_INPUT) else RuntimeError)(why)


def _failure() -> type[Exception]:
    """The exception that fails a task without further tries."""
    try:
        from airflow.sdk.exceptions import AirflowFailException
    except ImportError:  # Airflow 2.7 to 3.0
        from airflow.exceptions import AirflowFailException

    found: type[Exception] = AirflowFailException
    return found


def _run_folder(request: ShardedScan, run_id: str) -> Any:
    return _place(request.reports) / "runs" / re.sub(r"[^A-Za-z0-9._-]", "_", run_id or "manual")


def _shard_name(request: ShardedScan, number: int) -> str:
    return f"shard-{number}-of-{request.shards}.json"


def _place(reports: str) -> Any:
    """The folder for reports: a ``Path``, or Airflow's ``ObjectStoragePath`` for a URL.

    ``file://`` is a folder, too. Airflow's path would write files there that others see half
    written.
    """
    scheme, separator, path = reports.partition("://")
    if not separator or scheme == "file":
        return Path(path if separator else reports)
    try:
        from airflow.sdk import ObjectStoragePath
    except ImportError:
        try:
            from airflow.io.path import ObjectStoragePath
        except ImportError:
            raise _failure()(
                f"This Airflow has no object storage, so {reports} cannot be written. Give a folder"
                " that all workers share, or use Airflow 2.8 or later."
            ) from None
    return ObjectStoragePath(reports)
