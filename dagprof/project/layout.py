"""The layout of a repository: its root, its DAG folder, and the folders beside the DAG folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from dagprof.project.files import compose

DAGS = "dags"
# A folder that holds one of these is the root of a project.
MARKERS = (
    ".git",
    ".astro",
    "Dockerfile",
    "airflow.cfg",
    "airflow_settings.yaml",
    "pyproject.toml",
    *compose.MAIN,
)
# These mark a root only if no folder above has one of the other markers, because DAG folders
# contain them, too.
WEAK_MARKERS = ("plugins", "plugins.zip", "startup.sh", "requirements.txt", "include", ".env")
_HOME_MARKERS = ("plugins", "include", "airflow.cfg", "config/airflow_local_settings.py")


def project_root(dags: Path) -> Path | None:
    """The root of the project around a DAG folder: the nearest folder with a marker; None if there
    is none.

    A folder called ``dags`` is a root only if it is a repository, because it often holds files with
    the same names. The file system's root and the user's home are never a root.
    """
    if os.path.exists(dags / ".git"):
        return dags
    home = os.path.expanduser("~")
    above = [folder for folder in dags.parents if folder.parent != folder and str(folder) != home]
    for folder in above if dags.name == DAGS else [dags, *above]:
        if _has(folder, MARKERS) or any(folder.glob("docker-compose*.y*ml")):
            return folder
    return next((folder for folder in above[:1] if _has(folder, WEAK_MARKERS)), None)


def _has(folder: Path, names: Iterable[str]) -> bool:
    return any(os.path.exists(folder / name) for name in names)


def repository_top(root: Path) -> Path:
    """The top of the git repository around the project, else the project itself. dagprof reads
    nothing above it.
    """
    return next(
        (folder for folder in (root, *root.parents) if os.path.exists(folder / ".git")), root
    )


def named_dags(folder: Path, root: Path | None) -> Path | None:
    """The nearest folder called ``dags`` at or above ``folder``, inside the project."""
    for each in (folder, *folder.parents):
        if each.name == DAGS:
            return each
        if each == root:
            return None
    return None


def is_astro(root: Path, base: str) -> bool:
    """Whether the project belongs to Astro's command line, whose image has the project root on the
    path.
    """
    return (
        os.path.isdir(root / ".astro")
        or os.path.isfile(root / "airflow_settings.yaml")
        or "astro" in base
        or base.startswith("quay.io/astronomer/")
    )


def home(dags: Path, root: Path) -> Path | None:
    """The folder that corresponds to AIRFLOW_HOME in a deployment, recognised by its contents:
    plugins, settings.
    """
    for folder in dict.fromkeys((dags.parent, root)):
        if _has(folder, _HOME_MARKERS) and _is_within(folder, root):
            return folder
    return None


def plugins(dags: Path, root: Path) -> Path | None:
    """The plugins folder at its usual place: next to the DAG folder, else in the project root, else
    a ``plugins.zip`` there.
    """
    for folder in dict.fromkeys((dags.parent, root)):
        if os.path.isdir(folder / "plugins") and _is_within(folder, root):
            return folder / "plugins"
    for folder in dict.fromkeys((dags.parent, root)):
        if os.path.isfile(folder / "plugins.zip") and _is_within(folder, root):
            return folder / "plugins.zip"
    return None


def _is_within(folder: Path, root: Path) -> bool:
    return folder == root or root in folder.parents
