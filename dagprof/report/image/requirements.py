"""The requirements of the DAG files as a requirements file."""

from __future__ import annotations

from collections.abc import Iterator

from dagprof.analyse.dependencies.values import Dependencies, Missing
from dagprof.report.escape import safe_text

_NAME = 120


def render(found: Dependencies) -> str:
    """The lines of a requirements file: Airflow itself, and each distribution that a DAG file
    imports and that Airflow does not bring. Comments name what the file cannot contain.
    """
    lines = [
        "# The distributions that the DAG files import, written by dagprof.",
        *(f"# {line}" for line in gaps(found)),
        *pinned(found),
    ]
    return "\n".join(lines) + "\n"


def pinned(found: Dependencies) -> list[str]:
    """The requirements without comments. Airflow is one of them, so that no other requirement
    changes the version of Airflow.
    """
    return [
        f"apache-airflow=={safe_text(found.airflow_version, 40)}",
        *(safe_text(each.requirement, 1000) for each in found.needed if each.requirement),
    ]


def gaps(found: Dependencies) -> Iterator[str]:
    """Sentences about imports that the requirements do not cover."""
    for each in found.needed:
        if not each.requirement:
            yield (
                f"{safe_text(each.name, _NAME)} {safe_text(each.version, 40)} is installed from a"
                " local folder. Install the distribution from this folder."
            )
    for lack in found.missing:
        if not lack.is_optional:
            yield missing(lack)


def missing(lack: Missing) -> str:
    """A sentence about a module that is not installed."""
    guess = "perhaps from " if lack.is_guess else "from "
    place = safe_text(lack.lines[0].place, _NAME) if lack.lines else "an unknown place"
    return (
        f"{place} imports {safe_text(lack.module, _NAME)}"
        f" ({guess}{safe_text(lack.distribution, _NAME)}), which is not installed here. The version"
        " is therefore unknown."
    )
