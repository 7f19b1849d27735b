"""The files that somebody saves, and the DAG files that use them."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import write

from dagprof.measure.warm.saves import Saves, outermost
from dagprof.measure.warm.sources import Sources, changed_lines


class Watched:
    """Saved files as a watcher tells them."""

    def __init__(self) -> None:
        self._bursts: queue.SimpleQueue[frozenset[Path]] = queue.SimpleQueue()
        self.put = self._bursts.put

    def until(self, path: Path) -> set[Path]:
        """All files that were told until ``path`` was."""
        found: set[Path] = set()
        while path not in found:
            found |= self._bursts.get(timeout=20)
        return found


def _fail(error: BaseException) -> None:
    raise error


@contextmanager
def watching(*folders: Path, files: tuple[Path, ...] = ()) -> Iterator[Watched]:
    watched = Watched()
    with Saves(folders, files, watched.put, _fail):
        yield watched


def test_a_save_by_an_editor_that_renames_a_temporary_file_is_one_save(tmp_path: Path) -> None:
    dags = write(tmp_path / "dags", {"a.py": "x = 1\n"})
    with watching(dags) as watched:
        (dags / ".a.py.swp").write_text("swap")
        (dags / "a.py~").write_text("backup")
        (dags / "a.py.new").write_text("x = 2\n")
        os.replace(dags / "a.py.new", dags / "a.py")
        found = watched.until(dags / "a.py")
    assert dags / ".a.py.swp" not in found
    assert dags / "a.py~" not in found


def test_bytecode_and_version_control_are_no_saves_but_a_folder_above_is_not_looked_at(
    tmp_path: Path,
) -> None:
    dags = write(tmp_path / ".venv" / "dags", {"a.py": "", ".git/index": ""})
    with watching(dags) as watched:
        (dags / ".git" / "index").write_text("1")
        write(dags, {"__pycache__/a.cpython-312.pyc": "", "team/new.py": "x = 1\n"})
        (dags / "a.py").write_text("x = 1\n")
        found = watched.until(dags / "a.py")
    assert not [path for path in found if {".git", "__pycache__"} & set(path.parts)]


def test_a_single_file_is_watched_in_a_folder_whose_other_files_are_not(tmp_path: Path) -> None:
    write(tmp_path, {"dags/a.py": "", "etc/airflow.cfg": "", "etc/other.cfg": ""})
    settings = tmp_path / "etc" / "airflow.cfg"
    with watching(tmp_path / "dags", files=(settings,)) as watched:
        (tmp_path / "etc" / "other.cfg").write_text("1")
        (tmp_path / "etc" / "new.cfg").write_text("1")
        os.replace(tmp_path / "etc" / "new.cfg", settings)
        assert watched.until(settings) == {settings}


def test_a_folder_inside_another_is_not_watched_twice() -> None:
    folders = [Path("/p/dags/lib"), Path("/p/dags"), Path("/p/plugins"), Path("/p/dags")]
    assert outermost(folders) == [Path("/p/dags"), Path("/p/plugins")]


PROJECT = {
    "dags/a.py": "from common import db\n",
    "dags/b.py": "import alone\n",
    "dags/c.py": "from common.far import x\n",
    "dags/d.py": "open('queries/x.sql')\n",
    "dags/alone.py": "",
    "dags/common/__init__.py": "",
    "dags/common/db.py": "from . import near\n",
    "dags/common/far.py": "import helpers\nx = 1\n",
    "dags/common/near.py": "",
    "lib/helpers.py": "",
    "lib/unused.py": "import common.db\n",
}
ENTRIES = ("a.py", "b.py", "c.py", "d.py")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, PROJECT)


def files_of(root: Path) -> list[Path]:
    return [root / "dags" / name for name in ENTRIES]


@pytest.fixture
def sources(root: Path) -> Sources:
    made = Sources([root / "dags", root / "lib"])
    made.renew((), files_of(root))
    return made


@pytest.mark.parametrize(
    ("saved", "users"),
    [
        ("dags/common/near.py", {"a.py"}),
        ("dags/common/__init__.py", {"a.py", "c.py"}),
        ("lib/helpers.py", {"c.py"}),
        ("dags/alone.py", {"b.py"}),
        ("dags/queries/x.sql", {"d.py"}),
        ("lib/unused.py", set[str]()),
    ],
)
def test_a_saved_file_reaches_the_dag_files_that_use_it(
    root: Path, sources: Sources, saved: str, users: set[str]
) -> None:
    found = sources.reached([root / saved], files_of(root))
    assert {path.name for path in found} == users


def test_a_save_changes_who_uses_what(root: Path, sources: Sources) -> None:
    files = files_of(root)
    (root / "dags" / "b.py").write_text("import helpers\n")
    assert sources.renew([files[1]], files) == {files[1]: (b"import alone\n", b"import helpers\n")}
    assert sources.reached([root / "lib" / "helpers.py"], files) == {files[1], files[2]}
    assert sources.reached([root / "dags" / "alone.py"], files) == set()


def test_a_module_that_was_missing_reaches_its_users_when_it_comes(
    root: Path, sources: Sources
) -> None:
    files = files_of(root)
    (root / "dags" / "b.py").write_text("from fresh import x\n")
    sources.renew([files[1]], files)
    fresh = root / "lib" / "fresh.py"
    fresh.write_text("import helpers\nx = 1\n")
    sources.renew([fresh], files)
    assert sources.reached([fresh], files) == {files[1]}
    assert files[1] in sources.reached([root / "lib" / "helpers.py"], files)


def test_a_file_behind_a_link_is_the_same_file(root: Path) -> None:
    (root / "shared").mkdir()
    (root / "shared" / "linked.py").write_text("x = 1\n")
    (root / "dags" / "linked.py").symlink_to(root / "shared" / "linked.py")
    (root / "dags" / "b.py").write_text("import linked\n")
    made = Sources([root / "dags"])
    files = files_of(root)
    made.renew((), files)
    assert made.reached([root / "shared" / "linked.py"], files) == {files[1]}


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        (b"a\nb\nc\n", b"a\nX\nc\n", (2,)),
        (b"a\nc\n", b"a\nb\nc\n", (2,)),
        (b"a\nb\nc\n", b"a\nc\n", (2,)),
        (b"a\nb\n", b"a\n", (1,)),
        (b"a\n", b"", (1,)),
        (b"a\n", b"a\n", ()),
    ],
)
def test_changed_lines(old: bytes, new: bytes, lines: tuple[int, ...]) -> None:
    assert changed_lines(old, new) == lines
