"""What source text would import: names, and who is reached by a change."""

from __future__ import annotations

from pathlib import PurePath

import pytest

from dagprof.attribution.sources import Reach, imported_names, module_names

ROOTS = [PurePath("/dags"), PurePath("/dags/lib"), PurePath("/plugins")]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/dags/a.py", ("a",)),
        ("/dags/team/a.py", ("team.a",)),
        ("/dags/team/__init__.py", ("team",)),
        ("/dags/lib/common/db.py", ("lib.common.db", "common.db")),
        ("/plugins/hooks.py", ("hooks",)),
        ("/dags/__init__.py", ()),
        ("/elsewhere/a.py", ()),
        ("/dagsmore/a.py", ()),
    ],
)
def test_a_file_has_a_name_for_each_folder_that_imports_are_looked_up_in(
    path: str, names: tuple[str, ...]
) -> None:
    assert module_names(PurePath(path), ROOTS) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b.c", {"a", "a.b", "a.b.c"}),
        ("import a as b, c", {"a", "c"}),
        ("from a import b", {"a", "a.b"}),
        ("from a.b import c as d", {"a", "a.b", "a.b.c"}),
        ("from a import *", {"a", "a.*"}),
        ("from . import x", {"team", "team.sub", "team.sub.x"}),
        ("from .x import y", {"team", "team.sub", "team.sub.x", "team.sub.x.y"}),
        ("from ..x import y", {"team", "team.x", "team.x.y"}),
        ("from ... import y", {"y"}),
        ("def f():\n    import late", {"late"}),
        ("try:\n    import a\nexcept ImportError:\n    import b", {"a", "b"}),
        ("if False:\n    from typing import a", {"typing", "typing.a"}),
        ("x = 'import a'  # import b", set()),
        ("", set()),
    ],
)
def test_names_that_a_text_imports(source: str, names: set[str]) -> None:
    assert imported_names(source.encode(), "team.sub.dag") == names


def test_a_relative_import_of_a_package_begins_in_it() -> None:
    assert imported_names(b"from .x import y", "team", is_package=True) == {
        "team",
        "team.x",
        "team.x.y",
    }
    assert imported_names(b"from ..x import y", "team.sub", is_package=True) == {
        "team",
        "team.x",
        "team.x.y",
    }


@pytest.mark.parametrize(
    "source", [b"def (", b"import a\nprint 'x'", b"\x00", b"\xff\xfe", b"(" * 5000]
)
def test_what_is_no_python_imports_nothing(source: bytes) -> None:
    assert imported_names(source, "a") == set()


def test_the_encoding_that_a_file_declares_is_heeded() -> None:
    assert imported_names("# coding: latin-1\nimport a  # ä\n".encode("latin-1"), "x") == {"a"}


def reached(sources: dict[str, str], *changed: str) -> set[str]:
    """Who is reached below ``/dags``, without what changed itself."""
    texts = {f"/dags/{path}": text.encode() for path, text in sources.items()}
    names = {
        path: module_names(PurePath(path), ROOTS[:1])
        for path in {*texts, *(f"/dags/{c}" for c in changed)}
    }
    found = Reach(texts, names).of(f"/dags/{path}" for path in changed)
    return {path.removeprefix("/dags/") for path in found} - set(changed)


def test_what_changed_is_reached_itself_and_nobody_else() -> None:
    texts = {"/dags/a.py": b"import b", "/dags/b.py": b"", "/dags/c.py": b""}
    names = {path: module_names(PurePath(path), ROOTS) for path in texts}
    assert Reach(texts, names).of(["/dags/a.py"]) == {"/dags/a.py"}
    assert Reach(texts, names).of(["/dags/c.py"]) == {"/dags/c.py"}
    assert Reach(texts, names).of([]) == set()


def test_a_module_reaches_its_importers_through_any_number_of_others() -> None:
    sources = {
        "direct.py": "import base",
        "helper.py": "from base import x",
        "dag.py": "def f():\n    import helper",
        "further.py": "import dag",
        "other.py": "import basement, database",
        "base.py": "",
    }
    assert reached(sources, "base.py") == {"direct.py", "helper.py", "dag.py", "further.py"}


def test_modules_that_import_each_other_come_to_an_end() -> None:
    sources = {"a.py": "import b", "b.py": "import a", "dag.py": "import a"}
    assert reached(sources, "b.py") == {"a.py", "dag.py"}


