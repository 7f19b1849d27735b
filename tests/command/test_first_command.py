"""Eight layouts of repositories: `dagprof scan dags/` alone loads each file, or prints the one
missing setting.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from support import TARGET, call, dag, write

import dagprof
from dagprof.model import Run

OPTIONS = ("--python", TARGET, "--depth", "quick", "--repeat", "1", "--jobs", "1")
PACKAGE = {"__init__.py": ""}


def scanned(
    place: Path, folder: str = "dags/", *options: str, code: int = 0, **environment: str
) -> tuple[Run, str, str]:
    """The Run, and what was printed on standard output and error; nothing is left in the
    repository.
    """
    before = listed(place)
    done = call("scan", folder, *OPTIONS, *options, cwd=place, **environment)
    assert done.returncode == code, done.stdout + done.stderr
    assert listed(place) == before
    return dagprof.load(place / "reports" / "run.json"), done.stdout, done.stderr


def listed(place: Path) -> list[str]:
    return sorted(
        str(path) for path in place.rglob("*") if path.relative_to(place).parts[0] != "reports"
    )


def loads(run: Run) -> None:
    assert {file.path: file.failures for file in run.files if file.status.is_failure} == {}
    assert run.files


COMPOSE = """
    x-airflow-common:
      &airflow-common
      image: ${AIRFLOW_IMAGE_NAME:-apache/airflow:3.0.1}
      environment:
        &airflow-common-env
        AIRFLOW__CORE__EXECUTOR: CeleryExecutor
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: postgresql+psycopg2://airflow:airflow@postgres/airflow
        AIRFLOW__CORE__FERNET_KEY: ''
        AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE: 'true'
        AIRFLOW_CONFIG: '/opt/airflow/config/airflow.cfg'
        AIRFLOW_VAR_BUCKET: ${BUCKET:-local-bucket}
        AIRFLOW_CONN_WAREHOUSE: postgres://loader:s3cr3t-of-the-file@warehouse/db
        SQL_FOLDER: /opt/airflow/dags/sql
      volumes:
        - ${AIRFLOW_PROJ_DIR:-.}/dags:/opt/airflow/dags
        - ${AIRFLOW_PROJ_DIR:-.}/logs:/opt/airflow/logs
        - ${AIRFLOW_PROJ_DIR:-.}/config:/opt/airflow/config
        - ${AIRFLOW_PROJ_DIR:-.}/plugins:/opt/airflow/plugins
      user: "${AIRFLOW_UID:-50000}:0"
    services:
      postgres:
        image: postgres:16
        environment:
          POSTGRES_USER: airflow
      airflow-scheduler:
        <<: *airflow-common
        command: scheduler
      airflow-worker:
        <<: *airflow-common
        command: celery worker
        environment:
          <<: *airflow-common-env
          DUMB_INIT_SETSID: "0"
