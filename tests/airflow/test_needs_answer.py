"""A file that fails because of an answer that dagprof made up needs an answer; a file with a
fault of its own does not.
"""

from __future__ import annotations

import textwrap
from typing import NamedTuple

import pytest
from support import dag, result

from dagprof.model import Run, Status

HEAD = """
import datetime, json, os
from airflow import DAG
from airflow.models import Variable
try:
    from airflow.sdk import BaseHook
except ImportError:
    from airflow.hooks.base import BaseHook
"""


class Case(NamedTuple):
    """Code that fails at parse time, and what it needs. ``# asks`` marks the line that asks."""

    code: str
    kind: str = ""
    key: str = ""


CASES = {
    "url": Case(
        """
        import urllib.request
        urllib.request.urlopen(Variable.get("api_url"), timeout=5)  # asks
        """,
        "variable",
        "api_url",
    ),
    "date": Case(
        'datetime.datetime.strptime(Variable.get("first_day"), "%Y-%m-%d")  # asks',
        "variable",
        "first_day",
    ),
    "json_list": Case(
        """
        tables = json.loads(Variable.get("tables"))  # asks
        for table in tables:
            print(table)
        """,
        "variable",
        "tables",
    ),
    "named_beside": Case(
        """
        region = Variable.get("region")
        size = Variable.get("size")  # asks
        if "/" not in size:
            raise ValueError("bad size for %s" % region)
        """,
        "variable",
        "size",
    ),
    "named_before": Case(
        """
        size = Variable.get("size_of_all")  # asks
        region = Variable.get("region_of_all")
        if "/" not in size:
            raise ValueError("bad size for %s" % region)
        """,
        "variable",
        "size_of_all",
    ),
    "split": Case('region = Variable.get("regions").split(",")[1]  # asks', "variable", "regions"),
    "items": Case(
        """
        config = Variable.get("config", deserialize_json=True)  # asks
        for name, value in config["teams"].items():
            print(name, value)
        """,
        "variable",
        "config",
    ),
    "nested_number": Case(
        """
        config = Variable.get("limits", deserialize_json=True)  # asks
        total = config["retries"]["most"] + 1
        """,
        "variable",
        "limits",
    ),
    "open": Case('open(Variable.get("sql_file")).read()  # asks', "variable", "sql_file"),
    "import_module": Case(
        """
        import importlib
        name = Variable.get("plugin_module")  # asks
        importlib.import_module(name)
        """,
        "variable",
        "plugin_module",
    ),
    "enum": Case(
        """
        import enum
        class Stage(enum.Enum):
            DEV = "dev"
            PROD = "prod"
        stage = Stage(Variable.get("stage"))  # asks
        """,
        "variable",
        "stage",
    ),
    "checked_name": Case(
        """
        where = Variable.get("landscape")  # asks
        if where not in ("staging", "production"):
            raise ValueError("unknown landscape")
        """,
        "variable",
        "landscape",
    ),
    "table": Case(
        """
        SCHEDULES = {"daily": "0 2 * * *", "hourly": "0 * * * *"}
        schedule = SCHEDULES[Variable.get("frequency")]  # asks
        """,
        "variable",
        "frequency",
    ),
    "cron": Case(
        """
        cron = Variable.get("cron")  # asks
        with DAG("cron", start_date=datetime.datetime(2024, 1, 1), schedule=cron):
            pass
        """,
        "variable",
        "cron",
    ),
    "dag_id": Case(
        """
        name = Variable.get("dag_name", default_var=None)  # asks
        with DAG(name, start_date=datetime.datetime(2024, 1, 1), schedule=None):
            pass
        """,
        "variable",
        "dag_name",
    ),
    "yaml_text": Case(
        """
        import yaml
        text = f"settings: {Variable.get('settings_yaml')}"  # asks
        for name in yaml.safe_load(text)["settings"].values():
            print(name)
        """,
        "variable",
        "settings_yaml",
    ),
    "time_zone": Case(
        """
        import pendulum
        zone = Variable.get("time_zone")  # asks
        start = pendulum.datetime(2024, 1, 1, tz=pendulum.timezone(zone))
        """,
        "variable",
        "time_zone",
    ),
    "default_none": Case(
        """
        owner = Variable.get("owner", default_var=None)  # asks
        print(owner.lower())
        """,
        "variable",
        "owner",
    ),
    "json_default": Case(
        """
        job = Variable.get("job", default_var={}, deserialize_json=True)  # asks
        print(job["task"])
        """,
        "variable",
        "job",
    ),
    "json_text_key": Case(
        """
        job = json.loads(Variable.get("job_text"))  # asks
        print(job["task"]["name"] if False else job["task"], job["pool"])
        """,
        "variable",
        "job_text",
    ),
    "list_of_objects": Case(
        """
        job = Variable.get("sources", deserialize_json=True)  # asks
        names = [source["name"] for source in job["sources"]]
        """,
        "variable",
        "sources",
    ),
    "one_of_several": Case(
        """
        a = Variable.get("harmless")
        b = Variable.get("day_of_start")  # asks
        c = Variable.get("harmless_too")
        start = datetime.date.fromisoformat(b)
        """,
        "variable",
        "day_of_start",
    ),
    "port": Case(
        'port = int(BaseHook.get_connection("ftp_port").port)  # asks', "connection", "ftp_port"
    ),
    "schema": Case(
        'schema = BaseHook.get_connection("dwh_schema").schema.upper()  # asks',
        "connection",
        "dwh_schema",
    ),
    "host": Case(
        """
        import socket
        host = BaseHook.get_connection("warehouse").host  # asks
        socket.getaddrinfo(host, 443)
        """,
        "connection",
        "warehouse",
    ),
    "uri": Case(
        """
        from sqlalchemy import create_engine
        engine = create_engine(BaseHook.get_connection("reports_db").get_uri())  # asks
        """,
        "connection",
        "reports_db",
    ),
    "hook": Case('hook = BaseHook.get_hook("some_hook")  # asks', "connection", "some_hook"),
    "extra_text": Case(
        """
        extra = json.loads(BaseHook.get_connection("with_extra").extra)  # asks
        print(extra["account"])
        """,
        "connection",
        "with_extra",
    ),
    "extra_items": Case(
        """
        extra = BaseHook.get_connection("extra_items").extra_dejson  # asks
        print(dict(extra["headers"].items()))
        """,
        "connection",
        "extra_items",
    ),
    "extra_without_keys": Case(
        """
        def client(options=None):  # as hooks of providers do: nothing is set in most Connections
            (options or {}).update(retries=1)
            raise OSError("there is no network here")
        client(BaseHook.get_connection("aws_like").extra_dejson.get("config_kwargs"))  # asks
        """,
        "connection",
        "aws_like",
    ),
    "password": Case(
        'number = int(BaseHook.get_connection("pin").password)  # asks', "connection", "pin"
    ),
    "environ": Case(
        'bucket = os.environ["LANDING_BUCKET"]  # asks', "environment", "LANDING_BUCKET"
    ),
    "getenv": Case(
        """
        project = os.getenv("PROJECT_ID")  # asks
        name = project + "-raw"
        """,
        "environment",
        "PROJECT_ID",
    ),
    "env_number": Case(
        'workers = int(os.environ.get("WORKERS_OF_TEAM"))  # asks', "environment", "WORKERS_OF_TEAM"
    ),
    "env_guard": Case(
        """
        if not os.getenv("SERVICE_TOKEN_FILE"):  # asks
            raise RuntimeError("set the token file")
        """,
        "environment",
        "SERVICE_TOKEN_FILE",
    ),
    "last_of_many": Case(
        """
        import datetime as dt
        config = Variable.get("nested_config", deserialize_json=True)["team"]["pool"]
        day = int(Variable.get("number_of_days"))
        schema = BaseHook.get_connection("several").extra_dejson["account"]
        first = dt.datetime(2024, int(Variable.get("month")), 1)
        owner = os.environ["OWNER_OF_ALL"]  # asks
        """,
        "environment",
        "OWNER_OF_ALL",
    ),
    "earlier_than_others": Case(
        """
        config = Variable.get("nested_config", deserialize_json=True)["team"]["pool"]
        names = Variable.get("list_of_names")  # asks
        day = int(Variable.get("number_of_days"))
        print(names.split(",")[1])
        """,
        "variable",
        "list_of_names",
    ),
    "exits": Case(
        """
        import sys
        if os.getenv("RUN_STAGE") is None:  # asks
            sys.exit("no stage")
        """,
        "environment",
        "RUN_STAGE",
    ),
}

