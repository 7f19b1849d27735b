"""Files on a disk that is full: nothing that was complete is lost, and no half of a file stays.

A limit on the size of files stands for the disk.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from dagprof import scratch
from dagprof.cli import output
from dagprof.errors import OutputError
from dagprof.model import Measured
from dagprof.store import journal, runs
from unit.builders import file, run

Disk = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def disk() -> Disk:
    """``with disk(100)``: no file can have more than 100 bytes."""

    @contextmanager
    def limited(most: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


def measured(path: str) -> Measured:
    return Measured(result=file(path, 10, sha256="f" * 64))


def test_the_journal_keeps_what_it_has(tmp_path: Path, disk: Disk) -> None:
    place = tmp_path / "run.partial.jsonl"
    with journal.Journal(place, "key", resumes=False) as kept:
        kept.add(measured("a.py"))
        size = place.stat().st_size
        with disk(size + 100), pytest.raises(OutputError, match=r"too large\).*with --resume\.$"):
            kept.add(measured("b.py"))
        assert place.stat().st_size == size + 100
    key, found = journal.read(place)
    assert (key, [path for path, _ in found]) == ("key", ["a.py"])
    with journal.Journal(place, "key", resumes=True) as resumed:
        resumed.add(measured("b.py"))
    assert [path for path, _ in journal.read(place)[1]] == ["a.py", "b.py"]


def test_a_journal_without_results_is_removed(tmp_path: Path, disk: Disk) -> None:
    with (
        disk(0),
        pytest.raises(
            OutputError, match="Free some disk space, or choose another folder with --output-dir"
        ),
        journal.Journal(tmp_path / "run.partial.jsonl", "key", resumes=False),
    ):
        pass
    assert os.listdir(tmp_path) == []


def test_an_old_run_stays(tmp_path: Path, disk: Disk) -> None:
    runs.save(run(file("old.py", 1.0)), tmp_path / "run.json")
    with disk(100), pytest.raises(OutputError, match="Cannot write"):
        runs.save(run(file("new.py", 1.0)), tmp_path / "run.json")
    assert [each.path for each in runs.load(tmp_path / "run.json").files] == ["old.py"]
    assert os.listdir(tmp_path) == ["run.json"]


def test_a_scan_does_not_begin_if_its_results_do_not_fit(tmp_path: Path, disk: Disk) -> None:
    with (
        disk(0),
        pytest.raises(
            OutputError, match=r"Cannot write to .*Choose another folder with --output-dir"
        ),
    ):
        output.check_writable(tmp_path)
    assert os.listdir(tmp_path) == []


def test_no_half_of_a_template_stays(tmp_path: Path, disk: Disk) -> None:
    with disk(5), pytest.raises(OutputError, match="Choose another file for --write-variables"):
        output.write_answers(run(file("a.py", 1.0)), tmp_path / "answers.yaml", is_quiet=True)
    assert os.listdir(tmp_path) == []


def test_a_temporary_file_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    left, other = ".run.json.0a1b2c3d.dagprof-tmp", ".run.json.4e5f6a7b.dagprof-tmp"
    mine = [".run.json.original", ".other.json.0a1b2c3d.dagprof-tmp", ".run.json.dagprof-tmp"]
    for name in (left, *mine):
        (tmp_path / name).touch()
    living = scratch.locked_file(tmp_path / other)
    runs.save(run(file("a.py", 1.0)), tmp_path / "run.json")
    assert sorted(os.listdir(tmp_path)) == sorted([*mine, other, "run.json"])
    os.close(living)


def test_names_that_are_no_utf_8_are_stored_as_escapes(tmp_path: Path) -> None:
    name = os.fsdecode(b"/srv/d\xe9gs")
    runs.save(run(file("a.py", 1.0), root=name), tmp_path / "run.json")
    assert runs.load(tmp_path / "run.json").root == "/srv/d\\udce9gs"
