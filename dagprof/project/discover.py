"""Combines a repository's description of its environment: folders, variables, answers."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from dagprof.project import imports, layout, sources
from dagprof.project.answers import project_answers
from dagprof.project.sources import Sources
from dagprof.project.usage import Usages
from dagprof.project.values import ProjectSetup, Variable
from dagprof.project.variables import taken_over

NAMED = "the nearest folder named dags"
PLUGINS = "the plugins folder"
_ADD_FOLDERS = "use --pythonpath to add folders, or --no-project to ignore project files"

Installed = Callable[[Collection[str]], Collection[str]]


class Located(NamedTuple):
    """The DAG folder and the reason for choosing it, or None if nothing names a DAG folder; and the
    files of the project around it.
    """

    dags: Path | None
    reason: str
    sources: Sources | None


def locate(
    folder: Path,
    environment: Mapping[str, str],
    *,
    env_file: Path | None = None,
    elsewhere: Callable[[Path], Path | None] | None = None,
) -> Located:
    """The DAG folder that holds ``folder``, and the description of the project around it.

    ``environment`` is the user's environment. ``env_file`` replaces the project's ``.env``. For
    ``elsewhere``, see ``Repository``.
    """
    root = layout.project_root(folder)
    named = layout.named_dags(folder, root)
    root = layout.project_root(named) if named is not None else root
    if root is None:
        return Located(named, NAMED, None)
    top = layout.repository_top(root)
    found = sources.read(root, top, environment, env_file_given=env_file, elsewhere=elsewhere)
    if named is not None:
        return Located(named, NAMED, found)
    for configured, reason in _configured(found):
        if configured == folder or configured in folder.parents:
            return Located(configured, reason, found)
    return Located(None, "", found)


def _configured(found: Sources) -> list[tuple[Path, str]]:
    """The DAG folders that the project's files name."""
    named: list[tuple[Path, str]] = []
    setting = found.variables.get("AIRFLOW__CORE__DAGS_FOLDER")
    if setting is not None and (
        path := found.mounts.outside(setting.value) if setting.value[:1] == "/" else None
    ):
        named.append(
            (path, f"the dags_folder in {found.repository.shown(setting.file, setting.line)}")
        )
    named += [
        (path, "the folder that the container uses as dags")
        for path in found.mounts.inside_named(layout.DAGS)
    ]
    return named


def find(
    found: Sources, dags: Path, environment: Mapping[str, str], installed: Installed
) -> ProjectSetup:
    """Everything that a target needs, except settings that the user's ``environment`` already has.

    ``installed`` says which of some module names the measured interpreter finds without help.
    """
    return _Discovery(found, dags, environment).all(installed)


