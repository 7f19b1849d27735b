"""Parts that keep parses and scans apart, without an Airflow."""

from __future__ import annotations

import importlib._bootstrap_external as external
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dagprof import scratch
from dagprof.link import strays
from dagprof.link.target import Target, environment_in
from dagprof.measure.conditions import reference
from dagprof.measure.conditions.changes import Changes
from dagprof.model import Module, Origin
from dagprof.probe import answering
from dagprof.probe.parsing.bytecode import Bytecode, compile_file
from dagprof.probe.processes import compiling
from dagprof.probe.start import home, metadata
from dagprof.probe.system import folders

DEPTH = 1500


def deep(folder: Path, name: str = "x" * 100) -> None:
    """Make folders in folders, beyond the longest path and Python's recursion limit."""
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir(name, dir_fd=descriptor)
        inner = os.open(name, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)


@pytest.mark.parametrize("remove", [folders.remove, scratch.remove], ids=["probe", "dagprof"])
def test_a_folder_is_removed_whatever_is_in_it(tmp_path: Path, remove: object) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = tmp_path / "folder"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "file").touch()
    (folder / "link").symlink_to(outside)
    os.mkfifo(folder / "a" / "pipe")
    deep(folder)
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0o500)
    assert callable(remove)
    remove(Path(folder) if remove is scratch.remove else str(folder))
    assert not folder.exists()
    assert (outside / "kept").exists()


