"""Requirements, Dockerfiles and build arguments."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from dagprof import __version__
from dagprof.analyse.dependencies.values import (
    Contained,
    Customisation,
    Dependencies,
    Dependency,
    Extra,
    Kind,
    Line,
    Missing,
    Reason,
    Where,
)
from dagprof.report.image import customise, dockerfile, requirements

LINE = Line(file="a.py", line=3, name="x", where=Where.PARSE, files=1)
OPTIONAL = Line(file="a.py", line=4, name="b", where=Where.PARSE, is_optional=True)


def dependency(name: str, requirement: str, **changes: object) -> Dependency:
    return Dependency(
        name=name,
        version="1.0",
        kind=Kind.PACKAGE,
        lines=(LINE,),
        requirement=requirement,
        **changes,  # type: ignore[arg-type]
    )


FOUND = Dependencies(
    airflow_version="3.3.2",
    python_version="3.12.4",
    imported=(
        dependency("pendulum", "pendulum==3.1", is_of_airflow=True),
        dependency("mine", "", is_editable=True),
        dependency("pandas", "pandas==2.2", in_image=Contained.YES),
    ),
    missing=(
        Missing(module="acme", distribution="acme", lines=(LINE,)),
        Missing(module="b", distribution="b", lines=(OPTIONAL,)),
    ),
)
EXPECTED = """\
# The distributions that the DAG files import, written by dagprof.
# mine 1.0 is installed from a local folder. Install the distribution from this folder.
# a.py:3 imports acme (perhaps from acme), which is not installed here. The version is therefore unknown.
apache-airflow==3.3.2
pandas==2.2
"""


def test_requirements_are_pinned_and_name_what_they_lack() -> None:
    assert requirements.render(FOUND) == EXPECTED


@pytest.mark.parametrize(("is_slim", "base"), [(False, ""), (True, "slim-")])
def test_a_dockerfile_extends_the_official_image_and_checks_the_files(
    is_slim: bool, base: str
) -> None:
    text = dockerfile.render(FOUND, is_slim=is_slim)
    assert f"FROM apache/airflow:{base}3.3.2-python3.12 AS production\n" in text
    assert "    'apache-airflow==3.3.2' \\\n    'pandas==2.2'\n" in text
    assert f"'dagprof=={__version__}'" in text
    assert "dagprof scan /opt/airflow/dags --fail-on import-error" in text
    # The last stage depends on the check, or a build would leave the check out.
    assert "COPY --from=check" in text.split("FROM production\n")[1]


@pytest.mark.parametrize("is_slim", [False, True])
def test_hadolint_accepts_the_dockerfile(is_slim: bool, tmp_path: Path) -> None:
    program = shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed")
    (tmp_path / "Dockerfile").write_text(dockerfile.render(FOUND, is_slim=is_slim))
    done = subprocess.run(
        [program, str(tmp_path / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_a_version_from_metadata_cannot_add_a_command_to_a_dockerfile() -> None:
    hostile = dependency("x", "x==1'; rm -rf / #\nRUN evil")
    found = msgspec.structs.replace(FOUND, imported=(hostile,))
    text = dockerfile.render(found, is_slim=True)
    assert "    'x==1; rm -rf / # ⏎ RUN evil'\n" in text
    assert "\nRUN evil" not in text


CUSTOM = Customisation(
    airflow_version="3.3.2",
    python_version="3.12.4",
    source="3.3",
    extras=(
        Extra(name="google", reason=Reason.UNUSED, size_bytes=300 << 20),
        Extra(name="http", reason=Reason.IMPORTED, size_bytes=1 << 20),
        Extra(name="mysql", reason=Reason.UNUSED, unknown=2),
        Extra(name="postgres", reason=Reason.CONFIGURABLE, size_bytes=1 << 20),
    ),
    added=("apache-kafka",),
    packages=("pandas==2.2",),
    left_out=("apache-airflow-providers-google", "grpcio"),
    saved_bytes=300 << 20,
    unknown=2,
    cold_before_ms=2500.0,
    cold_after_ms=2100.0,
    cold_noise_ms=30.0,
)


def test_build_arguments_keep_what_is_used() -> None:
    text = customise.render(CUSTOM)
    assert "This removes 2 installed distributions and saves 300.0 MiB." in text
    assert "This saves 400 ms (±30 ms)." in text
    command = text[text.index("docker build") :]
    assert command == (
        "docker build . \\\n"
        "    --build-arg AIRFLOW_VERSION='3.3.2' \\\n"
        "    --build-arg AIRFLOW_PYTHON_VERSION='3.12.4' \\\n"
        "    --build-arg AIRFLOW_EXTRAS='http,postgres' \\\n"
        "    --build-arg ADDITIONAL_AIRFLOW_EXTRAS='apache-kafka' \\\n"
        "    --build-arg ADDITIONAL_PYTHON_DEPS='pandas==2.2' \\\n"
        "    --build-arg INSTALL_MYSQL_CLIENT='false' \\\n"
        "    --tag my-airflow:3.3.2\n"
    )


def test_a_difference_within_the_noise_is_no_saving() -> None:
    text = customise.render(msgspec.structs.replace(CUSTOM, cold_after_ms=2480.0))
    assert "within the noise" in text
    assert "This saves 20" not in text


def test_before_3_1_the_dockerfile_takes_a_base_image() -> None:
    text = customise.render(msgspec.structs.replace(CUSTOM, airflow_version="2.11.2"))
    assert "PYTHON_BASE_IMAGE='python:3.12-slim-bookworm'" in text
