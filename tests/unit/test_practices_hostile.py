"""Sources, names and files that attack the rules of ``dagprof check``."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import pytest

from dagprof.config.checks import Checks
from dagprof.config.settings import Settings
from dagprof.errors import UsageError
from dagprof.model import FileResult, Status
from dagprof.practices import checking
from dagprof.practices.checking import Checked
from dagprof.practices.source import sql
from dagprof.practices.subject import Subject
from dagprof.project.files import requirements
from dagprof.report import practices as reports
from dagprof.usecases import practices
from dagprof.usecases.practices.declared import declared
from dagprof.usecases.practices.sources import sources
from unit.builders import run, samples

TODAY = datetime.date(2026, 12, 1)
SECRET = "Sup3rS3cr3tPw9x"
HEAD = "from airflow.sdk import task\n"


def check(text: str, path: str = "a.py") -> Checked:
    file = FileResult(path="a.py", status=Status.OK, dag_ids=("a",), samples=samples(50.0))
    texts = {path: text}
    return checking.check(Subject(run(file), texts), Checks(), TODAY)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "@task\ndef f(h):\n    x = a" + ".b" * 1500,
        HEAD + "@task\ndef f(h):\n    x = a" + ".b()" * 900,
        HEAD + '@task\ndef f(h):\n    h.run("a"' + '+"a"' * 2500 + ")",
        "x = " + "[" * 90 + "]" * 90,
        "x = '\\ud800'\npassword = '\\udcff'",
    ],
    ids=["attributes", "calls", "sum", "lists", "surrogates"],
)
def test_no_source_makes_a_rule_fail(text: str) -> None:
    assert not any("could not be applied" in note for note in check(text).notes)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "@task\ndef f(h):\n    h.execute('''insert into t values " + "{#" * 100_000 + "''')",
        HEAD
        + "@task\ndef f(h):\n    h.execute('''insert into t values "
        + "/* " * 100_000
        + "''')",
        "X = [" + ",".join(f"'abcdef{n}'" for n in range(60_000)) + "]",
        "X = {" + ",".join(f"'password{n}': 'hunter2zz{n}'" for n in range(20_000)) + "}",
        HEAD
        + "@task\ndef f(a0):\n"
        + "".join(
            f"    a{n + 1}=a{n}+open('/tmp/x{n}','w').write(str(a{n}))\n" for n in range(5_000)
        ),
        HEAD
        + "".join(
            f"@task\ndef f{n}():\n    f{n + 1}(); open('/tmp/x','w')\n" for n in range(4_000)
        ),
        "# dagprof: ignore DP1 because x\nX = f'''" + "{a}\n" * 50_000 + "'''",
        HEAD + "h.execute('insert into t select 1')\n" * 10_000,
    ],
    ids=["sql", "comments", "list", "dict", "flow", "tasks", "f-string", "statements"],
)
def test_no_source_keeps_the_rules_busy(text: str) -> None:
    began = time.process_time()
    check(text)
    assert time.process_time() - began < 10


def test_findings_are_limited() -> None:
    text = "X = {" + ",".join(f"'password{n}': 'hunter2zz{n}'\n" for n in range(3_000)) + "}"
    assert len(check(text).findings) <= 1000
    notes = check("\n".join(["# dagprof: ignore x"] * 5000)).notes
    assert len(notes) < 20


@pytest.mark.parametrize(
    "text",
    [
        f"K = {{'password={SECRET}':\n 'postgres://u:{SECRET}@h/db'}}",
        f"K = {{'password': '{SECRET}', 'url': 'postgres://u:{SECRET}@h/db'}}",
        HEAD
        + f"@task\ndef f():\n    open('/tmp/password={SECRET}', 'w')\n"
        + f"@task\ndef g():\n    open('/tmp/password={SECRET}')\n",
        HEAD + f"@task\ndef f(h):\n    h.run('insert into t select 1 where password={SECRET}')\n",
    ],
)
def test_no_format_contains_a_secret(text: str) -> None:
    found = check(text)
    assert found.findings
    for kind in reports.FORMATS:
        assert SECRET not in reports.write(kind, found)


def test_two_secrets_of_different_kinds_may_be_in_one_line() -> None:
    found = check(f"K = {{'password': '{SECRET}', 'url': 'postgres://u:{SECRET}@h/db'}}")
    assert sorted(each.code for each in found.findings) == ["DP701", "DP704"]


def test_a_byte_order_mark_and_a_declared_encoding_hide_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbf" + f"password = '{SECRET}'\n".encode())
    text = f"# -*- coding: utf-16-le -*-\npassword = '{SECRET}'\n"
    (tmp_path / "b.py").write_bytes(text.encode())
    (tmp_path / "c.py").write_bytes(
        f"# coding: latin-1\nx = 'ä'\ntoken = '{SECRET}'\n".encode("latin-1")
    )
    texts = sources(run(root=str(tmp_path)))
    assert not texts["a.py"].startswith("\ufeff")
    assert "ä" in texts["c.py"]


def test_links_lead_to_no_other_sources(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.py").write_text("x = 1\n")
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "out").symlink_to(tmp_path / "elsewhere")
    assert sources(run(root=str(tmp_path / "dags"))) == {}


@pytest.mark.parametrize("file", ["/dev/zero", "/dev/null", "/etc/hostname", "missing.json"])
def test_a_baseline_that_is_none_is_a_sentence(file: str) -> None:
    settings = Settings(check=Checks(baseline=file))
    with pytest.raises(UsageError, match="Cannot read the accepted findings"):
        practices.baseline_of(settings)


def test_comments_of_sql_need_no_end() -> None:
    assert [each.verb for each in sql.statements("insert into t select 1 /* no end")] == ["insert"]
    assert sql.appended("-- insert into a select 1\ninsert into b select 2") == ["b"]


def test_requirements_are_names_and_nothing_else() -> None:
    text = """