def test_a_package_is_loaded_with_each_of_its_modules() -> None:
    sources = {
        "common/__init__.py": "",
        "common/db.py": "",
        "common/deep/__init__.py": "",
        "common/deep/x.py": "",
        "dag_db.py": "import common.db",
        "dag_x.py": "from common.deep import x",
        "dag_deep.py": "from common.deep.x import f",
        "dag_none.py": "import commonplace",
    }
    assert reached(sources, "common/__init__.py") == {"dag_db.py", "dag_x.py", "dag_deep.py"}
    assert reached(sources, "common/deep/__init__.py") == {"dag_x.py", "dag_deep.py"}
    assert reached(sources, "common/db.py") == {"dag_db.py"}


def test_relative_imports_inside_a_package_are_followed() -> None:
    sources = {
        "common/__init__.py": "from .db import connect",
        "common/db.py": "from . import base",
        "common/base.py": "",
        "common/other.py": "from .. import elsewhere",
        "dag.py": "import common",
    }
    assert reached(sources, "common/base.py") == {"common/db.py", "common/__init__.py", "dag.py"}
    assert reached(sources, "elsewhere.py") == {"common/other.py"}


def test_star_imports_are_followed() -> None:
    sources = {
        "common/__init__.py": "from common.all import *",
        "common/all.py": "from common.base import *",
        "common/base.py": "x = 1",
        "dag.py": "from common import *",
    }
    assert reached(sources, "common/base.py") == {"common/all.py", "common/__init__.py", "dag.py"}


@pytest.mark.parametrize(
    "text",
    [
        "import importlib\nx = importlib.import_module('com' + 'mon')",
        "x = __import__('com' 'mon')",
        "from airflow.utils.module_loading import import_string\nimport_string(NAME)",
        "exec(open(NAME).read())",
        "import runpy",
        "for module in pkgutil.iter_modules(path): pass",
        "import pydoc; pydoc.locate(NAME)",
        "for path in Path(FOLDER).iterdir(): pass",
    ],
)
def test_dynamic_imports_may_reach_any_module(text: str) -> None:
    sources = {
        "loader.py": text,
        "dag.py": "import loader",
        "other.py": "important = 1",
        "common.py": "",
    }
    assert reached(sources, "common.py") == {"loader.py", "dag.py"}


def test_a_deleted_module_still_reaches_its_importers() -> None:
    sources = {"dag.py": "import helper", "helper.py": "import gone", "other.py": "import going"}
    assert reached(sources, "gone.py") == {"dag.py", "helper.py"}


def test_a_file_that_is_no_python_reaches_nobody_and_is_not_in_the_way() -> None:
    sources = {
        "broken.py": "import base\ndef (",
        "dag.py": "import base",
        "on_broken.py": "import broken",
    }
    assert reached(sources, "base.py") == {"dag.py"}
    assert reached(sources, "broken.py") == {"on_broken.py"}


@pytest.mark.parametrize(
    "text",
    [
        "open('tables.yaml')",
        "TABLES = 'config/tables.yaml'",
        "FOLDER = 'config'",
        "open(f'{name}.yaml')",
        'open(name + ".yaml")',
        "Path(FOLDER).glob('*.yaml')",
        "for path in Path(__file__).parent.iterdir(): pass",
        "os.listdir(here)",
    ],
)
def test_a_data_file_reaches_who_may_read_it(text: str) -> None:
    sources = {"reader.py": text, "dag.py": "import reader", "other.py": "yaml = 1; x = '.sql'"}
    assert reached(sources, "config/tables.yaml") == {"reader.py", "dag.py"}


def test_a_data_file_reaches_no_dynamic_import() -> None:
    assert (
        reached({"dag.py": "import importlib", "b.py": "getattr(x, y)"}, "config/tables.yaml")
        == set()
    )


def test_data_files_beside_the_dag_files_reach_who_names_them() -> None:
    sources = {"dag.py": "sql = open(here / 'load.sql').read()", "other.py": "x = 'unload.py'"}
    assert reached(sources, "load.sql") == {"dag.py"}
    assert reached(sources, "LICENSE") == set()


def test_an_unrelated_change_reaches_nobody() -> None:
    sources = {"dag.py": "import common.db\nopen('x.sql')", "common/db.py": "import json"}
    for path in ("tests/test_db.py", "notes/README.md", "unused.py", "common/queries.py"):
        assert reached(sources, path) == set()
