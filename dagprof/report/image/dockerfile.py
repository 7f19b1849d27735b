"""A Dockerfile that extends the official image: the requirements of the DAG files, and a scan of
the DAG files as a check in the build.
"""

from __future__ import annotations

from dagprof import __version__
from dagprof.analyse.dependencies import image
from dagprof.analyse.dependencies.values import Dependencies
from dagprof.report.image import requirements

DAGS = "dags"
_HOME = "/opt/airflow"
_RUN = "/tmp/dagprof/run.json"


def render(found: Dependencies, *, is_slim: bool) -> str:
    """The Dockerfile. ``is_slim`` extends the slim image, which has no optional providers."""
    base = image.tag(found.airflow_version, found.python_version, is_slim=is_slim)
    packages = [_quoted(line) for line in requirements.pinned(found)]
    comments = [f"# {line}" for line in requirements.gaps(found)]
    check = [packages[0], _quoted(f"dagprof=={__version__}")]
    lines = [
        "# Written by dagprof. Build the image in the folder that contains the DAG folder:",
        "#     docker build --tag my-airflow .",
        *comments,
        f"FROM {base} AS production",
        *_install(packages),
        f"COPY --chown=airflow:0 {DAGS}/ {_HOME}/dags/",
        "",
        (
            "# The build fails if a DAG file cannot be imported. The final image does not contain"
            " dagprof."
        ),
        "FROM production AS check",
        *_install(check, f"dagprof scan {_HOME}/dags --fail-on import-error -o /tmp/dagprof"),
        "",
        "FROM production",
        "# Each build runs the check, because the next line copies a file that the check writes.",
        f"COPY --from=check --chown=airflow:0 {_RUN} {_HOME}/dagprof-run.json",
    ]
    return "\n".join(lines) + "\n"


def _install(packages: list[str], then: str = "") -> list[str]:
    """One RUN instruction that installs packages, and then runs a command if one is given."""
    steps = [*packages, *([f"&& {then}"] if then else [])]
    return [
        "RUN pip install --no-cache-dir \\",
        *(f"    {step} \\" for step in steps[:-1]),
        f"    {steps[-1]}",
    ]


def _quoted(text: str) -> str:
    """A shell word. The characters with a meaning inside quotes become harmless."""
    kept = "".join(character for character in text if character not in "'\\")
    return f"'{kept}'"
