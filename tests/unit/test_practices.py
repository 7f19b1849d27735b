"""The rules of ``dagprof check`` that read source code: planted breaches, and code that looks
similar.
"""

from __future__ import annotations

import textwrap

import pytest

from dagprof.model import FileResult, Status
from dagprof.practices.registry import RULES
from dagprof.practices.rule import Finding
from dagprof.practices.subject import Subject
from unit.builders import run, samples

HEAD = """
import datetime, random, subprocess, time, uuid
import pandas, pendulum, requests
from airflow.decorators import task
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import DAG
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.utils.email import send_email
hook = PostgresHook("warehouse")
"""


def found(code: str, source: str) -> list[Finding]:
    """The findings of one rule in a DAG file with this source."""
    text = HEAD + textwrap.dedent(source)
    file = FileResult(
        path="a.py", status=Status.OK, dag_ids=("a",), task_count=1, samples=samples(100.0)
    )
    return list(RULES[code].find(Subject(run(file), {"a.py": text})))


BREACHES = [
    ("DP402", 'DAG("a", start_date=datetime.datetime.now())'),
    ("DP402", 'DAG("a", start_date=pendulum.today("UTC").add(days=-1))'),
    ("DP402", 'default_args = {"start_date": datetime.datetime.utcnow() - datetime.timedelta(1)}'),
    ("DP402", 'from airflow.utils.dates import days_ago\nDAG("a", start_date=days_ago(2))'),
    ("DP402", 'START = datetime.date.today()\nDAG("a", start_date=START)'),
    ("DP501", 'SQLExecuteQueryOperator(task_id="x", sql="INSERT INTO s SELECT * FROM t")'),
    ("DP501", '@task\ndef f():\n    hook.run("INSERT INTO s VALUES (1)")'),
    ("DP501", 'SQL = "insert into s (a) select 1"\nSQLExecuteQueryOperator(task_id="x", sql=SQL)'),
    ("DP501", 'SQLExecuteQueryOperator(task_id="x", sql=["SELECT 1", "INSERT INTO s SELECT 2"])'),
    (
        "DP501",
        'SQLExecuteQueryOperator(task_id="x", sql="""-- load\nINSERT INTO a.s\nSELECT {{ ds }}""")',
    ),
    (
        "DP502",
        '@task\ndef f():\n    day = datetime.date.today()\n    hook.run(f"INSERT INTO s VALUES {day}")',
    ),
    ("DP502", "@task\ndef f():\n    hook.insert_rows('s', [(uuid.uuid4(),)])"),
    (
        "DP502",
        "@task\ndef f():\n    now = time.time()\n    rows = [(now,)]\n    hook.insert_rows('s', rows)",
    ),
    (
        "DP502",
        (
            "def f():\n    hook.insert_rows('s', [random.random()])\n"
            "from airflow.operators.python import PythonOperator\n"
            "PythonOperator(task_id='f', python_callable=f)"
        ),
    ),
    (
        "DP503",
        (
            "@task\ndef f():\n    pandas.DataFrame().to_csv('/tmp/x.csv')\n"
            "@task\ndef g():\n    pandas.read_csv('/tmp/x.csv')"
        ),
    ),
    (
        "DP503",
        (
            "P = 'data/x.txt'\n@task\ndef f():\n    with open(P, 'w') as file: file.write('')\n"
            "@task\ndef g():\n    return open(P).read()"
        ),
    ),
    (
        "DP601",
        "@task\ndef f():\n    rows = requests.get('https://x').json()\n    hook.insert_rows('s', rows)",
    ),
    (
        "DP601",
        (
            "def fetch():\n    return hook.get_records('SELECT 1')\n"
            "@task\ndef f():\n    other.load_string(str(fetch()), 'key')"
        ),
    ),
    ("DP602", "@task\ndef f():\n    hook.insert_rows('s', [])\n    send_email('a@b', 's', '')"),
    ("DP701", "client = connect(api_key='kJ8sLq2ZpX9vR4tB')"),
    ("DP701", "import os\nos.environ['DB_PASSWORD'] = 'kJ8sLq2ZpX9v'"),
    ("DP701", "TOKEN = 'ghp_" + "a1B2" * 9 + "'"),
    ("DP702", "default_args = {'password': 'kJ8sLq2ZpX9v'}"),
    ("DP702", "def connect(password='kJ8sLq2ZpX9v'):\n    pass"),
    ("DP704", "URL = 'postgresql://etl:kJ8sLq2ZpX9v@db/sales'"),
]
SIMILAR = [
    ("DP402", 'DAG("a", start_date=datetime.datetime(2024, 1, 1), end_date=pendulum.now())'),
    ("DP402", 'DAG("a", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"))'),
    ("DP402", 'default_args = {"started": datetime.datetime.now()}'),
    ("DP402", 'DAG("a", params={"start_date": Param(str(datetime.date.today()))})'),
    ("DP402", 'ROW = {"start_date": datetime.date.today()}'),
    ("DP501", 'SQLExecuteQueryOperator(task_id="x", sql="SELECT * FROM insert_into")'),
    (
        "DP501",
        'SQLExecuteQueryOperator(task_id="x", sql="DELETE FROM s WHERE d=1; INSERT INTO s SELECT 1")',
    ),
    (
        "DP501",
        'SQLExecuteQueryOperator(task_id="x", sql="INSERT INTO s SELECT 1 ON CONFLICT DO NOTHING")',
    ),
    (
        "DP501",
        (
            'SQLExecuteQueryOperator(task_id="w", sql="TRUNCATE TABLE s")\n'
            'SQLExecuteQueryOperator(task_id="x", sql="INSERT INTO s SELECT 1")'
        ),
    ),
    ("DP501", 'SQLExecuteQueryOperator(task_id="x", sql="INSERT OVERWRITE TABLE s SELECT 1")'),
    ("DP501", 'SQLExecuteQueryOperator(task_id="x", sql="MERGE INTO s USING t ON 1 WHEN MATCHED")'),
    (
        "DP502",
        (
            "@task\ndef f():\n    began = time.time()\n    hook.insert_rows('s', rows())\n"
            "    print(time.time() - began)"
        ),
    ),
    ("DP502", "@task\ndef f(ds=None):\n    hook.run(f'DELETE FROM s WHERE d = {ds}')"),
    ("DP502", "@task\ndef f():\n    return random.random()"),
    (
        "DP503",
        (
            "@task\ndef f():\n    pandas.DataFrame().to_csv('/tmp/x.csv')\n"
            "    pandas.read_csv('/tmp/x.csv')"
        ),
    ),
    (
        "DP503",
        (
            "@task\ndef f():\n    pandas.DataFrame().to_csv('s3://b/x.csv')\n"
            "@task\ndef g():\n    pandas.read_csv('s3://b/x.csv')"
        ),
    ),
    ("DP601", "@task\ndef f():\n    return requests.get('https://x').json()"),
    ("DP601", "@task\ndef f():\n    hook.insert_rows('s', [1])"),
    ("DP601", "def f():\n    hook.insert_rows('s', requests.get('https://x').json())"),
    ("DP602", "@task\ndef f():\n    send_email('a@b', 's', '')"),
    ("DP701", "connect(password=os.environ['DB_PASSWORD'])"),
    ("DP701", "connect(password_key='db_password', token_url='https://x/token')"),
    ("DP701", "'''An example: password = \"kJ8sLq2ZpX9v\"'''"),
    ("DP701", "connect(password='{{ conn.db.password }}')"),
    ("DP701", "parser.add_argument('--password', help='The password of the user of the database')"),
    ("DP701", "SECRET_NAME = 'projects/p/secrets/s'\nsecret = 'my_secret'"),
    ("DP702", "default_args = {'owner': 'data', 'retries': 2, 'password': None}"),
    ("DP704", "URL = 'postgresql://db.example/sales'"),
    ("DP704", "URL = 'postgresql://{user}:{password}@db/sales'"),
]


