"""How the files of a project are read where Docker, Compose and shells have rules of their own, and
that no secret leaves them.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from support import write

from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.link import target
from dagprof.link.masking import Masking
from dagprof.link.target import Target
from dagprof.project import discover
from dagprof.project.files import bounded_yaml, compose, dockerfile, env_file, startup_script
from dagprof.project.mounts import Mounts
from dagprof.project.reading import Repository
from dagprof.project.values import Mount, ProjectSetup, Unreadable

FILE = Path("Dockerfile")


def built(text: str, **given: str) -> dict[str, str]:
    """The variables of a Dockerfile after its first line."""
    image = dockerfile.read(f"FROM apache/airflow\n{text}", FILE, Path(), given)
    return {each.name: each.value for each in image.variables}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV A=b C='pa$word'", {"A": "b", "C": "pa$word"}),
        ('ENV A=b C="a\\$b"', {"A": "b", "C": "a$b"}),
        ('ENV A=b C="a$A" D=\\$A', {"A": "b", "C": "a", "D": "$A"}),
        ("ENV A=b\nENV C=\"x$A'y'\"", {"A": "b", "C": "xb'y'"}),
        ("ENV\tA=b", {"A": "b"}),
        ("RUN tr a b <<< hello\nENV A=b", {"A": "b"}),
        ('RUN python -c "print(1 << n)"\nENV A=b', {"A": "b"}),
        ("RUN cat <<END\nENV A=b\nEND\nENV C=d", {"C": "d"}),
        ('RUN cat <<-"END"  > x\nENV A=b\nEND\nENV C=d', {"C": "d"}),
    ],
)
def test_a_dockerfile_is_read_as_docker_does(text: str, expected: dict[str, str]) -> None:
    assert built(text) == expected


def test_build_arguments() -> None:
    assert built("ARG W=1\nARG W=2\nENV A=$W") == {"A": "2"}
    assert built("ARG W=1\nENV A=$W", W="given") == {"A": "given"}
    assert built("ENV W=env\nARG W=1\nENV A=$W") == {"W": "env", "A": "env"}
    text = "ARG V=outer\nFROM apache/airflow\nARG V{}\nENV A=$V"
    for default, expected in (("", "outer"), ("=inner", "inner")):
        image = dockerfile.read(text.format(default), FILE, Path(), {})
        assert [each.value for each in image.variables] == [expected]


def test_a_startup_script_keeps_what_is_in_single_quotes() -> None:
    text = "export A='lit$eral'\nexport B=x\nexport C=\"$B-y\"\n"
    found = startup_script.parse(text, FILE, {})
    assert [each.value for each in found] == ["lit$eral", "x", "x-y"]


def test_a_service_extends_another_in_several_steps() -> None:
    text = """
services:
  a: {environment: {ONE: a, TWO: a, THREE: a}, extends: scheduler}
  b: {environment: {TWO: b, THREE: b}, extends: {service: a}}
  scheduler: {image: apache/airflow, environment: {THREE: c}, extends: b}
"""
    found = compose.read(text, FILE, {})
    assert found is not None
    assert {each.name: each.value for each in found.variables} == {
        "ONE": "a",
        "TWO": "b",
        "THREE": "c",
    }


def test_a_mapping_with_the_tag_of_a_number_is_a_mapping() -> None:
    assert bounded_yaml.load("A: !!int {k: v}\nB: !!int 5\nC: !!float [1]\n") == {
        "A": {"k": "v"},
        "B": "5",
        "C": ["1"],
    }
    assert bounded_yaml.load("A: !!int {k: v}\nB: !!int 5\n", is_typed=True) == {
        "A": {"k": "v"},
        "B": 5,
    }


def test_values_that_grow_without_end_are_refused() -> None:
    lines = [f"C{number}=$B" for number in range(20_000)]
    values = ["A=" + "x" * 19_000, "B=$A$A$A$A$A", *lines]
    with pytest.raises(Unreadable, match="too long in total"):
        env_file.parse("\n".join(values), FILE, {})
    with pytest.raises(Unreadable, match="too long in total"):
        built("\n".join(f"ENV {line}" for line in values))


def test_many_build_arguments_and_long_paths_take_no_long_time(tmp_path: Path) -> None:
    began = time.process_time()
    built("\n".join(f"ARG A{number}=1" for number in range(40_000)))
    mounts = [Mount("/opt/airflow", tmp_path / f"d{number}") for number in range(200)]
    found = Mounts(mounts, "", Repository(tmp_path, tmp_path))
    assert not found.is_inside("/opt/airflow" + "/a" * 10_000)
    assert time.process_time() - began < 5


def project(place: Path, **files: str) -> ProjectSetup:
    write(place, {"dags/a.py": "", **files})
    dags = place / "dags"
    located = discover.locate(dags, {})
    assert located.sources is not None
    return discover.find(located.sources, dags, {}, lambda names: names)


def resolved(place: Path, **files: str) -> Target:
    write(place, {"dags/a.py": "", **files})
    (place / "scratch").mkdir()
    return target.resolve(Settings(), (place / "dags",), place / "scratch", {})


COMPOSE = """
services:
  scheduler:
    image: apache/airflow
    environment:
      {}
