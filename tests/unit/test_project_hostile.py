"""A repository's files with hostile and odd contents: each is used or left out with a reason,
soon, and shows no value.
"""

from __future__ import annotations

import json
import os
import time
import zipfile
from pathlib import Path

import pytest
from support import write

from dagprof.link import project
from dagprof.project import discover, homes
from dagprof.project.files import astro
from dagprof.project.values import ProjectSetup, Unreadable, impossible

SOON_S = 10.0
SERVICE = "services:\n  airflow-scheduler:\n    image: apache/airflow\n"
COMPOSE = SERVICE + "    environment:\n"
IMAGE = "FROM apache/airflow AS a\n"
LONG = "x" * 10_000
LAUGHS = [("A", LONG), ("B", "$A" * 5_000), ("C", "$B" * 5_000), ("D", "$C" * 5_000)]


def found(place: Path, files: dict[str, str]) -> ProjectSetup:
    """What is found, within seconds; everything in it can be sent to a process and given to one."""
    write(place, {"dags/a.py": "import helper_x\n", ".git/HEAD": "", **files})
    began = time.process_time()  # a busy machine is no fault of what is read
    located = discover.locate(place / "dags", {})
    assert located.sources is not None
    result = discover.find(located.sources, place / "dags", {}, lambda names: ())
    assert time.process_time() - began < SOON_S
    json.dumps([result.variables, result.connections])
    assert not any(impossible(name, value) for name, value in result.environment.items())
    return result


def left_out(result: ProjectSetup) -> str:
    return " | ".join(used.text for used in result.used if used.is_left_out)


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("airflow.cfg", "password = s3cretvalue\n", "line 1"),
        ("airflow.cfg", "[core]\na = 1\ns3cretvalue\n", "line 3"),
        ("docker-compose.yaml", COMPOSE + "      PASSWORD: *s3cretvalue\n", "line 5"),
        ("docker-compose.yaml", COMPOSE + "      PASSWORD: s3cretvalue: %\n", "line 5"),
        ("docker-compose.yaml", COMPOSE + "\tPASSWORD: s3cretvalue\n", "line 5"),
        ("airflow_settings.yaml", "airflow:\n  variables: @s3cretvalue\n", "line 2"),
    ],
)
def test_a_damaged_file_is_said_by_its_line_without_its_text(
    tmp_path: Path, file: str, text: str, line: str
) -> None:
    result = found(tmp_path, {file: text})
    assert line in left_out(result)
    assert "s3cretvalue" not in repr(result.used)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {".env": "".join(f"{name}={value}\n" for name, value in LAUGHS)}, id="values-of-values"
        ),
        pytest.param(
            {"Dockerfile": IMAGE + "".join(f"ENV {name}={value}\n" for name, value in LAUGHS)},
            id="values-in-a-stage",
        ),
        pytest.param(
            {".env": "".join(f"A{n}={'${' * 9_900}\n" for n in range(20))}, id="open-braces"
        ),
        pytest.param(
            {"Dockerfile": IMAGE + "ENV " + " \\\n".join(f"A{n}=1" for n in range(60_000)) + "\n"},
            id="continued-lines",
        ),
        pytest.param(
            {
                "Dockerfile": (
                    IMAGE
                    + "ENV "
                    + " ".join(f"A{n}=1" for n in range(40_000))
                    + "\n"
                    + "FROM a\n" * 40_000
                )
            },
            id="stages",
        ),
        pytest.param({"Dockerfile": IMAGE + "COPY " + "[" * 300_000 + "\n"}, id="nested-json"),
        pytest.param(
            {
                "airflow.cfg": (
                    "[DEFAULT]\n"
                    + "".join(f"a{n}=1\n" for n in range(40_000))
                    + "".join(f"[s{n}]\n" for n in range(40_000))
                )
            },
            id="defaults-of-sections",
        ),
        pytest.param(
            {
                "docker-compose.yaml": (
                    SERVICE + "    volumes:"
                    f" [{','.join(f'./x{n}:/opt/airflow/dags/x{n}' for n in range(20_000))}]\n"
                ),
                ".env": "".join(f"A{n}=/opt/airflow/dags/x{n}\n" for n in range(20_000)),
            },
            id="paths-in-mounts",
        ),
    ],
)
def test_no_file_makes_gigabytes_or_minutes(tmp_path: Path, files: dict[str, str]) -> None:
    found(tmp_path, files)