class _Discovery:
    def __init__(self, found: Sources, dags: Path, environment: Mapping[str, str]) -> None:
        self._sources, self._dags, self._environment = found, dags, environment
        self._shown = found.repository.shown
        self._usages = Usages(found.used)

    def all(self, installed: Installed) -> ProjectSetup:
        root, variables = self._sources.root, self._sources.variables
        home = self._home()
        if home is not None and self._leads_out(home):
            home = None
        if home is not None:
            self._usages.take(
                f"{self._named(home)} as AIRFLOW_HOME",
                off="use --airflow-home to select another"
                " folder, or --no-project to ignore"
                " project files",
            )
        plugins = self._plugins(home)
        path = self._pythonpath(variables.get("PYTHONPATH"))
        if home is not None and os.path.isfile(home / "config" / "airflow_local_settings.py"):
            self._usages.take(self._shown(home / "config" / "airflow_local_settings.py"))
        path += self._layout_path(path, plugins, home, installed)
        taken = taken_over(self._sources, self._environment, self._usages)
        found = project_answers(self._sources, self._usages)
        return ProjectSetup(
            root=root,
            top=self._sources.repository.top,
            dags=self._dags,
            home=home,
            plugins=plugins,
            pythonpath=tuple(path),
            environment=taken,
            others={
                **self._sources.arguments,
                **{name: each.value for name, each in variables.items() if name not in taken},
            },
            variables=dict(found.variables),
            connections=found.connections,
            used=self._usages.all(),
        )

    def _home(self) -> Path | None:
        """The folder to use as AIRFLOW_HOME if the user has none."""
        if "AIRFLOW_HOME" in self._environment:
            return None
        inside, mounts = self._sources.home, self._sources.mounts
        by_place = layout.home(self._dags, self._sources.root)
        if not inside:
            return by_place
        beside = mounts.outside(f"{inside}/{layout.DAGS}")
        if (
            beside is not None
            and beside.name == layout.DAGS
            and self._sources.repository.holds(beside.parent)
        ):
            return beside.parent
        return by_place or mounts.outside(inside)

    def _leads_out(self, home: Path) -> bool:
        """Whether Airflow would follow a link out of the repository in this folder."""
        below = [home / name for name in ("plugins", "config")]
        return any(
            os.path.exists(path) and not self._sources.repository.holds(path) for path in below
        )

    def _plugins(self, home: Path | None) -> Path | None:
        """The plugins folder that a setting names, else the one at its usual place; None if the
        user has a plugins folder.
        """
        setting = self._sources.variables.get("AIRFLOW__CORE__PLUGINS_FOLDER")
        if "AIRFLOW__CORE__PLUGINS_FOLDER" in self._environment or _has_plugins(self._environment):
            return None
        found, where = layout.plugins(self._dags, self._sources.root), ""
        if (
            setting is not None
            and setting.value[:1] == "/"
            and self._sources.mounts.is_inside(setting.value)
        ):
            mapped = self._sources.mounts.outside(setting.value)
            found, where = (
                (mapped, self._shown(setting.file, setting.line))
                if mapped is not None
                else (found, where)
            )
        elif home is not None and found is None and self._sources.home:
            found = self._sources.mounts.outside(f"{self._sources.home}/plugins")
        if found is None or not os.path.exists(found) or not self._sources.repository.holds(found):
            return None
        shown = self._shown(found) + ("/" if os.path.isdir(found) else "")
        self._usages.take(
            f"{PLUGINS} {shown}",
            where,
            ("use --plugins to select another folder, or --no-project to ignore project files"),
        )
        return found

    def _pythonpath(self, variable: Variable | None) -> list[Path]:
        """The entries of PYTHONPATH that are folders of the repository."""
        if variable is None:
            return []
        where = self._shown(variable.file, variable.line)
        found: list[Path] = []
        for entry in filter(None, variable.value.split(":")):
            path = self._folder(entry, variable)
            if path is None:
                self._usages.leave(
                    f"{entry} on PYTHONPATH", where, "the repository contains no such folder"
                )
            elif path not in found:
                found.append(path)
        if found:
            shown = " and ".join(map(self._named, found))
            self._usages.take(f"{shown} on PYTHONPATH", where, _ADD_FOLDERS)
        return found

    def _named(self, folder: Path) -> str:
        return "the project root" if folder == self._sources.root else f"{self._shown(folder)}/"

    def _folder(self, entry: str, variable: Variable) -> Path | None:
        """The folder of a PYTHONPATH entry. The entry is a path in the container, or relative to
        the file that sets it.
        """
        mounts = self._sources.mounts
        path = mounts.outside(entry) if entry.startswith("/") else None
        if path is None and not entry.startswith("/"):
            relative = Path(os.path.normpath(variable.file.parent / entry))
            path = relative if self._sources.repository.holds(relative) else None
        if path is None and os.path.isdir(entry) and self._sources.repository.holds(Path(entry)):
            path = Path(os.path.normpath(entry))
        return path if path is not None and os.path.isdir(path) else None

    def _layout_path(
        self, path: Sequence[Path], plugins: Path | None, home: Path | None, installed: Installed
    ) -> list[Path]:
        """Folders that the layout puts on the path, and folders without which imports of the DAG
        files do not resolve.
        """
        root, dags = self._sources.root, self._dags
        if self._sources.is_astro and root not in path:
            self._usages.take(
                "the project root on PYTHONPATH",
                "the Astro project layout",
                _ADD_FOLDERS,
            )
            return [root]
        above = [folder for folder in dags.parents if folder == root or root in folder.parents]
        config = [home / "config"] if home is not None else []
        user = [
            Path(part) for part in self._environment.get("PYTHONPATH", "").split(os.pathsep) if part
        ]
        known = [*path, dags, *config, *([plugins] if plugins else []), *user]
        found = imports.needs([dags, *([plugins] if plugins else [])], above, known, installed)
        for need in found:
            shown = self._named(need.folder)
            why = f"because {self._shown(need.file, need.line)} imports `{need.module}`"
            self._usages.take(f"{shown} on PYTHONPATH, {why}", off=_ADD_FOLDERS)
        return [need.folder for need in found]


def _has_plugins(environment: Mapping[str, str]) -> bool:
    """Whether the user's own AIRFLOW_HOME has a plugins folder, or its configuration may name
    one.
    """
    home = environment.get("AIRFLOW_HOME")
    if not home:
        return "AIRFLOW_CONFIG" in environment
    return os.path.isdir(Path(home) / "plugins") or os.path.isfile(Path(home) / "airflow.cfg")