@pytest.mark.parametrize(("code", "source"), BREACHES)
def test_a_rule_finds_a_breach_once_and_names_its_line(code: str, source: str) -> None:
    (finding,) = found(code, source)
    assert finding.code == code
    assert finding.path == "a.py"
    first = HEAD.count("\n") + 1
    assert first <= finding.line < first + source.count("\n") + 1
    for text in (finding.message, finding.cost, finding.advice):
        assert text.endswith((".", "`"))
        assert text[0].isupper() or text[0] in "`_" or text.split()[0].islower()


@pytest.mark.parametrize(("code", "source"), SIMILAR)
def test_a_rule_leaves_similar_code_alone(code: str, source: str) -> None:
    assert found(code, source) == []


STATIC = ("DP402", "DP501", "DP502", "DP503", "DP601", "DP602")


@pytest.mark.parametrize("code", STATIC)
def test_the_bad_example_breaks_the_rule_and_the_good_one_does_not(code: str) -> None:
    rule = RULES[code]
    assert found(code, rule.bad)
    assert found(code, rule.good) == []


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_has_texts_and_examples_that_are_python(rule: object) -> None:
    from dagprof.practices.rule import Rule

    assert isinstance(rule, Rule)
    for text in (rule.summary, rule.cost, rule.advice):
        assert text.endswith(".")
        assert len(text) <= 140
    for example in (rule.bad, rule.good):
        assert example.strip()
        compile(example, "example", "exec")
    assert rule.code.startswith("DP")
    assert rule.name == rule.name.lower()


