"""The user's code around the DAG files of a Run: what it imports, and what could not be read."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from dagprof.analyse.dependencies import reach
from dagprof.analyse.dependencies.statements import is_python
from dagprof.attribution.sources import module_names
from dagprof.link.messages.installed import Installed
from dagprof.link.target import Target
from dagprof.measure import texts
from dagprof.model import Origin, Run
from dagprof.quantities import count

# Other files that may name code.
_NAMING = (".yaml", ".yml", ".json")
# Shorter commands are words of many texts.
_SHORTEST_COMMAND = 3


class UserCode:
    """The texts of the DAG files, of the plugins, and of all modules that they may import."""

    def __init__(self, run: Run, target: Target) -> None:
        root = Path(run.root)
        self._run = run
        self._roots = [root, *texts.code_folders(target.environment)]
        self._entries = [str(root / file.path) for file in run.files]
        loaded = [Path(each.file) for each in run.modules if each.origin is Origin.USER]
        self._sources = texts.sources(self._roots, [*map(Path, self._entries), *loaded])
        self._plugins = target.environment.get("AIRFLOW__CORE__PLUGINS_FOLDER") or os.path.join(
            target.environment["AIRFLOW_HOME"], "plugins"
        )

    def reached(self) -> list[reach.Reached]:
        """The imports that DAG files and plugins reach."""
        pure = [PurePath(root) for root in self._roots]
        names = {path: list(module_names(PurePath(path), pure)) for path in self._sources}
        for module in self._run.modules:
            if module.origin is Origin.USER and module.file in names:
                names[module.file].append(module.name)
        plugins = [path for path in self._sources if path.startswith(self._plugins + os.sep)]
        code = reach.Code(self._sources, names)
        return code.reached(self._entries, plugins, dict(self._named()))

    def _named(self) -> Iterator[tuple[str, str]]:
        """The texts beside the DAG files that may name code, such as YAML files: path and text."""
        for path, text in texts.others([Path(self._run.root)], _NAMING).items():
            # Folders may hold thousands of JSON files with data.
            if not path.endswith(".json") or b"airflow." in text:
                yield path, text.decode("utf-8", "replace")

    def commands(self, installed: Installed) -> dict[str, str]:
        """The commands of distributions that occur as words in the user's code, each with the first
        file.
        """
        wanted = {
            command
            for row in installed.distributions
            for command in row.commands
            if len(command) >= _SHORTEST_COMMAND
        }
        found: dict[str, str] = {}
        helpers = (each.file for each in self._run.modules if each.origin is Origin.USER)
        for path in [*self._entries, *helpers]:
            text = self._sources.get(path, b"").decode("utf-8", "replace")
            for word in wanted.intersection(re.findall(r"[\w.-]+", text)):
                found.setdefault(word, os.path.relpath(path, self._run.root))
        return found

    def notes(self) -> list[str]:
        """Sentences about code whose imports or costs are incomplete."""
        files = self._run.files
        plain = [file for file in files if not file.path.endswith(".zip")]
        return [
            *_note(
                [file.path for file in plain if self._has_changed(file.path, file.sha256)],
                "changed since the run, so import times may be out of date",
            ),
            *_note(
                [file.path for file in plain if not is_python(self._text(file.path))],
                "cannot be read as Python, so the result omits imports of this code",
            ),
            *_note(
                [file.path for file in self._run.broken],
                "failed in the run, so import times are incomplete",
            ),
            *_note(
                [file.path for file in files if file.path.endswith(".zip")],
                "in a zip archive, so the result omits imports inside callables",
                verbs=("is ", "are "),
            ),
        ]

    def _has_changed(self, path: str, digest: str) -> bool:
        return bool(digest) and hashlib.sha256(self._text(path)).hexdigest() != digest

    def _text(self, path: str) -> bytes:
        return self._sources.get(str(Path(self._run.root) / path), b"")


def _note(paths: list[str], what: str, verbs: tuple[str, str] = ("", "")) -> Iterator[str]:
    if paths:
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        verb = verbs[len(paths) > 1]
        yield f"{count(len(paths), 'DAG file')} {verb}{what}: {paths[0]}{more}."
