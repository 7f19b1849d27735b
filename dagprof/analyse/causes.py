"""Groups failures by cause. All files that fail for the same reason are in one group, with a fix if
dagprof knows a fix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dagprof.analyse import moved
from dagprof.analyse.distributions import distribution_of, is_known
from dagprof.attribution.candidates import shown_path
from dagprof.model import Failure, FileResult, Run, Status

_NO_NAME = re.compile(r"cannot import name '(\w+)' from '(airflow[\w.]*)'")
# The folders in which container images keep a project.
_IN_CONTAINER = re.compile(r"(?<![\w./-])(/opt/airflow|/usr/local/airflow|/home/airflow/gcs)(?=/)")
_ENVIRONMENT = re.compile(r"""^['"]?([A-Za-z_][A-Za-z0-9_]*)['"]?$""")
# Packages that many distributions share: their subpackages are modules, or distributions, of their
# own.
_SHARED = ("airflow", "azure", "google")
_NAMESPACES = ("airflow.sdk", "airflow.providers", "azure", "google.cloud")
_NOT_LOADED = (
    Status.IMPORT_ERROR,
    Status.EXITED,
    Status.KILLED,
    Status.OUT_OF_MEMORY,
    Status.UNREADABLE,
)


class FailureCause(NamedTuple):
    """The reason why some files fail, in one sentence without a full stop. ``way_out`` is the fix.
    ``way_out`` is empty if dagprof knows no fix.
    """

    reason: str
    way_out: str
    files: tuple[FileResult, ...]


def causes(run: Run, failed: Sequence[FileResult]) -> list[FailureCause]:
    """The causes of the failures of some files of a Run. The cause with the most files comes
    first.
    """
    groups: dict[tuple[str, ...], list[FileResult]] = {}
    for file in failed:
        groups.setdefault(_key(file), []).append(file)
    found = [
        FailureCause(_reason(files[0]), _way_out(files[0], run), tuple(files))
        for files in groups.values()
    ]
    return sorted(found, key=lambda cause: (-len(cause.files), cause.files[0].path))


def place(file: FileResult, root: str, project: str = "") -> str:
    """The file and line of a failure: ``common/db.py:57``. Without a known line, the place is the
    DAG file.

    A path in the project and outside the bundle root is relative to the project root.
    """
    failure = next((each for each in file.failures if each.line), None)
    if failure is None:
        return file.path
    return f"{failing_file(failure, root, project) or file.path}:{failure.line}"


def failing_file(failure: Failure, root: str, project: str = "") -> str:
    """The file in which a failure occurred, as a path for people. Empty if the file is unknown."""
    shown = shown_path(failure.file, root)
    return shown_path(failure.file, project) if shown == failure.file and project else shown


def all_failed(run: Run) -> bool:
    """Whether no file could be loaded. The measurements then describe only the environment.

    A file counts as loaded if it gave at least one DAG, exceeded a time limit, or lost its DAGs
    after loading.
    """
    return bool(run.files) and all(
        file.status in _NOT_LOADED and not file.dag_ids for file in run.files
    )


def nothing_measured(run: Run) -> str:
    """The message that no file could be loaded, with the most common reason and its fix."""
    first = causes(run, run.broken)[0]
    number = len(run.files)
    files = "The only file" if number == 1 else f"None of the {number:,} files"
    be = "could not be loaded" if number == 1 else "could be loaded"
    way_out = f" {as_sentence(first.way_out)}" if first.way_out else ""
    return f"{files} {be}, so dagprof measured nothing. Reason: {first.reason}.{way_out}"


def as_sentence(way_out: str) -> str:
    """A fix as a separate sentence."""
    return f"{way_out[:1].upper()}{way_out[1:]}."


def _key(file: FileResult) -> tuple[str, ...]:
    if file.unanswered:
        return ("answer", file.unanswered[0].noun, file.unanswered[0].key)
    if not file.failures:
        return ("", file.path)
    failure = file.failures[0]
    if missing := failure.missing_module:
        # Modules below these packages have fixes of their own. For all other modules, the cause is
        # the missing package itself.
        return ("module", _whole_name(failure) if missing.partition(".")[0] in _SHARED else missing)
    if name := _variable(failure):
        return ("environment", name)
    return (failure.type, failure.message[:200], failure.cause[:200])


def _reason(file: FileResult) -> str:
    if file.unanswered:
        first = file.unanswered[0]
        return f"missing {first.noun.removeprefix('the ')} {first.key!r}"
    if not file.failures:
        return (file.detail or file.status.value).rstrip(".")
    failure = file.failures[0]
    if name := _variable(failure):
        return f"environment variable {name} is not set"
    if failure.missing_module and not failure.message.startswith("No module named"):
        return f"{failure.type}: {failure.message} (caused by {failure.cause})".rstrip(".")
    text = f"{failure.type}: {failure.message}" if failure.type else failure.message
    return (f"{text} (caused by {failure.cause})" if failure.cause else text).rstrip(".")