"""


def test_the_official_docker_compose(tmp_path: Path) -> None:
    uses = """
        import os
        from airflow.models import Variable
        from team_operators import NAME

        assert Variable.get("bucket") == "local-bucket"
        assert os.path.isfile(os.environ["SQL_FOLDER"] + "/a.sql")
    """
    files = {
        "docker-compose.yaml": COMPOSE,
        ".env": "AIRFLOW_UID=1000\n",
        "dags/a.py": dag("a", uses),
        "dags/sql/a.sql": "select 1",
        "plugins/team_operators.py": "NAME = 'x'\n",
        "config/airflow_local_settings.py": "def dag_policy(dag):\n    pass\n",
    }
    run, _, told = scanned(write(tmp_path, files))
    loads(run)
    assert (
        "Uses the plugins folder plugins/; use --plugins to select another folder, or --no-project"
        " to ignore project files." in told
    )
    ignored = "use --no-project to ignore project files."
    assert f"Uses config/airflow_local_settings.py; {ignored}" in told
    named = "Uses 1 Airflow setting, 1 Variable, 1 Connection and 1 environment variable"
    assert f"{named} (AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE, AIRFLOW_VAR_BUCKET" in told
    assert f"from docker-compose.yaml; {ignored}" in told
    assert "s3cr3t-of-the-file" not in told + (tmp_path / "reports" / "run.json").read_text()
    assert [used.text for used in run.project.used] == [
        line[9:] for line in told.splitlines() if line[9:13] == "Uses"
    ]


def test_a_secret_of_a_found_file_reaches_no_run(tmp_path: Path) -> None:
    files = {
        "docker-compose.yaml": COMPOSE,
        ".env": "SERVICE_TOKEN=t0ken-of-the-file\nPLAIN=plain-text\n",
        "dags/a.py": (
            "import os  # airflow dag\nraise ValueError(os.environ['SERVICE_TOKEN'],"
            " os.environ['AIRFLOW_CONN_WAREHOUSE'], os.environ['PLAIN'])\n"
        ),
    }
    _, shown, told = scanned(write(tmp_path, files), code=3)
    text = (
        shown
        + told
        + (tmp_path / "reports" / "run.json").read_text()
        + (tmp_path / "reports" / "report.html").read_text()
    )
    assert "t0ken-of-the-file" not in text
    assert "s3cr3t-of-the-file" not in text
    assert "plain-text" in shown


def test_astro(tmp_path: Path) -> None:
    uses = """
        import os
        from airflow.models import Variable
        from include.helpers import NAME

        assert Variable.get("region") == "eu"
        assert Variable.get("limits", deserialize_json=True) == {"rows": 5}
        assert os.environ["STAGE"] == "dev"
    """
    settings = """
        airflow:
          connections:
            - conn_id: warehouse
              conn_type: postgres
              conn_password: pa55word
          variables:
            - variable_name: region
              variable_value: eu
            - variable_name: limits
              variable_value: {rows: 5}
    """
    files = {
        "Dockerfile": "FROM quay.io/astronomer/astro-runtime:12.7.0\nENV STAGE=prod\n",
        ".astro/config.yaml": "project:\n  name: x\n",
        ".env": "STAGE=dev\n",
        "airflow_settings.yaml": settings,
        "packages.txt": "",
        "dags/a.py": dag("a", uses),
        "include/helpers.py": "NAME = 'x'\n",
    }
    run, _, told = scanned(write(tmp_path, files))
    loads(run)
    assert "Uses the project root on PYTHONPATH from the Astro project layout" in told
    assert (
        "Uses 2 Variables and 1 Connection (AIRFLOW_VAR_REGION, AIRFLOW_VAR_LIMITS,"
        " AIRFLOW_CONN_WAREHOUSE)" in told
    )
    assert "Uses 1 environment variable (STAGE) from .env:1" in told


def test_composer(tmp_path: Path) -> None:
    files = {
        "dags/a.py": dag("a", "from operators.load import NAME\n"),
        "dags/b.py": dag("b", "import os\nbucket = os.environ[\n    'GCS_BUCKET'\n]\n"),
        "dags/c.py": dag("c", "import os\nbucket = os.environ['GCS_BUCKET']\n"),
        "plugins/operators/load.py": "NAME = 'x'\n",
        "plugins/operators/__init__.py": "",
        "data/rows.json": "[]",
    }
    run, shown, _ = scanned(write(tmp_path, files))
    assert sorted(file.path for file in run.files if file.status.is_failure) == ["b.py", "c.py"]
    assert "2 files  needs an answer: missing environment variable 'GCS_BUCKET'" in shown
    (tmp_path / "composer.env").write_text(
        "GCS_BUCKET=eu-bucket\nDAGS_FOLDER=/home/airflow/gcs/dags\n"
    )
    again, _, told = scanned(tmp_path, "dags/", "--env-file", "composer.env")
    loads(again)
    assert "Uses 2 environment variables (GCS_BUCKET, DAGS_FOLDER) from composer.env" in told


@pytest.mark.parametrize("is_zip", [False, True], ids=["folder", "zip"])
def test_mwaa(tmp_path: Path, is_zip: bool) -> None:
    files = {
        "dags/a.py": dag(
            "a", "import os\nfrom hooks.crm import NAME\nassert os.environ['STAGE'] == 'dev'\n"
        ),
        "dags/requirements.txt": "pandas\n",
        "startup.sh": "#!/bin/sh\nexport STAGE=dev REGION=$(aws region)\nexport STAGE=dev\n",
        "requirements.txt": "pandas\n",
        "plugins/hooks/crm.py": "NAME = 'x'\n",
        "plugins/hooks/__init__.py": "",
    }
    write(tmp_path, files)
    if is_zip:
        with zipfile.ZipFile(tmp_path / "plugins.zip", "w") as archive:
            for path in sorted((tmp_path / "plugins").rglob("*.py")):
                archive.write(path, path.relative_to(tmp_path / "plugins"))
                path.unlink()
        os.rmdir(tmp_path / "plugins" / "hooks")
        os.rmdir(tmp_path / "plugins")
    run, _, told = scanned(tmp_path)
    loads(run)
    assert f"Uses the plugins folder {'plugins.zip' if is_zip else 'plugins/'};" in told
    assert "Uses 1 environment variable (STAGE) from startup.sh:3" in told


def test_the_project_root_on_the_path(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'x'\n",
        "dags/a.py": dag("a", "from utils.names import NAME\n"),
        "dags/b.py": dag("b", "from utils.names import NAME\n"),
        "utils/names.py": "NAME = 'x'\n",
    }
    run, _, told = scanned(write(tmp_path, files))
    loads(run)
    assert "Uses the project root on PYTHONPATH, because dags/a.py:1 imports `utils`" in told
    without, shown, told = scanned(tmp_path, "dags/", "--no-project", code=3)
    assert all(file.status.is_failure for file in without.files)
    assert "2 files  import error: ModuleNotFoundError: No module named 'utils'" in shown
    assert "Uses" not in told
    assert (
        "None of the 2 files could be loaded, so dagprof measured nothing. Reason: ModuleNotFoundError: No"
        " module named 'utils'" in told
    )
    given, _, _ = scanned(tmp_path, "dags/", "--no-project", "--pythonpath", ".")
    loads(given)


def test_the_path_of_a_dockerfile(tmp_path: Path) -> None:
    dockerfile = """
        FROM apache/airflow:slim-2.10.5-python3.11
        ARG PROJECT_DIR="/opt/airflow"
        ENV PYTHONPATH="$PYTHONPATH:$PROJECT_DIR/lib:/usr/share/elsewhere" \\
            LAYERS=2
        WORKDIR $PROJECT_DIR
        COPY . .
    """
    files = {
        "Dockerfile": dockerfile,
        "dags/a.py": dag(
            "a", "import os\nfrom common_code import NAME\nassert os.environ['LAYERS'] == '2'\n"
        ),
        "lib/common_code.py": "NAME = 'x'\n",
    }
    run, _, told = scanned(write(tmp_path, files))
    loads(run)
    assert "Uses lib/ on PYTHONPATH from Dockerfile:4" in told
    assert (
        "Ignores /usr/share/elsewhere on PYTHONPATH from Dockerfile:4: the repository contains"
        " no such folder." in told
    )


def test_operators_in_plugins(tmp_path: Path) -> None:
    files = {
        "airflow.cfg": (
            "[core]\nplugins_folder = /opt/airflow/custom\nload_examples = True\n[own]\nlimit ="
            " 7%%\n"
        ),
        "dags/a.py": dag(
            "a",
            "from operators.load import NAME\nfrom airflow.configuration import conf\n"
            "assert conf.get('own', 'limit') == '7%'\n",
        ),
        "custom/operators/load.py": "NAME = 'x'\n",
    }
    run, _, told = scanned(write(tmp_path, files))
    loads(run)
    assert "Uses the plugins folder custom/ from airflow.cfg:2" in told


def test_a_monorepo_with_two_dag_folders(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'x'\n",
        **{
            f"{team}/dags/{team}.py": dag(
                team, "from operators.names import TEAM\n" + f"assert TEAM == '{team}'\n"
            )
            for team in ("team_a", "team_b")
        },
        **{
            f"{team}/plugins/operators/names.py": f"TEAM = '{team}'\n"
            for team in ("team_a", "team_b")
        },
    }
    write(tmp_path, files)
    for team in ("team_a", "team_b"):
        run, _, told = scanned(tmp_path, f"{team}/dags")
        loads(run)
        assert f"Uses the plugins folder {team}/plugins/;" in told


def test_the_dag_folder_as_a_package(tmp_path: Path) -> None:
    files = {
        "setup.cfg": "",
        ".git/HEAD": "",
        "dags/__init__.py": "",
        "dags/common.py": "NAME = 'x'\n",
        "dags/team/__init__.py": "",
        "dags/team/sales.py": dag("sales", "from dags.common import NAME\n"),
    }
    run, _, told = scanned(write(tmp_path, files))
    loads(run)
    assert (
        "Uses the project root on PYTHONPATH, because dags/team/sales.py:1 imports `dags`" in told
    )
    single, _, _ = scanned(tmp_path, "dags/team/sales.py")
    loads(single)
    assert [file.path for file in single.files] == ["team/sales.py"]


def test_a_module_that_the_project_has_and_the_path_has_not(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[project]\nname = 'x'\n",
        "dags/a.py": "import importlib  # airflow dag\nimportlib.import_module('deep.things')\n",
        "dags/b.py": "import importlib  # airflow dag\nimportlib.import_module('deep.things')\n",
        "dags/ok.py": dag("ok"),
        "source/deep/things.py": "",
    }
    run, shown, _ = scanned(write(tmp_path, files))
    assert [(home.entry, home.option) for home in run.project.homes] == [
        ("deep/", "--pythonpath source")
    ]
    assert "2 files  import error: ModuleNotFoundError: No module named 'deep'" in shown
    assert "→ `deep/` is in source/, where Python does not search for modules. Add" in shown
    page = (tmp_path / "reports" / "report.html").read_text()
    assert "<summary>2 files</summary>" in page
    again, _, _ = scanned(tmp_path, "dags/", "--pythonpath", "source")
    assert not any("deep" in failure.message for file in again.files for failure in file.failures)


def test_a_failure_is_shown_where_it_happened(tmp_path: Path) -> None:
    files = {
        "dags/load.py": "from common.db import engine  # airflow dag\n",
        "dags/ok.py": dag("ok"),
        "dags/common/db.py": "\n" * 56 + "engine = settings['url']\n",
    }
    run, shown, _ = scanned(write(tmp_path, files))
    assert "load.py at common/db.py:57  import error: NameError" in shown
    explained = call("explain", "dags/load.py", "--run", "reports/run.json", cwd=tmp_path)
    assert "common/db.py:57  NameError: name 'settings' is not defined" in explained.stdout
    printed = call(
        "report", "reports/run.json", "--format", "markdown", "-o", "-", cwd=tmp_path
    ).stdout
    assert "<code>load.py at common/db.py:57</code>" in printed
    assert run.files[0].failures[0].file.endswith("dags/common/db.py")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("--plugins", "nowhere"),
            "The folder 'nowhere' for --plugins does not exist. Give an existing folder.",
        ),
        (
            ("--pythonpath", "nowhere"),
            "The folder 'nowhere' for --pythonpath does not exist. Give an existing folder.",
        ),
        (
            ("--env-file", "nowhere"),
            "Cannot use 'nowhere' for --env-file: the file does not exist. Give another file.",
        ),
        (
            ("--airflow-home", "nowhere"),
            "The folder 'nowhere' for --airflow-home does not exist. Give an existing folder.",
        ),
    ],
)
def test_bad_input_gets_one_clear_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    write(tmp_path, {"dags/a.py": dag("a")})
    done = call("scan", "dags", *OPTIONS, *arguments, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (2, f"dagprof: {sentence}\n")


def test_quiet_stays_quiet(tmp_path: Path) -> None:
    write(tmp_path, {"dags/a.py": dag("a"), "plugins/x.py": "", "pyproject.toml": ""})
    done = call("scan", "dags", *OPTIONS, "-q", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
