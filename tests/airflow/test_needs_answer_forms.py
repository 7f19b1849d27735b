"""More forms of made-up answers: nested JSON texts, numbers with bounds, texts of a certain form, and
fields of a Connection. Each file fails because of one of them, or for a reason of its own.
"""

from __future__ import annotations

import textwrap

import pytest
from support import TARGET, dag, result, write

import dagprof
from dagprof.model import Run, Status

HEAD = """
import datetime, json, os, re
from airflow import DAG
from airflow.models import Variable
try:
    from airflow.sdk import BaseHook
except ImportError:
    from airflow.hooks.base import BaseHook
"""

# Each file needs the Variable, the Connection or the environment variable ``v``.
CASES = {
    "nested_text": 'x = json.loads(Variable.get("v"))["a"]["b"]',
    "nested3": """
        x = json.loads(Variable.get("v"))["a"]["b"]["c"]
        print(x.lower())
    """,
    "text_in_json_nested": 'x = json.loads(Variable.get("v", deserialize_json=True)["inner"])["a"]["b"]',
    "list_of_objects": 'names = [t["name"] for t in json.loads(Variable.get("v"))["tables"]]',
    "list_objects_top": 'names = [t["name"] for t in json.loads(Variable.get("v"))]',
    "nested_number": 'n = json.loads(Variable.get("v"))["limits"]["most"] + 1',
    "attr_get": """
        c = json.loads(Variable.get("v"))
        x = c.get("a").get("b").lower()
    """,
    "index": 'c = json.loads(Variable.get("v"))["a"][2]',
    "extra_nested": 'x = json.loads(BaseHook.get_connection("v").extra)["a"]["b"]["c"]',
    "extra_inner_text": 'x = json.loads(BaseHook.get_connection("v").extra_dejson["keyfile"])["project_id"]',
    "yaml": """
        import yaml
        x = yaml.safe_load(Variable.get("v"))["a"]["b"]
    """,
    "base64": """
        import base64
        x = json.loads(base64.b64decode(Variable.get("v")))["a"]
    """,
    "json_required": """
        c = Variable.get("v", deserialize_json=True)
        if "bucket" not in c:
            raise ValueError("no bucket in the configuration")
    """,
    "range": """
        n = int(Variable.get("v"))
        if not 10 <= n <= 20:
            raise ValueError("n must be between 10 and 20")
    """,
    "range_far": """
        n = int(Variable.get("v"))
        if n < 1000:
            raise ValueError("too small")
    """,
    "range_const": """
        LOW, HIGH = 5, 9



        n = int(Variable.get("v"))
        if not LOW <= n <= HIGH:
            raise ValueError("bad number")
    """,
    "year_old": 'd = datetime.datetime(year=int(Variable.get("v")), month=1, day=1) - datetime.timedelta(days=366)',
    "sleep": """
        import time
        time.sleep(int(Variable.get("v")) - 2.5)
    """,
    "fraction": """
        f = float(Variable.get("v"))
        assert 0 < f < 1, f
    """,
    "zero": """
        n = int(Variable.get("v"))
        if n != 0:
            raise ValueError("only zero is possible")
    """,
    "negative": """
        n = int(Variable.get("v"))
        if n > 0:
            raise ValueError("must not be positive")
    """,
    "json_number": """
        c = Variable.get("v", deserialize_json=True)
        n = int(c["size"])
        if n < 128:
            raise ValueError("the size must be at least 128")
    """,
    "json_text_number": """
        c = json.loads(Variable.get("v"))
        if not 3 < c < 8:
            raise ValueError("the size must be between")
    """,
    "division2": """
        n = int(Variable.get("v"))
        print(10 / (n // 100))
    """,
    "list_index": """
        names = ["a"]
        print(names[int(Variable.get("v"))])
    """,
    "even": """
        n = int(Variable.get("v"))
        if n % 7:
            raise ValueError("weeks only")
    """,
    "port": """
        p = BaseHook.get_connection("v").port
        if not p or p < 1024:
            raise ValueError("bad port")
    """,
    "prefix": """
        u = Variable.get("v")
        if not u.startswith("gs://"):
            raise ValueError("no bucket")
    """,
    "prefix_const": """
        PREFIX = "gs://"



        u = Variable.get("v")
        if not u.startswith(PREFIX):
            raise ValueError("no bucket")
    """,
    "s3": """
        from urllib.parse import urlparse
        u = urlparse(Variable.get("v"))
        if u.scheme != "s3" or not u.netloc:
            raise ValueError("no bucket")
    """,
    "email_re": r"""
        u = Variable.get("v")
        if not re.match(r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$", u):
            raise ValueError("no address")
    """,
    "bucket_re": """
        u = Variable.get("v")
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", u):
            raise ValueError("no bucket name")
    """,
    "arn_re": r"""
        u = Variable.get("v")
        if not re.match(r"^arn:aws:iam::\d{12}:role/", u):
            raise ValueError("no role")
    """,
    "arn_split": 'account = Variable.get("v").split(":")[4]',
    "split3": 'x = Variable.get("v").split("/")[3]',
    "split5": 'x = Variable.get("v").split(".")[5]',
    "unpack": 'p, d, t = Variable.get("v").split(".")',
    "suffix": """
        u = Variable.get("v")
        if not u.endswith(".json"):
            raise ValueError("no json file")
    """,
    "len": """
        u = Variable.get("v")
        if len(u) != 12:
            raise ValueError("an account has 12 digits")
    """,
    "uuid": """
        import uuid
        u = uuid.UUID(Variable.get("v"))
    """,
    "hex": 'u = bytes.fromhex(Variable.get("v"))',
    "path_abs": """
        u = Variable.get("v")
        if not os.path.isabs(u):
            raise ValueError("not absolute")
    """,
    "json_prefix": """
        u = Variable.get("v", deserialize_json=True)["bucket"]
        if not u.startswith("gs://"):
            raise ValueError("no bucket")
    """,
    "json_split": 'u = Variable.get("v", deserialize_json=True)["bucket"].split("/")[3]',
    "table": """
        u = Variable.get("v")
        if u.count(".") != 2:
            raise ValueError("project.dataset.table")
    """,
    "version": """
        u = tuple(int(x) for x in Variable.get("v").split("."))
        if len(u) != 3:
            raise ValueError("no version")
    """,
    "env_prefix": """
        u = os.environ.get("v")
        if not u or not u.startswith("gs://"):
            raise ValueError("no bucket")
    """,
    "helper": """
        def check(u):
            if u.startswith(("gs://", "s3://")):
                return u
            raise ValueError("no bucket")

        u = check(Variable.get("v"))
    """,
    "time": 'h, m = map(int, Variable.get("v").split(":"))',
    "two": """
        c = Variable.get("other")
        n = int(c)
        v = Variable.get("v")
        if not v.startswith("abfss://"):
            raise ValueError("x")
    """,
    "type": """
        c = BaseHook.get_connection("v")
        if c.conn_type != "postgres":
            raise ValueError("no postgres")
    """,
    "type_in": """
        c = BaseHook.get_connection("v")
        if c.conn_type not in ("mysql", "mssql"):
            raise ValueError("wrong type")
    """,
    "table_type": """
        T = {"postgres": "postgresql+psycopg2", "mysql": "mysql+pymysql"}
        c = T[BaseHook.get_connection("v").conn_type]
    """,
    "table_host": """
        T = {"db1.example.com": 1, "db2.example.com": 2}
        c = T[BaseHook.get_connection("v").host]
    """,
    "table_port": """
        T = {5432: "postgres", 3306: "mysql"}
        c = T[BaseHook.get_connection("v").port]
    """,
    "table_schema": """
        T = {"dev": "postgres", "prod": "mysql"}
        c = T[BaseHook.get_connection("v").schema]
    """,
    "port_eq": """
        c = BaseHook.get_connection("v")
        if c.port != 5432:
            raise ValueError("wrong port")
    """,
    "host_suffix": """
        c = BaseHook.get_connection("v")
        if not c.host.endswith(".amazonaws.com"):
            raise ValueError("wrong host")
    """,
    "login_mail": """
        c = BaseHook.get_connection("v")
        if "@" not in c.login:
            raise ValueError("no mail")
    """,
    "uri": """
        c = BaseHook.get_connection("v").get_uri()
        if not c.startswith("postgres"):
            raise ValueError("no postgres")
    """,
    "match_far": """
        KNOWN = "postgres"



        c = BaseHook.get_connection("v")
        if c.conn_type != KNOWN:
            raise ValueError("no postgres")
    """,
    "extra_type": """
        c = BaseHook.get_connection("v").extra_dejson["role"]
        if not c.startswith("arn:aws:"):
            raise ValueError("no role")
    """,
}