def test_a_link_is_no_folder_to_remove(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    assert not folders.remove(str(tmp_path / "link"))
    assert (tmp_path / "kept").exists()


def test_an_answer_without_the_token_of_its_parse_is_none() -> None:
    read, write = os.pipe()
    answering.ResultPipe(write, read, b"mine ").send(b"{}", b"[]")
    data = os.read(read, 100)
    os.close(read)
    os.close(write)
    assert answering.frames(data, token=b"mine ") == [b"{}", b"[]"]
    for end in range(len(data)):
        assert len(answering.frames(data[:end], token=b"mine ")) < 2
    for forged in (b"2\n{}", b"their 2\n{}", data.replace(b"mine", b"main", 1)):
        with pytest.raises(ValueError, match="token"):
            answering.frames(forged, token=b"mine ")


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scratch folder with a home folder and a configuration file of dagprof's."""
    (tmp_path / "home").mkdir()
    (tmp_path / "airflow.cfg").touch()
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AIRFLOW_CONFIG", str(tmp_path / "airflow.cfg"))
    return tmp_path


def test_the_home_folder_is_as_before(ours: Path) -> None:
    (ours / "home" / "config").mkdir()
    (ours / "home" / "config" / "kept.py").write_text("kept")
    restored = home.Home(str(ours), home.content(str(ours)))
    restored.begin()
    (ours / "airflow.cfg").unlink()
    (ours / "airflow.cfg").symlink_to("/etc/passwd")
    (ours / "home" / "config" / "kept.py").write_text("else")
    (ours / "home" / "config" / "more.py").touch()
    (ours / "home" / "plugins").mkdir()
    restored.end()
    restored.begin()
    assert (ours / "airflow.cfg").read_bytes() == b""
    assert not (ours / "airflow.cfg").is_symlink()
    assert os.listdir(ours / "home") == ["config"]
    assert os.listdir(ours / "home" / "config") == ["kept.py"]
    assert (ours / "home" / "config" / "kept.py").read_text() == "kept"
    restored.leave()


def test_the_home_folder_stays_while_another_worker_uses_it(ours: Path) -> None:
    """Locks belong to processes, so the other worker is one."""
    program = (
        "import sys, time\nfrom dagprof.probe.start import home\n"
        "other = home.Home(sys.argv[1], home.content(sys.argv[1]))\nother.begin()\n"
        "print('begun', flush=True)\nsys.stdin.readline()\nother.end()\n"
        "print('ended', flush=True)\nsys.stdin.readline()\n"
    )
    mine = home.Home(str(ours), home.content(str(ours)))
    with subprocess.Popen(
        [sys.executable, "-c", program, str(ours)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "begun\n"
        (ours / "home" / "in_use").touch()
        mine.begin()
        assert (ours / "home" / "in_use").exists()
        mine.end()
        other.stdin.write("\n")
        other.stdin.flush()
        assert other.stdout.readline() == "ended\n"
        mine.begin()
        assert not (ours / "home" / "in_use").exists()
        mine.leave()
        other.stdin.write("\n")


def test_a_home_folder_of_the_users_is_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("AIRFLOW_CONFIG", raising=False)
    assert home.content(str(tmp_path / "scratch")) == {}


def test_a_database_that_somebody_changed_is_not_used(tmp_path: Path) -> None:
    import hashlib

    file = tmp_path / "airflow.db"
    file.write_bytes(b"rows")
    digest = hashlib.sha256(b"rows").hexdigest()
    assert metadata.checked(str(file), digest) == b"rows"
    file.write_bytes(b"more")
    assert metadata.checked(str(file), digest) is None
    file.unlink()
    assert metadata.checked(str(file), digest) is None


def test_what_was_compiled_is_what_importlib_writes(tmp_path: Path) -> None:
    import py_compile

    source = tmp_path / "module.py"
    source.write_text("value = [1, 2, 3]\n")
    written = py_compile.compile(str(source), cfile=str(tmp_path / "module.pyc"))
    assert written is not None
    assert compile_file(str(source))[:16] == Path(written).read_bytes()[:16]


def test_sources_that_cannot_be_compiled_cost_little(tmp_path: Path) -> None:
    """A parse names them, and names anything."""
    known = Bytecode(str(tmp_path / "bytecode"))
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "wrong.py").write_text("def")
    odd: list[object] = ["", "\0", 7, None, [], "/nonexistent.py", str(tmp_path), "\udcff"]
    named = [*odd, str(tmp_path / "pipe.py"), str(tmp_path / "wrong.py")]
    answers: list[object] = [None, {}, "text", named]
    began = time.monotonic()
    compiler = compiling.Compiler(known)
    for sources in answers:
        compiler.learn(sources, 0.0, None)
    assert time.monotonic() - began < 2
    assert known.known == {}


def test_a_source_saved_again_within_a_second_and_with_the_same_size_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "helper.py"
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    known = Bytecode(str(tmp_path / "bytecode"))
    # ``install`` replaces these for good.
    for owner, name in (
        (external, "cache_from_source"),
        (external.SourceFileLoader, "get_data"),
        (external.SourceFileLoader, "_cache_bytecode"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    known.install()
    compiler = compiling.Compiler(known)
    for text in ("VALUE = 1\n", "VALUE = 2\n"):
        source.write_text(text)
        os.utime(source, (1e9, 1e9))
        compiler.learn([str(source)], 0.0, None)
    stale = known.known[known.place_of(str(source))]
    assert known.is_current(str(source))
    compiler.renew([str(source), str(tmp_path / "unknown.py")], None)
    renewed = known.known[known.place_of(str(source))]
    assert stale != renewed
    assert renewed == compile_file(str(source))
    assert len(known.known) == 1


def test_a_reference_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = reference.write(tmp_path / "reference")
    assert reference.write(tmp_path / "reference") == file
    part = file.parent / "dagprof_reference_parts" / "part7.py"
    text = part.read_text()
    part.write_text(text + "\n")
    assert not reference.is_intact(file.parent)
    part.unlink()
    os.mkfifo(part)
    assert not reference.is_intact(file.parent)
    other = reference.write(tmp_path / "reference")
    assert other != file
    assert reference.is_intact(other.parent)


def test_changes_are_noted_once_and_with_few_names(tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.py" for name in "abcde"]
    helper = tmp_path / "helper.py"
    for file in (*files, helper):
        file.write_text("")
    changes = Changes()
    changes.watch(files)
    modules = [
        Module(name="helper", file=str(helper), origin=Origin.USER),
        Module(name="member", file=str(tmp_path / "a.zip" / "member.py"), origin=Origin.USER),
        Module(name="built-in", file="", origin=Origin.USER),
    ]
    assert changes.since(modules, tmp_path) == []
    time.sleep(0.02)
    for file in (*files[1:], helper):
        file.write_text("")
    (note,) = changes.since(modules, tmp_path)
    assert note.text == (
        "5 source files changed during the scan: b.py, c.py, d.py and 2 more. The results may"
        " come from the old or from the new version of these files. Scan again."
    )


def test_a_process_that_dagprof_starts_is_no_stray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while another zygote ends: two versions are measured in turns."""
    monkeypatch.setattr(strays._inheritance, "is_all_ours", True)
    sleeping = [sys.executable, "-c", "import time; time.sleep(100)"]

    def start() -> subprocess.Popen[bytes]:
        return strays.started(lambda: subprocess.Popen(sleeping, start_new_session=True))

    zygote, other = start(), start()
    stray = subprocess.Popen(sleeping, start_new_session=True)
    try:
        found = strays.Strays(zygote.pid, "a mark that no process has")
        zygote.kill()
        zygote.wait()
        ending = threading.Thread(target=found.end)
        ending.start()
        ending.join(20)
        assert not ending.is_alive()
        assert stray.poll() is not None
        assert other.poll() is None
    finally:
        for process in (stray, other):
            process.kill()
            process.wait()
        strays.forgotten(other.pid)


def test_a_database_is_made_where_no_file_has_written(tmp_path: Path) -> None:
    scratch_folder, new = tmp_path / "scratch", tmp_path / "scratch" / "metadata"
    new.mkdir(parents=True)
    ours = {
        "AIRFLOW_HOME": str(scratch_folder / "home"),
        "AIRFLOW_CONFIG": str(scratch_folder / "airflow.cfg"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{scratch_folder}/airflow.db",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(scratch_folder / "plugins"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
    }
    target = Target(
        python=Path(sys.executable),
        python_reason="",
        root=tmp_path,
        scratch=scratch_folder,
        environment=ours,
        home_is_temporary=True,
    )
    assert environment_in(target, new) == {
        **ours,
        "AIRFLOW_HOME": str(new / "home"),
        "AIRFLOW_CONFIG": str(new / "airflow.cfg"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{new}/airflow.db",
    }
    assert sorted(os.listdir(new)) == ["airflow.cfg", "home"]
