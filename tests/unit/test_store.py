from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pytest

from dagprof.errors import OutputError, RunFileError
from dagprof.measure.assemble import Assembler
from dagprof.model import Edge, Measured, Module, Origin
from dagprof.store import runs
from dagprof.store.journal import Journal, read
from unit.builders import HELPED, file, loads, run, trace


def test_a_run_survives_storing(tmp_path: Path) -> None:
    stored = run(file("a.py", 100, 101, trace=trace(100, HELPED)))
    runs.save(stored, tmp_path / "deep" / "run.json")
    assert runs.load(tmp_path / "deep" / "run.json") == stored


def test_fields_of_a_later_writer_are_ignored() -> None:
    document = json.loads(msgspec.json.encode(run()))
    document["invented_later"] = 1
    assert runs.decode(json.dumps(document).encode(), "x") == run()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is not a run file"),
        (b"{broken", "is not a run file"),
        (b"\xff\xfe\x00", "is not a run file"),
        (b"[1, 2]", "is not a run file"),
        (
            b'{"schema_version": 1, "decision": "passed", "files": [{}]}',
            "is a gate verdict, not a run file",
        ),
        (b"{}", "the schema version is missing"),
        (b'{"schema_version": 99}', "Upgrade dagprof"),
        (b'{"schema_version": 1}', "is damaged"),
        (b'{"schema_version": "one"}', "is not a run file"),
    ],
)
def test_bad_files_get_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(RunFileError, match=sentence) as caught:
        runs.decode(data, "reports/run.json")
    assert "reports/run.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="No such file"):
        runs.load(tmp_path / "none.json")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "run.json"
    target.write_text("old")
    (tmp_path / "blocked").write_text("a file where a folder is needed")
    with pytest.raises(OutputError, match="Cannot write"):
        runs.write_atomically(tmp_path / "blocked" / "run.json", b"new")
    assert target.read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["blocked", "run.json"]


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    runs.write_atomically(tmp_path / "pipe", b"text")
    assert os.read(reading, 10) == b"text"
    os.close(reading)
    assert (tmp_path / "pipe").is_fifo()
    with pytest.raises(OutputError, match="No space left"):
        runs.write_atomically(Path("/dev/full"), b"text")
    assert not Path("/dev/full").is_file()


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    runs.write_atomically(tmp_path / "link", b"text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"text"


def test_the_schema_describes_what_is_written() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(
        json.loads(msgspec.json.encode(run(file("a.py", 1.5, trace=trace(9, HELPED))))),
        runs.schema(),
    )


def measured(path: str) -> Measured:
    own = msgspec.structs.replace(loads((1, -1, 5, 9, -1, 3), (0, 0, 4, 4, 1, 7)), imports=(1, 0))
    return Measured(
        result=file(
            path, 10, sha256="f" * 64, trace=trace(10, own, edges=(Edge(line=3, target=1),))
        ),
        modules=(
            Module(name="leaf", file="/x/leaf.py"),
            Module(name="root", file="/x/root.py", origin=Origin.DISTRIBUTION),
        ),
        import_sets=((), (Edge(line=7, target=0),)),
    )


def test_the_journal_keeps_finished_files(tmp_path: Path) -> None:
    path = tmp_path / "run.partial.jsonl"
    with Journal(path, "key", resumes=False) as journal:
        journal.add(measured("a.py"))
        journal.add(measured("b.py"))
    path.write_bytes(path.read_bytes()[:-30])  # the power went
    key, found = read(path)
    assert (key, list(found)) == ("key", [("a.py", "f" * 64)])
    with Journal(path, "key", resumes=True) as journal:
        journal.add(measured("c.py"))
    assert [name for name, _ in read(path)[1]] == ["a.py", "c.py"]
    assert read(path)[1]["c.py", "f" * 64] == measured("c.py")
    with Journal(path, "key", resumes=True) as journal:
        journal.discard()
    assert not path.exists()


def test_a_scan_that_failed_before_its_first_file_leaves_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "run.partial.jsonl"
    with pytest.raises(ZeroDivisionError), Journal(path, "key", resumes=False):
        raise ZeroDivisionError
    assert not path.exists()
    with Journal(path, "key", resumes=False) as journal:
        journal.add(measured("a.py"))
    with Journal(path, "key", resumes=True):
        pass
    assert list(read(path)[1]) == [("a.py", "f" * 64)]


def test_no_journal_and_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="contains no interrupted scan"):
        read(tmp_path / "run.partial.jsonl")
    (tmp_path / "run.partial.jsonl").write_text("?")
    with pytest.raises(RunFileError, match="damaged"):
        read(tmp_path / "run.partial.jsonl")


def test_shared_modules_are_stored_once() -> None:
    assembler = Assembler()
    other = Measured(result=file("0.py", 1), modules=(Module(name="first", file="/x/first.py"),))
    assembler.add(other)
    assembler.add(measured("b.py"))
    assembler.add(measured("a.py"))
    assert assembler.module_files == ["/x/first.py", "/x/leaf.py", "/x/root.py"]
    modules = assembler.modules(["", "", "rooted"])
    assert (modules[2].name, modules[2].origin, modules[2].distribution) == (
        "root",
        Origin.DISTRIBUTION,
        "rooted",
    )
    assert assembler.import_sets() == ((), (Edge(line=7, target=1),))
    moved = assembler.files()[1].trace
    assert moved is not None
    assert (moved.loads.module, moved.loads.importer, moved.loads.imports) == (
        (2, 1),
        (-1, 2),
        (1, 0),
    )
    assert moved.edges == (Edge(line=3, target=2),)
    assert [result.path for result in assembler.files()] == ["0.py", "a.py", "b.py"]
