"""What the project is published with: its version, licence, types, lists of packages, and the
links of its front pages.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

import dagprof

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
FRONT_PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
LISTS = sorted((ROOT / "constraints").rglob("*.txt"))


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_is_written_in_one_place() -> None:
    assert "version" not in project()["project"]
    assert project()["project"]["dynamic"] == ["version"]
    assert project()["tool"]["hatch"]["version"] == {"path": "dagprof/__init__.py"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", dagprof.__version__)


def test_the_licence_is_the_one_that_the_metadata_names() -> None:
    assert project()["project"]["license"] == "Apache-2.0"
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert "END OF TERMS AND CONDITIONS" in text


def test_type_checkers_use_our_types() -> None:
    assert (ROOT / "dagprof" / "py.typed").is_file()


def test_the_changelog_begins_with_what_is_unreleased_and_has_each_section_once() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert releases[0].startswith("[Unreleased]\n")
    for release in releases:
        sections = re.findall(r"^### (.*)$", release, re.MULTILINE)
        assert len(sections) == len(set(sections))
        assert set(sections) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("page", FRONT_PAGES)
def test_the_links_of_a_front_page_lead_to_files(page: str) -> None:
    """The documentation's build checks those of docs/; these pages are read where the repository
    is.
    """
    targets = re.findall(r"\]\(([^)#\s]+)", (ROOT / page).read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (ROOT / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", [page for page in FRONT_PAGES if page != "README.md"])
def test_front_pages_are_on_the_site(page: str) -> None:
    on_site = ROOT / "docs" / page.lower()
    assert f"```{{include}} ../{page}\n" in on_site.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "file", LISTS, ids=[str(file.relative_to(ROOT / "constraints")) for file in LISTS]
)
def test_a_list_of_packages_holds_names_and_versions_only(file: Path) -> None:
    odd = [
        line
        for line in file.read_text().splitlines()
        if not re.fullmatch(r"[a-z0-9._-]+==[0-9a-z.+!]+", line)
    ]
    assert not odd


def test_the_unit_tests_are_installed_with_all_that_dagprof_needs_but_airflow() -> None:
    """CONTRIBUTING.md installs this list and then dagprof without its dependencies."""
    listed = {
        line.partition("==")[0]
        for line in (ROOT / "constraints" / "unit-py3.12.txt").read_text().splitlines()
    }
    needed = {
        re.split(r"[^\w.-]", each)[0].lower() for each in project()["project"]["dependencies"]
    }
    assert needed - {"apache-airflow", "tomli"} <= listed


def test_the_readme_has_the_commands_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = re.findall(r'^begin "README, command \d: (.*)"$', ci, re.MULTILINE)
    assert len(commands) == 2
    assert [command for command in commands if f"\n    {command}\n" not in readme] == []
