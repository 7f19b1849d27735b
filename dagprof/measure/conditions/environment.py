"""Describes the surroundings of a measurement: machine, Airflow, installed distributions, the state
of the repository.
"""

from __future__ import annotations

import hashlib
import os
import platform
import socket
from collections.abc import Sequence
from pathlib import Path

from dagprof import git
from dagprof.errors import DagprofError
from dagprof.link.processes.zygote import Zygote
from dagprof.link.target import Target
from dagprof.model import Doubt, Environment, FileResult, Git

# The limit for asking git. The answer is a side note of the Run, so no scan should wait longer.
_GIT_LIMIT_S = 20.0
# Share of the traced parse time. More compilation than this has a cause that the user can remove.
_MUCH_COMPILING = 0.1


def describe(
    target: Target,
    zygote: Zygote,
    distributions: dict[str, str],
    pre_imported: tuple[str, ...],
    state: Git | None,
) -> Environment:
    """The environment of a Run."""
    return Environment(
        python_version=zygote.python_version,
        python_executable=zygote.executable,
        airflow_version=zygote.airflow.version,
        platform=platform.platform(),
        cpu_model=cpu_model(),
        cpu_count=os.cpu_count() or 1,
        machine=machine(),
        airflow_home="" if target.home_is_temporary else target.environment["AIRFLOW_HOME"],
        airflow_config={**zygote.airflow.config, **_own_settings(target)},
        pre_imported=pre_imported,
        distributions=dict(sorted(distributions.items(), key=lambda pair: pair[0].lower())),
        git=state,
    )


def _own_settings(target: Target) -> dict[str, str]:
    """Settings that would show one of dagprof's temporary folders."""
    if not target.home_is_temporary:
        return {}
    plugins = target.environment.get("AIRFLOW__CORE__PLUGINS_FOLDER", "")
    return {"plugins_folder": plugins, "dags_folder": str(target.root)}


def machine() -> str:
    """A digest of the host name and the hardware."""
    parts = (socket.gethostname(), cpu_model(), str(os.cpu_count() or 1), platform.machine())
    return _digest("|".join(parts))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:12]


def cpu_model() -> str:
    """The processor's own name, if the platform has it."""
    try:
        for line in _text("/proc/cpuinfo").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _text(file: str) -> str:
    return Path(file).read_text(encoding="utf-8", errors="replace")


def git_state(folder: Path) -> Git | None:
    """Commit and cleanliness of the repository around ``folder``. None if there is no repository,
    no git, or git takes too long.
    """
    try:
        commit = git.ask(folder, "rev-parse", "--verify", "HEAD", limit_s=_GIT_LIMIT_S)
        if not commit:
            return None
        changed = git.ask(
            folder, "status", "--porcelain", "--untracked-files=no", "--", ".", limit_s=_GIT_LIMIT_S
        )
    except (DagprofError, OSError):
        return None
    return Git(commit=commit, is_dirty=bool(changed))


def about_bytecode(target: Target, files: Sequence[FileResult]) -> list[Doubt]:
    """A note if each parse recompiles modules, with the share of the traced parse time."""
    is_off = bool(target.environment.get("PYTHONDONTWRITEBYTECODE"))
    traces = [file.trace for file in files if file.trace is not None]
    traced_ms = sum(trace.wall_ms for trace in traces)
    compiling = sum(trace.recompiled_ms for trace in traces) / traced_ms if traced_ms else 0.0
    share = f" ({compiling:.0%} of the traced parse time)" if compiling >= 0.005 else ""
    text = (
        f"PYTHONDONTWRITEBYTECODE is set, so each parse recompiles modules{share}. Unset"
        " PYTHONDONTWRITEBYTECODE unless your deployment sets this variable."
        if is_off
        else f"Each parse recompiles modules{share}, because bytecode files are missing."
    )
    if compiling >= _MUCH_COMPILING:
        text += (
            " To write the bytecode of installed packages, run `python -m compileall` on the"
            " package folder."
        )
    return [Doubt(code="no-bytecode", text=text)] if is_off or compiling >= _MUCH_COMPILING else []