apache-airflow[celery,gcp]==3.3.2
-e git+https://example.com/z.git#egg=zed
https://example.com/x.whl
vendor/pkg.whl
--hash=sha256:00
requests ; python_version > '3.8'  # not numpy
"""
    names = [name for name, _ in requirements.of_requirements(text)]
    assert names == [
        "apache-airflow",
        "apache-airflow-providers-celery",
        "apache-airflow-providers-google",
        "zed",
        "requests",
    ]
    assert requirements.included('-r "a.txt"\n-rb.txt\n--requirement=c.txt') == [
        "a.txt",
        "b.txt",
        "c.txt",
    ]


def test_the_lists_of_a_project_may_contain_brackets(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "dags").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        """[project]
name = "mine"
dependencies = [
    "apache-airflow[celery]==3.3.2",
    "pandas",  # not "numpy"
]
[dependency-groups]
dev = ["pytest", {include-group = "x"}]
"""
    )
    (tmp_path / "requirements.txt").write_text("-r requirements.txt\n-r ../../etc/passwd\nscipy\n")
    found = declared(tmp_path / "dags")
    assert found is not None
    assert set(found.lines) >= {"mine", "apache-airflow", "pandas", "pytest", "scipy"}
    assert "numpy" not in found.lines
    assert found.lines["pandas"] == ("../pyproject.toml", 5)


def test_accepted_findings_do_not_use_up_the_limit() -> None:
    files = [
        FileResult(path=f"legacy/f{n}.py", status=Status.OK, dag_ids=(f"d{n}",))
        for n in range(1100)
    ]
    new = FileResult(path="new.py", status=Status.OK, dag_ids=("new",))
    texts = {file.path: f"password = '{SECRET}'\n" for file in [*files, new]}
    checks = Checks(per_file_ignores={"legacy/*": ("DP7",)})
    found = checking.check(Subject(run(*files, new), texts), checks, TODAY)
    assert [each.path for each in found.open] == ["new.py"]


def test_a_long_sum_hides_no_secret_of_another_file() -> None:
    file = FileResult(path="a.py", status=Status.OK, dag_ids=("a",))
    texts = {"a.py": 'Q = "a"' + ' + "a"' * 800, "z.py": f"password = '{SECRET}'\n"}
    found = checking.check(Subject(run(file), texts), Checks(), TODAY)
    assert [each.path for each in found.findings] == ["z.py"]


def test_a_part_of_a_folder_is_checked_without_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "b.py").write_text("x = 1\n")
    file = FileResult(path="a.py", status=Status.OK, dag_ids=("a",))
    assert set(sources(run(file, root=str(tmp_path)))) == {"a.py", "b.py"}
    assert set(sources(run(file, root=str(tmp_path), paths=("a.py",)))) == {"a.py"}


def test_the_reason_of_a_comment_is_masked() -> None:
    text = (
        f"x = connect(token='{SECRET}')  # dagprof: ignore DP701 because password={SECRET} is old\n"
    )
    found = check(text)
    assert found.findings[0].waived
    for kind in reports.FORMATS:
        assert SECRET not in reports.write(kind, found)