# Each uses made-up answers too, and fails whatever they are.
LOOK_ALIKES = {
    "loop_over_nothing": """
        for table in Variable.get("v", deserialize_json=True)["tables"]:
            print(tabel)
    """,
    "json_own": r"""
        a = json.loads(Variable.get("v"))
        b = json.loads("{\"a\": 1}")["b"]
    """,
    "json_text_int": """
        n = int(Variable.get("v"))
        x = json.loads("[1]")["a"]["b"]
    """,
    "range_other": """
        n = int(Variable.get("v"))
        m = 30
        if not 1 <= m <= 10:
            raise ValueError("m must be between 1 and 10")
    """,
    "prefix_other": """
        u = Variable.get("v")
        w = "s3://bucket"
        if not w.startswith("gs://"):
            raise ValueError("no bucket")
    """,
    "split_other": """
        u = Variable.get("v")
        w = "a/b".split("/")[3]
    """,
    "type_other": """
        c = BaseHook.get_connection("v")
        t = "mysql"
        if t != "postgres":
            raise ValueError("no postgres")
    """,
    "table_other": """
        c = BaseHook.get_connection("v")
        T = {"postgres": 1}
        x = T["mysql"]
    """,
    "sleep": """
        import time
        n = int(Variable.get("v"))
        time.sleep(-1)
    """,
    "year": """
        n = int(Variable.get("v"))
        d = datetime.datetime(2024, 13, 1)
    """,
    "regex": """
        u = Variable.get("v")
        if not re.match("[a-z]+@x", "nobody"):
            raise ValueError("no address")
    """,
    "after_check": """
        u = Variable.get("v")
        if u.startswith("gs://"):
            print("bucket")
        raise RuntimeError("always")
    """,
    "nested_mapping": """
        c = Variable.get("v", deserialize_json=True)
        x = c["a"]["b"]
        print({"k": 1}["x"]["y"])
    """,
    "bad_method": """
        u = Variable.get("v")
        u.no_such_method()
    """,
    "regex_broken": """
        u = Variable.get("v")
        re.match("(", u)
    """,
    "always": """
        u = Variable.get("v")
        if len(u) >= 0:
            raise ValueError("always")
    """,
    "impossible": """
        u = int(Variable.get("v"))
        if u < 5 or u >= 5:
            raise ValueError("always")
    """,
    "loop": """
        for i in range(int(Variable.get("v"))):
            int("x")
    """,
    "loop_while": """
        i = 0
        while i < int(Variable.get("v")):
            raise ValueError("own")
    """,
    "loop_comp": 'x = [int("x") for i in range(int(Variable.get("v")))]',
    "items": """
        for k in Variable.get("v", deserialize_json=True)["a"].split(","):
            int("x")
    """,
    "json_loads_key": """
        c = json.loads(Variable.get("v"))
        x = {"k": 1}["own"]
    """,
    "many": """
        a = int(Variable.get("v"))
        b = Variable.get("w")
        c = BaseHook.get_connection("c").host
        raise ValueError("own")
    """,
}


def _source(name: str, code: str) -> str:
    return HEAD + textwrap.dedent(code) + "\n" + dag(name)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All files in one scan."""
    files = {f"{name}.py": _source(name, code) for name, code in CASES.items()}
    files |= {f"bug_{name}.py": _source(name, code) for name, code in LOOK_ALIKES.items()}
    folder = write(tmp_path_factory.mktemp("forms"), {})
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return dagprof.scan(folder, python=TARGET, repeat=1)


@pytest.mark.parametrize("name", CASES)
def test_a_made_up_answer_of_another_form_needs_an_answer(run: Run, name: str) -> None:
    file = result(run, f"{name}.py")
    assert (file.status, [each.key for each in file.unanswered]) == (Status.NEEDS_ANSWER, ["v"])
    (needed,) = file.unanswered
    lines = _source(name, CASES[name]).splitlines()
    assert '"v"' in lines[needed.line - 1]


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_file_with_its_own_fault_stays_an_import_error(run: Run, name: str) -> None:
    file = result(run, f"bug_{name}.py")
    assert (file.status, file.unanswered) == (Status.IMPORT_ERROR, ())