def test_no_finding_contains_a_secret() -> None:
    secret = "kJ8sLq2ZpX9vR4tB"
    for source in (
        f"client = connect(api_key={secret!r})",
        f"default_args = {{'password': {secret!r}}}",
        f"URL = 'postgresql://etl:{secret}@db/sales'",
        f"@task\ndef f():\n    hook.run('INSERT INTO s VALUES (1)', password={secret!r})",
    ):
        text = HEAD + source
        file = FileResult(path="a.py", status=Status.OK, dag_ids=("a",))
        subject = Subject(run(file), {"a.py": text})
        findings = [each for rule in RULES.values() for each in rule.find(subject)]
        assert findings
        assert secret not in repr(findings)


def test_functions_and_tasks_in_a_dag_file_are_business_logic_and_helpers_of_dags_are_not() -> None:
    function = "def clean_{0}(rows):\n" + "    rows = [row + 1 for row in rows]\n" * 20 + "\n\n"
    many = "".join(function.format(number) for number in range(10))
    (finding,) = found("DP201", many)
    assert "210 of" in finding.message
    assert found("DP201", many.replace("def ", "@task\ndef "))
    building = many.replace("row + 1 for", "SQLExecuteQueryOperator(task_id=row) for")
    assert found("DP201", building) == []


def test_a_file_that_builds_many_dags_needs_a_guard() -> None:
    ids = tuple(f"d{number}" for number in range(12))
    file = FileResult(path="a.py", status=Status.OK, dag_ids=ids, samples=samples(100.0))
    loop = "for name in NAMES:\n    with DAG(name): pass\n"
    (finding,) = RULES["DP202"].find(Subject(run(file), {"a.py": loop}))
    assert "12 DAGs" in finding.message
    guarded = "from airflow.sdk import get_parsing_context\n" + loop
    assert list(RULES["DP202"].find(Subject(run(file), {"a.py": guarded}))) == []


def test_a_dag_file_that_others_import_is_found_from_their_source() -> None:
    one = FileResult(path="one.py", status=Status.OK, dag_ids=("one",), samples=samples(40.0))
    two = FileResult(path="two.py", status=Status.OK, dag_ids=("two",), samples=samples(40.0))
    other = FileResult(path="sub/x.py", status=Status.OK, dag_ids=("x",), samples=samples(40.0))
    sources = {
        "one.py": "ARGS = {}",
        "two.py": "from one import ARGS",
        "sub/x.py": "def f():\n    import one\n",
    }
    (finding,) = RULES["DP204"].find(Subject(run(one, two, other), sources))
    assert finding.path == "one.py"
    assert finding.message == "two.py imports this DAG file."


def test_one_dag_id_in_two_files_is_an_error_at_the_second_file() -> None:
    one = FileResult(path="a.py", status=Status.OK, dag_ids=("sales",))
    two = FileResult(path="b.py", status=Status.OK, dag_ids=("sales", "other"))
    sources = {"a.py": 'DAG("sales")', "b.py": '\n\nDAG("sales")'}
    (finding,) = RULES["DP205"].find(Subject(run(one, two), sources))
    assert (finding.path, finding.line, finding.dag_id) == ("b.py", 3, "sales")
