"""The interpreter to measure with, and its environment: the user's, changed so that Airflow does no
harm.
"""

from __future__ import annotations

import configparser
import contextlib
import glob
import os
import shutil
import sys
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec

from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.link import project
from dagprof.link.interpreter import NO_PYTHON
from dagprof.model import Used
from dagprof.production.place import without_token
from dagprof.project.discover import Located
from dagprof.project.values import ProjectSetup

# What Airflow sets for a running task. A DAG processor has none of it.
_OF_TASKS = (
    "AIRFLOW_CTX_",
    "_AIRFLOW_FORK_EXEC",
    "_AIRFLOW_PARSING_CONTEXT_",
    "_AIRFLOW_PROCESS_CONTEXT",
    "_AIRFLOW__REEXECUTED_PROCESS",
    "_AIRFLOW__STARTUP_MSG",
    "__AIRFLOW_SUPERVISOR_FD",
)
PROBE = Path(__file__).resolve().parent.parent / "probe"


class _Root(NamedTuple):
    """A bundle root, and the reason for this choice."""

    path: Path
    reason: str
    is_scanned: bool = False


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how the probe starts. ``home_is_temporary``: AIRFLOW_HOME is a temporary folder of
    dagprof's.

    ``root_is_scanned``: the root is the scanned folder, because dagprof found no better one.

    ``project`` is the setup found around the DAG folder, None if there is none. ``used`` describes
    it in sentences.
    """

    python: Path
    python_reason: str
    root: Path
    root_is_scanned: bool = False
    scratch: Path
    environment: dict[str, str]
    home_is_temporary: bool
    project: ProjectSetup | None = None
    used: tuple[Used, ...] = ()


def resolve(
    settings: Settings,
    paths: tuple[Path, ...],
    scratch: Path,
    environment: Mapping[str, str],
    *,
    elsewhere: project.Elsewhere | None = None,
    measured: Path | None = None,
) -> Target:
    """Decide interpreter, bundle root and environment for a scan of ``paths``. ``scratch`` is an
    empty folder of dagprof's.

    ``elsewhere`` returns another place for a missing file of the project. ``measured`` is a folder
    to measure with the settings of ``paths``.

    :raises UsageError: a path, an interpreter or an AIRFLOW_HOME does not exist.
    """
    environment = without_token(environment)
    python, python_reason = _python(settings.python)
    given = project.given(settings, environment)
    place = project.located(settings, _common(paths), given, elsewhere)
    root = _root(settings.bundle_root, paths, given, place)
    around = project.around(settings, python, root.path, given, place, scratch)
    home = around.found.home if around.found is not None else None
    return Target(
        python=python,
        python_reason=python_reason,
        root=measured or root.path,
        root_is_scanned=root.is_scanned,
        scratch=scratch,
        environment={
            **_harmless(
                around.environment, measured or root.path, scratch, is_borrowed=home is not None
            ),
            **_asked_safe_mode(settings.safe_mode),
        },
        home_is_temporary="AIRFLOW_HOME" not in around.environment,
        project=around.found,
        used=_masked(around),
    )


def _masked(around: project.Around) -> tuple[Used, ...]:
    """The rows without secrets. What dagprof leaves out may contain one, such as a folder that does
    not exist. The secret may belong to a variable that dagprof does not take over.
    """
    used = around.used
    if not any(row.is_left_out for row in used):
        return used
    from dagprof.redaction import Redactor, values

    others = around.found.others if around.found is not None else {}
    known = (around.environment, others)
    redact = Redactor(chain.from_iterable(map(values.of_environment, known)))
    return tuple(
        msgspec.structs.replace(row, what=redact(row.what), off=redact(row.off))
        if row.is_left_out
        else row
        for row in used
    )


def existing(paths: tuple[str, ...]) -> tuple[Path, ...]:
    """The paths made absolute, with symbolic links kept.

    :raises UsageError: a path is neither a file nor a folder, or cannot be read.
    """
    return tuple(_readable(text) for text in paths)


def _readable(text: str) -> Path:
    path = Path(os.path.abspath(text))
    try:
        os.stat(path)
        with contextlib.suppress(NotADirectoryError):
            os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise UsageError(
            f"There is no file or folder {text!r}. Give the folder that contains the DAG"
            f" files{_such_as(path)}."
        ) from None
    except OSError as error:
        raise UsageError(
            f"Cannot read {text!r} ({error.strerror}). Give a readable file or folder, or change"
            " the permissions."
        ) from None
    return path


def _such_as(path: Path) -> str:
    """A folder with this name one or two levels below the working directory, as an example."""
    name = glob.escape(path.name)
    with contextlib.suppress(OSError, ValueError):
        for pattern in (f"*/{name}", f"*/*/{name}"):
            for found in sorted(glob.iglob(pattern)):
                if os.path.isdir(found):
                    return f", such as {found!r}"
    return ""


def _python(given: str | None) -> tuple[Path, str]:
    if given is None:
        return Path(sys.executable), "the interpreter that runs dagprof"
    # Not a Path: it drops a leading ``./``, and the name would be looked up on PATH.
    path = os.path.expanduser(given)
    if os.path.isdir(path):
        path = os.path.join(path, "bin", "python")
    found = shutil.which(path)
    if found is None:
        raise UsageError(NO_PYTHON.format(given))
    return Path(os.path.abspath(found)), "selected with --python"


def bundle_root(
    settings: Settings, paths: tuple[Path, ...], environment: Mapping[str, str]
) -> tuple[Path, str]:
    """The folder from which imports resolve, and the reason for this choice.

    :raises UsageError: the given folder does not exist or does not contain ``paths``.
    """
    given = project.given(settings, environment)
    found = _root(
        settings.bundle_root, paths, given, project.located(settings, _common(paths), given)
    )
    return found.path, found.reason


def _common(paths: tuple[Path, ...]) -> Path:
    return Path(
        os.path.commonpath([path if os.path.isdir(path) else path.parent for path in paths])
    )


def _root(
    given: str | None, paths: tuple[Path, ...], environment: Mapping[str, str], place: Located
) -> _Root:
    if given is not None:
        root = existing((given,))[0]
        outside = [path for path in paths if root != path and root not in path.parents]
        if outside:
            raise UsageError(
                f"{outside[0]} is outside the bundle root {root}. Choose a bundle root that"
                f" contains {outside[0]}."
            )
        return _Root(root, "selected with --bundle-root")
    configured = _configured_dags_folder(environment)
    if configured is not None and all(
        configured == path or configured in path.parents for path in paths
    ):
        return _Root(configured, "the dags_folder of the Airflow configuration")
    common = _common(paths)
    if place.dags is not None and place.dags != common:
        return _Root(place.dags, f"{place.reason}; use --bundle-root to select another folder")
    return _Root(common, "the scanned folder", is_scanned=True)


def _configured_dags_folder(environment: Mapping[str, str]) -> Path | None:
    """The user's ``[core] dags_folder``, as far as dagprof can find it without importing
    Airflow.
    """
    text = environment.get("AIRFLOW__CORE__DAGS_FOLDER")
    home = environment.get("AIRFLOW_HOME")
    if not text and home:
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read(
                environment.get("AIRFLOW_CONFIG") or Path(home) / "airflow.cfg", encoding="utf-8"
            )
            text = parser.get("core", "dags_folder", fallback=str(Path(home) / "dags"))
        except (configparser.Error, ValueError, OSError):  # Airflow says what is wrong with it
            text = str(Path(home) / "dags")
    if not text:
        return None
    folder = Path(os.path.abspath(os.path.expandvars(os.path.expanduser(text))))
    return folder if os.path.isdir(folder) else None


def _harmless(
    environment: Mapping[str, str], root: Path, scratch: Path, *, is_borrowed: bool
) -> dict[str, str]:
    """Return the environment, changed so that Airflow writes and connects only to the scratch
    folder.

    ``is_borrowed``: a folder of the project replaces AIRFLOW_HOME, and its configuration is
    ignored.
    """
    result = {name: value for name, value in environment.items() if not name.startswith(_OF_TASKS)}
    home = environment.get("AIRFLOW_HOME")
    if home is None:
        result["AIRFLOW_HOME"] = str(_made(scratch / "home"))
    elif not os.path.isdir(home):
        raise UsageError(
            f"AIRFLOW_HOME is {home!r}, which is not a folder. Create the folder, or unset"
            " AIRFLOW_HOME."
        )
    has_own = not is_borrowed and os.path.exists(Path(result["AIRFLOW_HOME"]) / "airflow.cfg")
    if "AIRFLOW_CONFIG" not in environment and not has_own:
        result["AIRFLOW_CONFIG"] = str(scratch / "airflow.cfg")
        (scratch / "airflow.cfg").touch()
    return {**result, **_aside(root, scratch)}


def _aside(root: Path, scratch: Path) -> dict[str, str]:
    """Settings that make Airflow write below ``scratch`` and connect to nothing."""
    logs = scratch / "logs"
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": str(root),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACKS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{scratch / 'airflow.db'}",
        "AIRFLOW__SECRETS__BACKEND": "",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(logs),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(logs / "dag_processor"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_MANAGER_LOG_LOCATION": str(
            logs / "dag_processor_manager.log"
        ),
        "AIRFLOW__LOGGING__REMOTE_LOGGING": "False",
        "AIRFLOW__SCHEDULER__CHILD_PROCESS_LOG_DIRECTORY": str(logs / "scheduler"),
        "AIRFLOW__WEBSERVER__CONFIG_FILE": str(scratch / "webserver_config.py"),
        "AIRFLOW__METRICS__STATSD_ON": "False",
        "AIRFLOW__METRICS__OTEL_ON": "False",
        "AIRFLOW__TRACES__OTEL_ON": "False",
    }


def environment_in(target: Target, folder: Path) -> dict[str, str]:
    """The target's environment with an empty folder in the place of the scratch folder, in which
    DAG files may have written by now. Unpacked plugins stay where they are.
    """
    below, shared = f"{target.scratch}{os.sep}", str(target.scratch / "plugins")
    result = {
        name: value if value.startswith(shared) else value.replace(below, f"{folder}{os.sep}")
        for name, value in target.environment.items()
    }
    if result.get("AIRFLOW_HOME") == str(folder / "home"):
        _made(folder / "home")
    if result.get("AIRFLOW_CONFIG") == str(folder / "airflow.cfg"):
        (folder / "airflow.cfg").touch()
    return result


def _asked_safe_mode(safe_mode: bool | None) -> dict[str, str]:
    """Give the user's choice of safe mode to Airflow. Otherwise Airflow's own parse would skip the
    file and execute nothing.
    """
    return {} if safe_mode is None else {"AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE": str(safe_mode)}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
