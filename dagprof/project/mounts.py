"""Maps paths inside a container to folders of the repository."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path

from dagprof.project.reading import Repository
from dagprof.project.values import Mount

# The folders where images and services keep the contents of a repository.
HOMES = (
    "/opt/airflow",
    "/usr/local/airflow",
    "/home/airflow/gcs",
    "/root/airflow",
    "/home/airflow/airflow",
)
# Linux allows no longer path.
_LONGEST_PATH = 4096
# The most mounts. dagprof looks up every path in a variable's value in each of them.
_MOST = 200


class Mounts:
    """``mounts`` in order of priority: if two share a place, the first counts."""

    def __init__(self, mounts: Sequence[Mount], home: str, repository: Repository) -> None:
        self._repository = repository
        sure = [mount for mount in dict.fromkeys(mounts) if mount.inside != "/"][:_MOST]
        usual = [
            Mount(folder, repository.root) for folder in dict.fromkeys((home, *HOMES)) if folder
        ]
        self._mounts = [*sorted(sure, key=lambda mount: -len(mount.inside)), *usual]

    def is_inside(self, text: str) -> bool:
        """Whether a text is a path in the part of the container's file system that holds the
        repository.
        """
        could_be = text.startswith("/") and "\n" not in text and len(text) <= _LONGEST_PATH
        path = posixpath.normpath(text) if could_be else ""
        return bool(path) and any(_is_below(path, mount.inside) for mount in self._mounts)

    def outside(self, text: str) -> Path | None:
        """The repository's file or folder at a path in the container; None if there is none."""
        path = posixpath.normpath(text)
        for mount in self._mounts:
            if _is_below(path, mount.inside):
                found = Path(
                    posixpath.normpath(mount.outside / posixpath.relpath(path, mount.inside))
                )
                if self._repository.holds(found):
                    return found
        return None

    def inside_named(self, name: str) -> list[Path]:
        """The repository's folders that the container mounts under a name, such as ``dags``, the
        most certain first.
        """
        found = [
            mount.outside for mount in self._mounts if posixpath.basename(mount.inside) == name
        ]
        return [path for path in found if os.path.isdir(path) and self._repository.holds(path)]


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
