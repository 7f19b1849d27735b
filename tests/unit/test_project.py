"""What a repository's files say about its environment, read without Airflow or a command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import write

from dagprof.project import discover, homes, imports, layout, left_out
from dagprof.project.files import bounded_yaml, compose, dockerfile, env_file
from dagprof.project.files.expand import expand
from dagprof.project.mounts import Mounts
from dagprof.project.reading import Repository, text_of
from dagprof.project.values import Mount, ProjectSetup, Unreadable


def found(place: Path, folder: str = "dags", **environment: str) -> ProjectSetup:
    """What is found around a DAG folder; no module is installed."""
    located = discover.locate(place / folder, environment)
    assert located.sources is not None
    return discover.find(
        located.sources, located.dags or place / folder, environment, lambda names: ()
    )


@pytest.mark.parametrize(
    ("text", "value", "unset"),
    [
        ("$A/x", "a/x", ()),
        ("${A}x", "ax", ()),
        ("${NO:-default}", "default", ()),
        ("${EMPTY:-default}", "default", ()),
        ("${EMPTY-default}", "", ()),
        ("${NO-${ALSO_NO:-deep}}/x", "deep/x", ()),
        ("${A:+other}${NO:+other}", "other", ()),
        ("${NO:?say so}", "", ("NO",)),
        ("${NO}", "", ("NO",)),
        ("$$A costs 5$", "$A costs 5$", ()),
        ("${not closed", "${not closed", ()),
        ("${1bad}", "${1bad}", ()),
    ],
)
def test_names_are_expanded_as_compose_does(text: str, value: str, unset: tuple[str, ...]) -> None:
    assert expand(text, {"A": "a", "EMPTY": ""}) == (value, unset)


def test_an_env_file() -> None:
    text = (
        "# comment\nexport A=1\nB='$A' # not expanded\n\nC=\"x $A\"\nD\nE=${NO:-d}\nbad line here\n"
    )
    read = env_file.parse(text, Path(".env"), {})
    assert [(each.name, each.value, each.line) for each in read] == [
        ("A", "1", 2),
        ("B", "$A", 3),
        ("C", "x 1", 5),
        ("E", "d", 7),
    ]


def test_a_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").touch()
    text = """# syntax=docker/dockerfile:1
FROM python:3.11 AS build
ENV ONLY=build
FROM apache/airflow:3.0.1 AS base
ARG WHERE=/srv
ENV A="two words" \\
    # a comment in between
    B=$WHERE/b
ENV OLD form of it
RUN <<EOF
ENV NOT=this
EOF
FROM base
WORKDIR $AIRFLOW_HOME/app
COPY --chown=airflow . .
COPY --from=build /x /opt/airflow/x
ADD requirements.txt ./
COPY ["lib", "/opt/airflow/lib"]
env PYTHONPATH "${PYTHONPATH}:$AIRFLOW_HOME/lib"
"""
    image = dockerfile.read(text, tmp_path / "Dockerfile", tmp_path, {})
    assert image.home == "/opt/airflow"
    assert [(each.name, each.value, each.line) for each in image.variables] == [
        ("A", "two words", 6),
        ("B", "/srv/b", 8),
        ("OLD", "form of it", 9),
        ("PYTHONPATH", ":/opt/airflow/lib", 19),
    ]
    assert [(mount.inside, mount.outside) for mount in image.copied] == [
        ("/opt/airflow/app", tmp_path),
        ("/opt/airflow/app/requirements.txt", tmp_path / "requirements.txt"),
        ("/opt/airflow/lib", tmp_path / "lib"),
    ]
    assert (
        dockerfile.read(text, tmp_path / "Dockerfile", tmp_path, {"WHERE": "/given"})
        .variables[1]
        .value
        == "/given/b"
    )
    assert [
        each.name for each in dockerfile.read(text, tmp_path, tmp_path, {}, "build").variables
    ] == ["ONLY"]


def test_a_compose_file(tmp_path: Path) -> None:
    text = """
