"""Reads Compose files for the container that parses DAG files: its variables and its mounted
folders.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from dagprof.project.files import yaml_on_demand
from dagprof.project.files.expand import Expanded, expand
from dagprof.project.files.lined import Lined, LinedList
from dagprof.project.values import Mount, Unreadable, Variable

MAIN = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
# Services that parse DAG files, the most likely first. Each is a part of a service's name or
# command.
_SERVICES = (
    "dag-processor",
    "dag_processor",
    "scheduler",
    "standalone",
    "airflow",
    "worker",
    "webserver",
)


class Build(NamedTuple):
    """The Dockerfile and the arguments of an image; ``target`` is a stage."""

    context: Path
    file: Path
    arguments: dict[str, str]
    target: str = ""


class Service(NamedTuple):
    """The service that parses DAG files. ``unset`` maps each variable without a value to the
    undefined names that its value needs.
    """

    name: str
    variables: tuple[Variable, ...]
    env_files: tuple[tuple[Path, int], ...]
    mounts: tuple[Mount, ...]
    build: Build | None
    unset: dict[str, tuple[str, ...]]


def files(folder: Path) -> list[Path]:
    """The Compose files that ``docker compose up`` would read there: the main file and its
    override. Without a main file, the first ``docker-compose*`` file.
    """
    main = next((folder / name for name in MAIN if os.path.isfile(folder / name)), None)
    if main is not None:
        stem = main.name.rpartition(".")[0]
        overrides = [folder / f"{stem}.override.{ending}" for ending in ("yaml", "yml")]
        return [main, *[path for path in overrides if os.path.isfile(path)][:1]]
    return sorted(folder.glob("docker-compose*.y*ml"))[:1]


def read(text: str, file: Path, known: Mapping[str, str]) -> Service | None:
    """The service of one file that parses DAG files; None if no service seems to do so. ``known``
    gives values to names.

    :raises Unreadable: the text is not YAML, or not a mapping.
    """
    document = yaml_on_demand.load(text)
    services = document.get("services") if isinstance(document, Lined) else None
    if not isinstance(services, Lined):
        raise Unreadable("the file defines no services")
    name = _chosen(services)
    return None if name is None else _Reader(file, known, services).service(name)


def _chosen(services: Mapping[str, object]) -> str | None:
    described = {name: f"{name} {_text(service, 'command')}" for name, service in services.items()}
    about_airflow = [name for name in described if _is_airflow(name, services[name])]
    for piece in _SERVICES:
        if found := next((name for name in about_airflow if piece in described[name]), None):
            return found
    return about_airflow[0] if about_airflow else None


def _is_airflow(name: str, service: object) -> bool:
    """Whether a service runs Airflow, judged by its name, its image, its command, or its
    settings.
    """
    if not isinstance(service, Lined):
        return False
    texts = [
        name,
        *(_text(service, key) for key in ("image", "command", "entrypoint", "container_name")),
    ]
    names = _names(service.get("environment"))
    return any("airflow" in text for text in texts) or any(
        each.startswith("AIRFLOW__") for each in names
    )


def _text(service: object, key: str) -> str:
    return str(service.get(key) or "") if isinstance(service, Lined) else ""


def _names(environment: object) -> Iterable[str]:
    return (
        [str(each).partition("=")[0] for each in environment]
        if isinstance(environment, (dict, list))
        else []
    )


def _mapping(value: object) -> Lined:
    """A mapping; an empty one for anything else."""
    return value if isinstance(value, Lined) else Lined()


class _Reader:
    def __init__(self, file: Path, known: Mapping[str, str], services: Lined) -> None:
        self._file, self._folder, self._known, self._services = file, file.parent, known, services
        self._unset: dict[str, tuple[str, ...]] = {}

    def service(self, name: str) -> Service:
        """The service, merged over the services of the same file that it extends."""
        parts = [_mapping(self._services[each]) for each in reversed(self._chain(name))]
        variables = {
            each.name: each for part in parts for each in self._variables(part.get("environment"))
        }
        return Service(
            name,
            tuple(variables.values()),
            tuple(each for part in parts for each in self._env_files(part.get("env_file"))),
            tuple(each for part in parts for each in self._mounts(part.get("volumes"))),
            next(
                (found for part in reversed(parts) if (found := self._build(part.get("build")))),
                None,
            ),
            self._unset,
        )

    def _chain(self, name: str) -> list[str]:
        """The service, the service that it extends, and so on, without those of other files."""
        found = [name]
        while True:
            extended = _mapping(self._services[found[-1]]).get("extends")
            if isinstance(extended, Lined):
                extended = None if extended.get("file") else extended.get("service")
            if (
                not isinstance(extended, str)
                or extended in found
                or not isinstance(self._services.get(extended), Lined)
            ):
                return found
            found.append(extended)

    def _expanded(self, text: object) -> Expanded:
        return expand(str(text), self._known)

    def _variables(self, environment: object) -> Iterable[Variable]:
        """The variables that have a value. A variable without one in the file takes it from the
        shell, if it is set there.
        """
        pairs: list[tuple[str, object, int]] = []
        if isinstance(environment, Lined):
            pairs = [
                (name, value, environment.lines.get(name, 0)) for name, value in environment.items()
            ]
        elif isinstance(environment, LinedList):
            split = [str(item).partition("=") for item in environment]
            rows = zip(split, environment.lines, strict=True)
            pairs = [(name, value if sign else None, line) for (name, sign, value), line in rows]
        for name, value, line in pairs:
            found = (
                Expanded(self._known.get(name, ""), ()) if value is None else self._expanded(value)
            )
            if found.text or not (value is None or found.unset):
                yield Variable(name, found.text, self._file, line)
            else:
                self._unset[name] = found.unset or (name,)

    def _env_files(self, given: object) -> Iterable[tuple[Path, int]]:
        items = given if isinstance(given, list) else [given]
        lines = given.lines if isinstance(given, LinedList) else [0] * len(items)
        for item, line in zip(items, lines, strict=True):
            path = item.get("path") if isinstance(item, Lined) else item
            if isinstance(path, str):
                yield self._folder / self._expanded(path).text, line

    def _mounts(self, given: object) -> Iterable[Mount]:
        for item in given if isinstance(given, list) else ():
            if isinstance(item, Lined):
                source, target = (
                    self._expanded(item.get(key) or "").text for key in ("source", "target")
                )
            else:
                source, _, rest = self._expanded(item).text.partition(":")
                target = rest.partition(":")[0]
            if source.startswith((".", "/")) and target.startswith("/"):
                yield Mount(posixpath.normpath(target), self._folder / source)

    def _build(self, given: object) -> Build | None:
        if isinstance(given, str):
            given = Lined({"context": given})
        if not isinstance(given, Lined) or "dockerfile_inline" in given:
            return None
        context = self._folder / self._expanded(given.get("context") or ".").text
        file = context / self._expanded(given.get("dockerfile") or "Dockerfile").text
        arguments = given.get("args")
        pairs: Iterable[tuple[str, object]] = ()
        if isinstance(arguments, Lined):
            pairs = arguments.items()
        elif isinstance(arguments, list):
            pairs = [
                (name, value) for name, _, value in (str(item).partition("=") for item in arguments)
            ]
        values = {name: self._expanded(value).text for name, value in pairs if value is not None}
        return Build(context, file, values, self._expanded(given.get("target") or "").text)
