"""Joins the user's settings and those of the project around the DAG files to one environment and
one DAG folder.

The user's settings win. The order is: options, the environment of this process, ``--env-file``, the
project.
"""

from __future__ import annotations

import json
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.link import interpreter
from dagprof.model import Used
from dagprof.project import discover, left_out
from dagprof.project.discover import Located
from dagprof.project.files import env_file
from dagprof.project.reading import text_of
from dagprof.project.usage import counted
from dagprof.project.values import ProjectSetup, Unreadable, impossible

_ASK_LIMIT_S = 60.0
_LONGEST_ANSWER = 1_000_000
_MOST_MEMBERS, _LARGEST_ARCHIVE = 20_000, 500_000_000
# The exceptions of zipfile and the libraries below it for archives that are damaged, encrypted, or
# not writable to this disk.
_DAMAGED = (
    OSError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    RuntimeError,
)
# Prints which of the names on standard input can be imported. It removes relative entries from
# ``sys.path``, because dagprof itself looks into the user's folders.
_INSTALLED = """
import importlib.util, json, sys
sys.path = [each for each in sys.path if each]
def is_there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except Exception:
        return False
print(json.dumps([name for name in json.load(sys.stdin) if is_there(name)]))
"""
Elsewhere = Callable[[Path], Path | None]


class Around(NamedTuple):
    """The environment to start from, and the part that came from the project. That part is None if
    there is no project, or the user wants none.
    """

    environment: dict[str, str]
    found: ProjectSetup | None
    used: tuple[Used, ...]


def given(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process, with the values of options in place of its own.

    :raises UsageError: a folder does not exist.
    """
    result = dict(environ)
    if settings.airflow_home is not None:
        result["AIRFLOW_HOME"] = str(_folder(settings.airflow_home, "--airflow-home"))
    if settings.plugins is not None:
        result["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(_folder(settings.plugins, "--plugins"))
    if settings.pythonpath:
        paths = [str(_folder(text, "--pythonpath")) for text in settings.pythonpath]
        result["PYTHONPATH"] = os.pathsep.join([*paths, *filter(None, [environ.get("PYTHONPATH")])])
    return result


def _folder(text: str, option: str) -> Path:
    path = Path(os.path.abspath(os.path.expanduser(text)))
    if not os.path.exists(path):
        raise UsageError(
            f"The folder {text!r} for {option} does not exist. Give an existing folder."
        )
    return path


def located(
    settings: Settings, folder: Path, environ: Mapping[str, str], elsewhere: Elsewhere | None = None
) -> Located:
    """The project around a folder, and its DAG folder. Empty if the user wants no project."""
    if not settings.project:
        return Located(None, "", None)
    file = _env_file(settings)
    return discover.locate(folder, environ, env_file=file, elsewhere=elsewhere)


def around(
    settings: Settings,
    python: Path,
    dags: Path,
    environ: Mapping[str, str],
    project: Located,
    scratch: Path,
) -> Around:
    """The environment for a target whose DAG folder is ``dags``. ``environ`` comes from ``given``.

    ``scratch`` is dagprof's own folder, into which archives are unpacked.

    :raises UsageError: the file of ``--env-file`` cannot be read.
    """
    if project.sources is None:
        return _without_project(settings, environ)
    found = discover.find(
        project.sources, dags, environ, lambda names: _installed(python, names, environ)
    )
    result = {**found.environment, **environ}
    if found.home is not None:
        result.setdefault("AIRFLOW_HOME", str(found.home))
    used = found.used
    if found.plugins is not None:
        try:
            folder = _unpacked(found.plugins, scratch / "plugins")
            result.setdefault("AIRFLOW__CORE__PLUGINS_FOLDER", str(folder))
        except Unreadable as error:
            used = tuple(row for row in used if not row.what.startswith(discover.PLUGINS))
            name = found.plugins.name
            used += (Used(what=name, off=f"{error}; pass a folder to --plugins", is_left_out=True),)
    paths = [*filter(None, [environ.get("PYTHONPATH")]), *map(str, found.pythonpath)]
    if paths:
        result["PYTHONPATH"] = os.pathsep.join(paths)
    return Around(result, found, used)


def _unpacked(plugins: Path, folder: Path) -> Path:
    """Return a plugins folder. A ``plugins.zip``, as Amazon MWAA uses it, is unpacked into
    ``folder``.

    :raises Unreadable: the archive is damaged, or too large.
    """
    if os.path.isdir(plugins):
        return plugins
    try:
        with zipfile.ZipFile(plugins) as archive:
            members = archive.infolist()
            if (
                len(members) > _MOST_MEMBERS
                or sum(member.file_size for member in members) > _LARGEST_ARCHIVE
            ):
                raise Unreadable("the archive is too large to unpack")
            archive.extractall(folder)
    except _DAMAGED as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Unreadable(f"dagprof cannot unpack the archive ({reason})") from None
    return folder


def _env_file(settings: Settings) -> Path | None:
    """The file of ``--env-file``.

    :raises UsageError: it cannot be read.
    """
    if settings.env_file is None:
        return None
    file = Path(os.path.abspath(os.path.expanduser(settings.env_file)))
    try:
        env_file.parse(text_of(file), file, {})
    except Unreadable as error:
        raise UsageError(
            f"Cannot use {settings.env_file!r} for --env-file: {error}. Give another file."
        ) from None
    return file


def _without_project(settings: Settings, environ: Mapping[str, str]) -> Around:
    """The user's environment, plus the variables of ``--env-file`` that it does not set."""
    file = _env_file(settings)
    if file is None:
        return Around(dict(environ), None, ())
    variables = [
        each
        for each in env_file.parse(text_of(file), file, environ)
        if not left_out.reason(each.name)
    ]
    variables = [each for each in variables if not impossible(each.name, each.value)]
    values = {each.name: each.value for each in variables if each.name not in environ}
    what = counted(list(values)) if values else ""
    used = (
        (Used(what=what, where=str(settings.env_file), off="--env-file selects this file"),)
        if values
        else ()
    )
    return Around({**values, **environ}, None, used)


def _installed(python: Path, names: Collection[str], environ: Mapping[str, str]) -> Collection[str]:
    """The modules among ``names`` that the interpreter finds by itself. Empty if it does not
    answer.
    """
    try:
        answer = interpreter.first_output(
            [python, "-c", _INSTALLED],
            longest=_LONGEST_ANSWER,
            limit_s=_ASK_LIMIT_S,
            given=json.dumps(sorted(names)).encode("ascii"),
            environment={name: text for name, text in environ.items() if name != "PYTHONPATH"},
        )
        found: list[str] = json.loads(answer)
    except (OSError, ValueError):
        return ()
    return found
