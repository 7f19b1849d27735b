"""One scan of hostile DAG files in folders of its own: what came out, and what is left there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from common import environment
from hostile import CLEAN, Behaviour, clean_files

import dagprof
from dagprof.model import FileResult

TIME_LIMIT_S = 6
# A spawned parse begins with the start of Airflow.
SPAWN_LIMIT_S = 20
MEMORY_LIMIT_MIB = 700
_SHARED_MEMORY = Path("/dev/shm")
# Folders of one trial that a scan may not change.
_DEPTH = 4
_KEPT = ("tmp", "dags", "home", "airflow", "cache")


class Setup(NamedTuple):
    """With what is scanned: an interpreter with Airflow, its major version, how parses start."""

    python: Path
    airflow: int
    isolation: str
    cache: Path


class Row(msgspec.Struct, frozen=True):
    """What became of one file."""

    status: str
    dag_ids: tuple[str, ...] = ()
    tasks: int = 0
    own_ms: float = 0.0
    detail: str = ""
    doubts: tuple[str, ...] = ()


class Seen(msgspec.Struct, frozen=True):
    """What one scan did. ``left`` are processes and files, ``waits_s`` how long each parse took.

    ``exit_code`` is None where the scan did not end; ``trouble`` is what it wrote to stderr, if
    there is a traceback, or why there is no Run.
    """

    rows: dict[str, Row]
    exit_code: int | None
    took_s: float
    waits_s: tuple[float, ...]
    left: tuple[str, ...]
    trouble: str = ""


def time_limit_s(isolation: str) -> int:
    """The time limit of each parse."""
    return SPAWN_LIMIT_S if isolation == "spawn" else TIME_LIMIT_S


def scan(
    behaviours: Sequence[Behaviour], setup: Setup, *, limit_s: float, more: Sequence[str]
) -> Seen:
    """Scan these files between the two clean ones; ``more`` are further options."""
    with _folders(behaviours, setup) as top:
        before = _contents(top)
        record = top / "record.json"
        command = [
            sys.executable, str(Path(__file__).with_name("watched_scan.py")), record, limit_s,
            "scan", top / "dags", "--python", setup.python, "--isolation", setup.isolation,
            "--depth", "traced", "--repeat", 1, "--time-limit", time_limit_s(setup.isolation),
            "--memory-limit", MEMORY_LIMIT_MIB, "--no-project", *more,
        ]  # fmt: skip
        with (top / "out").open("wb") as out, (top / "err").open("wb") as err:
            process = subprocess.Popen(
                list(map(str, command)),
                cwd=top / "cwd",
                env=_environment(top, top / "cache"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            try:
                process.wait(limit_s + 60)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return _seen(top, before, behaviours)


def fill_cache(setup: Setup) -> None:
    """Scan the clean files once, so that each scan starts with a copy of what dagprof then keeps."""
    with _folders((), setup) as top:
        command = [
            *(sys.executable, "-m", "dagprof", "scan", top / "dags"),
            *("--python", setup.python, "--isolation", setup.isolation, "--no-project"),
        ]
        done = subprocess.run(
            list(map(str, command)),
            cwd=top / "cwd",
            env=_environment(top, setup.cache),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"The clean files cannot be scanned:\n{done.stdout}{done.stderr}")


def _environment(top: Path, cache: Path) -> dict[str, str]:
    return {
        **environment(top / "airflow"),
        "HOME": str(top / "home"),
        "TMPDIR": str(top / "tmp"),
        "XDG_CACHE_HOME": str(cache),
        "COLUMNS": "100",
    }


@contextlib.contextmanager
def _folders(behaviours: Sequence[Behaviour], setup: Setup) -> Iterator[Path]:
    """A DAG folder, and beside it all that a scan could change."""
    top = Path(tempfile.mkdtemp(prefix="behaviour-"))
    try:
        for name in ("tmp", "dags", "home", "airflow", "cwd"):
            (top / name).mkdir()
        shutil.copytree(setup.cache, top / "cache", dirs_exist_ok=True)
        for name, text in clean_files(setup.airflow).items():
            (top / "dags" / name).write_text(text)
        for behaviour in behaviours:
            (top / "dags" / behaviour.path).write_bytes(behaviour.source(setup.airflow))
        yield top
    finally:
        # Deeper than any recursion: not by shutil.
        subprocess.run(["rm", "-rf", "--", top], check=False)
        for file in _SHARED_MEMORY.glob("hostile*"):
            if any(file.match(pattern[4:]) for one in behaviours for pattern in one.leaves):
                file.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return "other" if not path.is_dir() else "folder"
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """The paths in a folder and the folders in it; hostile files make deeper ones than can be named."""
    for path in sorted(folder.iterdir()):
        yield path
        if depth > 1 and path.is_dir() and not path.is_symlink():
            yield from _below(path, depth - 1)


def _contents(top: Path) -> dict[str, str]:
    """What is in the folders that stay as they are, as ``FOLDER/PATH``."""
    found = {}
    for name in _KEPT:
        depth = 1 if name == "tmp" else _DEPTH
        found.update(
            {str(path.relative_to(top)): _digest(path) for path in _below(top / name, depth)}
        )
    found.update(
        {f"cwd/{path.name}": "" for path in (top / "cwd").iterdir() if path.name != "reports"}
    )
    reports = (top / "cwd" / "reports").glob("*")
    found.update({f"cwd/reports/{path.name}": "" for path in reports if path.name not in _WRITTEN})
    found.update({f"shm/{path.name}": "" for path in _SHARED_MEMORY.glob("hostile*")})
    return found


# What a scan writes where it is told to.
_WRITTEN = ("run.json", "report.html")


def _changes(
    before: dict[str, str], after: dict[str, str], behaviours: Sequence[Behaviour]
) -> list[str]:
    """Paths that are new, gone or different, without those that the files changed themselves."""
    own = [pattern for behaviour in behaviours for pattern in behaviour.leaves]
    paths = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    return sorted(path for path in paths if not any(_is_below(path, one) for one in own))


def _is_below(path: str, pattern: str) -> bool:
    """Whether a path or one of the folders above it has this pattern."""
    return any(part.match(pattern) for part in (Path(path), *Path(path).parents))


def _seen(top: Path, before: dict[str, str], behaviours: Sequence[Behaviour]) -> Seen:
    changes = _changes(before, _contents(top), behaviours)
    try:
        facts = msgspec.json.decode((top / "record.json").read_bytes())
    except OSError:
        facts = {"exit_code": None, "took_s": 0.0, "left": [], "waits_s": []}
    rows, trouble = {}, ""
    try:
        run = dagprof.load(top / "cwd" / "reports" / "run.json")
        rows = {file.path: _row(file) for file in run.files}
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it is the result
        trouble = f"no Run: {type(error).__name__}: {error}\n"
    err = (top / "err").read_text(errors="replace")
    if "Traceback (most recent" in err or trouble:
        trouble += err[-1500:]
    return Seen(
        rows=rows,
        exit_code=facts["exit_code"],
        took_s=facts["took_s"],
        waits_s=tuple(facts["waits_s"]),
        left=(*changes, *facts["left"]),
        trouble=trouble,
    )


def _row(file: FileResult) -> Row:
    """What the judgement needs of one result. A name that is no UTF-8 is escaped in a Run."""
    is_clean = file.path in CLEAN
    said = file.detail or (
        f"{file.failures[0].type}: {file.failures[0].message}" if file.failures else ""
    )
    return Row(
        status=file.status.value,
        dag_ids=file.dag_ids[:5],
        tasks=file.task_count,
        own_ms=round(file.own_ms, 2),
        detail=said[:200],
        doubts=tuple(doubt.code for doubt in file.doubts) if is_clean else (),
    )
