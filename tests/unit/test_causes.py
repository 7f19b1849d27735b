"""Failures grouped by cause, and the way out of each."""

from __future__ import annotations

import pytest

from dagprof.analyse import moved
from dagprof.analyse.causes import FailureCause, all_failed, causes, nothing_measured, place
from dagprof.analyse.distributions import distribution_of
from dagprof.model import Failure, FileResult, Home, Project, Run, Status

from .builders import environment, file, run


def failing(
    path: str, type_: str, message: str, traceback: str = "", **changes: object
) -> FileResult:
    failure = Failure(
        type=type_, message=message, traceback=traceback, file=f"/dags/{path}", line=3
    )
    for name, value in changes.items():
        failure = Failure(
            **{**{each: getattr(failure, each) for each in Failure.__struct_fields__}, name: value}
        )
    return file(path, 10, status=Status.IMPORT_ERROR, failures=(failure,), dag_ids=())


def missing(path: str, module: str, line: str = "") -> FileResult:
    return failing(
        path,
        "ModuleNotFoundError",
        f"No module named '{module}'",
        f'  File "x", line 3\n    {line}\n',
    )


def grouped(shown: Run) -> list[FailureCause]:
    return causes(shown, shown.broken)


def way_out(of: FileResult, **changes: object) -> str:
    return grouped(run(of, **changes))[0].way_out


def test_one_cause_for_many_files() -> None:
    home = Home(
        module="operators", entry="operators/", folder="the project root", option="--pythonpath ."
    )
    many = [missing(f"{number:02}.py", "operators") for number in range(44)]
    shown = run(
        *many, missing("z.py", "nope"), file("ok.py", 5), project=Project(root="/", homes=(home,))
    )
    first, second = grouped(shown)
    assert (len(first.files), first.reason) == (
        44,
        "ModuleNotFoundError: No module named 'operators'",
    )
    assert (
        first.way_out
        == "`operators/` is in the project root, where Python does not search for modules. Add"
        " `--pythonpath .` to the command"
    )
    assert (
        second.way_out
        == "install the package that provides this module (perhaps nope) into the environment of /venv/bin/python"
    )
    assert not all_failed(shown)


@pytest.mark.parametrize(
    ("module", "line", "text"),
    [
        ("yaml", "import yaml", "install PyYAML into the environment of /venv/bin/python"),
        (
            "google.cloud",
            "from google.cloud import storage",
            "install google-cloud-storage into the environment of /venv/bin/python",
        ),
        (
            "airflow.providers.cncf",
            "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator",
            "install apache-airflow-providers-cncf-kubernetes into the environment of /venv/bin/python",
        ),
        (
            "pandas.gone",
            "import pandas.gone",
            "the installed version 2.2.3 of pandas does not contain this module. Another version may contain this module",
        ),
        ("airflow.nowhere", "import airflow.nowhere", "Airflow 3.3.2 does not contain this module"),
        (
            "airflow.operators.dummy_operator",
            "from airflow.operators.dummy_operator import DummyOperator",
            (
                "`airflow.operators.dummy_operator` was removed in Airflow 3.0. Use `airflow.providers.standard.operators.empty`. Install apache-airflow-providers-standard, which provides this module"
            ),
        ),
    ],
)
def test_the_way_out_of_a_missing_module(module: str, line: str, text: str) -> None:
    assert way_out(missing("a.py", module, line)) == text


def test_one_missing_package_is_one_cause_and_namespaces_are_several() -> None:
    utils = [missing(f"{name}.py", "utils", f"from utils.{name} import x") for name in ("a", "b")]
    assert len(grouped(run(*utils))) == 1
    cloud = [
        missing(f"{name}.py", "google.cloud", f"from google.cloud import {name}")
        for name in ("storage", "bigquery")
    ]
    assert {cause.way_out.split()[1] for cause in grouped(run(*cloud))} == {
        "google-cloud-storage",
        "google-cloud-bigquery",
    }


def test_airflow_3_code_on_airflow_2() -> None:
    old = environment(airflow_version="2.11.2")
    of = missing("a.py", "airflow.sdk", "from airflow.sdk import Asset")
    assert (
        way_out(of, environment=old)
        == "`airflow.sdk.Asset` is new in Airflow 3.0. On Airflow 2, use `airflow.datasets.Dataset`"
    )
    whole = way_out(missing("a.py", "airflow.sdk", "import airflow.sdk"), environment=old)
    assert whole.startswith(
        "`airflow.sdk` is new in Airflow 3.0. On Airflow 2, import from airflow (DAG),"
        " airflow.decorators (dag, task"
    )


def test_a_name_that_moved() -> None:
    of = failing(
        "a.py",
        "ImportError",
        "cannot import name 'Dataset' from 'airflow' (/site/airflow/__init__.py)",
    )
    assert way_out(of) == "`airflow.Dataset` was removed in Airflow 3.0. Use `airflow.sdk.Asset`"


def test_a_name_that_is_gone_from_a_module_that_is_there() -> None:
    message = (
        "cannot import name 'days_ago' from 'airflow.utils.dates' (/site/airflow/utils/dates.py)"
    )
    of = failing("a.py", "ImportError", message)
    assert (
        way_out(of)
        == "`airflow.utils.dates.days_ago` was removed in Airflow 3.0 without a direct replacement"
    )


def test_a_module_that_is_gone_behind_a_name_of_which_nothing_is_known() -> None:
    cause = (
        "ImportError: cannot import name 'BaseJob' from 'airflow.jobs'"
        " (/site/airflow/jobs/__init__.py)"
    )
    of = failing(
        "a.py", "ModuleNotFoundError", "No module named 'airflow.jobs.base_job'", cause=cause
    )
    assert way_out(of) == "Airflow 3.3.2 does not contain this module"


