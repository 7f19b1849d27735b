"""Texts about preloading. All reports use these texts."""

from __future__ import annotations

from dagprof.analyse.others.preloading import Preload
from dagprof.model import PreloadedPackage
from dagprof.quantities import count, duration
from dagprof.report.escape import safe_text

ABOUT = (
    "With this change, the DAG processor imports these packages only once, before it forks the"
    " parsing processes. The DAG files do not change."
)
WHERE = (
    "Add these lines to airflow_local_settings.py. This file must be in the folder config/ of"
    " AIRFLOW_HOME, or elsewhere on the Python path of the DAG processor."
)
# A smaller part of a saving is not worth a sentence.
_SMALLEST_MS = 5.0


def summary(found: Preload) -> str:
    """The change and its memory in a few sentences. Empty if nothing can be preloaded."""
    if not found.packages or found.saving_ms < _SMALLEST_MS:
        return ""
    names = ", ".join(safe_text(package.name, 60) for package in found.packages)
    these = "this package" if len(found.packages) == 1 else "these packages"
    load = "loads" if found.files == 1 else "load"
    how = (
        "dagprof measured the saving."
        if found.measured >= found.files
        else f"dagprof measured the saving in {count(found.measured, 'file')} and estimated the"
        " saving in the other files."
    )
    text = (
        f"Preload {names} in the DAG processor. Then {count(found.files, 'file')} no longer"
        f" {load} {these} in each parse. {how} The DAG processor would need"
        f" {found.manager_kib / 1024:,.0f} MiB more memory."
    )
    if found.parse_kib >= 1024:
        text += f" Each parse of these files needs {found.parse_kib / 1024:,.0f} MiB less memory."
    return text


def beside_the_plan(found: Preload) -> str:
    """What remains of preloading after the plan, and of the plan after preloading. Empty if both do
    not overlap.
    """
    if found.saving_ms - found.after_plan_ms < _SMALLEST_MS:
        return ""
    return (
        "If you first make all changes of the plan, preloading then saves only"
        f" {duration(found.after_plan_ms)}. If you first preload the packages, the plan then saves"
        f" only {duration(found.plan_after_ms)}."
    )


def lines(found: Preload) -> str:
    """The lines for ``airflow_local_settings.py``. Empty if nothing can be preloaded.

    All programs of Airflow execute this file. So the lines check the name of the command: the DAG
    processor, or the scheduler, which starts the DAG processor in Airflow 2.
    """
    if not found.packages:
        return ""
    imports = "\n".join(
        f"    import {safe_text(name, 200)}  # noqa: F401" for name in found.modules
    )
    return f'import sys\n\nif {{"dag-processor", "scheduler"}} & set(sys.argv):\n{imports}\n'


def unsafe(package: PreloadedPackage) -> str:
    """The reason why a package must not be preloaded."""
    name = safe_text(package.name, 60)
    if package.error:
        return f"dagprof could not preload {name}: {safe_text(package.error, 200)}"
    left = [
        count(number, what)
        for number, what in (
            (package.threads, "thread"),
            (package.sockets, "open socket"),
            (package.processes, "running program"),
        )
        if number
    ]
    return (
        f"Do not preload {name}: the import of {name} leaves behind {' and '.join(left)}, which the"
        " forked parsing processes cannot use."
    )
