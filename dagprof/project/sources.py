"""Reads all files of a repository that describe its environment. Files are read in order of
priority, so that later variables win.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dagprof.model import Used
from dagprof.project import layout
from dagprof.project.files import airflow_cfg, compose, dockerfile, env_file, startup_script
from dagprof.project.files.dockerfile import Image
from dagprof.project.mounts import Mounts
from dagprof.project.reading import Repository, text_of
from dagprof.project.values import Mount, Unreadable, Variable


class Sources(NamedTuple):
    """The combined content of the files. ``variables`` holds the winning variables by name.
    ``home`` is AIRFLOW_HOME in the container.

    ``unset`` maps each incomplete variable to the undefined names in its value, and to its place.
    ``used`` lists the files that could not be read. ``arguments`` holds the values of the image's
    build arguments.
    """

    repository: Repository
    variables: dict[str, Variable]
    mounts: Mounts
    home: str
    is_astro: bool
    unset: dict[str, tuple[tuple[str, ...], Path]]
    used: list[Used]
    env_file: Path | None = None
    arguments: Mapping[str, str] = MappingProxyType({})

    @property
    def root(self) -> Path:
        return self.repository.root


class _Reading:
    """One pass over the files, which fills ``variables`` and ``mounts``."""

    def __init__(
        self, repository: Repository, environment: Mapping[str, str], env_file_given: Path | None
    ) -> None:
        self._repository, self._environment = repository, environment
        self._given = env_file_given
        self.variables: dict[str, Variable] = {}
        self.copied: list[Mount] = []
        self.mounted: list[Mount] = []
        self.unset: dict[str, tuple[tuple[str, ...], Path]] = {}
        self.used: list[Used] = []
        self.image = Image("", (), ())
        self.has_container = False

    def all(self) -> None:
        """Read all files; the files whose variables win come last."""
        root = self._repository.root
        dotenv = self._dotenv(root / ".env")
        service = self._service(root, {each.name: each.value for each in dotenv})
        if not {"AIRFLOW_HOME", "AIRFLOW_CONFIG"} & set(
            self._environment
        ):  # the user has no Airflow configuration
            for path in (root / "airflow.cfg", root / "config" / "airflow.cfg"):
                self._each(path, airflow_cfg.parse)
        self._dockerfile(service, root)
        self._each(root / "startup.sh", lambda text, file: startup_script.parse(text, file, {}))
        self._take(dotenv)
        for each in service:
            for path, _ in each.env_files:
                if self._given is None or path.name != ".env":
                    self._each(path, self._env_file)
            self._take(each.variables)
            self.mounted += each.mounts
        if self._given is not None:
            self._take(self._env_file(text_of(self._given), self._given))

    def _take(self, variables: list[Variable] | tuple[Variable, ...]) -> None:
        self.variables.update({each.name: each for each in variables})

    def _leave(self, path: Path, error: Unreadable) -> None:
        """Record a file that cannot be used."""
        self.used.append(Used(what=self._repository.shown(path), off=str(error), is_left_out=True))

    def _text(self, path: Path) -> str | None:
        try:
            return self._repository.text(path)
        except Unreadable as error:
            self._leave(path, error)
            return None

    def _each(self, path: Path, parse: Callable[[str, Path], list[Variable]]) -> None:
        text = self._text(path)
        if text is None:
            return
        try:
            self._take(parse(text, path))
        except Unreadable as error:
            self._leave(path, error)

    def _env_file(self, text: str, file: Path) -> list[Variable]:
        return env_file.parse(text, file, self._environment)

    def _dotenv(self, path: Path) -> list[Variable]:
        """The variables of ``.env``; empty if the user gave another file."""
        text = None if self._given is not None else self._text(path)
        try:
            return [] if text is None else self._env_file(text, path)
        except Unreadable as error:
            self._leave(path, error)
            return []

    def _service(self, root: Path, dotenv: Mapping[str, str]) -> list[compose.Service]:
        found = []
        for path in compose.files(root):
            text = self._text(path)
            try:
                service = (
                    None
                    if text is None
                    else compose.read(text, path, {**dotenv, **self._environment})
                )
            except Unreadable as error:
                self._leave(path, error)
                continue
            if service is not None:
                self.has_container = True
                self.unset |= {name: (names, path) for name, names in service.unset.items()}
                found.append(service)
        return found

    def _dockerfile(self, services: list[compose.Service], root: Path) -> None:
        build = next((each.build for each in reversed(services) if each.build is not None), None)
        build = build or compose.Build(root, root / "Dockerfile", {})
        text = self._text(build.file)
        try:
            image = dockerfile.read(
                text or "", build.file, build.context, build.arguments, build.target
            )
        except Unreadable as error:
            self._leave(build.file, error)
            return
        if text is not None:
            self.image = image
            self.has_container = self.has_container or bool(self.image.home)
            self._take(self.image.variables)
            self.copied = list(self.image.copied)


def read(
    root: Path,
    top: Path,
    environment: Mapping[str, str],
    *,
    env_file_given: Path | None = None,
    elsewhere: Callable[[Path], Path | None] | None = None,
) -> Sources:
    """The files of the project at ``root``. ``environment`` is the user's environment, which gives
    values to names in the files.

    ``env_file_given`` replaces the project's ``.env`` and wins over all other files. For
    ``elsewhere``, see ``Repository``.

    :raises Unreadable: ``env_file_given`` cannot be read.
    """
    repository = Repository(root, top, elsewhere)
    reading = _Reading(repository, environment, env_file_given)
    reading.all()
    home = _home(reading)
    mounts = Mounts([*reading.mounted, *reversed(reading.copied)], home, repository)
    return Sources(
        repository,
        reading.variables,
        mounts,
        home if reading.has_container else "",
        layout.is_astro(root, reading.image.base),
        {name: value for name, value in reading.unset.items() if name not in reading.variables},
        reading.used,
        env_file_given,
        reading.image.arguments,
    )


def _home(reading: _Reading) -> str:
    given = reading.variables.get("AIRFLOW_HOME")
    if given is not None and given.value.startswith("/"):
        return posixpath.normpath(given.value)
    if reading.image.home:
        return reading.image.home
    inside = [
        mount.inside for mount in reading.mounted if posixpath.basename(mount.inside) == layout.DAGS
    ]
    return posixpath.dirname(inside[0]) if inside else "/opt/airflow"


def local_backend_files(variables: Mapping[str, Variable]) -> dict[str, str]:
    """The files from which a LocalFilesystemBackend answers, under ``variables`` and
    ``connections``.
    """
    backend, options = (
        variables.get(f"AIRFLOW__SECRETS__{name}") for name in ("BACKEND", "BACKEND_KWARGS")
    )
    if backend is None or options is None or not backend.value.endswith(".LocalFilesystemBackend"):
        return {}
    try:
        found = json.loads(options.value)
    except (ValueError, RecursionError):
        return {}
    names = {"variables": "variables_file_path", "connections": "connections_file_path"}
    found = found if isinstance(found, dict) else {}
    return {kind: found[name] for kind, name in names.items() if isinstance(found.get(name), str)}