@pytest.mark.parametrize(
    ("message", "version", "text"),
    [
        (
            "DAG.__init__() got an unexpected keyword argument 'schedule_interval'",
            "3.3.2",
            "the argument `schedule_interval` of a DAG was removed in Airflow 3.0. Use `schedule`",
        ),
        (
            "DAG.__init__() got an unexpected keyword argument 'default_view'",
            "3.0.6",
            "the argument `default_view` of a DAG was removed in Airflow 3.0. Remove the argument",
        ),
        ("DAG.__init__() got an unexpected keyword argument 'schedule_interval'", "2.11.2", ""),
        ("DAG.__init__() got an unexpected keyword argument 'bogus'", "3.3.2", ""),
        ("Table() got an unexpected keyword argument 'concurrency'", "3.3.2", ""),
    ],
)
def test_an_argument_of_a_dag_that_is_gone(message: str, version: str, text: str) -> None:
    of = failing("a.py", "TypeError", message)
    assert way_out(of, environment=environment(airflow_version=version)) == text


def test_a_path_that_only_the_container_has() -> None:
    of = failing(
        "a.py", "CosmosValueError", "Could not find x.yml at /usr/local/airflow/dbt/shop/x.yml"
    )
    shown = way_out(of, project=Project(root="/work/astro"))
    assert (
        shown
        == "/usr/local/airflow is the project folder inside the container. Run dagprof in the container, or make /usr/local/airflow a link to /work/astro"
    )
    assert way_out(of) == ""
    assert way_out(of, project=Project(root="/usr/local/airflow")) == ""
    elsewhere = failing("a.py", "OSError", "no file /srv/usr/local/airflow/x")
    assert way_out(elsewhere, project=Project(root="/work/astro")) == ""


def test_a_missing_environment_variable() -> None:
    text = (
        '  File "a.py", line 3, in <module>\n    bucket = os.environ["GCS_BUCKET"]\nKeyError:'
        " 'GCS_BUCKET'\n"
    )
    files = [failing(path, "KeyError", "'GCS_BUCKET'", text) for path in ("a.py", "b.py")]
    (cause,) = grouped(run(*files))
    assert cause.reason == "environment variable GCS_BUCKET is not set"
    assert (
        cause.way_out
        == "set GCS_BUCKET in the environment, or supply GCS_BUCKET with --env-file FILE"
    )
    plain = failing(
        "a.py", "KeyError", "'x'", '  File "a.py", line 3, in <module>\n    y = settings["x"]\n'
    )
    assert (grouped(run(plain))[0].reason, grouped(run(plain))[0].way_out) == ("KeyError: 'x'", "")


def test_a_first_cause_that_is_a_missing_module() -> None:
    of = failing(
        "a.py",
        "ImportError",
        "install the extra",
        cause="ModuleNotFoundError: No module named 'yaml'",
    )
    (cause,) = grouped(run(of))
    assert (
        cause.reason
        == "ImportError: install the extra (caused by ModuleNotFoundError: No module named 'yaml')"
    )
    assert cause.way_out == "install PyYAML into the environment of /venv/bin/python"


def test_the_place_of_a_failure() -> None:
    of = failing("load.py", "NameError", "x")
    helper = failing("load.py", "NameError", "x", file="/repo/plugins/h.py")
    assert place(of, "/dags") == "load.py:3"
    assert place(helper, "/dags", "/repo") == "plugins/h.py:3"
    assert place(helper, "/dags") == "/repo/plugins/h.py:3"
    assert place(file("a.py", status=Status.KILLED, detail="Killed."), "/dags") == "a.py"


def test_nothing_was_measured() -> None:
    none: Run = run(missing("a.py", "yaml"), missing("b.py", "yaml"))
    assert all_failed(none)
    assert (
        nothing_measured(none)
        == "None of the 2 files could be loaded, so dagprof measured nothing. Reason: "
        "ModuleNotFoundError: No module named 'yaml'. Install PyYAML into the environment of /venv/bin/python."
    )
    one: Run = run(
        file(
            "a.py",
            status=Status.KILLED,
            detail="Signal 9 (SIGKILL) killed the parsing process.",
        )
    )
    assert nothing_measured(one).startswith(
        "The only file could not be loaded, so dagprof measured nothing. Reason: Signal 9 (SIGKILL) killed"
    )
    assert not all_failed(run())


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("google.cloud.storage.client", "google-cloud-storage"),
        ("airflow.providers.google.cloud.operators.bigquery", "apache-airflow-providers-google"),
        ("airflow.providers.microsoft.azure", "apache-airflow-providers-microsoft-azure"),
        ("snowflake.connector", "snowflake-connector-python"),
        ("some_tool.part", "some-tool"),
    ],
)
def test_distributions_by_module(module: str, distribution: str) -> None:
    assert distribution_of(module) == distribution


@pytest.mark.parametrize(
    ("name", "version", "text"),
    [
        (
            "airflow.contrib.operators.x",
            "3.0.6",
            "`airflow.contrib` was removed in Airflow 3.0 without a direct replacement",
        ),
        ("airflow.operators.bash", "2.9.3", ""),
        ("airflow.sdk", "3.3.2", ""),
        ("pandas", "3.3.2", ""),
    ],
)
def test_import_paths_of_another_airflow(name: str, version: str, text: str) -> None:
    assert moved.way_out(name, version) == text
