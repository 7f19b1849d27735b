"""Temporary folders: gone afterwards, also after a kill, and never those of a living process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dagprof import scratch
from dagprof.errors import MeasurementError

_HOLDING = """
import sys
from dagprof.scratch import temporary_folder
with temporary_folder("scratch") as folder:
    (folder / "file").write_text("x")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@contextmanager
def another_process() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """One that has a temporary folder until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_folder_is_gone_afterwards_whatever_was_put_into_it(place: Path) -> None:
    with scratch.temporary_folder("scratch") as folder:
        assert folder.parent == place
        assert names(folder) == [scratch.MARK]
        (folder / "closed" / "deep").mkdir(parents=True)
        (folder / "closed" / "deep" / "file").touch()
        (folder / "link").symlink_to(place.parent)
        (folder / "closed" / "deep").chmod(0)
        (folder / "closed").chmod(0o500)
    assert names(place) == []
    assert place.parent.exists()


def test_a_folder_of_more_levels_than_python_can_recurse_is_removed(place: Path) -> None:
    with scratch.temporary_folder("scratch") as folder:
        before = os.open(".", os.O_RDONLY)
        try:
            os.chdir(folder)
            for _ in range(3000):
                os.mkdir("level")
                os.chdir("level")
                Path("file").touch()
        finally:
            os.fchdir(before)
            os.close(before)
    assert names(place) == []


def test_a_link_in_the_place_of_the_folder_does_not_lead_to_the_users_files(place: Path) -> None:
    users = place.parent / "users"
    users.mkdir()
    (users / "file").touch()
    with scratch.temporary_folder("scratch") as folder:
        folder.rename(place / "moved")
        folder.symlink_to(users)
    assert names(users) == ["file"]
    assert names(place) == ["moved"]


def test_a_folder_that_is_gone_is_no_error(place: Path) -> None:
    with scratch.temporary_folder("scratch") as folder:
        scratch.remove(folder)
    assert names(place) == []


def test_the_folder_of_a_killed_process_is_removed_by_the_next_one(place: Path) -> None:
    with another_process() as (process, left):
        process.send_signal(signal.SIGKILL)
    assert (left / "file").exists()
    with scratch.temporary_folder("scratch") as folder:
        assert names(place) == [folder.name]


def test_the_folder_of_a_living_process_stays(place: Path) -> None:
    with another_process() as (process, other), scratch.temporary_folder("scratch"):
        scratch.remove_abandoned(place)
        assert (other / "file").read_text() == "x"
        assert process.poll() is None
    assert names(place) == []


def test_what_only_looks_like_a_folder_of_dagprof_stays(place: Path) -> None:
    mine = ["dagprof-baseline", "dagprof-scratch-abc", "scratch-abcdefgh", "dagprof-base-ABCDEFGH"]
    for name in (*mine, "dagprof-scratch-aaaaaaaa", "elsewhere"):
        (place / name).mkdir()
        (place / name / "file").touch()
    (place / "elsewhere" / scratch.MARK).touch()
    (place / "dagprof-scratch-bbbbbbbb").symlink_to(place / "elsewhere")
    (place / "dagprof-scratch-cccccccc").touch()
    before = names(place)
    scratch.remove_abandoned(place)
    assert names(place) == before
    assert names(place / "elsewhere") == [scratch.MARK, "file"]


def test_an_empty_folder_was_left_before_it_had_a_mark(place: Path) -> None:
    (place / "dagprof-scratch-aaaaaaaa").mkdir()
    scratch.remove_abandoned(place)
    assert names(place) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_the_folder_of_another_user_stays(place: Path) -> None:
    with another_process() as (process, left):
        process.send_signal(signal.SIGKILL)
    os.chown(left, 12345, 12345)
    scratch.remove_abandoned(place)
    assert names(place) == [left.name]
    os.chown(left, os.geteuid(), -1)
    scratch.remove_abandoned(place)
    assert names(place) == []


def test_many_processes_at_once_remove_only_what_is_left(place: Path) -> None:
    """Each removes what it takes for abandoned while the others make folders."""
    code = """
from dagprof.scratch import temporary_folder
for number in range(60):
    with temporary_folder("scratch") as folder:
        (folder / "file").write_text("x")
        assert (folder / "file").read_text() == "x"
"""
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait(60) for process in running] == [0, 0, 0, 0]
    assert names(place) == []


def test_without_a_place_for_it_the_way_out_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(place / "gone"))
    with (
        pytest.raises(
            MeasurementError, match=r"^Cannot create a temporary .*Set TMPDIR to a writable"
        ),
        scratch.temporary_folder("scratch"),
    ):
        pass


def test_the_current_folder_is_no_place_for_it(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python takes it as a last resort, and the DAG files may be there."""
    monkeypatch.chdir(place)
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    with pytest.raises(MeasurementError, match="is writable"), scratch.temporary_folder("base"):
        pass
    monkeypatch.setenv("TMPDIR", str(place))
    with scratch.temporary_folder("base") as folder:
        assert folder.parent == place