services:
  db:
    image: postgres
    environment: {POSTGRES_USER: airflow}
  base:
    build: {context: docker, args: [VERSION=3], target: prod}
    env_file:
      - ./common.env
      - {path: more.env, required: false}
  scheduler:
    extends: {service: base}
    command: airflow scheduler
    environment:
      - PORT=8080
      - FLAG=true
      - HANDED_OVER
      - LACKING=${NOT_SET}
    volumes:
      - type: bind
        source: ./dags
        target: /opt/airflow/dags
      - ./lib:/opt/airflow/lib:ro
      - named:/var/lib
"""
    service = compose.read(text, tmp_path / "compose.yaml", {"HANDED_OVER": "yes"})
    assert service is not None
    assert [(each.name, each.value, each.line) for each in service.variables] == [
        ("PORT", "8080", 15),
        ("FLAG", "true", 16),
        ("HANDED_OVER", "yes", 17),
    ]
    assert service.unset == {"LACKING": ("NOT_SET",)}
    assert [path for path, _ in service.env_files] == [
        tmp_path / "common.env",
        tmp_path / "more.env",
    ]
    assert [mount.inside for mount in service.mounts] == ["/opt/airflow/dags", "/opt/airflow/lib"]
    build = compose.Build(
        tmp_path / "docker", tmp_path / "docker" / "Dockerfile", {"VERSION": "3"}, "prod"
    )
    assert service.build == build
    assert compose.read("services: {web: {image: nginx}}", tmp_path / "c.yaml", {}) is None


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefg", "bcdefgh", strict=True)
)
MERGED = "a: &a {x: 1}\n" + "".join(
    f"{new}: &{new} {{<<: [{', '.join([f'*{old}'] * 20)}]}}\n"
    for old, new in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    "text", [BOMB, MERGED, "a: &a [*a]", "[" * 5_000, "a: b: c", "a: *nowhere", "- \t- x: ["]
)
def test_hostile_yaml_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Unreadable, match=r"^the (file|YAML) .*[^.]$"):
        bounded_yaml.load(text)


def test_python_objects_in_yaml_are_plain_values() -> None:
    assert bounded_yaml.load("a: !!python/object/apply:os.system ['true']") == {"a": ["true"]}


def test_a_broken_file_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "docker-compose.yml": BOMB,
            "Dockerfile": "x" * 1_100_000,
            ".env": "A=1\n",
            "dags/a.py": "",
        },
    )
    (tmp_path / "airflow.cfg").write_bytes(b"\xff\xfe")
    texts = [used.text for used in found(tmp_path).used]
    assert texts == [
        "Ignores docker-compose.yml: the YAML expands to more than 100,000 values.",
        "Ignores airflow.cfg: the file is not UTF-8 text.",
        "Ignores Dockerfile: the file is larger than 1 MB.",
        (
            "Uses the project root as AIRFLOW_HOME; use --airflow-home to select another folder,"
            " or --no-project to ignore project files."
        ),
        "Uses 1 environment variable (A) from .env:1; use --no-project to ignore project files.",
    ]


def test_nothing_outside_of_the_repository_is_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "secret.env": "SECRET_TOKEN=1\n",
            "outer/x.py": "",
            "repo/.git/HEAD": "",
            "repo/dags/a.py": "",
        },
    )
    repo = tmp_path / "repo"
    text = (
        "services: {airflow: {env_file: ../secret.env, volumes: ['../outer:/opt/airflow/plugins']}}"
    )
    write(repo, {"compose.yaml": text})
    (repo / ".env").symlink_to(tmp_path / "secret.env")
    (repo / "plugins").symlink_to(tmp_path / "outer")
    result = found(repo)
    assert (result.environment, result.plugins, result.used) == ({}, None, ())


def test_what_the_user_has_wins(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            ".env": "A=found\nB=found\n",
            "plugins/x.py": "",
            "mine/plugins/y.py": "",
            "dags/a.py": "",
        },
    )
    assert found(tmp_path, A="given").environment == {"B": "found"}
    assert found(tmp_path).plugins == tmp_path / "plugins"
    assert found(tmp_path, AIRFLOW__CORE__PLUGINS_FOLDER="/x").plugins is None
    assert found(tmp_path, AIRFLOW_HOME=str(tmp_path / "mine")).plugins is None
    with_home = found(tmp_path, AIRFLOW_HOME=str(tmp_path / "dags"))
    assert (with_home.plugins, with_home.home) == (tmp_path / "plugins", None)


def test_names_and_values_that_no_process_can_have(tmp_path: Path) -> None:
    text = (
        'services: {airflow: {environment: {"A=B": 1, "": 2, "C D": 3, E: "x\\0y", GOOD: 4},'
        ' volumes: ["./\\0:/x"]}}'
    )
    write(tmp_path, {"compose.yaml": text, "dags/a.py": ""})
    assert found(tmp_path).environment == {"GOOD": "4"}
    assert expand("${a" * 10_000, {}).text == "${a" * 10_000


def test_later_files_win_over_earlier_ones(tmp_path: Path) -> None:
    names = [f"AIRFLOW__OWN__{name}" for name in "ABCDE"]
    files = {
        "airflow.cfg": "[own]\na = cfg\nb = cfg\nc = cfg\nd = cfg\ne = cfg\n",
        "Dockerfile": (
            f"FROM apache/airflow\nENV {' '.join(f'{name}=image' for name in names[1:])}\n"
        ),
        ".env": "".join(f"{name}=dotenv\n" for name in names[2:]),
        "s.env": "".join(f"{name}=file\n" for name in names[3:]),
        "compose.yaml": (
            "services: {airflow: {env_file: s.env, environment: {AIRFLOW__OWN__E: compose}}}"
        ),
        "dags/a.py": "",
    }
    values = found(write(tmp_path, files)).environment
    assert [values[name] for name in names] == ["cfg", "image", "dotenv", "file", "compose"]


def test_container_paths_are_mapped_or_dropped(tmp_path: Path) -> None:
    write(tmp_path, {"lib/x.py": "", "code/dags/a.py": "", "code/plugins/b.py": ""})
    mounted = [Mount("/opt/airflow/dags", tmp_path / "code" / "dags"), Mount("/srv", tmp_path)]
    mounts = Mounts(mounted, "/opt/airflow", Repository(tmp_path, tmp_path))
    assert mounts.outside("/opt/airflow/dags") == tmp_path / "code" / "dags"
    assert mounts.outside("/srv/lib/../lib") == tmp_path / "lib"
    assert mounts.outside("/usr/local/airflow/lib") == tmp_path / "lib"
    assert mounts.outside("/home/airflow/gcs/lib") == tmp_path / "lib"
    assert mounts.outside("/opt/airflow/nowhere") is None
    assert mounts.outside("/etc/passwd") is None
    assert mounts.outside("/srv/../../etc") is None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "PATH",
            "HOME",
            "LD_PRELOAD",
            "PYTHONHOME",
            "PYTHONSTARTUP",
            "PYTHONDONTWRITEBYTECODE",
            "PIP_INDEX_URL",
        ),
        *(
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
            "AIRFLOW__CORE__EXECUTOR",
            "AIRFLOW__SECRETS__BACKEND",
            "https_proxy",
        ),
        *(
            "AIRFLOW__LOGGING__REMOTE_LOGGING",
            "AIRFLOW__CORE__FERNET_KEY_CMD",
            "AIRFLOW__OWN__X_CMD",
            "DAGPROF_REPEAT",
        ),
    ],
)
def test_harmful_variables_are_left_out(name: str) -> None:
    assert left_out.reason(name)


@pytest.mark.parametrize(
    "name",
    [
        "PYTHONPATH",
        "AIRFLOW_VAR_PATH",
        "AIRFLOW_CONN_HOME",
        "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT",
        "ENVIRONMENT",
        "PATHS",
    ],
)
def test_other_variables_are_taken(name: str) -> None:
    assert not left_out.reason(name)


def test_the_root_of_a_project(tmp_path: Path) -> None:
    files = (
        ".git/HEAD",
        "team/Dockerfile",
        "team/dags/requirements.txt",
        "team/dags/sub/a.py",
        "dags/a.py",
    )
    write(tmp_path, dict.fromkeys(files, ""))
    assert layout.project_root(tmp_path / "team" / "dags") == tmp_path / "team"
    assert layout.repository_top(tmp_path / "team") == tmp_path
    assert layout.project_root(tmp_path / "dags") == tmp_path
    assert (
        layout.named_dags(tmp_path / "team" / "dags" / "sub", tmp_path)
        == tmp_path / "team" / "dags"
    )
    assert layout.named_dags(tmp_path / "team", tmp_path / "team") is None
    assert layout.project_root(tmp_path / "team") == tmp_path / "team"
    assert layout.plugins(tmp_path, write(tmp_path, {"plugins/x.py": ""})) == tmp_path / "plugins"


def test_a_dag_folder_that_the_project_names(tmp_path: Path) -> None:
    text = "services: {airflow: {volumes: ['./flows:/opt/airflow/dags']}}"
    located = discover.locate(
        write(tmp_path, {"compose.yaml": text, "flows/team/a.py": ""}) / "flows" / "team", {}
    )
    assert (located.dags, located.reason) == (
        tmp_path / "flows",
        "the folder that the container uses as dags",
    )


def test_imports_that_resolve_in_the_root_alone(tmp_path: Path) -> None:
    files = {
        **dict.fromkeys(
            (
                "utils/x.py",
                "both/x.py",
                "later/x.py",
                "json/x.py",
                "installed/x.py",
                "dags/both/x.py",
            ),
            "",
        ),
        "dags/a.py": (
            "import json, both, installed\ntry:\n    from utils.x import y\nexcept ImportError:\n  "
            "  pass\ndef task():\n    import later\n# import commented\n"
        ),
    }
    dags = write(tmp_path, files) / "dags"
    needs = imports.needs([dags], [tmp_path], [dags], lambda names: {"installed"} & set(names))
    assert needs == [imports.NeededFolder(tmp_path, "utils", dags / "a.py", 3)]
    write(tmp_path, {"airflow/__init__.py": ""})
    assert imports.needs([dags], [tmp_path], [], lambda names: ()) == []


def test_homes_of_modules(tmp_path: Path) -> None:
    files = ("dags/a.py", "operators/x.py", "deep/er/lib/tool.py", "custom/plugins/hooks/y.py")
    dags = write(tmp_path, dict.fromkeys(files, "")) / "dags"
    at = homes.homes(["operators", "tool", "hooks.y", "nope"], tmp_path, dags, [dags], tmp_path)
    assert [(home.module, home.entry, home.folder, home.option) for home in at] == [
        ("hooks.y", "hooks/", "custom/plugins/", "--plugins custom/plugins"),
        ("operators", "operators/", "the project root", "--pythonpath ."),
        ("tool", "tool.py", "deep/er/lib/", "--pythonpath deep/er/lib"),
    ]


def test_a_module_beside_the_file_that_imports_it_is_the_likeliest(tmp_path: Path) -> None:
    files = (
        "dags/config.py",
        "cases/one/two/three/dags/a.py",
        "cases/one/two/three/dags/config.py",
    )
    cases = write(tmp_path, dict.fromkeys(files, "")) / "cases"
    near = [cases / "one/two/three/dags/a.py"]
    (home,) = homes.homes(["config"], tmp_path, cases, [cases], tmp_path, near)
    assert (home.entry, home.option) == ("config.py", "--pythonpath cases/one/two/three/dags")


def test_a_file_that_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nowhere"):
        with pytest.raises(Unreadable, match="the file does not exist"):
            text_of(path)
