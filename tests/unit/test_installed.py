"""What the probe finds out about installed distributions, with distributions written by the test."""

from __future__ import annotations

import importlib.machinery
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import write

PROBE = Path(__file__).parent.parent.parent / "dagprof" / "probe"

EXTENSION = f"shared/inner/fast{importlib.machinery.EXTENSION_SUFFIXES[0]}"
RECORD = f"""\
shared/inner/__init__.py,,
{EXTENSION},,
"with,comma.py",,
one_dist-1.2.dist-info/METADATA,,
one_dist-1.2.dist-info/RECORD,,
../../../bin/one,,
"""
ENTRY_POINTS = "[console_scripts]\none = a:b\n\n[airflow.plugins]\np = a:P\n"
FILES = {
    "shared/inner/__init__.py": "X = 1\n",
    EXTENSION: "12345",
    "with,comma.py": "",
    "one_dist-1.2.dist-info/METADATA": "Name: one_dist\nVersion: 1.2\nRequires-Dist: two>=1\n\nName: no\n",
    "one_dist-1.2.dist-info/RECORD": RECORD,
    "one_dist-1.2.dist-info/entry_points.txt": ENTRY_POINTS,
    "one_dist-1.2.dist-info/direct_url.json": json.dumps(
        {
            "url": "https://user:secret@host/r.git",
            "vcs_info": {"vcs": "git", "commit_id": "c0ffee"},
        }
    ),
    "shared/other.py": "",
    "two-3.dist-info/METADATA": "Name: two\nVersion: 3\n",
    "two-3.dist-info/RECORD": "shared/other.py,,\ntwo-3.dist-info/METADATA,,\n",
    "old.egg-info/PKG-INFO": "Name: old\nVersion: 0\n",
    "old.egg-info/top_level.txt": "old_module\n",
    "old_module.py": "",
    "local-1.dist-info/METADATA": "Name: local\nVersion: 1\n",
    "local-1.dist-info/RECORD": "local.pth,,\n__editable___local_finder.py,,\n",
    "local-1.dist-info/direct_url.json": json.dumps(
        {"url": "file:///src", "dir_info": {"editable": True}}
    ),
    "local.pth": "import os\nsources\n",
    "__editable___local_finder.py": "MAPPING: dict[str, str] = {'mapped': '/src/mapped'}\n",
    "sources/editable_package/__init__.py": "",
    "sources/setup.py": "",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write(tmp_path / "site", FILES)


def probe(site: Path, role: str, output: Path, question: object) -> None:
    subprocess.run(
        [sys.executable, str(PROBE), role, str(output)],
        input=json.dumps(question),
        text=True,
        env={"PYTHONPATH": str(site)},
        check=True,
    )


def asked(site: Path, *names: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The written distributions by name, and the owners of names."""
    output = site.parent / "found"
    probe(site, "installed", output, names)
    found = json.loads(output.read_text())
    return {row["name"]: row for row in found["distributions"]}, found["owners"]


def test_each_distribution_has_its_version_requirements_and_size(site: Path) -> None:
    rows, _ = asked(site)
    one = rows["one_dist"]
    assert (one["version"], one["requires"]) == ("1.2", ["two>=1"])
    expected = sum(
        (site / name).stat().st_size
        for name in FILES
        if name.startswith(("shared/inner", "with", "one_dist"))
        and not name.endswith(("entry_points.txt", "direct_url.json"))
    )
    assert one["size_bytes"] == expected
    assert one["commands"] == ["one"]
    assert "airflow.plugins" in one["groups"]


def test_bytecode_counts_even_if_no_list_names_it(site: Path) -> None:
    before = asked(site)[0]["two"]["size_bytes"]
    tag = sys.implementation.cache_tag
    write(site, {f"shared/__pycache__/other.{tag}.pyc": "123"})
    assert asked(site)[0]["two"]["size_bytes"] == before + 3


def test_the_url_of_a_repository_has_the_commit_and_no_password(site: Path) -> None:
    rows, _ = asked(site)
    assert rows["one_dist"]["origin"] == "git+https://host/r.git@c0ffee"
    assert rows["local"]["is_editable"]


@pytest.mark.parametrize(
    ("name", "module", "owners"),
    [
        ("shared.inner.fast.Thing", "shared.inner.fast", ["one_dist"]),
        ("shared.inner.X", "shared.inner", ["one_dist"]),
        ("shared.other", "shared.other", ["two"]),
        ("shared", "", []),
        ("old_module", "old_module", ["old"]),
        ("editable_package.x", "editable_package", ["local"]),
        ("mapped", "mapped", ["local"]),
        ("setup", "", []),
        ("nothing", "", []),
    ],
)
def test_the_longest_part_of_a_name_has_the_owner(
    site: Path, name: str, module: str, owners: list[str]
) -> None:
    found = asked(site, name)[1][name]
    assert (found["module"], found["distributions"]) == (module, owners)


def test_the_standard_library_has_no_distribution(site: Path) -> None:
    found = asked(site, "json.decoder", "sys")[1]
    assert all(row["is_standard"] and not row["distributions"] for row in found.values())


def test_a_view_lacks_only_the_omitted_distributions(site: Path) -> None:
    view = site.parent / "view"
    view.mkdir()
    probe(site, "view", view, ["One-Dist"])
    place = Path(json.loads((view / "map.json").read_text())[str(site)])
    assert not (place / "shared" / "inner").exists()
    assert not (place / "one_dist-1.2.dist-info" / "METADATA").exists()
    assert (place / "shared" / "other.py").is_file()
    assert (place / "two-3.dist-info" / "METADATA").is_file()
    assert (place / "old_module.py").is_file()
