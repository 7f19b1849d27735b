"""Reads the variables and folders of a Dockerfile: the last stage, with the stages that it builds
on.
"""

from __future__ import annotations

import json
import os
import posixpath
import re
import shlex
from collections import ChainMap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from dagprof.project.files.expand import expand, literal
from dagprof.project.values import Mount, Unreadable, Variable, check_total

_ESCAPE = re.compile(r"#\s*escape\s*=\s*([\\`])\s*$", re.IGNORECASE)
# A word of its own. ``<<<`` and ``1 << n`` begin no here-document.
_HEREDOC = re.compile(r"(?:^|\s)\d*<<-?([\"']?)([A-Za-z_]\w*)\1(?=\s|$)")
# The most variables and copies that stages may inherit from their base stages, in total.
_MOST_INHERITED = 20_000
# AIRFLOW_HOME of known images, by a part of the image name.
_HOMES = (
    ("astro", "/usr/local/airflow"),
    ("amazon-mwaa", "/usr/local/airflow"),
    ("apache/airflow", "/opt/airflow"),
    ("airflow", "/opt/airflow"),
)


class Instruction(NamedTuple):
    """One instruction: its name in capitals, its arguments with continued lines joined, and the
    lines that it occupies.
    """

    name: str
    arguments: str
    line: int
    lines: tuple[str, ...]

    def places(self) -> dict[str, int]:
        """For each name that gets a value with ``=``, the first line where it does."""
        found: dict[str, int] = {}
        for number, text in enumerate(self.lines):
            for name, sign, _ in (word.partition("=") for word in text.split()):
                if sign:
                    found.setdefault(name.strip("\"'"), self.line + number)
        return found