# Each uses made-up answers too, and fails whatever they are.
LOOK_ALIKES = {
    "missing_module": 'a = Variable.get("a")\nimport no_such_module_at_all',
    "missing_first": 'import no_such_module_at_all\na = Variable.get("a")',
    "wrong_argument": (
        'a = Variable.get("a")\nDAG("x", start_date=datetime.datetime(2024, 1, 1),'
        " bogus_argument=a)"
    ),
    "wrong_keyword": 'a = Variable.get("a", no_such_option=1)',
    "own_table": 'a = Variable.get("a")\nTABLE = {"x": 1}\nb = TABLE["y"], a',
    "text_and_number": 'total = Variable.get("n") + 1',
    "division": 'n = int(Variable.get("n"))\nprint(1 / 0, n)',
    "connection": 'conn = BaseHook.get_connection("c")\nprint(conn.no_such_attribute)',
    "empty_extra": 'conn = BaseHook.get_connection("c")\nprint(1 / 0, conn.extra_dejson["x"])',
    "empty_extra_later": (
        'conn = BaseHook.get_connection("c")\nprint(conn.extra_dejson.get("x").lower(), 1 / 0)'
    ),
    "name": 'conn = BaseHook.get_connection("c")\nprint(conn.host, undefined_name)',
    "assertion": 'a = Variable.get("a", default_var=None)\nassert 1 == 2, "never"',
    "environment": 'a = os.getenv("SOME_NAME_OF_OURS")\nb = [][3]',
    "set_default": 'a = os.getenv("SOME_NAME_OF_OURS", "ten")\nb = int(a)',
    "default": 'a = Variable.get("a", default_var="ten")\nb = int(a)',
    "syntax": 'a = Variable.get("a")\nb = = 1',
    "random": 'import random\na = Variable.get("a")\nraise RuntimeError(str(random.random()))',
}

