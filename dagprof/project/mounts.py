"""From paths inside a container to the folders of the repository that are there."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from pathlib import Path

from dagprof.project.reading import Repository
from dagprof.project.values import Mount

# Where images and services have the contents of a repository.
HOMES = (
    "/opt/airflow",
    "/usr/local/airflow",
    "/home/airflow/gcs",
    "/root/airflow",
    "/home/airflow/airflow",
)
# Every path that a variable holds is looked up in each.
_MOST = 200


class Mounts:
    """``mounts`` in the order in which they count: of two for the same place, the first."""

    def __init__(self, mounts: Sequence[Mount], home: str, repository: Repository) -> None:
        self._repository = repository
        sure = [mount for mount in dict.fromkeys(mounts) if mount.inside != "/"][:_MOST]
        usual = [
            Mount(folder, repository.root) for folder in dict.fromkeys((home, *HOMES)) if folder
        ]
        self._mounts = [*sorted(sure, key=lambda mount: -len(mount.inside)), *usual]

    def is_inside(self, text: str) -> bool:
        """Whether a text is a path in the container's part of the file system that holds the
        repository.
        """
        path = posixpath.normpath(text) if text.startswith("/") and "\n" not in text else ""
        return bool(path) and any(_is_below(path, mount.inside) for mount in self._mounts)

    def outside(self, text: str) -> Path | None:
        """The file or folder of the repository that a container has at a path; None where it has
        none.
        """
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
        """The folders of the repository that a container has under a name, such as ``dags``, the
        surest first.
        """
        found = [
            mount.outside for mount in self._mounts if posixpath.basename(mount.inside) == name
        ]
        return [path for path in found if os.path.isdir(path) and self._repository.holds(path)]


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
