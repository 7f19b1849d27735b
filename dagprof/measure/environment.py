"""Where a measurement takes place: machine, Airflow, installed distributions, the state of the repository."""

from __future__ import annotations

import hashlib
import os
import platform
import socket
import subprocess
from pathlib import Path
from typing import Any

from dagprof.link.target import Target
from dagprof.link.zygote import Zygote
from dagprof.model import Environment, Git


def describe(
    target: Target, zygote: Zygote, distributions: dict[str, str], pre_imported: tuple[str, ...], git: Git | None
) -> Environment:
    """The environment of a Run."""
    cpu = cpu_model()
    count = os.cpu_count() or 1
    return Environment(
        python_version=zygote.python_version,
        python_executable=zygote.executable,
        airflow_version=str(zygote.airflow["version"]),
        platform=platform.platform(),
        cpu_model=cpu,
        cpu_count=count,
        machine=_digest(f"{socket.gethostname()}|{cpu}|{count}|{platform.machine()}"),
        airflow_home="" if target.home_is_temporary else target.environment["AIRFLOW_HOME"],
        airflow_config={**zygote.airflow["config"], **_own_settings(target)},
        pre_imported=pre_imported,
        distributions=dict(sorted(distributions.items(), key=lambda pair: pair[0].lower())),
        git=git,
    )


def _own_settings(target: Target) -> dict[str, str]:
    """What would show a temporary folder of ours."""
    if not target.home_is_temporary:
        return {}
    plugins = target.environment.get("AIRFLOW__CORE__PLUGINS_FOLDER", "")
    return {"plugins_folder": plugins, "dags_folder": str(target.root)}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def cpu_model() -> str:
    """The processor's own name, as far as the platform tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def git_state(folder: Path) -> Git | None:
    """Commit and cleanliness of the repository around ``folder``; None where there is none, or no git."""
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    return Git(commit=commit, is_dirty=bool(_git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".")))


def _git(folder: Path, *arguments: str) -> str:
    environment: dict[str, Any] = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