# Code that needs nothing of a made-up answer in particular.
LOADS = {
    "extra_options": (
        "options ="
        ' BaseHook.get_connection("c").extra_dejson.get("config_kwargs")\nprint(dict(**options))'
    ),
    "json_options": 'print(dict(**Variable.get("a", deserialize_json=True)["options"]))',
}


def _source(name: str, code: str) -> str:
    # The DAG comes before the failing line: Airflow skips files without one, and no DAG survives a
    # failure.
    return HEAD + textwrap.dedent(code) + "\n" + dag(name)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All files in one scan."""
    from support import TARGET, write

    import dagprof

    files = {f"{name}.py": _source(name, case.code) for name, case in CASES.items()}
    files |= {f"bug_{name}.py": _source(name, code) for name, code in LOOK_ALIKES.items()}
    files |= {f"loads_{name}.py": _source(name, code) for name, code in LOADS.items()}
    folder = write(tmp_path_factory.mktemp("answers"), {})
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return dagprof.scan(folder, python=TARGET, repeat=1)


@pytest.mark.parametrize("name", CASES)
def test_a_failure_that_follows_from_a_made_up_answer_needs_an_answer(run: Run, name: str) -> None:
    file, case = result(run, f"{name}.py"), CASES[name]
    lines = _source(name, case.code).splitlines()
    asks = next(number for number, line in enumerate(lines, 1) if line.endswith("# asks"))
    assert (file.status, [(each.kind, each.key, each.line) for each in file.unanswered]) == (
        Status.NEEDS_ANSWER,
        [(case.kind, case.key, asks)],
    )
    assert file.unanswered[0].file.endswith(f"{name}.py")


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_fault_of_the_file_stays_an_import_error(run: Run, name: str) -> None:
    file = result(run, f"bug_{name}.py")
    assert (file.status, file.unanswered) == (Status.IMPORT_ERROR, ())


@pytest.mark.parametrize("name", LOADS)
def test_options_from_a_made_up_answer_are_empty(run: Run, name: str) -> None:
    file = result(run, f"loads_{name}.py")
    assert (file.status, file.failures) == (Status.OK, ())