class Image(NamedTuple):
    """``base`` is the base image of the last stage. ``copied`` holds what COPY and ADD take from
    the build context. ``arguments`` holds the values of its ARGs.
    """

    base: str
    variables: tuple[Variable, ...]
    copied: tuple[Mount, ...]
    arguments: Mapping[str, str] = MappingProxyType({})

    @property
    def home(self) -> str:
        """The default AIRFLOW_HOME of the base image; empty if the base image is not known to hold
        Airflow.
        """
        return next((home for piece, home in _HOMES if piece in self.base), "")


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, without comments and the contents of here-documents."""
    lines = text.splitlines()
    escape = next((found[1] for line in lines[:3] if (found := _ESCAPE.match(line.strip()))), "\\")
    at = 0
    while at < len(lines):
        first = at
        pieces: list[str] = []
        while at < len(lines):
            line = lines[at].strip()
            at += 1
            if not line or line.startswith("#"):
                if not pieces:
                    break
                continue
            continues = line.endswith(escape)
            pieces.append(line[:-1].rstrip() if continues else line)
            if not continues:
                break
        name, arguments = (*" ".join(pieces).split(None, 1), "", "")[:2]
        yield Instruction(name.upper(), arguments.strip(), first + 1, tuple(lines[first:at]))
        for _, end in _HEREDOC.findall(arguments) if name.upper() in ("RUN", "COPY", "ADD") else ():
            while at < len(lines) and lines[at].strip() != end:
                at += 1
            at += 1


def read(text: str, file: Path, context: Path, given: Mapping[str, str], target: str = "") -> Image:
    """The image that a Dockerfile builds. ``context`` is the folder of the build, ``given`` the
    values of its ARGs.

    ``target`` names the stage; empty means the last one.

    :raises Unreadable: its stages expand to far more than the file contains.
    """
    stages: dict[str, _Stage] = {}
    common: dict[str, str] = {}
    known = ChainMap(dict(given), common)
    stage: _Stage | None = None
    inherited = 0
    for each in instructions(text):
        if each.name == "FROM":
            if stage is not None and target and stage.name == target:
                break
            stage = _Stage.begun(each, stages, {**common, **given}, file, context)
            stages[stage.name] = stage
            inherited += len(stage.variables) + len(stage.copied)
            if inherited > _MOST_INHERITED:
                raise Unreadable("the build stages copy too many variables from each other")
        elif each.name == "ARG" and stage is None:
            common.update(_arguments(each, given, {}, known))
        elif stage is not None:
            stage.take(each, common, given)
    return (
        Image("", (), ())
        if stage is None
        else Image(
            stage.base,
            tuple(stage.variables.values()),
            tuple(stage.copied),
            {**common, **stage.arguments},
        )
    )


class _Stage:
    def __init__(self, name: str, base: str, file: Path, context: Path) -> None:
        self.name, self.base, self._file, self._context = name, base, file, context
        self.variables: dict[str, Variable] = {}
        self.copied: list[Mount] = []
        self.arguments: dict[str, str] = {}
        self._known: dict[str, str] = {}
        self._folder = "/"
        self._size = 0

    @classmethod
    def begun(
        cls,
        each: Instruction,
        stages: Mapping[str, _Stage],
        known: Mapping[str, str],
        file: Path,
        context: Path,
    ) -> _Stage:
        """A new stage with everything that it inherits from its base."""
        words = [word for word in each.arguments.split() if not word.startswith("--")]
        base = expand(words[0], known, doubled=False).text if words else ""
        name = words[2] if len(words) > 2 and words[1].upper() == "AS" else str(len(stages))
        if (parent := stages.get(base)) is None:
            stage = cls(name, base, file, context)
            home = Image(base, (), ()).home
            if home:
                stage._known["AIRFLOW_HOME"] = stage._folder = home
            return stage
        stage = cls(name, parent.base, file, context)
        stage.variables, stage.copied = dict(parent.variables), list(parent.copied)
        stage._known, stage._folder = dict(parent._known), parent._folder
        return stage

    def take(self, each: Instruction, common: Mapping[str, str], given: Mapping[str, str]) -> None:
        """Apply one instruction."""
        if each.name == "ENV":
            found = {
                name: expand(value, self._known, doubled=False).text
                for name, value in _pairs(each.arguments)
            }
            self._size += sum(map(len, found.values()))
            check_total(self._size)
            places = each.places()
            for name, value in found.items():
                self.variables[name] = Variable(
                    name, value, self._file, places.get(name, each.line)
                )
            self._known.update(found)
        elif each.name == "ARG":
            found = _arguments(each, given, common, self._known)
            self.arguments |= found
            for name, value in found.items():
                if name not in self.variables:  # ENV wins
                    self._known[name] = value
        elif each.name == "WORKDIR":
            self._folder = posixpath.join(
                self._folder, expand(each.arguments, self._known, doubled=False).text
            )
        elif each.name in ("COPY", "ADD"):
            self._copy(expand(each.arguments, self._known, doubled=False).text)

    def _copy(self, arguments: str) -> None:
        words = _words(arguments)
        if any(word.startswith("--from") for word in words):
            return
        words = [word for word in words if not word.startswith("--")]
        if len(words) < 2 or "<<" in arguments:
            return
        into = posixpath.normpath(posixpath.join(self._folder, words[-1]))
        for source in words[:-1]:
            if any(sign in source for sign in "*?[:"):
                continue
            outside = self._context / source.lstrip("/")
            named = os.path.isfile(outside) and (
                words[-1].endswith("/") or len(words) > 2 or words[-1] == "."
            )
            self.copied.append(
                Mount(posixpath.join(into, outside.name) if named else into, outside)
            )


def _arguments(
    each: Instruction,
    given: Mapping[str, str],
    common: Mapping[str, str],
    known: Mapping[str, str],
) -> dict[str, str]:
    """The values of one ARG: the ``given`` value, else its default, else the value of an ARG before
    the first stage. Names in defaults have ``known`` values.
    """
    found: dict[str, str] = {}
    for word in _words(each.arguments):
        name, sign, default = word.partition("=")
        if name in given:
            found[name] = given[name]
        elif sign:
            found[name] = expand(default, known, doubled=False).text
        elif name in common:
            found[name] = common[name]
    return found


def _pairs(arguments: str) -> list[tuple[str, str]]:
    """Names and values of an ENV instruction, in both of its forms."""
    first = arguments.split(None, 1)
    if len(first) == 2 and "=" not in first[0]:
        return [(first[0], " ".join(_words(first[1])) if first[1][:1] in "\"'" else first[1])]
    return [
        (name, value)
        for name, sign, value in (word.partition("=") for word in _words(arguments))
        if sign
    ]


def _words(text: str) -> list[str]:
    """The words of a line without their quotes. The words of a JSON list stay as they are."""
    try:
        if text.lstrip().startswith("["):
            return [str(word) for word in json.loads(text)]
        return shlex.split(literal(text))
    except (ValueError, RecursionError):
        return text.split()