"""


def test_the_rest_of_a_password_with_a_dollar_sign_is_not_told(tmp_path: Path) -> None:
    text = COMPOSE.format('DB_PASSWORD: "$ecretPass99"\n      X_URL: "$HOST_NAME"')
    told = str(project(tmp_path, **{"docker-compose.yml": text}).used)
    assert "ecretPass99" not in told
    assert "write $$ for a dollar sign" in told
    assert "the value needs HOST_NAME, which is not set" in told


def test_a_folder_that_is_left_out_shows_no_secret(tmp_path: Path) -> None:
    text = "API_TOKEN=q7Wm2Zx9Lk4TrB8s\nPYTHONPATH=/opt/${API_TOKEN}/lib\n"
    found = resolved(tmp_path, **{".env": text, "Dockerfile": "FROM apache/airflow\n"})
    assert "q7Wm2Zx9Lk4TrB8s" in found.environment.values()
    (row,) = [row for row in found.used if "PYTHONPATH" in row.what]
    assert row.what == "/opt/***/lib on PYTHONPATH"


@pytest.mark.parametrize(
    ("variable", "secret"),
    [
        ("DOCKER_PASSWORD=q7Wm2Zx9Lk4TrB8s", "${DOCKER_PASSWORD}"),
        ("AIRFLOW__CORE__FERNET_KEY=q7Wm2Zx9Lk4TrB8s", "q7Wm2Zx9Lk4TrB8s"),
        (
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=postgresql://a:q7Wm2Zx9Lk4TrB8s@db/airflow",
            "q7Wm2Zx9Lk4TrB8s",
        ),
    ],
)
def test_a_folder_that_is_left_out_shows_no_secret_of_a_variable_that_is_left_out(
    tmp_path: Path, variable: str, secret: str
) -> None:
    text = f"{variable}\nPYTHONPATH=/opt/{secret}/lib\n"
    found = resolved(tmp_path, **{".env": text, "Dockerfile": "FROM apache/airflow\n"})
    assert "q7Wm2Zx9Lk4TrB8s" not in str(found.environment)
    (row,) = [row for row in found.used if "PYTHONPATH" in row.what]
    assert row.what == "/opt/***/lib on PYTHONPATH"


def test_secrets_of_variables_that_dagprof_leaves_out_are_masked(tmp_path: Path) -> None:
    files = {
        ".env": "DOCKER_PASSWORD=q7Wm2Zx9Lk4TrB8s\n",
        "docker-compose.yml": COMPOSE.format("X_REG: ${DOCKER_PASSWORD}"),
        "Dockerfile": "FROM apache/airflow\nARG DB_PASSWORD=n5Vb3Ck8Ht2PdM7w\nENV X_CONF=$DB_PASSWORD\n",
    }
    found = resolved(tmp_path, **files)
    assert found.project is not None
    assert found.environment["X_REG"] == "q7Wm2Zx9Lk4TrB8s"
    config: Any = {"variables": {}, "connections": {}}
    masking = Masking(found.environment, config, found.project.others)
    assert masking.text("uses q7Wm2Zx9Lk4TrB8s and n5Vb3Ck8Ht2PdM7w") == "uses *** and ***"


def test_an_item_of_a_list_of_secrets_is_masked() -> None:
    values = {"X_TOKENS": "q7Wm2Zx9Lk4TrB8sQ1,n5Vb3Ck8Ht2PdM7wE4"}
    masking = Masking(values, {"variables": {}, "connections": {}})  # type: ignore[typeddict-item]
    assert masking.text("one is n5Vb3Ck8Ht2PdM7wE4") == "one is ***"


def test_an_archive_that_is_none_is_left_out(tmp_path: Path) -> None:
    text = "version https://git-lfs.github.com/spec/v1\n"
    found = resolved(tmp_path, **{"plugins.zip": text, "Dockerfile": "FROM apache/airflow\n"})
    assert "AIRFLOW__CORE__PLUGINS_FOLDER" not in found.environment
    (row,) = [row for row in found.used if "plugins" in row.what]
    assert (row.what, row.is_left_out) == ("plugins.zip", True)
    assert row.off == (
        "dagprof cannot unpack the archive (File is not a zip file); pass a folder to --plugins"
    )


def test_a_local_backend_may_have_an_env_file(tmp_path: Path) -> None:
    backend = "airflow.secrets.local_filesystem.LocalFilesystemBackend"
    options = '{"variables_file_path": "/opt/airflow/config/vars.env"}'
    lines = f"AIRFLOW__SECRETS__BACKEND={backend}\nAIRFLOW__SECRETS__BACKEND_KWARGS='{options}'\n"
    files = {
        ".env": lines,
        "Dockerfile": "FROM apache/airflow\nCOPY config /opt/airflow/config\n",
        "config/vars.env": "one=1\ntwo=a b\n",
    }
    assert project(tmp_path, **files).variables == {"one": "1", "two": "a b"}
    (tmp_path / "config/vars.env").write_text("nothing here\n")
    found = project(tmp_path)
    assert found.variables == {}
    (row,) = [row for row in found.used if "vars.env" in row.what]
    assert row.is_left_out
    assert row.off == "dagprof finds no names with values in the file"


def test_a_missing_folder_is_told_with_one_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dev/dags").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=r"contains the DAG files, such as 'dev/dags'\."):
        target.existing(("dags/",))
    with pytest.raises(UsageError, match=r"contains the DAG files\."):
        target.existing(("gone[",))
