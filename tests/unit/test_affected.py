"""Which DAG files a change can reach, in temporary folders, and whether a traced parse really
loaded what changed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support import write

from dagprof.ab.affected import environment_changes, is_touched, reached
from dagprof.model import Effect, Measured, Module, Origin, Status
from unit import builders


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write(
        tmp_path,
        {
            "dags/direct.py": "import common.db",
            "dags/indirect.py": "from common.tables import t",
            "dags/plain.py": "import json",
            "dags/broken.py": "import common.db\ndef (",
            "dags/team/nested.py": "import plugin_hooks",
            "dags/common/__init__.py": "",
            "dags/common/db.py": "",
            "dags/common/tables.py": "from .db import connect",
            "dags/.hidden/x.py": "import common.db",
            "plugins/plugin_hooks.py": "",
        },
    )


def names(place: Path, *changed: str, roots: Sequence[str] = ("dags", "plugins")) -> set[str]:
    files = [
        path
        for path in sorted((place / "dags").rglob("*.py"))
        if not {"common", ".hidden"} & set(path.parts)
    ]
    found = reached([place / path for path in changed], [place / root for root in roots], files)
    return {path.relative_to(place / "dags").as_posix() for path in found}


def test_a_helper_reaches_the_files_that_import_it(place: Path) -> None:
    assert names(place, "dags/common/db.py") == {"direct.py", "indirect.py"}
    assert names(place, "dags/common/tables.py") == {"indirect.py"}


def test_a_dag_file_reaches_itself_also_when_it_is_no_python(place: Path) -> None:
    assert names(place, "dags/plain.py") == {"plain.py"}
    assert names(place, "dags/broken.py") == {"broken.py"}


def test_code_in_other_folders_that_are_imported_from_counts(place: Path) -> None:
    assert names(place, "plugins/plugin_hooks.py") == {"team/nested.py"}
    assert names(place, "plugins/plugin_hooks.py", roots=["dags"]) == set()


def test_a_deleted_module_reaches_its_importers(place: Path) -> None:
    (place / "dags" / "common" / "db.py").unlink()
    assert names(place, "dags/common/db.py") == {"direct.py", "indirect.py"}


def test_nothing_changed_or_nothing_related_reaches_nobody(place: Path) -> None:
    assert names(place) == set()
    assert names(place, "notes/README.md", "tests/test_db.py", "dags/common/unused.py") == set()


def test_a_data_file_reaches_who_names_it(place: Path) -> None:
    write(place, {"dags/reader.py": "open('sql/load.sql')", "dags/sql/load.sql": "select 1"})
    assert names(place, "dags/sql/load.sql") == {"reader.py"}
    assert names(place, "elsewhere/load.sql") == {"reader.py"}
    assert names(place, "elsewhere/unload.csv") == set()


def test_links_to_what_changed_are_followed(place: Path) -> None:
    """Airflow follows them too; git names the file behind the link."""
    write(
        place,
        {"shared/linked.py": "", "library/helper.py": "", "dags/user.py": "import lib.helper"},
    )
    (place / "dags" / "linked.py").symlink_to(place / "shared" / "linked.py")
    (place / "dags" / "lib").symlink_to(place / "library")
    assert names(place, "shared/linked.py") == {"linked.py"}
    assert names(place, "library/helper.py") >= {"user.py"}


def test_each_file_has_its_ways_to_the_change(place: Path) -> None:
    files = [place / "dags" / name for name in ("direct.py", "indirect.py", "plain.py")]
    write(place, {"dags/plain.py": "import importlib\n"})
    found = reached([place / "dags/common/db.py"], [place / "dags"], files)
    assert {path.name: set(ways) for path, ways in found.items()} == {
        "direct.py": {"common.db"},
        "indirect.py": {"common.tables"},
        "plain.py": set(),
    }


def test_a_folder_that_is_reached_by_a_link(place: Path) -> None:
    (place / "link").symlink_to(place)
    found = reached(
        [place / "dags" / "common" / "db.py"],
        [place / "link" / "dags"],
        [place / "link/dags/direct.py"],
    )
    assert found.keys() == {place / "link/dags/direct.py"}


def test_a_link_to_a_folder_above_is_not_followed_for_ever(place: Path) -> None:
    write(place, {"library/helper.py": "", "tools/tool.py": ""})
    (place / "dags" / "team" / "loop").symlink_to(place / "dags")
    (place / "dags" / "library").symlink_to(place / "library")
    for one, other in (("library", "tools"), ("tools", "library")):
        for number in range(3):
            (place / one / f"link{number}").symlink_to(place / other)
    assert names(place, "dags/common/db.py") >= {"direct.py", "indirect.py"}


def test_files_that_cannot_be_read_are_not_in_the_way(place: Path) -> None:
    (place / "dags" / "dangling.py").symlink_to(place / "nowhere")
    assert names(place, "dags/common/db.py") == {"direct.py", "indirect.py"}


def measured(**changes: Any) -> Measured:
    """A parse of ``a.py`` that loads a helper and reads a table."""
    values: dict[str, Any] = {
        "trace": builders.trace(),
        "effects": (Effect(kind="file-read", what="sql/load.sql", file="/dags/a.py", line=3),),
        **changes,
    }
    return Measured(
        result=builders.file("a.py", 10, **values),
        modules=(
            Module(name="common.db", file="/dags/common/db.py", origin=Origin.USER),
            Module(name="built_in"),
        ),
    )


@pytest.mark.parametrize(
    "changed",
    ["/dags/a.py", "/dags/common/db.py", "/dags/sql/load.sql", "/dags/unrelated.py,/dags/a.py"],
)
def test_a_parse_that_loads_or_reads_what_changed_is_touched(changed: str) -> None:
    assert is_touched(measured(), set(changed.split(",")), Path("/dags"))


@pytest.mark.parametrize(
    "changed", ["/dags/common/tables.py", "/dags/sql/other.sql", "/dags", "", "/dags/b.py"]
)
def test_a_parse_that_does_not_is_not(changed: str) -> None:
    assert not is_touched(measured(), {changed}, Path("/dags"))
    assert not is_touched(measured(), set(), Path("/dags"))


def test_a_parse_that_reads_the_folder_of_what_changed_is_touched() -> None:
    reads = Effect(kind="file-read", what="/dags/sql", file="/dags/a.py", line=3)
    assert is_touched(measured(effects=(reads,)), {"/dags/sql/new.sql"}, Path("/dags"))


def test_other_effects_that_name_a_path_do_not_count() -> None:
    runs = Effect(kind="process", what="/dags/x.sh", file="/dags/a.py", line=3)
    assert not is_touched(measured(effects=(runs,)), {"/dags/x.sh"}, Path("/dags"))


def test_a_parse_that_was_not_traced_to_its_end_may_be_touched_by_anything() -> None:
    assert is_touched(measured(trace=None), {"/dags/unrelated.py"}, Path("/dags"))
    assert is_touched(measured(status=Status.IMPORT_ERROR), {"/dags/unrelated.py"}, Path("/dags"))


def test_links_are_resolved_on_both_sides(tmp_path: Path) -> None:
    write(tmp_path / "real", {"a.py": ""})
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert os.path.realpath(tmp_path / "link" / "a.py") == os.path.realpath(
        tmp_path / "real" / "a.py"
    )
    assert is_touched(measured(), {os.path.realpath(tmp_path / "link" / "a.py")}, tmp_path / "link")


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt",
        "docker/requirements-dev.txt",
        "requirements/base.txt",
        "requirements.in",
        "constraints-3.12.txt",
        "uv.lock",
        "poetry.lock",
        "pylock.toml",
        "pylock.dev.toml",
        "Pipfile",
        "environment.yml",
        "environment.yaml",
        "setup.py",
        "setup.cfg",
        "airflow.cfg",
        "dags/.airflowignore",
        "Dockerfile",
        "docker/Dockerfile.airflow",
        ".python-version",
        "runtime.txt",
    ],
)
def test_files_that_say_what_is_installed_or_how_airflow_parses(path: str) -> None:
    other = Path("/repository/dags/a.py")
    assert environment_changes([other, Path("/repository") / path]) == [Path("/repository") / path]


@pytest.mark.parametrize(
    "path",
    [
        "dags/a.py",
        "dags/requirements.py",
        "README.txt",
        "notes/constraints.md",
        "dags/setup_db.py",
        "x.yml",
    ],
)
def test_other_files_say_nothing_of_the_environment(path: str) -> None:
    assert environment_changes([Path("/repository") / path]) == []