def _way_out(file: FileResult, run: Run) -> str:
    if file.unanswered:
        return file.unanswered[0].way_out
    if not file.failures:
        return ""
    failure = file.failures[0]
    if name := _variable(failure):
        return f"set {name} in the environment, or supply {name} with --env-file FILE"
    if text := _name_way_out(failure, run):
        return text
    if failure.missing_module:
        return _module_way_out(failure, run)
    return moved.argument_way_out(
        failure.message, run.environment.airflow_version
    ) or _container_way_out(failure, run)


def _name_way_out(failure: Failure, run: Run) -> str:
    """The fix for a module of Airflow that exists but lacks an imported name."""
    found = _NO_NAME.search(failure.message) or _NO_NAME.search(failure.cause)
    version = run.environment.airflow_version
    return moved.way_out(f"{found[2]}.{found[1]}", version, is_name=True) if found else ""


def _container_way_out(failure: Failure, run: Run) -> str:
    """The fix for a message with a path that exists only in the container of the project."""
    found = _IN_CONTAINER.search(failure.message)
    root = run.project.root.rstrip("/")
    if found is None or not root or f"{root}/".startswith(f"{found[1]}/"):
        return ""
    return (
        f"{found[1]} is the project folder inside the container. Run dagprof in the container, or"
        f" make {found[1]} a link to {root}"
    )


def _module_way_out(failure: Failure, run: Run) -> str:
    """The fix for a missing module. The module is in the project, belongs to another version of
    Airflow, or belongs to a distribution that is not installed.
    """
    missing, whole = failure.missing_module, _whole_name(failure)
    home = next((each for each in run.project.homes if each.module == missing), None)
    if home is not None:
        return (
            f"`{home.entry}` is in {home.folder}, where Python does not search for modules. Add"
            f" `{home.option}` to the command"
        )
    if text := moved.way_out(whole, run.environment.airflow_version):
        return text + _provider(
            moved.successor(whole, run.environment.airflow_version), run.environment.distributions
        )
    name = distribution_of(whole)
    installed = _installed(name, run.environment.distributions)
    if installed:
        return (
            f"the installed version {installed} of {name} does not contain this module. Another"
            " version may contain this module"
        )
    if missing.startswith("airflow.") and not missing.startswith("airflow.providers"):
        return f"Airflow {run.environment.airflow_version} does not contain this module"
    python = run.environment.python_executable
    if not _is_importable(missing):
        return ""
    return (
        f"install {name} into the environment of {python}"
        if is_known(whole)
        else f"install the package that provides this module (perhaps {name}) into the environment"
        f" of {python}"
    )


def _provider(path: str, installed: dict[str, str]) -> str:
    """The instruction to install the distribution of a provider's import path. Empty for other
    paths.
    """
    name = distribution_of(path) if path.startswith("airflow.providers.") else ""
    return (
        f". Install {name}, which provides this module"
        if name and installed and not _installed(name, installed)
        else ""
    )


def _installed(name: str, distributions: dict[str, str]) -> str:
    wanted = _normalised(name)
    return next(
        (version for each, version in distributions.items() if _normalised(each) == wanted), ""
    )


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_importable(module: str) -> bool:
    return all(part.isidentifier() for part in module.split("."))


def _whole_name(failure: Failure) -> str:
    """The module that the import statement names. The missing module may be a parent package of
    this module.
    """
    missing = failure.missing_module
    for line in reversed(failure.traceback.splitlines()):
        found = re.match(
            rf"\s*(?:from|import)\s+({re.escape(missing)}(?:\.\w+)*)(?:\s+import\s+(\w+))?", line
        )
        if found:
            return f"{found[1]}.{found[2]}" if found[2] and found[1] in _NAMESPACES else found[1]
    return missing


def _variable(failure: Failure) -> str:
    """The environment variable that ``os.environ[NAME]`` did not find. Empty if the failure has
    another reason.
    """
    if failure.type != "KeyError" or (found := _ENVIRONMENT.match(failure.message)) is None:
        return ""
    lines = [line for line in failure.traceback.splitlines() if line.startswith("    ")]
    return found[1] if any("environ" in line for line in lines[-2:]) else ""


def shortened(paths: Iterable[str], most: int) -> str:
    """The first paths, and the number of the remaining paths."""
    every = list(paths)
    more = len(every) - most
    return ", ".join(every[:most]) + (f" and {more:,} more" if more > 0 else "")