@pytest.mark.parametrize(
    "files",
    [
        {"docker-compose.yaml": SERVICE + f"    env_file: {'a' * 300}\n"},
        {"docker-compose.yaml": SERVICE + f"    volumes: ['./{'a' * 300}:/opt/airflow/dags']\n"},
        {"docker-compose.yaml": SERVICE + f"    build: {{context: {'a' * 300}}}\n"},
        {"Dockerfile": IMAGE + f"COPY {'a' * 300} dags/\n"},
        {
            ".env": (
                f"AIRFLOW__CORE__PLUGINS_FOLDER=/opt/airflow/{'a' * 300}\nPYTHONPATH=/opt/airflow/{'b' * 300}\n"
            )
        },
    ],
)
def test_a_path_that_no_disk_takes_is_no_path(tmp_path: Path, files: dict[str, str]) -> None:
    found(tmp_path, files)


def test_pipes_devices_and_links_to_themselves_are_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"dags/b.py": "", "helper_x.py": ""})
    os.mkfifo(tmp_path / "dags" / "pipe.py")
    (tmp_path / "dags" / "endless.py").symlink_to("/dev/zero")
    for name in (".env", "Dockerfile", "airflow.cfg", "plugins.zip", "loop.py", "loop"):
        (tmp_path / name).symlink_to(name)
    assert found(tmp_path, {}).pythonpath == (tmp_path,)


def test_a_value_that_no_process_can_have_is_left_out_and_said(tmp_path: Path) -> None:
    result = found(tmp_path, {".env": f"BIG={'x' * 500_000}\nSMALL=1\n"})
    assert result.environment == {"SMALL": "1"}
    assert "BIG" in left_out(result)
    assert "longer than" in left_out(result)
    assert impossible("A=B", "1")
    assert impossible("A", "\0")
    assert impossible("A", "\ud800")
    assert not impossible("A", "b")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!!int abc", "abc"),
        ("!!bool perhaps", "perhaps"),
        ("!!float x", "x"),
        ("0x_", "0x_"),
        ("9" * 5_000, "9" * 5_000),
        ("!!binary aGk=", "aGk="),
        ("{a: !!set {b}}", '{"a": {"b": null}}'),
        ("!!python/object/apply:os.getcwd []", "[]"),
    ],
)
def test_a_value_of_an_odd_kind_is_text(written: str, value: str) -> None:
    answers = astro.parse(
        f"airflow:\n  variables:\n    - variable_name: v\n      variable_value: {written}\n"
    )
    assert answers.variables == {"v": value}


@pytest.mark.parametrize("port", ['"²"', "9" * 5_000, "[1]", "-1"])
def test_a_port_that_is_none_stays_text(port: str) -> None:
    answers = astro.parse(f"airflow:\n  connections:\n    - conn_id: c\n      conn_port: {port}\n")
    connection = answers.connections["c"]
    assert isinstance(connection, dict)
    assert isinstance(connection["port"], str)


@pytest.mark.parametrize("module", [".", "..", "a..b", ""])
def test_what_is_no_module_name_is_nowhere(tmp_path: Path, module: str) -> None:
    assert not homes.homes([module], tmp_path, tmp_path / "dags", [], tmp_path)


def test_an_archive_with_damaged_contents_is_one_sentence(tmp_path: Path) -> None:
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("p.py", "x = 1\n" * 1_000)
    data = bytearray(archive.read_bytes())
    data[40:60] = b"\xff" * 20
    archive.write_bytes(data)
    with pytest.raises(Unreadable, match="dagprof cannot unpack the archive"):
        project._unpacked(archive, tmp_path / "out")


def test_members_of_an_archive_stay_in_its_folder(tmp_path: Path) -> None:
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in (
            "../outside.py",
            "/absolute_outside.py",
            "a/../../outside2.py",
            "\x1b[31m.py",
            "p.py",
        ):
            file.writestr(name, "")
    folder = project._unpacked(archive, tmp_path / "deep" / "out")
    assert (folder / "p.py").is_file()
    assert [path.name for path in tmp_path.rglob("*.py") if folder not in path.parents] == []
